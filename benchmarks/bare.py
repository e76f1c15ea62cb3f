"""A websocket that sends bytes, hears that they are painted and does nothing else: the least that a frame can cost here.

The server is Starlette on uvicorn, as the lab's is, and runs in a process of its own (`python -m benchmarks.bare PORT`).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress

from benchmarks import browser as lab
from bn_lab.timing import FRAME_INTERVAL

FRAME = 4_800
"""Bytes of a frame of a visitor's own run, as `frames` finds them; they leave as often as the lab's."""


def serve(port: int) -> None:
    """Send frames to whoever connects, each after the one before is painted."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        painted, frame = asyncio.Event(), bytes(FRAME)

        async def send() -> None:
            while True:
                await socket.send_bytes(frame)
                await asyncio.sleep(FRAME_INTERVAL)
                await painted.wait()
                painted.clear()

        sending = asyncio.create_task(send())
        with suppress(WebSocketDisconnect):
            while True:
                json.loads(await socket.receive_text())
                painted.set()
        sending.cancel()

    uvicorn.run(Starlette(routes=[WebSocketRoute("/", stream)]), host="127.0.0.1", port=port, log_level="error")


def costs(visitors: int, windows: int, seconds: float) -> list[float]:
    """Milliseconds of the server's processor for a frame; one value a window."""
    port = lab.free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port)], cwd=lab.ROOT, text=True)
    try:
        return asyncio.run(_watched(process.pid, port, visitors, windows, seconds))
    finally:
        lab.end(process)


async def _watched(pid: int, port: int, visitors: int, windows: int, seconds: float) -> list[float]:
    import websockets

    frames = 0

    async def watch() -> None:
        nonlocal frames
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as socket:
            async for _ in socket:
                frames += 1
                await socket.send(json.dumps({"painted": frames}))

    latest = time.monotonic() + 60
    while True:
        with suppress(OSError):
            async with websockets.connect(f"ws://127.0.0.1:{port}/"):
                break
        if time.monotonic() > latest:
            raise RuntimeError("the server does not start")
        await asyncio.sleep(0.05)
    watching = [asyncio.create_task(watch()) for _ in range(visitors)]
    await asyncio.sleep(1)
    costs = []
    for _ in range(windows):
        before, sent = lab.processor_time(pid), frames
        await asyncio.sleep(seconds)
        costs.append(1e3 * (lab.processor_time(pid) - before) / max(1, frames - sent))
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return costs


if __name__ == "__main__":
    serve(int(sys.argv[1]))

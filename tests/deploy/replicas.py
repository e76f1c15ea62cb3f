"""What deploy/compose.yaml starts, without containers: replicas of the lab behind a real nginx, all on loopback."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.conftest import free_port, is_healthy, running, wait_until
from tests.deploy import compose, image

NGINX = image.ROOT / "deploy" / "nginx"


@dataclass(frozen=True)
class Replica:
    """A server of the lab; its address also is what nginx calls it."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def kill(self) -> None:
        """End it as a machine ends that loses its power."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Site:
    """The lab as visitors reach it; `image` is the folder that the replicas run in, `log` what nginx writes.

    Answers say in the header `X-Replica` by whom they are, in the tests only.
    """

    address: str
    replicas: tuple[Replica, ...]
    image: Path
    log: Path


def find_nginx() -> str:
    """The path of nginx, without which the test is skipped; where CI is, it has to be there."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no nginx")
    return str(found)


@contextmanager
def serve_image(folder: Path, log: Path, **environment: str) -> Iterator[Replica]:
    """What the container runs, in the folder of an image, with another port; it answers when the block begins."""
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    told = {"--server.address=0.0.0.0": f"--server.address={host}", "--server.port=8501": f"--server.port={port}"}
    command = image.command()
    assert set(told) <= set(command)
    command = image.without_rights([told.get(part, part) for part in command])
    home = {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}  # not even what is private can be written
    with running(command, log, cwd=folder, env=os.environ | image.PATH | home | environment) as process:
        wait_until(lambda: is_healthy(f"http://{address}") or process.poll() is not None, 60, "the server answers")
        assert process.poll() is None, f"the server ended:\n{log.read_text()}"
        yield Replica(process, address, log)


@contextmanager
def serve_replicas(folder: Path, count: int = 2) -> Iterator[Site]:
    """Start replicas from one image laid out in `folder`, and nginx in front of them."""
    nginx = find_nginx()
    app, front = folder / "app", folder / "nginx"
    app.mkdir()
    image.lay_out(app)
    secret = {"STREAMLIT_SERVER_COOKIE_SECRET": "only for this test"}
    with ExitStack() as stack:
        replicas = [stack.enter_context(serve_image(app, folder / f"replica-{k}.log", **secret)) for k in range(count)]
        port = free_port()
        configure(front, port, [replica.address for replica in replicas])
        places = {"nginx": nginx, "/tmp/": f"{front}/", "/etc/bn-lab/nginx.conf": str(front / "nginx.conf")}
        command = compose.command("nginx", **places)
        log = folder / "nginx.log"
        stack.enter_context(running(command, log))
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_healthy(address), 10, "nginx answers")
        yield Site(address, tuple(replicas), app, log)


def configure(folder: Path, port: int, replicas: list[str]) -> None:
    """nginx as in deploy/nginx, with other addresses in the two files that are there for that."""
    shutil.copytree(NGINX, folder)
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port};\nadd_header X-Replica $upstream_addr always;\n")
    addresses = iter(replicas)
    servers = (NGINX / "upstream.conf").read_text(encoding="utf-8")
    (folder / "upstream.conf").write_text(re.sub(r"(?<=^server )\S+", lambda _: next(addresses), servers, flags=re.MULTILINE))

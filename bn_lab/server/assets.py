"""The JavaScript that the pictures of a page need in the browser, served from where it lies.

Each address holds a version, so that a browser may keep the file for good and still gets the new one after an upgrade: of our
modules a hash of their content, of Plotly its release. Each file is compressed once, when it is first asked for.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit.file_util import get_static_dir

from bn_lab.server import addresses

HERE = Path(__file__).parents[1] / "ui" / "live"
"""Where our modules lie."""

FOREVER = "public, max-age=31536000, immutable"
TYPE = "text/javascript; charset=utf-8"


@cache
def modules() -> dict[str, bytes]:
    """Our JavaScript: path within `HERE` to content, as it was when first asked for."""
    return {path.relative_to(HERE).as_posix(): path.read_bytes() for path in sorted(HERE.rglob("*.js"))}


@cache
def modules_version() -> str:
    """A hash of our modules: another one when any of them changes."""
    content = b"".join(name.encode() + b"\0" + text + b"\0" for name, text in modules().items())
    return hashlib.sha256(content).hexdigest()[:12]


def plotly_source() -> Path:
    """The plotly.min.js that the installed `plotly` package carries, found without importing it."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package plotly is not installed")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def links() -> str:
    """All our modules and Plotly's script as the header `Link` that has a browser fetch them while it reads the page."""
    scripts = [f"<{addresses.MODULES}/{modules_version()}/{name}>; rel=modulepreload" for name in modules()]
    return ", ".join([*scripts, f"<{plotly_address()}>; rel=preload; as=script"])


def plotly_address() -> str:
    """Where Plotly's script is."""
    return f"{addresses.PLOTLY}/{version('plotly')}/{addresses.PLOTLY_NAME}"


def loader(kind: str) -> str:
    """The JavaScript that Streamlit mounts for a component, and sends again at every call: it loads our modules and hands on.

    Args:
        kind: name of an export of `lab.js`.
    """
    return (
        "const at = (name) => new URL(name, document.baseURI).href;\n"
        f'const [lab, plotly] = [at("{addresses.MODULES}/{modules_version()}/lab.js"), at("{plotly_address()}")];\n'
        f"export default async (component) => (await import(lab)).{kind}(component, plotly);\n"
    )


PAGES = ("", "lab", "lesson", "algorithm", "claims", "data", "own", "compare", "rules")
"""Paths of the lab's pages, as in `bn_lab/ui/script.py`, and the other one of the first; a test sees that they are the same."""

START = "start.js"
"""Our module that runs before Streamlit's own code."""


@cache
def page_source() -> str:
    """Streamlit's page, in which our own module comes first.

    Raises:
        ValueError: Streamlit's page has no script of its own.
    """
    html = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    before, script, after = html.partition('<script type="module"')
    if not script:
        raise ValueError("Streamlit's index.html must have a module, got none")
    return (
        f'{before}<script type="module" src="./{addresses.MODULES}/{modules_version()}/{START}"></script>\n    {script}{after}'
    )


async def page(request: Request) -> Response:
    """Answer with the page that Streamlit fills; which one it is, the browser tells Streamlit."""
    return HTMLResponse(page_source(), headers={"Cache-Control": "no-cache"})


async def module(request: Request) -> Response:
    """Answer with one of our modules; one of another version is not there."""
    path = request.path_params["path"]
    if request.path_params["version"] != modules_version() or path not in modules():
        return Response(status_code=404)
    return _script(request, modules()[path], _packed_module(path))


async def plotly(request: Request) -> Response:
    """Answer with Plotly's script; one of another release is not there."""
    if request.path_params["version"] != version("plotly"):
        return Response(status_code=404)
    packed = await run_in_threadpool(_packed_plotly)  # the first time takes a fifth of a second
    if "gzip" in request.headers.get("accept-encoding", ""):
        return _script(request, b"", packed)
    return _script(request, await run_in_threadpool(plotly_source().read_bytes), packed)


def _script(request: Request, unpacked: bytes, packed: bytes) -> Response:
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=TYPE, headers={**headers, "Content-Encoding": "gzip"})
    return Response(unpacked, media_type=TYPE, headers=headers)


@cache
def _packed_module(path: str) -> bytes:
    return gzip.compress(modules()[path], mtime=0)


@cache
def _packed_plotly() -> bytes:
    return gzip.compress(plotly_source().read_bytes(), mtime=0)

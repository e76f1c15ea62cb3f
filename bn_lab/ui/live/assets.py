"""The files that live views need in the browser, and how they get there.

Streamlit serves the folder `static/` beside the main script. Our modules are put there under a name with a hash of their
content and Plotly's under its version, so that a browser may keep them and still gets the new ones after an upgrade.
What is mounted by Streamlit is only a tiny loader, because Streamlit sends it again with every tick.

Two things about that serving, read in its source (1.67): it says nothing of caching, so a browser goes by the age of the file
(a tenth of it), which is why files are dated back; and it compresses anew for every request (0.2 s for plotly.js), but not
what is gzipped already, which is why plotly.js lies there gzipped and is unpacked in the browser.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Kind = Literal["copy", "feed", "panel", "pulse", "scroll", "table"]

HERE = Path(__file__).parent
LONG_AGO = 946_684_800.0
"""Modification time of the files put there: 2000-01-01."""


@cache
def modules() -> dict[str, bytes]:
    """Our JavaScript: file name to content, as it was when first asked for."""
    return {path.name: path.read_bytes() for path in sorted(HERE.glob("*.js"))}


@cache
def folder() -> str:
    """Name of the folder of our modules within `static/`."""
    content = b"".join(name.encode() + b"\0" + text + b"\0" for name, text in modules().items())
    return f"lab-{hashlib.sha256(content).hexdigest()[:12]}"


@cache
def plotly_name() -> str:
    """Name of Plotly's file within `static/`."""
    return f"plotly-{version('plotly')}.min.js.gz"


def plotly_source() -> Path:
    """The plotly.min.js that the installed `plotly` package carries, found without importing it."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package plotly is not installed")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def loader(kind: Kind) -> str:
    """The JavaScript that Streamlit mounts: it loads our modules and hands the call on."""
    return (
        "const at = (name) => new URL(`app/static/${name}`, document.baseURI).href;\n"
        f'const [lab, plotly] = [at("{folder()}/lab.js"), at("{plotly_name()}")];\n'
        f"export default async (component) => (await import(lab)).{kind}(component, plotly);\n"
    )


def install(static: Path) -> None:
    """Put the files into `static`, where they are absent or different. Cheap if all is there; safe to call at any time."""
    for name, content in modules().items():
        path = static / folder() / name
        if not _is_file(path) or path.read_bytes() != content:
            _write(path, content)
    path = static / plotly_name()
    if not _is_file(path):  # always whole, see `_write`
        _write(path, gzip.compress(plotly_source().read_bytes(), mtime=0))


def _is_file(path: Path) -> bool:
    """Streamlit does not serve symlinks."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size > 0


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: another process may do the same at this moment, or serve it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.utime(name, (LONG_AGO, LONG_AGO))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

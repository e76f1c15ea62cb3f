"""What the browser loads is there, whole, and found under a name that changes with its content."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from bn_lab.figures import frame
from bn_lab.ui.live import assets


def files(static: Path) -> dict[str, bytes]:
    return {str(path.relative_to(static)): path.read_bytes() for path in static.rglob("*") if path.is_file()}


def test_everything_is_put_there(tmp_path: Path) -> None:
    assets.install(tmp_path)
    found = files(tmp_path)
    assert gzip.decompress(found.pop(assets.plotly_name())) == assets.plotly_source().read_bytes()
    assert found == {f"{assets.folder()}/{name}": content for name, content in assets.modules().items()}


def test_what_is_there_is_not_written_again_but_what_differs_is(tmp_path: Path) -> None:
    assets.install(tmp_path)
    plotly, module = tmp_path / assets.plotly_name(), tmp_path / assets.folder() / "lab.js"
    inode = plotly.stat().st_ino
    module.write_bytes(module.read_bytes()[::-1])
    assets.install(tmp_path)
    assert plotly.stat().st_ino == inode
    assert module.read_bytes() == assets.modules()["lab.js"]


def test_a_symlink_is_replaced_by_a_real_file(tmp_path: Path) -> None:
    (tmp_path / assets.plotly_name()).symlink_to(assets.plotly_source())
    assets.install(tmp_path)
    assert not (tmp_path / assets.plotly_name()).is_symlink()


def test_processes_that_start_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    script = "import sys, pathlib; from bn_lab.ui.live.assets import install; install(pathlib.Path(sys.argv[1]))"
    together = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(60) for process in together] == [0, 0, 0]
    assert len(files(tmp_path)) == len(assets.modules()) + 1  # and no temporary file is left


def test_modules_import_only_what_is_installed_with_them() -> None:
    for name, content in assets.modules().items():
        for imported in re.findall(r'from "\./([^"]+)"', content.decode()):
            assert imported in assets.modules(), f"{name} imports {imported}"


def test_finding_plotly_does_not_import_it() -> None:
    script = "import sys; from bn_lab.ui.live.assets import plotly_source; plotly_source(); print('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize("kind", ["copy", "feed", "panel", "pulse", "scroll", "table"])
def test_the_loader_is_small_and_names_what_is_installed(kind: assets.Kind) -> None:
    text = assets.loader(kind)
    assert len(text) < 400  # it travels with every tick
    assert f"{assets.folder()}/lab.js" in text
    assert assets.plotly_name() in text
    assert f"export const {kind} =" in assets.modules()["lab.js"].decode()


def page() -> None:
    import numpy as np

    from bn_lab.figures.frame import pack
    from bn_lab.ui.live.components import copy_button, feed, panel, table, wants_all

    panel({"data": [], "layout": {}}, run="r", alt="Nothing", key="figure")
    table(["layer", "σ"], [["1", {"row": ["sigma", 0]}]], run="r", alt="Spread", key="table")
    header = {"run": "r", "state": "ready", "epoch": 0, "epochs": 10}
    assert not wants_all("feed", "r")
    feed(pack(header, {"loss": np.zeros(3)}, [(0, np.ones(1))], {"sigma": (0, 1)}), key="feed")
    copy_button("https://lab.test/?depth=2", label="Copy", copied="Copied", key="copy")


def test_components_are_mounted_with_their_data() -> None:
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    figure, spread, bar, link = (element.proto for element in test.get("bidi_component"))
    assert '"Nothing"' in figure.json or '"Nothing"' in figure.mixed.json
    assert '"sigma"' in spread.json or '"sigma"' in spread.mixed.json
    assert frame.unpack(bar.bytes).header["run"] == "r"
    assert not bar.isolate_styles
    assert json.loads(link.json)["text"] == "https://lab.test/?depth=2"


def serve(route: Any) -> None:
    name = Path(route.request.url).name
    script = name in assets.modules()
    route.fulfill(
        body=assets.modules()[name] if script else b"<!doctype html><div id=place></div><input id=other>",
        content_type="text/javascript" if script else "text/html",
    )


def mounted(context: Any, address: str) -> Any:
    """A page with a button that copies."""
    page = context.new_page()
    page.route(f"{address}/**", serve)
    page.goto(f"{address}/")
    page.evaluate("""async () => {
        const { copy } = await import("/lab.js"), parentElement = document.querySelector("#place");
        window.give = (text) => copy({ parentElement, data: { text, label: "Copy link", copied: "Copied" } });
        give("https://lab.test/?depth=2");
    }""")
    return page


@pytest.mark.browser
@pytest.mark.parametrize(
    ("address", "allowed"), [("https://lab.test", True), ("https://lab.test", False), ("http://lab.test", False)]
)
def test_the_button_copies_with_and_without_a_clipboard_of_the_page(chromium: Any, address: str, allowed: bool) -> None:
    context = chromium.new_context()
    page = mounted(context, address)
    if allowed:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
    elif address.startswith("https"):
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')) }")
    assert page.evaluate("() => Boolean(navigator.clipboard)") == address.startswith("https")
    button, heard = page.get_by_role("button", name="Copy link"), page.locator("[aria-live=polite]")
    width = button.bounding_box()["width"]
    assert page.get_by_text("Copied").first.is_hidden()
    button.click()
    page.wait_for_function("() => document.querySelector('[aria-live]').textContent === 'Copied'")
    assert page.locator(".bn-copy button span").nth(1).is_visible()
    assert page.locator(".bn-copy button span").first.is_hidden()
    assert button.bounding_box()["width"] == width
    assert page.evaluate("() => document.activeElement === document.querySelector('.bn-copy button')")
    page.locator("#other").press("Control+v")
    assert page.locator("#other").input_value() == "https://lab.test/?depth=2"
    page.wait_for_function("() => document.querySelector('[aria-live]').textContent === ''", timeout=3000)
    button.press("Enter")
    page.wait_for_function("() => document.querySelector('[aria-live]').textContent === 'Copied'")
    page.evaluate("() => give('https://lab.test/?depth=3')")
    assert heard.text_content() == ""  # the text on the button is another one now
    context.close()

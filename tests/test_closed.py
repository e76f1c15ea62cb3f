"""What the code never does: run or unpickle what comes from outside, or hand the browser HTML that was not escaped.

Read from the source, so that it also holds for what no test runs. That names and links of strangers stay text on every page is
tested where the pages are: `tests/ui/test_hostile_names.py`, `tests/test_hostile_links.py`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "bn_lab").rglob("*.py"))]
SCRIPTS = sorted((ROOT / "bn_lab" / "ui" / "live").rglob("*.js"))

UNPICKLING = {"pickle", "cPickle", "_pickle", "pickletools", "marshal", "shelve", "dill", "joblib", "cloudpickle", "jsonpickle"}
RUNNING = {"code", "codeop", "runpy", "pty"}
"""Modules that turn bytes into objects of any kind, or text into something that runs."""

CALLS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint"}
"""Built-in functions that run a text."""

METHODS = {"read_pickle", "to_pickle", "eval", "query", "system", "popen", "literal_eval", "unsafe_load", "full_load"}
"""Methods and functions of modules that do: `pandas.eval`, `DataFrame.query`, `os.system` and their like."""

ESCAPED = {
    ("bn_lab/ui/compare/page.py", "_row"),
    ("bn_lab/ui/compare/page.py", "_table"),
    ("bn_lab/ui/lab/preview.py", "head"),
    ("bn_lab/ui/lab/preview.py", "show"),
    ("bn_lab/ui/menu/header.py", "show"),
    ("bn_lab/ui/menu/lesson_link.py", "_code"),
    ("bn_lab/ui/menu/lesson_link.py", "_screen"),
}
"""Functions that give HTML to `st.html`; hostile names go through each of them in a test."""

FORMATS = {"text", "form", "self.RULES[rule]", "label", "OPTIMIZERS[needs.experiment.optimizer][0]"}
"""What `str.format` is called on: texts of the catalogues, of the command line, of errors and of generated programs. Another
test sees that the places in a catalogue are plain names, which reach into nothing."""

FORMATTING = {"field", "self"}
"""What has a method `format` of its own: fields of an experiment, and what writes the log."""


parse = cache(ast.parse)


def forbidden(source: str) -> Iterator[str]:
    """What a module does that it must not."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {name}" for name in names if name.split(".")[0] in UNPICKLING | RUNNING | {"yaml"})
        elif isinstance(node, ast.Call):
            yield from forbidden_call(node)


def forbidden_call(call: ast.Call) -> Iterator[str]:
    """What is wrong with a call."""
    function, called = call.func, ast.unparse(call.func)
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if isinstance(function, ast.Name) and name in CALLS:
        yield ast.unparse(call)
    if isinstance(function, ast.Attribute) and name in METHODS:
        yield ast.unparse(call)
    if name == "import_module" and not (call.args and isinstance(call.args[0], ast.Constant)):
        yield ast.unparse(call)
    if name in ("load", "save") and called.startswith(("torch.", "jit.")):
        yield ast.unparse(call)
    for option in ("shell", "unsafe_allow_html", "unsafe_allow_javascript", "allow_pickle", "unsafe", "trust_remote_code"):
        if option in given and not is_false(given[option]):
            yield ast.unparse(call)
    if called in ("np.load", "numpy.load") and "allow_pickle" not in given:
        yield ast.unparse(call)
    if called.endswith(("components.v1.html", "components.html", "components.v1.iframe", "st.iframe")):
        yield ast.unparse(call)


def is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


ALLOWED = {"bn_lab/service/connection.py": ["import pickle"]}
"""The page's process and its own workers speak in pickles, over pipes that nobody else can reach."""


def by_module(look: Callable[[str], Iterator[str]]) -> dict[str, list[str]]:
    """What `look` finds in the text of each module in which it finds anything."""
    seen = {path.relative_to(ROOT).as_posix(): list(look(path.read_text(encoding="utf-8"))) for path in SOURCES}
    return {module: each for module, each in seen.items() if each}


def test_nothing_runs_or_unpickles_what_comes_from_outside() -> None:
    assert by_module(forbidden) == ALLOWED


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("eval(text)", 1),
        ("exec('x')", 1),
        ("compile(text, '', 'eval')", 1),
        ("re.compile(text)", 0),
        ("__import__(name)", 1),
        ("import_module(name)", 1),
        ("import_module('distributed')", 0),
        ("import pickle", 1),
        ("from pickle import loads", 1),
        ("import numpy, joblib", 1),
        ("def f():\n    import dill.source", 1),
        ("torch.load(path)", 1),
        ("table.load(path)", 0),
        ("np.load(path)", 1),
        ("np.load(path, allow_pickle=True)", 1),
        ("np.load(path, allow_pickle=False)", 0),
        ("np.load(path, allow_pickle=choice)", 1),
        ("pd.read_pickle(path)", 1),
        ("frame.query(text)", 1),
        ("subprocess.run(command, shell=True)", 1),
        ("subprocess.run(['ls'])", 0),
        ("os.system(command)", 1),
        ("st.markdown(text, unsafe_allow_html=True)", 1),
        ("st.markdown(text, unsafe_allow_html=False)", 0),
        ("st.components.v1.html(text)", 1),
        ("st.components.v2.component('x', js=text)", 0),
    ],
)
def test_the_reader_sees_what_is_forbidden(source: str, count: int) -> None:
    assert len(list(forbidden(source))) == count


def functions_that(attribute: str, path: Path) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call of `….attribute(…)` in a module, with the module's path and the name of the function around it."""
    tree = parse(path.read_text(encoding="utf-8"))
    around = {
        node: function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == attribute:
            yield path.relative_to(ROOT).as_posix(), around.get(node, ""), node


def once_in_a_cache(source: str) -> Iterator[str]:
    """What a module keeps once for all visitors where a message of any of them can clear it: in one of Streamlit's caches."""
    for function in ast.walk(parse(source)):
        for decorator in getattr(function, "decorator_list", []):
            text = ast.unparse(decorator)
            if "cache_data" in text or ("cache_resource" in text and "scope='session'" not in text):
                yield text


def test_what_the_process_has_once_is_a_modules_own() -> None:
    assert by_module(once_in_a_cache) == {}


def test_html_is_given_to_the_page_only_where_it_is_tested() -> None:
    found = {
        (module, function)
        for path in SOURCES
        for module, function, call in functions_that("html", path)
        if ast.unparse(call.func) == "st.html"
    }
    assert found == ESCAPED | {("bn_lab/ui/script.py", ""), ("bn_lab/ui/lab/stage.py", "show")}
    ours = {"script": "Path(__file__).with_name('style.css')", "lab/stage": "ALONE if st.context.is_embedded else FULL_WIDTH"}
    for module, style in ours.items():
        ((_, _, call),) = functions_that("html", ROOT / "bn_lab" / "ui" / f"{module}.py")
        assert ast.unparse(call.args[0]) == style


def test_only_our_own_texts_are_formats() -> None:
    found = {ast.unparse(call.func.value) for path in SOURCES for _, _, call in functions_that("format", path)}  # type: ignore[attr-defined]
    assert {name for name in found if not name.startswith("FIELDS[")} == FORMATS | FORMATTING


MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|createContextualFragment|DOMParser|document\.write|srcdoc|javascript:"
    r"|\beval\b|\bFunction\s*\(|set(?:Timeout|Interval)\s*\(\s*[\"'`]|setAttribute\s*\(\s*[\"'`](?:on|href|src|style)"
)


def test_scripts_write_text_and_never_markup() -> None:
    written = {path.name: MARKUP.findall(path.read_text(encoding="utf-8")) for path in SCRIPTS}
    assert len(written) > 5
    assert not {name: found for name, found in written.items() if found}


@pytest.mark.parametrize(
    ("script", "is_markup"),
    [
        ("cell.innerHTML = text", True),
        ("root.insertAdjacentHTML('beforeend', text)", True),
        ("new Function(text)()", True),
        ("eval(text)", True),
        ("setTimeout('act()', 1)", True),
        ("setTimeout(() => act(), 1)", False),
        ("link.setAttribute('href', text)", True),
        ("root.setAttribute('aria-label', text)", False),
        ("cell.textContent = text", False),
        ("evaluate(text)", False),
    ],
)
def test_the_pattern_of_markup_finds_it(script: str, is_markup: bool) -> None:
    assert bool(MARKUP.search(script)) is is_markup


def test_the_server_shows_visitors_no_details_and_is_protected() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True

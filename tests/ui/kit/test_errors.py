"""What happens where something breaks: who sees what, what the log says, and that everything else goes on."""

from __future__ import annotations

import ast
import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.scriptrunner import RerunData, RerunException, StopException
from streamlit.testing.v1 import AppTest

from bn_lab import timing
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.ui import session
from bn_lab.ui.algorithm import scene, unit_parts
from bn_lab.ui.claims import page as claims_page
from bn_lab.ui.data import page as data_page
from bn_lab.ui.kit import errors
from bn_lab.ui.kit.errors import LETTERS, guarded, guarded_file
from bn_lab.ui.lab import page as lab_page
from bn_lab.ui.lab import preview
from bn_lab.ui.uploads import TOUCHED
from tests.ui.conftest import SCRIPT, Lab

Open = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[3]
REFERENCE = re.compile(rf"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}")

SECRET = "the secret of /srv/lab\n2026-01-01 00:00:00 ERROR bn_lab: forged\x1b[31m\r<script>alert(1)</script>"
"""Text of an exception that nobody may see on the page, and that must stay one line in the log."""

pytestmark = pytest.mark.usefixtures("no_pictures", "failing")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here pages are meant to tell of errors."""
    monkeypatch.setattr(Lab, "may_fail", True)


def broken(*args: Any, **kwargs: Any) -> None:
    """What somebody got wrong."""
    raise ValueError(SECRET)


def references(page: Any) -> list[str]:
    """The references of all failures on the page, whose messages are nothing but the catalogue's."""
    t = texts(page.at.session_state["language"])
    collected = []
    for error in page.at.error:
        (reference,) = REFERENCE.findall(error.value)
        assert error.value == t("failure.message", reference=reference)
        collected.append(reference)
    return collected


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged about failures."""
    return [record.getMessage() for record in caplog.records if record.name == errors.log.name]


def check_log(caplog: pytest.LogCaptureFixture, *found: str, experiment: str) -> None:
    """Every reference is logged once, on one line, with the experiment; a traceback follows that can forge nothing."""
    told = logged(caplog)
    assert [REFERENCE.findall(line)[0] for line in told] == list(found)
    for line in told:
        assert line.isprintable()
        assert line.endswith(f"experiment: {experiment}")
    assert "Traceback" in caplog.text
    assert "the secret of" in caplog.text
    for line in caplog.text.splitlines():
        assert "\x1b" not in line
        assert not line.startswith("2026-01-01")
    assert all(line.startswith("  | ") for line in caplog.text.splitlines() if "forged" in line)


def check_page_says_nothing(page: Any) -> None:
    everything = page.text + str([error.value for error in page.at.error])
    for part in ("secret", "ValueError", "forged", "<script", "Traceback", "test_errors"):
        assert part not in everything
    assert not page.at.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_breaks_says_so_with_a_reference(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    monkeypatch.setattr(preview, "show", broken)
    page = lab(dataset="iris", depth="5", lang=language)
    (reference,) = references(page)
    check_log(caplog, reference, experiment="dataset=iris depth=5")
    check_page_says_nothing(page)
    assert page.at.query_params == {"dataset": "iris", "depth": "5", "lang": language}


def test_other_pages_and_the_next_action_work_after_a_page_broke(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(preview, "show", broken)
        page = lab(dataset="iris", epochs="3", lang="en")
        page.go_to("rules")
        assert references(page) == []
        assert page.at.query_params == {"dataset": "iris", "epochs": "3", "lang": "en"}
        assert [title.value for title in page.at.title] == [texts("en")("page.rules")]
        page.go_to("")
        assert len(references(page)) == 1
    page.change("depth", 6)
    assert references(page) == []
    assert page.experiment == Experiment(dataset="iris", depth=6, epochs=3)
    page.train()
    assert references(page) == []


@pytest.mark.parametrize("module", [lab_page, data_page], ids=["lab", "data"])
def test_a_page_without_anything_still_has_its_navigation(lab: Open, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    path, other = ("", "data") if module is lab_page else ("data", "")
    monkeypatch.setattr(module, "show", broken)
    page = lab(dataset="iris")
    page.go_to(path)
    assert len(references(page)) == 1
    page.go_to(other)
    assert references(page) == []
    assert page.at.query_params == {"dataset": "iris"}


def test_a_section_that_breaks_leaves_the_rest_of_the_page(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab_page, "_curves", broken)
        page = lab(dataset="iris", lang="en")
        (reference,) = references(page)
        check_log(caplog, reference, experiment="dataset=iris")
        check_page_says_nothing(page)
        headings = [heading.value for heading in page.at.subheader]
        t = texts("en")
        assert t("section.curves") not in headings
        assert {t("section.layers"), t("section.predictions")} <= set(headings)
        assert page.stage["recording"] == page.watch.recording
    page.run()
    assert references(page) == []


def test_a_callback_that_breaks_is_told_on_top_until_the_next_action(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = lab(dataset="iris", lang="en")
    with monkeypatch.context() as patch:
        patch.setattr(session, "change", broken)
        page.change("depth", 6)
    (reference,) = references(page)
    check_log(caplog, reference, experiment="dataset=iris")
    check_page_says_nothing(page)
    assert page.experiment == Experiment(dataset="iris")
    shown = [node.type for node in page.at.main]
    assert shown.index("error") < shown.index("bidi_component")
    page.run()  # nobody has done anything: it is still there
    assert references(page) == [reference]
    page.change("depth", 6)
    assert references(page) == []
    assert page.experiment == Experiment(dataset="iris", depth=6)
    assert len(logged(caplog)) == 1


def test_two_callbacks_of_one_action_do_not_hide_each_others_failure(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(dataset="iris", lang="en")
    with monkeypatch.context() as patch:
        patch.setattr(session, "change", broken)
        page.widget("field_depth").set_value(6)
        page.set("language_choice", "ko")
    assert len(references(page)) == 1
    assert page.at.session_state["language"] == "ko"


def test_a_part_of_the_algorithm_page_that_breaks_leaves_the_others(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = lab(dataset="iris", lang="en", algorithm="layer:2,unit:3")
    monkeypatch.setattr(unit_parts, "_steps_table", broken)
    page.go_to("algorithm")
    (reference,) = references(page)
    check_log(caplog, reference, experiment="dataset=iris algorithm=layer:2,unit:3")
    assert texts("en")("algorithm.folding.title") in [header.value for header in page.at.header]
    assert page.at.query_params["algorithm"] == "layer:2,unit:3"
    monkeypatch.setattr(scene, "encode", broken)
    page.set("algorithm_layer", 1)
    assert len(references(page)) == 2


def test_a_card_of_the_claims_page_that_breaks_leaves_the_others(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = claims_page._settings

    def sometimes(study: Any, *rest: Any) -> None:
        broken() if study.id == "spread" or study.id == "depth" else settings(study, *rest)

    monkeypatch.setattr(claims_page, "_settings", sometimes)
    page = lab(lang="en")
    page.go_to("claims")
    (reference,) = references(page)
    check_log(caplog, reference, experiment="default")
    assert texts("en")("claims.noise") in [heading.value for heading in page.at.subheader]


def test_another_visitor_notices_nothing(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    show = preview.show

    def for_iris(experiment: Experiment, *rest: Any) -> None:
        broken() if experiment.dataset == "iris" else show(experiment, *rest)

    monkeypatch.setattr(preview, "show", for_iris)
    one, other = lab(dataset="iris", lang="en"), lab(dataset="boston", epochs="3", lang="en")
    assert len(references(one)) == 1
    assert references(other) == []
    other.train()
    assert references(other) == []
    one.change("depth", 4)
    assert len(references(one)) == 1
    other.run()
    assert references(other) == []


def test_without_a_session_there_is_an_english_message(
    recordings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    at = AppTest.from_file(SCRIPT, default_timeout=60)
    at.query_params = {"dataset": "iris", "lang": "ko"}
    with monkeypatch.context() as patch:
        patch.setattr(session, "begin", broken)
        at.run()
    assert not at.exception
    (error,) = at.error
    (reference,) = REFERENCE.findall(error.value)
    assert error.value == texts("en")("failure.message", reference=reference)
    check_log(caplog, reference, experiment="unknown")
    at.run()
    assert not at.error
    assert at.session_state["experiment"] == {"dataset": "iris"}


def test_whom_the_lab_cannot_count_it_lets_in(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "is_admitted", broken)
    page = lab(dataset="iris")
    assert len(references(page)) == 1
    assert page.experiment == Experiment(dataset="iris")
    check_page_says_nothing(page)


def test_what_fails_at_every_tick_is_logged_once_a_minute(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1000.0]
    monkeypatch.setattr(errors, "monotonic", lambda: now[0])
    monkeypatch.setattr(lab_page, "_curves", broken)
    page = lab(lang="en")
    (first,) = references(page)
    for _ in range(5):
        now[0] += timing.SAME_FAILURE / 6
        page.run()
        assert references(page) == [first]
    assert len(logged(caplog)) == 1
    now[0] += timing.SAME_FAILURE
    page.run()
    (second,) = references(page)
    assert second != first
    check_log(caplog, first, second, experiment="default")
    monkeypatch.setattr(lab_page, "_layers", made_broken(1))
    page.run()
    assert [reference == second for reference in references(page)] == [True, False]


def test_what_the_link_says_cannot_forge_a_line_of_the_log(
    lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(preview, "show", broken)
    page = lab(algorithm="a\n2026-01-01 ERROR forged\x1b[2J\u2028\u202e" + "x" * 100_000, claims="y\r\n" * 40_000)
    (line,) = logged(caplog)
    assert line.isprintable()
    assert len(line) < 1000
    assert REFERENCE.findall(line) == references(page)


def test_the_session_keeps_plain_values_of_failures_and_few(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(lang="en")
    for k in range(errors.PLACES + 5):
        monkeypatch.setattr(preview, "show", made_broken(k))
        page.run()
    known = page.at.session_state["failures"]
    assert len(known) == errors.PLACES
    assert references(page)[0] in [reference for reference, _ in known.values()]
    assert {type(value) for pair in known.values() for value in pair} == {str, float}


def made_broken(k: int) -> Callable[..., None]:
    """A function that breaks at a place of its own."""
    scope: dict[str, Any] = {}
    code = compile("\n" * k + "def show(*args):\n    raise ValueError", f"made_{k}.py", "exec")
    exec(code, scope)
    found: Callable[..., None] = scope["show"]
    return found


def test_what_streamlit_raises_to_run_or_stop_a_script_passes() -> None:
    assert not issubclass(RerunException, Exception)
    assert not issubclass(StopException, Exception)
    for control in (RerunException(RerunData()), StopException(), KeyboardInterrupt()):

        def act(raised: BaseException = control) -> None:
            raise raised

        with pytest.raises(type(control)):
            guarded(act)()


def test_a_guarded_function_is_the_same_function() -> None:
    def double(value: int, *, plus: int = 0) -> int:
        """Twice."""
        return 2 * value + plus

    assert guarded(double)(3, plus=1) == 7
    assert guarded(double).__qualname__ == double.__qualname__  # by which Streamlit tells fragments apart
    assert guarded(double).__module__ == __name__


UI = sorted((ROOT / "bn_lab" / "ui").rglob("*.py"))

CANNOT_FAIL = {"_nothing"}
"""A callback that does nothing, which is how Streamlit is asked for a component's trigger."""


CALLED_AS_THEY_ARE = {"errors.install_log", "errors.show", "session.words", "navigation.choose_page"}
"""What the script calls of the page without a guard: the guard itself, what there is once a session began, and the page."""


def test_the_script_calls_the_page_guarded_only() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bn_lab.ui")
        for alias in node.names
    }
    outside = (statement for statement in tree.body if not isinstance(statement, ast.FunctionDef))
    nodes = (node for statement in outside for node in ast.walk(statement))
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    assert {name for name in called if "." in name and name.split(".")[0] in modules} == CALLED_AS_THEY_ARE


def unguarded(source: str) -> Iterator[str]:
    """Callbacks, fragments and pages of a module that do not go through `guarded`."""
    tree = ast.parse(source)
    guarded_fragments = set()
    for node in ast.walk(tree):
        named: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Call):
            named = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
            if is_of_streamlit(node.func, "Page") and not (node.args and is_guarded(node.args[0])):
                yield ast.unparse(node)
            if is_of_streamlit(node.func, "download_button"):
                yield from (
                    ast.unparse(value) for name, value in named if name == "data" and not is_guarded(value, "guarded_file")
                )
            if is_of_streamlit(node.func, "fragment") and node.args and is_guarded(node.args[0]):
                guarded_fragments.add(node.func)
        elif isinstance(node, ast.Dict):
            named = [
                (str(key.value), v) for key, v in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
            ]
        for name, value in named:
            if re.fullmatch(r"on_(?!release)\w+", name) and not is_harmless(value):
                yield ast.unparse(value)
    for node in ast.walk(tree):
        if is_of_streamlit(node, "fragment") and node not in guarded_fragments:
            yield ast.unparse(node)


def is_of_streamlit(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == "st"


def is_guarded(value: ast.expr, by: str = "guarded") -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in (by, f"errors.{by}") and len(value.args) == 1


def is_harmless(value: ast.expr) -> bool:
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return is_text or is_guarded(value) or (isinstance(value, ast.Name) and value.id in CANNOT_FAIL)


@pytest.mark.parametrize("path", UI, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_streamlit_calls_is_guarded(path: Path) -> None:
    assert list(unguarded(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("st.button('a', on_click=act)", 1),
        ("st.button('a', on_click=guarded(act))", 0),
        ("st.button('a', on_click='ignore')", 0),
        ("st.slider('a', on_change=lambda: act())", 1),
        ("common = {'on_change': act}", 1),
        ("common = {'on_change': errors.guarded(act)}", 0),
        ("st.dataframe(x, on_select=pick)", 1),
        ("st.cache_resource(on_release=leave)", 0),
        ("component(on_missing_change=_nothing)", 0),
        ("st.fragment(draw, run_every=1)()", 1),
        ("st.fragment(guarded(draw), run_every=1)()", 0),
        ("@st.fragment\ndef draw(): pass", 1),
        ("@st.fragment(run_every=1)\ndef draw(): pass", 1),
        ("f = st.fragment", 1),
        ("st.download_button('a', data=make)", 1),
        ("st.download_button('a', data=guarded_file(make))", 0),
        ("st.Page(lab_page.show, title='Lab')", 1),
        ("st.Page(guarded(lab_page.show), title='Lab')", 0),
    ],
)
def test_the_reader_sees_what_is_not_guarded(source: str, count: int) -> None:
    assert len(list(unguarded(source))) == count


class Files:
    """What Streamlit keeps of the buttons that hand out files."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make

    def execute_deferred(self, number: str) -> object:
        return self.make()


@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
def test_a_file_that_cannot_be_made_is_logged_here_and_what_it_says_nowhere_else(
    own: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    st.session_state.clear()
    st.session_state["experiment"] = {"dataset": "iris"}
    if own:
        st.session_state[TOUCHED] = True
    make = guarded_file(broken)  # type: ignore[arg-type]
    st.session_state.clear()  # where files are made there is no session
    handler = DeferredFileHandler(lambda: Files(make))  # type: ignore[arg-type, return-value]
    answer = asyncio.run(handler.handle(BackendOperationRequest(), ""))
    assert "secret" not in str(answer)
    streamlits = [record for record in caplog.records if record.name.startswith("streamlit") and record.exc_info]
    assert streamlits
    assert not [record for record in streamlits if "secret" in logging.Formatter().format(record)]
    (line,) = logged(caplog)
    assert REFERENCE.match(line)
    assert line.endswith("experiment: dataset=iris")
    assert ("secret" in caplog.text) is not own
    assert "test_errors.py" in caplog.text


def test_a_file_that_can_be_made_comes_as_it_is() -> None:
    assert guarded_file(lambda: b"file")() == b"file"


def test_outside_of_a_page_a_failure_is_logged_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    st.session_state.clear()
    guarded(broken)()
    assert len(logged(caplog)) == 1

"""Runs of a visit, kept, named, drawn together, and shared as one link."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import train
from bn_lab.datasets.uploads import digest_of
from bn_lab.experiment import FIELDS, Experiment
from bn_lab.figures.overlay import RUN_COLORS, SYMBOLS
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import Limits, Recordings
from bn_lab.sharing import PASSED_ON, encode, parse_link
from bn_lab.ui.compare import links, run_list
from bn_lab.ui.compare.page import GLYPHS
from tests.datasets.uploads.made import ROOT
from tests.test_hostile_links import TEXTS, anything, experiments
from tests.ui.test_pages import check_text

Open = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("no_pictures")

IRIS = Experiment(dataset="iris", epochs=4)
SHORT = {"dataset": "iris", "epochs": "4"}


def runs_of(page: Any) -> list[dict[str, Any]]:
    """The list of a page."""
    return list(page.at.session_state["runs"])


def experiments_of(page: Any) -> list[Experiment]:
    """The experiments of the list, the newest first."""
    return [run_list.experiment_of(run) for run in runs_of(page)]


def table_of(page: Any) -> str:
    (node,) = [node for node in page.at.get("html") if '<div class="bn-runs"' in node.proto.body]
    return str(node.proto.body)


def train_all(page: Any) -> None:
    """Wait for all that the Compare page waits for."""
    for _ in runs_of(page):
        if any(run["results"] is None for run in runs_of(page)):
            page.until("ended", slot="compare")
    assert all(run["results"] is not None for run in runs_of(page))


def opened(lab: Open, *runs: tuple[Experiment, str], **params: str) -> Any:
    """The Compare page of a link."""
    page = lab(compare=links.write(runs), **params)
    page.go_to("compare")
    return page


# The link.

names = st.text(st.characters(codec=None), max_size=90).map(links.clean)
pairs = st.lists(st.tuples(experiments, names), max_size=links.MOST, unique_by=lambda pair: pair[0])
parts = st.sampled_from([*FIELDS, *PASSED_ON, "name", "x", ""])
runs_of_a_link = st.lists(st.tuples(parts, anything | st.sampled_from(TEXTS)).map(":".join)).map(";".join)


@given(pairs)
def test_a_comparison_comes_out_of_its_link_as_it_went_in(runs: list[tuple[Experiment, str]]) -> None:
    text = links.write(runs)
    assert len(text) <= links.LONGEST
    read, problems = links.read(text)
    assert [(run.number, run.experiment, run.name) for run in read] == [(k, *run) for k, run in enumerate(runs, start=1)]
    assert problems == []


@given(st.lists(runs_of_a_link | anything, max_size=12).map("~".join))
def test_whatever_a_comparison_says_is_read_and_what_is_wrong_is_named(text: str) -> None:
    read, problems = links.read(text)
    assert len(read) <= links.MOST
    assert len({run.experiment for run in read}) == len(read)
    for run in read:
        assert len(run.name) <= links.LONGEST_NAME
        assert run.name.isprintable()
    for number, problem in problems:
        assert number <= links.MOST
        assert str(problem).isprintable()
        assert len(str(problem)) < 500


@given(pairs, st.data())
def test_a_damaged_link_is_still_read(runs: list[tuple[Experiment, str]], data: st.DataObject) -> None:
    text = links.write(runs)
    at = data.draw(st.integers(0, len(text)))
    links.read(text[:at] + data.draw(anything) + text[at + data.draw(st.integers(0, 5)) :])


def test_too_much_is_named_and_bounded() -> None:
    many = "~".join(f"dataset:iris;seed:{seed}" for seed in range(20))
    read, ((number, problem),) = links.read(many)
    assert number == 0
    assert [run.experiment.seed for run in read] == [*range(links.MOST)]
    assert (problem.field, problem.rule, problem.values["value"]) == ("compare", "too_many_runs", 20)
    read, ((_, problem),) = links.read("~" * links.LONGEST + "x")
    assert (read, problem.rule) == ([], "too_long_link")


def test_a_parameter_of_pages_is_no_setting_of_a_run() -> None:
    ((run,), problems) = links.read("dataset:iris;run:all;name:x")
    assert (run.experiment, run.name) == (Experiment(dataset="iris"), "x")
    assert [problem.field for _, problem in problems] == ["run"]
    assert "name" not in FIELDS


def test_what_is_wrong_with_a_run_is_told_with_its_place_in_the_link() -> None:
    read, problems = links.read("dataset:iris~dataset:iris;depth:999~dataset:boston;width:abc")
    assert [(run.number, run.experiment) for run in read] == [(1, Experiment(dataset="iris")), (3, Experiment())]
    assert [(number, problem.field) for number, problem in problems] == [(2, "depth"), (3, "width")]


def test_every_run_of_a_link_has_a_colour_and_a_mark() -> None:
    assert links.MOST == len(RUN_COLORS) == len(SYMBOLS) == len(GLYPHS)


# The list.


def test_the_strip_opens_the_page_with_its_runs(lab: Open) -> None:
    page = lab(IRIS)
    deep, wrong = Experiment(dataset="iris", epochs=4, depth=2), {"dataset": "iris", "depth": "99"}
    page.act("compare", runs=[encode(deep), wrong, "x", encode(IRIS)])
    assert experiments_of(page) == [deep, IRIS]
    assert [(number, problem.field) for number, problem in page.at.session_state["compare_problems"]] == [(2, "depth")]
    assert links.read(page.at.query_params["compare"])[0][0].experiment == deep
    train_all(page)
    history = train(IRIS)
    results = runs_of(page)[1]["results"]
    for arm in IRIS.arms:
        np.testing.assert_allclose(results["lines"][f"{arm}.train.loss"], history.series(arm, "loss")[0], rtol=1e-6)
        assert results["arms"][arm]["train_loss"] == pytest.approx(history.series(arm, "loss")[0, -1])
    assert all(isinstance(value, (int, str, dict, bool, type(None))) for value in runs_of(page)[0].values())


def test_what_is_known_of_a_run_stays_when_others_are_compared(lab: Open) -> None:
    page = opened(lab, (IRIS, ""))
    train_all(page)
    known = runs_of(page)[0]["results"]
    page.go_to("")
    page.act("compare", runs=[encode(Experiment(dataset="iris", epochs=4, seed=1)), encode(IRIS)])
    assert runs_of(page)[1]["results"] is known
    page.go_to("")
    page.act("compare", runs=[encode(Experiment(dataset="iris", epochs=4, seed=seed)) for seed in range(1, 12)])
    assert [experiment.seed for experiment in experiments_of(page)] == [*range(1, links.MOST + 1)]


def test_a_removed_run_leaves_the_link(lab: Open) -> None:
    page = opened(lab, (IRIS, "x"), (Experiment(dataset="iris", epochs=4, depth=2), "y"))
    page.at.button(key="compare_remove_1").click()
    page.run()
    assert unquote(page.at.query_params["compare"]) == "dataset:iris;depth:2;epochs:4;name:y"
    page.at.button(key="compare_remove_2").click()
    page.run()
    assert runs_of(page) == []
    assert texts("en")("compare.empty") in page.text
    page.follow("compare", compare="dataset:iris;depth:2;epochs:4;name:y")
    assert [run["name"] for run in runs_of(page)] == ["y"]
    page.follow("compare")
    assert runs_of(page) == []
    assert "compare" not in page.at.query_params


# The page.


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_runs_by_what_differs(lab: Open, language: str) -> None:
    t = texts(language)
    runs = [(IRIS, ""), (Experiment(dataset="iris", epochs=4, activation="relu"), ""), (Experiment(epochs=2, seeds=2), "")]
    page = opened(lab, *runs, lang=language)
    check_text(page, language)
    assert t("compare.waiting") in table_of(page)
    train_all(page)
    page.run()
    check_text(page, language)
    shown = table_of(page)
    for field in ("dataset", "activation", "epochs", "seeds"):
        assert f">{html.escape(t(f'field.{field}'))}<" in shown
    assert t("field.depth") not in shown
    assert "ReLU" in page.text
    assert {"compare_0_loss", "compare_0_metric", "compare_1_loss", "compare_1_metric"} <= set(page.components)
    assert [run.experiment for run in links.read(page.at.query_params["compare"])[0]] == [experiment for experiment, _ in runs]
    page.at.button(key="compare_open_2").click()
    page.run()
    page.until("ended")
    assert page.experiment == runs[1][0]
    assert page.at.query_params["run"] == "all"


def test_a_shared_comparison_opens_with_the_same_runs_and_names(lab: Open) -> None:
    runs = [(IRIS, "<b>a</b>; ~ 50 %"), (Experiment(dataset="iris", epochs=4, depth=2), "")]
    page = opened(lab, *runs, lang="ko")
    address = page.at.code[0].value
    assert address.endswith(f"/compare?compare={quote(links.write(runs), safe=':;,~')}&lang=ko")
    again = lab(**parse_link(address).other)
    again.go_to("compare")
    assert [(run_list.experiment_of(run), run["name"]) for run in runs_of(again)] == runs
    assert "&lt;b&gt;a&lt;/b&gt;" in table_of(again)
    assert "<b>" not in table_of(again)
    assert "\\<b\\>" in again.text


def test_runs_of_a_link_are_trained_beside_the_labs_own_training(lab: Open) -> None:
    page = lab(dataset="iris", epochs="5000", run="play", compare=links.write([(IRIS, "")]))
    mine = page.watch
    page.go_to("compare")
    train_all(page)
    assert page.watch is mine
    assert mine.wanted == 5000
    assert list(page.visitor.watches) == ["lab"]
    other = lab(compare=links.write([(IRIS, "")]))
    other.go_to("compare")
    train_all(other)
    assert runs_of(other)[0]["results"] is not None


def test_what_this_server_does_not_give_is_left_out_and_named(lab: Open, recordings: Recordings) -> None:
    recordings.limits = Limits(experiment_minutes=0.02)
    text = f"{links.write([(Experiment(epochs=5000), 'long'), (IRIS, 'short')])}~dataset:iris;depth:99;samples:9999"
    page = lab(compare=text, lang="en")
    page.go_to("compare")
    assert [run["name"] for run in runs_of(page)] == ["short"]
    warnings = [warning.value for warning in page.at.warning]
    for words in ("BN_LAB_EXPERIMENT_MINUTES", "99", "9999"):
        assert any(words in text for text in warnings)
    assert any("Run 3 of the link" in text for text in warnings)


def test_a_comparison_does_not_bring_own_data(lab: Open) -> None:
    data = (ROOT / "data" / "iris.csv").read_bytes()
    dataset = f"own-{digest_of(data)}-4-classification-dropped"
    page = lab(dataset=dataset, compare=f"dataset:iris~dataset:{dataset}", lang="en")
    page.at.file_uploader[0].set_value(("iris.csv", data, "text/csv"))
    page.run()
    page.go_to("compare")
    assert experiments_of(page) == [Experiment(dataset="iris")]
    assert [(number, problem.rule) for number, problem in page.at.session_state["compare_problems"]] == [(2, "own_run")]


def test_own_data_are_left_out_of_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    private = Experiment(dataset="own-0123456789abcdef-3-regression-dropped")
    runs: list[Any] = [
        {"id": k, "experiment": parameters, "name": "", "results": None, "failed": False}
        for k, parameters in enumerate([{"dataset": private.dataset}, {"dataset": "iris"}])
    ]
    assert [run_list.is_private(run) for run in runs] == [True, False]
    assert run_list.as_link(runs) == "dataset:iris"


def test_a_list_survives_other_pages_and_the_address_tells_of_it_only_here(lab: Open) -> None:
    page = opened(lab, (IRIS, "x"))
    assert unquote(page.at.query_params["compare"]) == "dataset:iris;epochs:4;name:x"
    page.go_to("rules")
    assert "compare" not in page.at.query_params
    page.go_to("")
    assert "compare" not in page.at.query_params
    page.go_to("compare")
    assert experiments_of(page) == [IRIS]

"""The Lesson page: a question first, then the answer from a training, and pages that open in the state of the step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bn_lab import train
from bn_lab.datasets import load
from bn_lab.engine.anatomy import subject
from bn_lab.engine.cost import seconds
from bn_lab.engine.history import History
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.presets import PRESETS
from bn_lab.service import Limits, Recordings
from bn_lab.studies.claims import STUDIES
from bn_lab.ui.algorithm.page import NETWORK_PARTS, UNIT_PARTS
from bn_lab.ui.algorithm.scene import decode, encode, fitted
from bn_lab.ui.lesson import answers
from bn_lab.ui.lesson.answers import OPEN, SAME
from bn_lab.ui.lesson.question import option_label, written
from bn_lab.ui.lesson.steps import FIRST, SOURCES, STEPS, Step, spread_of_features
from tests.ui.test_pages import check_text

Open = Callable[..., Any]

SHORT = {"epochs": 3, "seeds": 6}


@pytest.fixture(scope="module")
def history() -> History:
    """A short training that others are made of."""
    return train(Experiment(dataset="iris", epochs=12, seeds=6, validation_share=0.2))


def made_up(history: History, **values: Mapping[str, Any]) -> History:
    """The same record with other series: for each arm one number a seed, or one a seed and an epoch."""
    changed: dict[str, Any] = {}
    for name, by_arm in values.items():
        whole = np.array(getattr(history, name))
        for arm, given in by_arm.items():
            array = np.asarray(given, float)
            whole[history.experiment.arms.index(arm)] = array[:, None] if array.ndim == 1 else array
        changed[name] = whole
    return replace(history, **changed)


# The steps.


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_a_step_is_complete_and_cheap(step: Step) -> None:
    for language in LANGUAGES:
        words = catalogue(language)
        assert all(words[f"lesson.{step.id}.{part}"] for part in ("title", "text", "question", "why"))
        labels = [option_label(step, option, texts(language)) for option in step.options]
        assert len(set(labels)) == len(step.options) >= 3
    assert seconds(step.experiment) < 12
    assert set(step.sources) <= set(SOURCES)
    assert not step.study or step.study in STUDIES
    assert (step.algorithm is None) == (not step.part) == (step.part not in {**UNIT_PARTS, **NETWORK_PARTS})
    Limits().check(step.experiment)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_of_a_length_that_is_read(language: str) -> None:
    for name in STEPS:
        text = catalogue(language)[f"lesson.{name}.text"]
        count = len(text) / 2.5 if language == "ko" else len(text.split())
        assert 50 <= count <= 160, (name, count)


def test_claims_and_their_other_sides_are_the_presets() -> None:
    experiments = {step.experiment for step in STEPS.values()}
    assert {preset.experiment for preset in PRESETS.values() if preset.claim} <= experiments


def test_sources_have_an_address_or_a_place() -> None:
    for source in SOURCES.values():
        assert re.fullmatch(r"\d{4}\.\d{5}", source.arxiv) or source.place
        assert 1990 < source.year < 2030
        assert str(source.year) in source.cited()
        assert not source.arxiv or f"https://arxiv.org/abs/{source.arxiv}" in source.cited()


def test_the_spread_of_features_is_that_of_the_table() -> None:
    frame = load("boston").head(506).drop(columns="medv")
    stds = frame.std(ddof=0).sort_values()
    found = spread_of_features()
    assert (found["smallest"], found["largest"]) == (stds.index[0], stds.index[-1])
    assert found["factor"] == f"{stds.iloc[-1] / stds.iloc[0]:,.0f}"


# What numbers answer.


@pytest.mark.parametrize(
    ("ours", "theirs", "option"),
    [
        ([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12], "before"),
        ([2, 4, 6, 8, 10, 12], [1, 2, 3, 4, 5, 6], "none"),
        ([1.01, 2, 3, 4, 5, 6], [1, 2.02, 3, 4, 5.01, 6], SAME),
        ([1, 2, 3, 4, 5, 12], [2, 4, 6, 8, 10, 6], OPEN),
        ([np.nan] * 6, [1, 2, 3, 4, 5, 6], "none"),
        ([1, 2, 3, 4, 5, 6], [np.nan] * 6, "before"),
        ([np.nan] * 6, [np.nan] * 6, SAME),
    ],
)
def test_the_better_side_is_the_one_that_is_better_in_all_six_pairs(
    history: History, ours: list[float], theirs: list[float], option: str
) -> None:
    record = made_up(history, train_loss={"before": ours, "none": theirs})
    answer = answers.compared("train_loss", "before", "none", 0.1)(record)
    assert answer.option == option
    assert [verdict.pairs for _, verdict in answer.trials] == [6]


@pytest.mark.parametrize(
    ("factor", "option", "lower"),
    [(1.105, SAME, 0.095), (1.12, "none", 0.107), (1 / 1.105, SAME, 0.095), (1 / 1.12, "before", 0.107)],
)
def test_either_side_is_lower_by_a_share_of_the_other(history: History, factor: float, option: str, lower: float) -> None:
    plain = np.arange(1.0, 7)
    record = made_up(history, train_loss={"before": factor * plain, "none": plain})
    answer = answers.compared("train_loss", "before", "none", 0.1)(record)
    assert answer.option == option
    ((question, verdict),) = answer.trials
    assert question.ours.arm == ("none" if factor > 1 else "before"), "the sentence tells of the side that is ahead"
    assert verdict.median == pytest.approx(lower, abs=5e-4)
    assert verdict.reason == ("too_small" if option == SAME else "")


def test_an_accuracy_is_better_where_it_is_higher(history: History) -> None:
    high, low = np.linspace(0.8, 0.9, 6), np.linspace(0.7, 0.8, 6)
    ask = answers.compared("validation_accuracy", "before", "none", 0.02)
    assert ask(made_up(history, validation_accuracy={"before": high, "none": low})).option == "before"
    assert ask(made_up(history, validation_accuracy={"before": low, "none": high})).option == "none"
    assert ask(made_up(history, validation_accuracy={"before": low + 0.01, "none": low})).option == SAME


def test_the_two_modes_are_compared_at_the_end(history: History) -> None:
    assert history.latest is not None
    inference = history.latest.inference_loss[1]
    ask = answers.with_memory(answers.compared("train_loss", "before", "before", 0.1, "inference_loss"))
    for factor, option in ((2, "inference_loss"), (0.5, "train_loss"), (1.0, SAME)):
        answer = ask(made_up(history, train_loss={"before": factor * inference}))
        assert answer.option == option
        assert answer.values == {"steps": 12 * 4, "share": pytest.approx(0.99**48)}


def test_a_training_that_ends_early_because_all_diverge_is_answered() -> None:
    diverged = train(Experiment(epochs=20, seeds=6, optimizer="sgd", learning_rate=10.0))
    assert (len(diverged.divergences), diverged.epoch < 10) == (12, True)
    answer = answers.overtaken("train_loss_10", "train_loss", "before", "none", 0.1)(diverged)
    assert answer.option == "never"
    assert [verdict.diverged for _, verdict in answer.trials] == [(6, 6)] * 2


@pytest.mark.parametrize(
    ("early", "late", "option", "epoch"),
    [(0.5, 0.5, "first", 1), (2, 0.5, "later", 12), (2, 2, "never", 0), (0.5, 2, "never", 0), (1, 1, "never", 0)],
)
def test_when_a_side_is_ahead(history: History, early: float, late: float, option: str, epoch: int) -> None:
    plain = np.full((6, 12), 3.0)
    factors = np.where(np.arange(12) < 11, early, late)
    record = made_up(history, train_loss={"none": plain, "before": plain * factors})
    answer = answers.overtaken("train_loss_10", "train_loss", "before", "none", 0.1)(record)
    assert answer.option == option
    assert answer.values.get("epoch", 0) == epoch
    assert answer.sentence == ("overtaken" if epoch else "not_overtaken")


def test_a_network_that_diverges_does_not_hide_when_a_side_is_ahead(history: History) -> None:
    plain, other = np.full((6, 12), 100.0), np.full((6, 12), 10.0)
    plain[0, 6:] = np.nan
    record = made_up(history, train_loss={"none": plain, "before": other})
    answer = answers.overtaken("train_loss_10", "train_loss", "before", "none", 0.1)(record)
    assert (answer.option, answer.sentence) == ("first", "overtaken")
    assert answer.values["epoch"] == 1


@pytest.mark.parametrize(
    ("none", "before", "option"),
    [
        ([0.1] * 6, [0.9] * 6, "only_before"),
        ([0.9] * 6, [0.1] * 6, "only_none"),
        ([0.5] * 6, [0.5] * 6, "both"),
        ([0.49] * 6, [np.nan] * 6, "neither"),
        ([0.1] * 6, [0.9] * 5 + [0.4], OPEN),
    ],
)
def test_who_learns(history: History, none: list[float], before: list[float], option: str) -> None:
    answer = answers.learned(made_up(history, train_accuracy={"none": none, "before": before}))
    assert answer.option == option
    assert answer.values["learned_before"] == sum(value >= 0.5 for value in before)


@pytest.mark.parametrize(
    ("value", "option"),
    [(1.0, "small"), (1.79, "small"), (1.81, OPEN), (2.19, OPEN), (2.3, "large"), (1e9, "large"), (np.nan, OPEN)],
)
def test_what_is_near_a_boundary_is_left_open(value: float, option: str) -> None:
    assert answers.classified(value, {"small": 2.0, "large": np.inf}) == option


def test_growth_is_that_of_the_recorded_spreads(history: History) -> None:
    answer = answers.grown(2, {"small": 2.0, "large": np.inf})(history)
    for arm in ("none", "before"):
        stds = [snapshot.arms[arm].std[1, 0] for snapshot in history.snapshots]
        assert answer.values[f"factor_{arm}"] == pytest.approx(max(stds) / min(stds))


@pytest.mark.usefixtures("recordings")
def test_the_change_of_units_is_that_of_the_formula(history: History) -> None:
    answer = answers.changed(1, 1000, 50, {"nothing": 0.01, "much": np.inf})(history)
    x = subject(history.experiment, history.checkpoints[-1], "before", 1).x[0]
    one, other = ((v - v.mean()) / np.sqrt(v.var() + 1e-3) for v in (x, 1000 * x + 50))
    assert answer.values["change"] == pytest.approx(np.abs(one - other).max() / np.abs(one).max())
    assert answer.values["std"] == pytest.approx(x.std())
    assert answer.option == ("nothing" if answer.values["change"] < 0.009 else OPEN)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.996, "100"), (12.5, "1,250"), (0.618, "62"), (0.0999, "10"), (0.0123, "1.2"), (2e-6, "0.0002"), (2e-8, "2×10⁻⁶")],
)
def test_a_share_is_written_in_percent(share: float, text: str) -> None:
    assert written("share", share) == text


# The page.


def short(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> Step:
    """Let a step train less; what it says of that does not matter here."""
    step = replace(STEPS[name], experiment=replace(STEPS[name].experiment, **(SHORT | changes)))
    monkeypatch.setitem(STEPS, name, step)  # type: ignore[misc]
    return step


def follow(page: Any, experiment: Experiment) -> None:
    """Wait for what the page waits for, then draw it."""
    assert page.visitor.watches["lesson"].experiment == experiment
    page.until("ended", slot="lesson")


def buttons(page: Any) -> list[str]:
    return [str(button.key) for button in page.at.button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_is_there_in_both_languages(lab: Open, language: str) -> None:
    page = lab(lang=language)
    page.go_to("lesson")
    t = texts(language)
    for k, (name, step) in enumerate(STEPS.items()):
        if not step.programs:  # which have braces of their own
            check_text(page, language)
        assert [header.value for header in page.at.header] == [f"{k + 1}. {t(f'lesson.{name}.title')}"]
        assert page.at.query_params.get("lesson", FIRST) == name
        assert page.widget(f"lesson_option_{name}").value is None
        assert t("lesson.answer_first") in page.text
        assert not any(key.startswith("lesson_link") for key in buttons(page))
        if name != list(STEPS)[-1]:
            page.at.button(key="lesson_on").click()
            page.run()
    assert "lesson" not in page.visitor.watches


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_comes_after_the_choice_and_stays(lab: Open, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    step, t = short(monkeypatch, "faster"), texts(language)
    page = lab(lang=language, lesson="faster")
    page.go_to("lesson")
    assert "lesson" not in page.visitor.watches
    page.set("lesson_option_faster", "never")
    follow(page, step.experiment)
    check_text(page, language)
    answer = step.answer(train(step.experiment))
    said = option_label(step, "never", t)
    told = {"never": t("lesson.agreed", answer=said), OPEN: t("lesson.open")}
    computed = option_label(step, answer.option, t) if answer.option else ""
    assert told.get(answer.option, t("lesson.differed", answer=computed, said=said)) in page.text
    assert t("lesson.faster.why") in page.text
    assert "lesson_figure_faster" in page.components
    page.go_to("rules")
    page.go_to("lesson")
    assert page.widget("lesson_option_faster").value == "never"
    assert t("lesson.faster.why") in page.text
    assert t("lesson.progress", done=1, steps=len(STEPS)) in page.text


def test_a_teacher_sees_answers_without_a_choice(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    step, t = short(monkeypatch, "normalize"), texts("en")
    page = lab(lang="en", lesson="normalize")
    page.go_to("lesson")
    page.set("lesson_show_all", True)
    follow(page, step.experiment)
    assert t("lesson.normalize.why") in page.text
    assert page.widget("lesson_option_normalize").value is None
    assert page.at.query_params == {"lang": "en", "lesson": "normalize"}
    page.set("language_choice", "ko")
    assert texts("ko")("lesson.normalize.why") in page.text


@pytest.mark.parametrize("parameters", [{"hide": "sidebar"}, {"fix": "depth"}], ids=lambda found: next(iter(found)))
def test_pupils_have_no_switch_for_all_answers(lab: Open, parameters: dict[str, str]) -> None:
    page = lab(**parameters)
    page.go_to("lesson")
    assert [toggle.key for toggle in page.at.toggle] == []
    assert "hide" not in parameters or len(page.at.sidebar) == 0
    page.at.button(key="lesson_leave").click()
    page.run()
    assert [toggle.key for toggle in page.at.toggle] == ["lesson_show_all"]


def test_a_link_opens_the_lab_and_the_algorithm_in_the_state_of_the_step(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    step = short(monkeypatch, "inference")
    page = lab(lesson="inference")
    page.go_to("lesson")
    page.set("lesson_option_inference", SAME)
    follow(page, step.experiment)
    trained = page.visitor.watches["lesson"].recording
    page.at.button(key="lesson_link_lab_inference").click()
    page.run()
    page.go_to("")
    assert page.experiment == step.experiment
    assert page.watch.recording == trained
    assert page.state == "ended"
    assert page.at.query_params["run"] == "all"
    page.go_to("lesson")
    page.at.button(key="lesson_link_algorithm_inference").click()
    page.run()
    assert page.at.session_state["algorithm"] == encode(step.algorithm)
    assert [title.value for title in page.at.title] == [texts("en")("page.algorithm")]
    assert page.watch.recording == trained


def test_there_is_no_link_to_a_page_that_is_hidden(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    step = short(monkeypatch, "tiny_weights")
    page = lab(lesson="tiny_weights", hide="algorithm,claims")
    page.go_to("lesson")
    page.set("lesson_option_tiny_weights", "both")
    follow(page, step.experiment)
    assert [key for key in buttons(page) if "link_" in key] == ["lesson_link_lab_tiny_weights"]


def test_a_link_opens_the_study(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    step = short(monkeypatch, "faster")
    page = lab(lesson="faster")
    page.go_to("lesson")
    page.set("lesson_option_faster", "never")
    follow(page, step.experiment)
    page.at.button(key="lesson_link_claims_faster").click()
    page.run()
    assert page.at.session_state["claims"] == "study:faster_boston"


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.algorithm])
def test_what_a_step_opens_of_the_algorithm_is_there_after_its_training(name: str) -> None:
    step = STEPS[name]
    assert step.algorithm is not None
    assert decode(encode(step.algorithm)) == step.algorithm
    kept = train(replace(step.experiment, seeds=1)).checkpoints  # weights are of the first seed
    assert fitted(step.algorithm, step.experiment, kept) == step.algorithm


def test_the_lesson_leaves_the_training_of_the_lab_alone(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    step = short(monkeypatch, "scale")
    page = lab(dataset="iris", epochs="5000", run="play")
    before = page.watch
    page.go_to("lesson")
    page.set("lesson_option_scale", SAME)
    follow(page, step.experiment)
    page.go_to("")
    assert page.watch is before
    assert before.wanted == 5000
    assert list(page.visitor.watches) == ["lab"]


def test_how_far_a_training_is_that_an_answer_waits_for(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, "scale", epochs=5000)
    page = lab(lesson="scale", lang="en")
    page.go_to("lesson")
    page.set("lesson_option_scale", SAME)
    assert re.search(r"epoch [\d,]+ of 5,000", page.text)
    assert texts("en")("lesson.scale.why") not in page.text


def test_readers_share_a_training_and_leave_it(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, "scale", epochs=1000)
    pages = [lab(lesson="scale") for _ in range(2)]
    for page in pages:
        page.go_to("lesson")
        page.set("lesson_option_scale", SAME)
    (name,) = {page.visitor.watches["lesson"].recording for page in pages}
    shared = pages[0].recordings.find(name)
    assert len(shared.watches) == 2
    for page in pages:
        page.at.button(key="lesson_on").click()
        page.run()
    assert not shared.watches


def test_what_the_server_does_not_give_is_told(lab: Open, recordings: Recordings) -> None:
    recordings.limits = Limits(experiment_minutes=0.001)
    page = lab(lesson="faster", dataset="iris", epochs="1", lang="en")
    page.go_to("lesson")
    page.set("lesson_option_faster", "never")
    assert any("BN_LAB_EXPERIMENT_MINUTES" in error.value for error in page.at.error)


def test_a_step_that_there_is_not_is_told(lab: Open) -> None:
    page = lab(lesson="<b>x</b>", lang="en")
    page.go_to("lesson")
    (warning,) = page.at.warning
    assert "\\<b\\>x" in warning.value
    assert page.at.header[0].value.startswith("1.")

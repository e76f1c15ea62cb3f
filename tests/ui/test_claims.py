"""The Claims page: what it asks, what a link says, and that its words are those of the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.sharing import parse_link
from bn_lab.studies.answers import custom_study
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.job import Failure, JobView
from bn_lab.studies.library import key_of
from bn_lab.studies.study import Question, Side, Study, StudyError
from bn_lab.studies.verdict import judge
from bn_lab.ui.claims import custom, state
from bn_lab.ui.claims.state import StudyLink, decode, encode, unread
from bn_lab.ui.claims.trial import details, effect
from bn_lab.ui.kit import formatting
from tests.figures.made_up import outcome, results
from tests.ui.test_pages import check_text

Open = Callable[..., Any]
T = texts("en")


@dataclass
class FakeJob:
    """A job that stands still."""

    view: JobView
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
        self.view = replace(self.view, state="cancelled")


class FakeLibrary:
    """Studies that are done, or stand as `make` says, as soon as they are asked for."""

    def __init__(self) -> None:
        self.asked: list[Study] = []
        self.make: Callable[[Study], JobView] = done
        self.jobs: list[FakeJob] = []
        self.by_study: dict[object, FakeJob] = {}
        self.watched_by_others = False

    def job(self, study: Study, visitor: object) -> FakeJob:
        self.asked.append(study)
        self.jobs.append(FakeJob(self.make(study)))
        self.by_study[key_of(study)] = self.jobs[-1]
        return self.jobs[-1]

    def find(self, study: Study, visitor: object = None) -> FakeJob | None:
        return self.by_study.get(key_of(study))

    def leave(self, visitor: object, study: Study) -> None:
        if not self.watched_by_others:
            self.by_study[key_of(study)].cancel()


def done(study: Study) -> JobView:
    outcomes = results(study)
    return JobView("done", outcomes, len(outcomes), len(outcomes), 1.0, 2.0, 0.0, trained=len(outcomes))


def running(study: Study) -> JobView:
    found = dict(list(results(study).items())[:4])
    return JobView("running", found, 4, len(study.networks), 0.25, 3.0, 9.0)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    found = FakeLibrary()
    monkeypatch.setattr(state, "library", lambda: found)
    orders = state.Orders()  # every AppTest is the same session to Streamlit
    monkeypatch.setattr(state, "_orders", lambda: orders)
    return found


def opened(lab: Open, language: str = "en", experiment: Experiment | None = None, **claims: Any) -> Any:
    page = lab(experiment, lang=language, **({"claims": encode(StudyLink(**claims))} if claims else {}))
    page.go_to("claims")
    return page


def press(page: Any, key: str) -> None:
    page.at.button(key=key).click()
    page.run()


# The link.


@given(st.sampled_from(sorted(STUDIES)), st.integers(0, 32))
def test_a_link_holds_the_study_and_its_seeds(study: str, seeds: int) -> None:
    assert decode(encode(StudyLink(study, seeds))) == StudyLink(study, seeds)
    assert unread(encode(StudyLink(study, seeds))) == []


@pytest.mark.parametrize(
    "text", ["", "seeds:6", "study:x", "study", "study:faster_boston<b>", "a" * 9999, ",,,", "study:x,seeds:6"]
)
def test_a_link_without_a_known_study_says_nothing(text: str) -> None:
    assert decode(text) == StudyLink()


@pytest.mark.parametrize("seeds", ["0", "33", "x", "-1", "1.5", "², "])
def test_seeds_that_cannot_be_are_named_and_left_at_the_default(seeds: str) -> None:
    text = f"study:spread,seeds:{seeds.strip(', ')}"
    assert decode(text) == StudyLink("spread")
    assert unread(text) == [text.split(",")[1]]


def test_a_link_opens_the_study_and_what_one_chooses_is_in_the_link(lab: Open, library: FakeLibrary) -> None:
    page = opened(lab, study="faster_iris", seeds=6)
    assert page.widget("claims_faster_study").value == "faster_iris"
    assert page.widget("claims_faster_iris_seeds").value == 6
    page.set("claims_faster_iris_seeds", 10)
    assert page.link.other["claims"] == "study:faster_iris,seeds:10"
    page.set("claims_faster_study", "learning_rates")
    assert page.link.other["claims"] == "study:learning_rates"
    assert library.asked == []


def test_hostile_parts_of_a_link_are_named_harmlessly(lab: Open, library: FakeLibrary) -> None:
    page = lab(lang="en", claims="study:<img src=x>,seeds:6")
    page.go_to("claims")
    assert [warning.value for warning in page.at.warning] == [
        T("claims.unread", part=formatting.escape_markdown("study:<img src=x>"))
    ]


# The cards.


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_claim_has_a_card_and_nothing_runs_unasked(lab: Open, library: FakeLibrary, language: str) -> None:
    page = opened(lab, language)
    check_text(page, language)
    t = texts(language)
    for claim in CLAIMS.values():
        assert t(f"claims.{claim.id}") in page.text
        for question in STUDIES[claim.studies[0]].questions:
            assert t(f"question.{question.id}") in page.text
    assert library.asked == []


@pytest.mark.parametrize(("name", "language"), [*zip(STUDIES, cycle(LANGUAGES), strict=False)])
def test_a_study_that_is_done_shows_figure_verdicts_and_files(
    lab: Open, library: FakeLibrary, name: str, language: str
) -> None:
    page = opened(lab, language, study=name, seeds=6)
    press(page, f"claims_{name}_run")
    (study,) = library.asked
    assert study.base.seeds == 6
    check_text(page, language)
    t = texts(language)
    assert f"claims_{name}_{study.figure}" in page.components
    for question in study.questions:
        assert t(f"question.{question.id}") in page.text
    assert t("verdict.waiting") not in page.text
    assert t("claims.done", networks=f"{len(study.networks):,}", seconds="0:02.0") in page.text
    assert any(question.other_side for question in study.questions) == (f"#### {t('verdict.other_side')}" in page.text)


def test_a_cell_opens_in_the_lab(lab: Open, library: FakeLibrary) -> None:
    page = opened(lab, study="overfitting_boston", seeds=6)
    press(page, "claims_overfitting_boston_run")
    page.set("claims_overfitting_boston_cell", 3)
    (study,) = library.asked
    (button,) = [node for node in page.at.get("link_button") if "width" in node.proto.url]
    decoded = parse_link(button.proto.url)
    assert decoded.problems == ()
    assert decoded.experiment == replace(study.cells[3].experiment, seeds=1)
    assert decoded.other == {"lang": "en"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_running_study_shows_how_far_it_is_and_can_be_cancelled(lab: Open, library: FakeLibrary, language: str) -> None:
    library.make = running
    page = opened(lab, language, study="spread", seeds=6)
    press(page, "claims_spread_run")
    check_text(page, language)
    t = texts(language)
    (study,) = library.asked
    told = t("claims.progress_remaining", done="4", total=f"{len(study.networks)}", elapsed="0:03.0", remaining="0:09.0")
    assert told in page.text
    assert "claims_spread_curves" in page.components
    assert t("verdict.waiting") in page.text
    press(page, "claims_spread_cancel")
    assert library.jobs[0].cancelled
    assert t("claims.cancelled", done="4", total=f"{len(study.networks)}") in page.text
    library.make = done
    press(page, "claims_spread_run")
    assert len(library.asked) == 2
    assert t("verdict.waiting") not in page.text


def test_cancelling_takes_only_ones_order_back(lab: Open, library: FakeLibrary) -> None:
    library.make, library.watched_by_others = running, True
    page = opened(lab, study="spread", seeds=6)
    press(page, "claims_spread_run")
    press(page, "claims_spread_cancel")
    assert not library.jobs[0].cancelled
    assert T("claims.cancelled", done="4", total="12") in page.text
    press(page, "claims_spread_run")
    assert T("claims.cancelled", done="4", total="12") not in page.text


def test_a_study_with_nothing_to_train_says_so(lab: Open, library: FakeLibrary) -> None:
    library.make = lambda study: replace(done(study), trained=0)
    page = opened(lab, study="spread", seeds=6)
    press(page, "claims_spread_run")
    assert T("claims.known", networks="12") in page.text


def test_what_others_have_run_is_seen_without_running_it(lab: Open, library: FakeLibrary) -> None:
    library.job(STUDIES["spread"].with_seeds(6), "somebody else")
    page = opened(lab, study="spread", seeds=6)
    assert "claims_spread_curves" in page.components
    assert len(library.asked) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_failures_are_told_with_their_experiment(lab: Open, library: FakeLibrary, language: str) -> None:
    def make(study: Study) -> JobView:
        failure = Failure((study.networks[0].experiment,), "ValueError: <b>*x*</b>")
        return replace(done(study), failures=(failure,) * 5)

    library.make = make
    page = opened(lab, language, study="spread", seeds=6)
    press(page, "claims_spread_run")
    check_text(page, language)
    errors = [error.value for error in page.at.error]
    assert len(errors) == 3
    assert formatting.escape_markdown("<b>*x*</b>") in errors[0]
    assert texts(language)("claims.more_failures", count="2") in page.text
    library.make = done
    press(page, "claims_spread_run")  # what failed may be tried again
    assert not page.at.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cluster_out_of_reach_is_a_clear_message(lab: Open, library: FakeLibrary, language: str) -> None:
    error = StudyError("cluster", "no_cluster", "tcp://<b>:1", seconds=10)
    library.make = lambda study: JobView("failed", {}, 0, len(study.networks), error=error)
    page = opened(lab, language, study="spread", seeds=6)
    press(page, "claims_spread_run")
    assert [each.value for each in page.at.error] == [formatting.error(texts(language), error)]
    assert "claims_spread_run" in [button.key for button in page.at.button]


# Verdicts in words.

LOSS = Question("q", "train_loss", Side("before"), Side("none"), 0.1)
ACCURACY = Question("q", "validation_accuracy", Side("before", {"batch_size": 2}), Side("none", {"batch_size": 2}), 0.02)


def said(question: Question, ours: Any, theirs: Any) -> tuple[str, str]:
    relative = question is LOSS
    verdict = judge(ours, theirs, smallest=question.smallest, lower_is_better=relative, relative=relative)
    return effect(question, verdict, T), details(question, verdict, T)


@pytest.mark.parametrize(
    ("question", "ours", "theirs", "expected"),
    [
        (
            LOSS,
            [8.0] * 6,
            [10.0] * 6,
            "Training loss: 20% lower in the median pair (95% interval in the same direction: 20% to 20%)",
        ),
        (
            LOSS,
            [20.0] * 6,
            [10.0] * 6,
            "Training loss: 100% higher in the median pair (95% interval in the same direction: 100% to 100%)",
        ),
        (
            LOSS,
            [5.0, 6, 7, 8, 9, 12],
            [10.0] * 6,
            "Training loss: 25% lower in the median pair (95% interval in the same direction: −20% to 50%)",
        ),
        (LOSS, [8.0] * 3, [10.0] * 3, "Training loss: 20% lower in the median pair"),
        (
            LOSS,
            [10.0] * 6,
            [10.0] * 6,
            "Training loss: no difference in the median pair (95% interval in the same direction: 0% to 0%)",
        ),
        (
            LOSS,
            [8.0] * 6,
            [np.nan] * 6,
            "Training loss: 100% lower in the median pair (95% interval in the same direction: 100% to 100%)",
        ),
        (
            LOSS,
            [np.nan] * 6,
            [8.0] * 6,
            "Training loss: ∞ higher in the median pair (95% interval in the same direction: ∞ to ∞)",
        ),
        (
            ACCURACY,
            [0.8] * 6,
            [0.75] * 6,
            "Validation accuracy: 5 percentage points higher in the median pair "
            "(95% interval in the same direction: 5 percentage points to 5 percentage points)",
        ),
    ],
)
def test_the_effect_in_words(question: Question, ours: Any, theirs: Any, expected: str) -> None:
    assert said(question, ours, theirs)[0] == expected


def test_details_name_both_sides_and_what_diverged() -> None:
    text = said(LOSS, [8.0, np.nan, 8.0], [10.0] * 3)[1]
    assert "BN before activation: 8, without BN: 10 (medians of each side by itself)" in text
    assert T("verdict.diverged", ours=1, theirs=0) in text
    assert T("verdict.reason.too_few") in text
    assert T("verdict.smallest", smallest="10%") in text


def test_verdicts_on_the_page_are_those_of_the_numbers(lab: Open, library: FakeLibrary) -> None:
    """Losses without BN are twice those with BN, for all seeds."""
    library.make = lambda study: replace(done(study), results=halved(study))
    page = opened(lab, study="faster_boston", seeds=6)
    press(page, "claims_faster_boston_run")
    badge = [m.value for m in page.at.markdown if T("question.faster_boston_1000") in m.value and "badge" in m.value]
    assert len(badge) == 1
    assert badge[0].startswith(":green-badge[")
    assert T("verdict.supported") in badge[0]
    assert formatting.escape_markdown("Training loss after 1,000 epochs: 50% lower") in page.text


def halved(study: Study) -> Mapping[str, Any]:
    factor = {"none": 2.0, "before": 1.0, "standardized": 1.5}
    return {n.key: outcome(n.experiment, train_loss=factor[n.arm] * np.ones(1000)) for n in study.networks}


# a custom study.

IRIS = Experiment(dataset="iris", epochs=5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_custom_study_is_set_up_and_then_run(lab: Open, library: FakeLibrary, language: str) -> None:
    page = opened(lab, language, IRIS)
    page.set("custom_values_first_learning_rate", "0.001, 1e-2,0.1")
    page.set("custom_field_second", "activation")
    page.set("custom_options_second_activation", ["relu", "tanh"])
    page.set("custom_measure", "inference_accuracy")
    press(page, "custom_order")
    assert library.asked == []
    press(page, "claims_own_run")
    (study,) = library.asked
    assert study.axes == (("learning_rate", (0.001, 0.01, 0.1)), ("activation", ("relu", "tanh")))
    assert (study.base, study.measure) == (replace(IRIS, seeds=3), "inference_accuracy")
    assert "claims_own_map" in page.components
    check_text(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("typed", "rule", "value"),
    [
        ("0.1, <b>x</b>", "number", "<b>x</b>"),
        ("0.1, 99", "between", "99"),
        ("", "no_values", "0"),
        ("0.1, 0.1", "no_values", "2"),
        (",".join(["0.1"] * 40), "no_values", "40"),
        ("nan", "number", "nan"),
    ],
)
def test_values_that_cannot_be_are_told_by_field_rule_and_value(
    lab: Open, library: FakeLibrary, language: str, typed: str, rule: str, value: str
) -> None:
    page = opened(lab, language, IRIS)
    page.set("custom_values_first_learning_rate", typed)
    press(page, "custom_order")
    (error,) = [each.value for each in page.at.error]
    t = texts(language)
    assert t("field.learning_rate") in error
    assert formatting.escape_markdown(value) in error or value in error
    start = re.split(r"\{\w+\}", t(f"error.{rule}"))[1].strip()
    assert start.split()[0] in error
    assert "claims_own_run" not in [button.key for button in page.at.button]


def test_a_custom_study_is_not_larger_than_a_page_can_name() -> None:
    values = ";".join(f"{k / 1000}" for k in range(1, 33))
    with pytest.raises(StudyError, match="at most 20000 networks"):
        custom.read(f"train_loss/20/none;before/learning_rate={values}/weight_scale={values}", Experiment())


def test_a_custom_study_stands_in_the_link(lab: Open, library: FakeLibrary) -> None:
    base = Experiment(dataset="iris", epochs=5)
    axes: list[tuple[str, list[Any]]] = [("learning_rate", [0.001, 0.01]), ("activation", ["relu", "tanh"])]
    study = custom_study(base, axes, 3, "train_accuracy", ["none", "after"])
    assert custom.read(custom.as_text(study), base) == study
    page = lab(base, lang="en", claims=f"study:spread,own:{custom.as_text(study)}")
    page.go_to("claims")
    press(page, "claims_own_run")
    assert library.asked == [study]
    assert decode(page.at.query_params["claims"]) == StudyLink("spread", 0, custom.as_text(study))


@pytest.mark.parametrize(
    "text",
    ["x", "train_loss", "train_loss/3/none", "no/3/none/width=4", "train_loss/99/none/width=4", "train_loss/3/none/seed=1",
     "train_loss/3/none/width=4;4", "train_loss/3/none/width=", "gap/3/none/width=4", "train_loss/3/all/width=4", "=/=/="],
)  # fmt: skip
def test_a_custom_study_that_cannot_be_is_told(lab: Open, library: FakeLibrary, text: str) -> None:
    page = lab(Experiment(dataset="iris"), lang="ko", claims=f"own:{text}")
    page.go_to("claims")
    assert len(page.at.error) == (text != "train_loss/3/none")
    assert library.asked == []


def test_the_same_field_twice_and_values_beyond_the_data_are_told(lab: Open, library: FakeLibrary) -> None:
    page = opened(lab, "en", IRIS)
    page.set("custom_values_first_learning_rate", "0.1")
    page.set("custom_field_second", "learning_rate")
    page.set("custom_values_second_learning_rate", "0.2")
    press(page, "custom_order")
    assert "twice" in page.at.error[0].value
    page.set("custom_field_second", "samples")
    page.set("custom_values_second_samples", "100, 4000")
    press(page, "custom_order")
    assert T("field.samples") in page.at.error[0].value
    assert library.asked == []


def test_a_measure_that_not_all_have_is_told(lab: Open, library: FakeLibrary) -> None:
    page = opened(lab, "en", IRIS)
    page.set("custom_field_first", "dataset")
    page.set("custom_options_first_dataset", ["iris", "boston"])
    page.set("custom_measure", "train_accuracy")
    press(page, "custom_order")
    assert page.at.error[0].value == T("claims.custom.no_measure", measure=T("measure.train_accuracy"))

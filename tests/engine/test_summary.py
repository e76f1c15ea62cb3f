"""Summaries and findings say what the numbers say: checked on small made-up histories whose answers are known."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bn_lab.arms import ARMS
from bn_lab.engine.history import Composition, Divergence, History, Snapshot
from bn_lab.engine.steps import Steps
from bn_lab.engine.summary import (
    ALIKE,
    CLOSE,
    LATE,
    MOST_NAMED,
    SENTENCES,
    Sentence,
    Standing,
    Summary,
    at_moment,
    findings,
    is_output_layer,
    sentence,
    summaries,
)
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts

NAN = math.nan

Curves = Mapping[Any, Any]
"""By arm: a list of losses per seed."""


def stacked(values: Curves | None) -> np.ndarray[Any, Any] | None:
    return None if values is None else np.array(list(values.values()), float)


def made_up(
    losses: Curves,
    *,
    validation: Curves | None = None,
    accuracy: Curves | None = None,
    partial: Curves | None = None,
    inference: Curves | None = None,
    snapshot: float | None = None,
    divergences: Sequence[Divergence] = (),
    **choices: Any,
) -> History:
    """A history with these numbers; in inference mode the networks do as in the last epoch unless said otherwise."""
    loss = stacked(losses)
    assert loss is not None
    arms, seeds, epochs = loss.shape
    choices = {"bn_momentum": 0.0, **choices}  # nothing is left of the initial moving statistics
    experiment = Experiment(arms=tuple(losses), seeds=seeds, epochs=max(1, epochs), **choices)
    assert experiment.arms == tuple(losses)
    now = np.array(list(inference.values())) if inference else loss[..., -1] if epochs else np.full((arms, seeds), NAN)
    return History(
        experiment=experiment,
        task="regression" if accuracy is None else "classification",
        classes=() if accuracy is None else ("a", "b"),
        epoch=epochs,
        steps=2 * epochs + (partial is not None),
        plan=Steps(((1, 2),)),
        seconds=1.0,
        train_loss=loss,
        train_accuracy=stacked(accuracy),
        validation_loss=stacked(validation),
        validation_accuracy=None if accuracy is None or validation is None else stacked(accuracy),
        partial_loss=None if partial is None else np.array(list(partial.values())),
        target_variance=np.full(seeds, 8.0),
        validation_target_variance=None if validation is None else np.full(seeds, 4.0),
        snapshots=(Snapshot(float(epochs) if snapshot is None else snapshot, {}, now, None),),
        current=None,
        shown=None,
        divergences=tuple(divergences),
    )


def by_arm(history: History) -> dict[str, Summary]:
    listed = summaries(history)
    assert [summary.arm for summary in listed] == list(history.experiment.arms)
    return {summary.arm: summary for summary in listed}


def told(history: History) -> dict[str, list[dict[str, Any]]]:
    """The values of all findings by id; each of them can be put into words."""
    collected: dict[str, list[dict[str, Any]]] = {}
    for finding in findings(history):
        for language in LANGUAGES:
            assert texts(language)(f"finding.{finding.id}", **finding.values)
        collected.setdefault(finding.id, []).append(finding.values)
    return collected


# Summaries.


def test_where_each_arm_stands() -> None:
    history = made_up(
        {"none": [[9.0, 5.0, 4.0]], "before": [[20.0, 6.0, 2.0]]}, inference={"none": [4.5], "before": [1.5]}, dataset="boston"
    )
    plain, before = by_arm(history).values()
    assert (plain.train_loss, before.train_loss) == (4.0, 2.0)
    assert (plain.inference_loss, before.inference_loss) == (4.5, 1.5)
    assert (plain.difference, before.difference) == (None, -2.0)
    assert plain.validation_loss is before.validation_loss is None
    assert plain.metrics == {("rmse", "train"): 2.0, ("r2", "train"): 0.5}
    assert plain.diverged == before.diverged == 0


def test_validation_has_its_own_loss_and_metrics() -> None:
    losses = {"none": [[9.0, 4.0]], "before": [[9.0, 1.0]]}
    before = by_arm(made_up(losses, validation={"none": [[9.0, 9.0]], "before": [[16.0, 4.0]]}))["before"]
    assert before.validation_loss == 4.0
    assert before.metrics == {
        ("rmse", "train"): 1.0,
        ("r2", "train"): 1 - 1 / 8,
        ("rmse", "validation"): 2.0,
        ("r2", "validation"): 0.0,
    }


def test_classes_have_accuracy() -> None:
    losses, accuracy = {"none": [[1.0, 0.5]]}, {"none": [[0.4, 0.75]]}
    (plain,) = summaries(made_up(losses, accuracy=accuracy, dataset="iris"))
    assert plain.metrics == {("accuracy", "train"): 0.75}
    (plain,) = summaries(made_up(losses, accuracy=accuracy, validation=losses, dataset="iris"))
    assert plain.metrics == {("accuracy", "train"): 0.75, ("accuracy", "validation"): 0.75}


@pytest.mark.parametrize(
    ("arms", "rivals"),
    [
        (("none", "before"), ("before", "none")),
        (("none", "standardized", "before", "after"), ("before", "none", "none", "none")),
        (("none", "standardized"), ("standardized", "none")),
        (("before", "after"), ("after", "before")),
        (("standardized", "after"), ("after", "standardized")),
        (("none",), (None,)),
    ],
)
def test_the_rival_is_without_batch_norm_or_else_with_it(arms: tuple[str, ...], rivals: tuple[str | None, ...]) -> None:
    of_arm = by_arm(made_up({arm: [[1.0]] for arm in arms}))
    assert tuple(summary.rival for summary in of_arm.values()) == rivals
    assert [summary.difference is not None for summary in of_arm.values()] == ["none" in arms and arm != "none" for arm in arms]


def test_epochs_to_the_best_loss_of_the_rival() -> None:
    of_arm = by_arm(made_up({"none": [[9.0, 5.0, 6.0, 7.0]], "before": [[20.0, 5.5, 5.0, 2.0]]}))
    assert (of_arm["before"].rival_loss, of_arm["before"].epochs_to_rival) == (5.0, 3)
    assert (of_arm["none"].rival_loss, of_arm["none"].epochs_to_rival) == (2.0, None)


def test_nothing_to_compare() -> None:
    (plain,) = summaries(made_up({"none": [[9.0, 5.0]]}))
    assert (plain.rival, plain.rival_loss, plain.epochs_to_rival, plain.difference) == (None,) * 4


def test_numbers_are_medians_over_the_seeds() -> None:
    losses = {"none": [[9.0, 1.0], [9.0, 2.0], [9.0, 100.0]], "before": [[5.0, 5.0], [5.0, 3.0], [5.0, 4.0]]}
    inference = {"none": [1.0, 2.0, 3.0], "before": [1.0, 8.0, 9.0]}
    of_arm = by_arm(made_up(losses, inference=inference))
    assert (of_arm["none"].train_loss, of_arm["before"].train_loss) == (2.0, 4.0)
    assert of_arm["before"].difference == 2.0
    assert (of_arm["none"].inference_loss, of_arm["before"].inference_loss) == (2.0, 8.0)
    assert of_arm["none"].metrics["rmse", "train"] == pytest.approx(math.sqrt(2))
    assert of_arm["none"].rival_loss == 4.0
    assert of_arm["none"].epochs_to_rival == 2


def test_diverged_networks_are_counted_and_left_out() -> None:
    losses = {"none": [[4.0, NAN], [2.0, 2.0], [6.0, 8.0]], "before": [[3.0, 1.0], [3.0, 1.0], [3.0, 1.0]]}
    of_arm = by_arm(made_up(losses, divergences=[Divergence("none", 0, 2, 1)]))
    assert of_arm["none"].train_loss == 5.0
    assert of_arm["none"].diverged == 1
    assert of_arm["before"].diverged == 0
    assert of_arm["before"].difference == -4.0


def test_an_arm_of_which_nothing_is_left_has_no_numbers() -> None:
    losses = {"none": [[4.0, NAN]], "before": [[5.0, 4.5]]}
    inference = {"none": [NAN], "before": [1.0]}
    of_arm = by_arm(made_up(losses, inference=inference, divergences=[Divergence("none", 0, 2, 4)]))
    assert math.isnan(of_arm["none"].train_loss)
    assert math.isnan(of_arm["none"].inference_loss)
    assert all(math.isnan(value) for value in of_arm["none"].metrics.values())
    assert of_arm["before"].difference is not None
    assert math.isnan(of_arm["before"].difference)
    assert (of_arm["before"].rival_loss, of_arm["before"].epochs_to_rival) == (4.0, None)
    assert of_arm["none"].epochs_to_rival == 1


def test_an_epoch_under_way_shows_in_the_loss_but_sets_no_marks() -> None:
    losses = {"none": [[9.0, 5.0]], "before": [[20.0, 6.0]]}
    of_arm = by_arm(made_up(losses, partial={"none": [3.0], "before": [1.0]}))
    assert (of_arm["none"].train_loss, of_arm["before"].train_loss) == (3.0, 1.0)
    assert of_arm["before"].difference == -2.0
    assert (of_arm["none"].rival_loss, of_arm["before"].rival_loss) == (6.0, 5.0)
    assert of_arm["none"].epochs_to_rival == 2
    assert of_arm["before"].epochs_to_rival is None


def test_before_the_first_epoch_nothing_is_claimed() -> None:
    for partial in (None, {"none": [3.0], "before": [1.0]}):
        history = made_up({"none": [[]], "before": [[]]}, partial=partial)
        of_arm = by_arm(history)
        assert of_arm["before"].rival_loss is None
        assert of_arm["before"].epochs_to_rival is None
        assert math.isnan(of_arm["before"].train_loss) if partial is None else of_arm["before"].train_loss == 1.0
        assert findings(history) == []


# Where arms stand at any moment.


def moment(epoch: float, inference: Any, running: Any = None, accuracies: tuple[Any, Any] | None = None) -> Snapshot:
    """A snapshot with these losses (A, S), and with accuracies in inference mode and so far."""
    right, so_far = accuracies or (None, None)
    found = (None if each is None else np.array(each, float) for each in (right, running, so_far))
    return Snapshot(epoch, {}, np.array(inference, float), *found)


LOSSES = {"none": [[9.0, 4.0]], "before": [[25.0, 1.0]]}
HELD = {"none": [[16.0, 5.0]], "before": [[36.0, 4.0]]}


def standings(history: History, snapshot: Snapshot) -> dict[str, Standing]:
    standing = at_moment(history, snapshot)
    assert [each.arm for each in standing] == list(history.experiment.arms)
    return {each.arm: each for each in standing}


def test_after_an_epoch_its_losses_count() -> None:
    plain, before = standings(made_up(LOSSES, validation=HELD), moment(1.0, [[8.0], [24.0]])).values()
    assert (plain.train_loss, plain.validation_loss, plain.inference_loss, plain.difference) == (9.0, 16.0, 8.0, None)
    assert (before.train_loss, before.validation_loss, before.inference_loss, before.difference) == (25.0, 36.0, 24.0, 16.0)
    assert plain.metrics == pytest.approx(
        {
            ("rmse", "train"): 3.0,
            ("r2", "train"): 1 - 9 / 8,
            ("rmse", "inference"): 8**0.5,
            ("r2", "inference"): 0.0,
            ("rmse", "validation"): 4.0,
            ("r2", "validation"): -3.0,
        }
    )


def test_inside_an_epoch_its_batches_so_far_count() -> None:
    history = made_up(LOSSES, validation=HELD)
    before = standings(history, moment(1.5, [[7.0], [20.0]], running=[[6.0], [16.0]]))["before"]
    assert (before.train_loss, before.validation_loss, before.inference_loss, before.difference) == (16.0, 36.0, 20.0, 10.0)
    assert before.metrics["rmse", "train"] == 4.0
    first = standings(history, moment(0.5, [[7.0], [20.0]], running=[[6.0], [16.0]]))["before"]
    assert first.train_loss == 16.0
    assert first.validation_loss is not None
    assert math.isnan(first.validation_loss), "of no epoch yet"


def test_before_the_first_step_there_is_inference_only() -> None:
    plain, before = standings(made_up(LOSSES), moment(0.0, [[8.0], [24.0]])).values()
    assert (plain.inference_loss, before.inference_loss) == (8.0, 24.0)
    assert plain.validation_loss is before.validation_loss is None
    assert math.isnan(plain.train_loss)
    assert before.difference is not None
    assert math.isnan(before.difference)


def test_classes_have_accuracy_at_every_moment() -> None:
    accuracy = {"none": [[0.5, 0.75]], "before": [[0.25, 1.0]]}
    history = made_up(LOSSES, accuracy=accuracy, validation=HELD, dataset="iris")
    whole = standings(history, moment(2.0, [[1.0], [1.0]], accuracies=([[0.7], [0.9]], None)))["before"]
    assert whole.metrics == {("accuracy", "train"): 1.0, ("accuracy", "inference"): 0.9, ("accuracy", "validation"): 1.0}
    inside = moment(1.5, [[1.0], [1.0]], [[1.0], [1.0]], ([[0.7], [0.9]], [[0.6], [0.8]]))
    standing = standings(history, inside)["before"].metrics
    assert standing == {("accuracy", "train"): 0.8, ("accuracy", "inference"): 0.9, ("accuracy", "validation"): 0.25}


def test_at_a_moment_numbers_are_medians_of_what_has_not_diverged() -> None:
    ends = [Divergence("before", 1, 2, 1), Divergence("before", 2, 3, 1)]
    losses = {"none": [[1.0] * 3] * 3, "before": [[2.0] * 3, [5.0, NAN, NAN], [4.0, 3.0, NAN]]}
    history = made_up(losses, divergences=ends)
    for epoch, loss, diverged in ((1.0, 4.0, 0), (2.0, 2.5, 1), (3.0, 2.0, 2)):
        standing = standings(history, moment(epoch, np.ones((2, 3))))["before"]
        assert (standing.train_loss, standing.diverged) == (loss, diverged)


def test_the_last_moment_of_a_run_is_where_its_summary_stands() -> None:
    for choices in ({}, {"dataset": "iris"}, {"optimizer": "sgd", "learning_rate": 0.05}):
        experiment = Experiment(epochs=3, seeds=3, arms=tuple(ARMS), validation_share=0.2, **choices)  # type: ignore[arg-type]
        history = train(experiment)
        for standing, summary in zip(at_moment(history, history.snapshots[-1]), summaries(history), strict=True):
            found, expected = asdict(standing), asdict(summary)
            metrics = {key: value for key, value in found.pop("metrics").items() if key[1] != "inference"}
            np.testing.assert_equal(metrics, expected["metrics"])
            np.testing.assert_equal(found, {name: expected[name] for name in found})


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ({"none": [[9.0]], "before": [[25.0]]}, ("behind", "before", "none", 25.0, 9.0)),
        ({"none": [[9.0]], "before": [[3.0]]}, ("ahead", "before", "none", 3.0, 9.0)),
        ({"none": [[9.0]], "before": [[8.9]]}, ("level", "before", "none", 8.9, 9.0)),
        ({"none": [[9.0]], "before": [[8.0]], "after": [[1.0]]}, ("ahead", "before", "none", 8.0, 9.0)),
        ({"none": [[9.0]], "standardized": [[1.0]], "after": [[10.0]]}, ("behind", "after", "none", 10.0, 9.0)),
        ({"none": [[9.0]], "standardized": [[1.0]]}, ("behind", "none", "standardized", 9.0, 1.0)),
        ({"before": [[9.0]], "after": [[1.0]]}, ("behind", "before", "after", 9.0, 1.0)),
        ({"standardized": [[9.0]], "after": [[1.0]]}, ("behind", "standardized", "after", 9.0, 1.0)),
        ({"before": [[9.0]]}, ("alone", "before", None, 9.0, NAN)),
        ({"none": [[NAN]], "before": [[3.0]]}, ("diverged", "none", "before", NAN, 3.0)),
        ({"none": [[9.0]], "before": [[NAN]]}, ("diverged", "before", "none", NAN, 9.0)),
        ({"none": [[NAN]], "before": [[NAN]]}, ("both_diverged", "before", "none", NAN, NAN)),
        ({"none": [[NAN], [4.0]], "before": [[3.0], [3.0]]}, ("ahead", "before", "none", 3.0, 4.0)),
    ],
)
def test_the_sentence_of_a_moment(losses: Curves, said: tuple[Any, ...]) -> None:
    history = made_up(losses)
    np.testing.assert_equal(asdict(sentence(history, history.snapshots[-1])), asdict(Sentence(*said)))
    assert said[0] in SENTENCES


def test_before_the_first_whole_epoch_is_over_the_sentence_judges_nobody() -> None:
    history = made_up(LOSSES)
    assert sentence(history, moment(0.5, [[1.0], [1.0]], [[2.0], [3.0]])) == Sentence("early", "before", "none", 3.0, 2.0)
    assert sentence(history, moment(0.0, [[1.0], [1.0]])).id == "early"
    assert sentence(history, moment(1.5, [[1.0], [1.0]], [[2.0], [3.0]])) == Sentence("behind", "before", "none", 3.0, 2.0)


# Findings.


def test_who_is_ahead_now_and_how_often_of_late() -> None:
    said = told(made_up({"none": [[1.0, 5.0, 4.0, 3.0]], "before": [[9.0, 1.0, 5.0, 2.0]]}))
    assert said["race_lower"] == [{"arm": "before", "loss": 2.0, "plain": 3.0, "count": 2, "window": 4}]
    assert not {"race_higher", "race_equal"} & set(said)
    said = told(made_up({"none": [[1.0, 5.0, 4.0, 3.0]], "after": [[9.0, 1.0, 5.0, 4.0]]}))
    assert said["race_higher"] == [{"arm": "after", "loss": 4.0, "plain": 3.0, "count": 3, "window": 4}]


def test_of_late_is_not_the_whole_run() -> None:
    long = LATE + 50
    (race,) = told(made_up({"none": [[5.0] * long], "before": [[9.0] * 40 + [1.0] * (long - 40)]}))["race_lower"]
    assert (race["count"], race["window"]) == (LATE, LATE)


@pytest.mark.parametrize("factor", [1 - CLOSE / 2, 1.0, 1 / (1 - CLOSE / 2)])
def test_losses_that_hardly_differ_are_level(factor: float) -> None:
    said = told(made_up({"none": [[5.0, 100.0]], "before": [[5.0, 100.0 * factor]]}))
    assert said["race_equal"][0]["loss"] == 100.0 * factor
    assert not {"race_lower", "race_higher"} & set(said)


def test_every_arm_with_batch_norm_has_its_race() -> None:
    said = told(made_up({"none": [[5.0]], "standardized": [[5.0]], "before": [[1.0]], "after": [[9.0]]}))
    assert [race["arm"] for race in said["race_lower"]] == ["before"]
    assert [race["arm"] for race in said["race_higher"]] == ["after"]


@pytest.mark.parametrize("arms", [("before",), ("none",), ("none", "standardized"), ("before", "after")])
def test_there_is_no_race_without_both_sides(arms: tuple[str, ...]) -> None:
    said = told(made_up({arm: [[2.0 + len(arm)] * 12] for arm in arms}))
    assert not [name for name in said if name.startswith(("race", "early", "one_seed", "seeds"))]


def test_the_other_way_round_at_epoch_ten() -> None:
    behind = [9.0] * 10 + [1.0] * 10
    level = [5.0] * 20
    said = told(made_up({"none": [level], "before": [behind]}))
    assert said["early_higher"] == [{"arm": "before", "early": 10, "loss": 9.0, "plain": 5.0}]
    said = told(made_up({"none": [behind], "before": [level]}))
    assert said["early_lower"] == [{"arm": "before", "early": 10, "loss": 5.0, "plain": 9.0}]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ([9.0] * 10, "epoch 10 is now"),
        ([1.0] * 20, "it was ahead then and is now"),
        ([5.1] * 10 + [1.0] * 10, "they were level then"),
        ([9.0] * 10 + [5.1] * 10, "they are level now, which is not the other way round"),
    ],
)
def test_it_is_not_the_other_way_round(before: list[float], why: str) -> None:
    said = told(made_up({"none": [[5.0] * len(before)], "before": [before]}))
    assert not [name for name in said if name.startswith("early")], why


def test_the_control_that_is_missing() -> None:
    losses = {"none": [[5.0]], "before": [[5.0]], "after": [[5.0]]}
    assert told(made_up(losses))["control_missing"] == [{}]
    assert "control_missing" not in told(made_up(losses, inputs="standardized"))
    assert "control_missing" not in told(made_up({"none": [[5.0]]}))


@pytest.mark.parametrize(("control", "relation"), [(1.0, "lower"), (4.9, "equal"), (9.0, "higher")])
def test_the_control(control: float, relation: str) -> None:
    losses = {"none": [[50.0]], "standardized": [[control]], "before": [[5.0]]}
    said = told(made_up(losses))
    assert [name for name in said if name.startswith("control")] == [f"control_{relation}"]
    assert said[f"control_{relation}"] == [{"arm": "before", "loss": 5.0, "control": control}]
    assert not [name for name in told(made_up(losses, inputs="standardized")) if name.startswith("control")]


def test_every_arm_with_batch_norm_has_its_control() -> None:
    said = told(made_up({"none": [[50.0]], "standardized": [[5.0]], "before": [[9.0]], "after": [[1.0]]}))
    assert said["control_lower"] == [{"arm": "before", "loss": 9.0, "control": 5.0}]
    assert said["control_higher"] == [{"arm": "after", "loss": 1.0, "control": 5.0}]
    said = told(made_up({"none": [[5.0]], "standardized": [[5.0]], "before": [[NAN]], "after": [[1.0]]}))
    assert [name for name in said if name.startswith("control")] == ["control_higher"]


def test_modes_that_differ() -> None:
    losses = {"none": [[5.0]], "before": [[5.0]], "after": [[5.0]]}
    said = told(made_up(losses, inference={"none": [5.0], "before": [9.0], "after": [1.0]}))
    assert said["inference_higher"] == [{"arm": "before", "epoch": 1, "training": 5.0, "inference": 9.0}]
    assert said["inference_lower"] == [{"arm": "after", "epoch": 1, "training": 5.0, "inference": 1.0}]
    said = told(made_up(losses, inference={"none": [5.0], "before": [5.1], "after": [4.9]}))
    assert not [name for name in said if name.startswith("inference")]


@pytest.mark.parametrize(
    ("plain", "inference", "relation"),
    [
        (8.0, 7.7, None),  # without batch normalization the gap is 20 %, with it 23 %
        (8.0, 8.5, None),
        (8.0, 7.4, "lower"),
        (8.0, 10.6, "higher"),  # a gap the other way round is no excuse
        (12.5, 13.0, None),
        (12.5, 14.0, "higher"),
        (12.5, 9.4, "lower"),
        (NAN, 9.4, "lower"),
    ],
)
def test_modes_must_differ_more_than_without_batch_norm(plain: float, inference: float, relation: str | None) -> None:
    losses = {"none": [[10.0]], "before": [[10.0]]}
    said = told(made_up(losses, inference={"none": [plain], "before": [inference]}))
    names = [name for name in said if name.startswith("inference")]
    assert names == ([f"inference_{relation}"] if relation else [])


def test_modes_without_a_network_to_compare_with() -> None:
    said = told(made_up({"before": [[10.0]]}, inference={"before": [9.4]}))
    assert said["inference_lower"] == [{"arm": "before", "epoch": 1, "training": 10.0, "inference": 9.4}]
    assert not told(made_up({"before": [[0.0]]}, inference={"before": [0.0]})).keys() & {"inference_lower", "inference_higher"}


def test_modes_are_compared_at_the_last_whole_epoch_of_which_there_is_a_moment() -> None:
    history = made_up({"before": [[4.0, 2.0]]}, inference={"before": [1.0]})
    inside = Snapshot(2.5, {}, np.array([[9.0]]), None, np.array([[7.0]]))
    assert told(replace(history, snapshots=(*history.snapshots, inside))) == told(history)
    assert told(history)["inference_lower"] == [{"arm": "before", "epoch": 2, "training": 2.0, "inference": 1.0}]


def test_modes_are_compared_at_one_and_the_same_epoch() -> None:
    losses = {"none": [[5.0, 5.0, 5.0]], "before": [[9.0, 7.0, 1.0]]}
    inference, partial = {"none": [5.0], "before": [3.0]}, {"none": [5.0], "before": [0.5]}
    said = told(made_up(losses, inference=inference, partial=partial, snapshot=2.0))
    assert said["inference_lower"] == [{"arm": "before", "epoch": 2, "training": 7.0, "inference": 3.0}]
    assert not [name for name in told(made_up(losses, inference=inference, snapshot=0.0)) if name.startswith("inference")]


def in_order(history: History, spread: Sequence[float], uniform: Sequence[int]) -> History:
    """A history whose samples come in the order of the file, with these batches for each seed."""
    experiment = replace(history.experiment, shuffle="never")
    return replace(history, experiment=experiment, composition=Composition(np.array(spread), np.array(uniform)))


WORSE: dict[str, Any] = {"losses": {"none": [[5.0]], "before": [[5.0]]}, "inference": {"none": [5.0], "before": [9.0]}}
"""In inference mode the network with batch normalization has nearly twice the loss."""

SAID = {"arm": "before", "epoch": 1, "training": 5.0, "inference": 9.0}


def test_batches_of_one_class_are_named_as_a_cause() -> None:
    history = in_order(made_up(**WORSE, accuracy={"none": [[0.5]], "before": [[0.5]]}), [0.3], [1])
    said = told(history)
    assert said["inference_higher_classes"] == [SAID | {"uniform": 1, "batches": 2}]
    assert "inference_higher" not in said
    for spread, uniform, name in (
        (ALIKE, 2, "_classes"),
        (ALIKE + 0.01, 2, ""),
        (1.0, 0, ""),
        (NAN, 2, ""),
        (0.4, 0, "_alike"),
    ):
        names = [each for each in told(in_order(history, [spread], [uniform])) if each.startswith("inference")]
        assert names == [f"inference_higher{name}"]


def test_batches_of_a_narrow_range_of_the_target_are_named_as_a_cause() -> None:
    for spread, percent in ((0.0, 0), (0.001, 1), (0.3, 30), (0.301, 31), (ALIKE, 60)):
        said = told(in_order(made_up(**WORSE), [spread], [1]))
        assert said["inference_higher_alike"] == [SAID | {"spread": percent}]
        assert "inference_higher" not in said
    assert "inference_higher" in told(in_order(made_up(**WORSE), [0.61], [0]))


def test_the_batches_of_most_seeds_count() -> None:
    losses, inference = {"before": [[5.0]] * 3}, {"before": [9.0] * 3}
    history = made_up(losses, inference=inference, accuracy=losses)
    (found,) = told(in_order(history, [0.9, 0.2, 0.4], [0, 2, 1]))["inference_higher_classes"]
    assert found["uniform"] == 1
    assert "inference_higher" in told(in_order(history, [0.9, 0.2, 0.8], [0, 2, 1]))


def test_moving_statistics_that_have_hardly_begun_to_move_are_named_first() -> None:
    history = made_up(**WORSE, bn_momentum=0.9)  # two updates
    for each in (history, in_order(history, [0.1], [2])):
        assert told(each)["inference_higher_early"] == [SAID | {"steps": 2, "weight": 81}]
    assert "inference_higher" in told(made_up(**WORSE, bn_momentum=0.2))  # 4 % are left


def test_no_cause_is_named_where_inference_mode_does_no_worse() -> None:
    for inference in ({"none": [5.0], "before": [5.1]}, {"none": [5.0], "before": [1.0]}):
        said = told(in_order(made_up(WORSE["losses"], inference=inference, bn_momentum=0.99), [0.0], [2]))
        assert not [name for name in said if name.startswith("inference_higher")]


def test_iris_in_the_order_of_its_file_shows_the_cause_and_shuffled_it_does_not() -> None:
    kept = Experiment(dataset="iris", epochs=300, arms=("before",), seeds=2)
    (cause,) = told(train(replace(kept, shuffle="never")))["inference_higher_classes"]
    assert (cause["uniform"], cause["batches"]) == (3, 5)  # 32 of 50, 18 + 14, 32, 4 + 28, 22
    assert cause["inference"] > cause["training"]
    assert not [name for name in told(train(kept)) if name.startswith("inference_higher")]


def test_overfitting_is_a_rise_after_the_best() -> None:
    losses = {"none": [[5.0, 4.0, 3.0]], "before": [[5.0, 4.0, 3.0]]}
    said = told(made_up(losses, validation={"none": [[5.0, 2.0, 6.0]], "before": [[5.0, 4.0, 4.1]]}))
    assert said["overfit"] == [{"arm": "none", "best": 2.0, "best_epoch": 2, "last": 6.0}]
    assert "overfit" not in told(made_up(losses))


def test_a_network_that_diverged_did_not_overfit() -> None:
    losses = {"none": [[5.0, 2.0, NAN]]}
    said = told(made_up(losses, validation=losses, divergences=[Divergence("none", 0, 3, 2)]))
    assert said == {"diverged": [{"arm": "none", "seed": 0, "epoch": 3, "layer": 2}]}


def test_one_seed_may_be_luck() -> None:
    assert told(made_up({"none": [[5.0]], "before": [[5.0]]}))["one_seed"] == [{}]
    said = told(made_up({"none": [[5.0], [3.0], [3.0]], "before": [[4.0], [4.0], [2.0]]}))
    assert said["seeds_ahead"] == [{"arm": "before", "ahead": 2, "seeds": 3, "window": 1}]
    assert "one_seed" not in said


def test_every_arm_with_batch_norm_has_its_seeds() -> None:
    said = told(made_up({"none": [[5.0], [5.0]], "before": [[4.0], [6.0]], "after": [[4.0], [4.0]]}))
    assert [(value["arm"], value["ahead"]) for value in said["seeds_ahead"]] == [("before", 1), ("after", 2)]


def test_a_seed_is_not_judged_by_its_last_epoch_alone() -> None:
    ahead, noisy = [9.0] * 50 + [1.0] * LATE, [1.0] * 50 + [5.0] * (LATE - 1) + [0.1]
    said = told(made_up({"none": [noisy, noisy], "before": [ahead, [9.0] * (50 + LATE)]}))
    assert said["seeds_ahead"] == [{"arm": "before", "ahead": 1, "seeds": 2, "window": LATE}]


def test_a_diverged_network_has_lost_its_seed() -> None:
    losses = {"none": [[NAN], [3.0], [NAN]], "before": [[4.0], [NAN], [NAN]]}
    assert told(made_up(losses))["seeds_ahead"] == [{"arm": "before", "ahead": 1, "seeds": 3, "window": 1}]


def test_the_first_three_divergences_are_told() -> None:
    divergences = [Divergence("none", seed, 2, 1 + seed) for seed in range(5)]
    losses = {"none": [[5.0, NAN]] * 5, "before": [[5.0, 4.0]] * 5}
    said = told(made_up(losses, divergences=divergences))
    assert [value["seed"] for value in said["diverged"]] == [0, 1, 2]
    assert said["diverged_more"] == [{"count": 2}]
    assert not [name for name in said if name.startswith(("race", "early"))]
    assert "diverged_more" not in told(made_up(losses, divergences=divergences[:MOST_NAMED]))


def test_the_output_layer_has_no_number() -> None:
    divergences = [Divergence("none", 0, 2, 2), Divergence("none", 1, 2, 3)]
    history = made_up({"none": [[5.0, NAN]] * 2}, depth=2, divergences=divergences)
    said = told(history)
    assert said["diverged"] == [{"arm": "none", "seed": 0, "epoch": 2, "layer": 2}]
    assert said["diverged_output"] == [{"arm": "none", "seed": 1, "epoch": 2}]
    assert [is_output_layer(layer, history.experiment) for layer in (1, 2, 3)] == [False, False, True]


def test_an_epoch_under_way_changes_no_finding() -> None:
    losses = {"none": [[5.0] * 20], "before": [[9.0] * 10 + [1.0] * 10]}
    assert told(made_up(losses)) == told(made_up(losses, partial={"none": [0.1], "before": [99.0]}))


numbers = st.floats(1e-6, 1e6) | st.sampled_from([1.0, 1.01, 0.0])


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Histories of all shapes, some of their networks diverged on the way."""
    chosen = draw(st.sets(st.sampled_from([*ARMS]), min_size=1))
    arms = [arm for arm in ARMS if arm in chosen]
    seeds, epochs = draw(st.integers(1, 3)), draw(st.integers(1, 14))
    shape = (len(arms), seeds, epochs)
    losses, held = draw(arrays(float, shape, elements=numbers)), draw(arrays(float, shape, elements=numbers))
    ends = draw(arrays(int, shape[:2], elements=st.integers(0, 2 * epochs)))
    losses[np.arange(epochs) >= ends[..., None]] = NAN
    partial = draw(st.none() | arrays(float, shape[:2], elements=numbers))
    return made_up(
        dict(zip(arms, losses, strict=True)),
        validation=dict(zip(arms, held, strict=True)) if draw(st.booleans()) else None,
        partial=None if partial is None else dict(zip(arms, partial, strict=True)),
        divergences=[
            Divergence(arm, seed, int(ends[a, seed]) + 1, 1)
            for a, arm in enumerate(arms)
            for seed in range(seeds)
            if ends[a, seed] < epochs
        ],
    )


def middle(values: Sequence[float]) -> float:
    left = [value for value in values if not math.isnan(value)]
    return statistics.median(left) if left else NAN


@given(histories())
@settings(max_examples=60, deadline=None)
def test_no_finding_contradicts_the_numbers(history: History) -> None:
    summaries(history)
    said = told(history)
    arms = history.experiment.arms
    last = {arm: middle(history.train_loss[a, :, -1].tolist()) for a, arm in enumerate(arms)}
    for race in said.get("race_lower", []):
        assert race["loss"] == last[race["arm"]] < last["none"] == race["plain"]
    for race in said.get("race_higher", []):
        assert race["loss"] == last[race["arm"]] > last["none"] == race["plain"]
    for race in said.get("race_equal", []):
        assert abs(race["loss"] - race["plain"]) <= CLOSE * max(race["loss"], race["plain"])
    for early in said.get("early_higher", []):
        assert early["loss"] > early["plain"]
        assert last[early["arm"]] < last["none"]
    for early in said.get("early_lower", []):
        assert early["loss"] < early["plain"]
        assert last[early["arm"]] > last["none"]
    for control in said.get("control_lower", []):
        assert control["control"] == last["standardized"] < last[control["arm"]]
    for overfit in said.get("overfit", []):
        assert overfit["last"] > overfit["best"]
        assert overfit["best_epoch"] < history.epoch
    values = [value for findings_of in said.values() for finding in findings_of for value in finding.values()]
    assert all(math.isfinite(value) for value in values if isinstance(value, float))

"""Figures of studies draw the medians of what is there, say what is missing, and are valid in every form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab.experiment import Experiment
from bn_lab.figures.axes import EPOCH
from bn_lab.figures.studies import FIGURES, rows
from bn_lab.figures.studies.curves import panels
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.networks import Network
from bn_lab.studies.study import Study
from tests.figures.made_up import outcome, results

T = texts("en")
IRIS = Experiment(dataset="iris", epochs=6, seeds=3, validation_share=0.2)
RATES = Study("own", IRIS, (("learning_rate", (0.001, 0.01, 0.1)),), figure="sweep", measure="train_loss")
TWO = Study("own", IRIS, (("activation", ("relu", "tanh")), ("width", (4, 8, 16))), figure="map", measure="inference_accuracy")


def short(study: Study) -> Study:
    """A study as it is, over three seeds and few epochs."""
    return replace(study, base=replace(study.base, seeds=3, epochs=min(study.base.epochs, 5)))


def named(figure: go.Figure, name: str) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name and trace.mode == "lines" and trace.x[0] is not None]


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_valid_figure_from_the_first_network_to_the_last(name: str, language: str, narrow: bool) -> None:
    study = short(STUDIES[name])
    full = results(study, lambda network: 2 if network.experiment.seed == 1 else 0)
    for part in ({}, dict(list(full.items())[:3]), full):
        for draw in (FIGURES[study.figure], *([rows] if study.figure == "panels" else [])):
            figure = go.Figure(draw(study, part, texts(language), narrow=narrow))
            assert figure.layout.height > 200
            assert not any("{" in str(note.text) for note in figure.layout.annotations)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_study_of_one_cell_and_one_seed_or_of_two_axes_has_any_figure(figure: str) -> None:
    if figure == "bands":
        study = short(STUDIES["smoothness"]).with_seeds(1)
    elif figure in ("overfitting", "panels", "map", "sweep"):
        study = replace(TWO.with_seeds(1), axes=(*TWO.axes, ("dropout", (0.0, 0.3))))
    else:
        study = replace(TWO.with_seeds(1), axes=())
    go.Figure(FIGURES[figure](study, results(study), T))


def test_lines_are_medians_and_bands_go_from_smallest_to_largest() -> None:
    study = Study("own", IRIS, measure="train_loss")
    outcomes = results(study)
    figure = go.Figure(FIGURES["curves"](study, outcomes, T))
    assert figure.layout.xaxis.unifiedhovertitle.text == T("figure.at_epoch", epoch=EPOCH)
    for arm in IRIS.arms:
        series = np.stack([outcomes[study.cells[0].network(arm, seed).key].train_loss for seed in study.seeds])
        (line,) = named(figure, T(f"arm.{arm}"))
        np.testing.assert_array_equal(line.x, range(1, 7))
        np.testing.assert_allclose(line.y, np.median(series, axis=0))
        edges = [trace for trace in figure.data if trace.legendgroup == arm and trace.line.width == 0]
        np.testing.assert_allclose([edge.y for edge in edges], [series.min(axis=0), series.max(axis=0)])


def test_a_diverged_network_is_the_worst_and_marked_not_dropped() -> None:
    late = {(arm, seed) for arm, seed in (("none", 0), ("before", 0), ("before", 1))}

    def diverged(network: Network) -> int:
        e = network.experiment
        return 3 if e.learning_rate == 0.1 and (network.arm, e.seed) in late else 0

    outcomes = results(RATES, diverged)
    figure = go.Figure(FIGURES["sweep"](RATES, outcomes, T))
    (none,), (before,) = named(figure, T("arm.none")), named(figure, T("arm.before"))
    assert before.y[2] is None  # most of its networks have diverged
    cell = RATES.cells[2]
    losses = [outcomes[cell.network("none", seed).key].train_loss[-1] for seed in (1, 2)]
    assert none.y[2] == max(losses)  # the middle one of two losses and something worse
    marks = [trace for trace in figure.data if trace.mode == "markers" and trace.customdata is not None]
    told = [text for mark in marks for text in mark.customdata]
    assert told == [
        T("claims.figure.beyond_of", beyond=n, networks=3, diverged=n, arm=T(f"arm.{arm}"))
        for arm, n in (("none", 1), ("before", 2))
    ]
    assert {mark.x for mark in marks} == {(0.1,)}
    assert T("claims.figure.beyond") in {trace.name for trace in figure.data}


def test_the_same_weights_are_shown_with_all_three_statistics() -> None:
    study = short(STUDIES["batch_size"])
    outcomes = results(study)
    figure = go.Figure(FIGURES["sweep"](study, outcomes, T))
    for way in ("batch", "precise"):
        (line,) = named(figure, T(f"measure.{way}_accuracy"))
        values = [
            [outcomes[cell.network("before", seed).key].final[f"{way}.validation.accuracy"] for seed in study.seeds]
            for cell in study.cells
        ]
        np.testing.assert_allclose(line.y, np.median(values, axis=1))


def test_maps_are_medians_by_row_and_column() -> None:
    outcomes = results(TWO)
    figure = go.Figure(FIGURES["map"](TWO, outcomes, T))
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    for arm, drawn in zip(IRIS.arms, maps, strict=True):
        expected = [
            [
                np.median([MEASURES[TWO.measure].of([outcomes[cell.network(arm, seed).key]]) for seed in TWO.seeds])
                for cell in TWO.matching({"activation": activation})
            ]
            for activation in ("relu", "tanh")
        ]
        np.testing.assert_allclose(drawn.z, expected)
        assert drawn.x == ("4", "8", "16")
        assert (drawn.zmin, drawn.zmax) == (0, 1)


@pytest.mark.parametrize(("mode", "series"), [("training", "train_accuracy"), ("inference", "inference_accuracy")])
def test_panels_show_the_chosen_epsilon_and_mode(mode: Any, series: str) -> None:
    study = short(STUDIES["initialization"])
    outcomes = results(study)
    where = {"epsilon": 1e-3, "bn_momentum": 0.99}
    figure = go.Figure(panels(study, outcomes, T, where=where, mode=mode))
    lines = named(figure, T("arm.before"))
    assert len(lines) == 16
    for line, cell in zip(lines, study.matching(where), strict=True):
        values = [getattr(outcomes[cell.network("before", seed).key], series) for seed in study.seeds]
        np.testing.assert_allclose(line.y, np.median(values, axis=0))


def test_rows_name_epsilon_only_where_it_matters() -> None:
    study = short(STUDIES["initialization"])
    (drawn,) = go.Figure(rows(study, results(study), T)).data
    assert len(drawn.y) == 1 + 3 * 2
    assert drawn.y[0] == T("arm.none")
    assert np.array(drawn.z, float).shape == (7, 16)


def test_both_losses_of_every_condition() -> None:
    study = short(STUDIES["overfitting_digits"])
    outcomes = results(study)
    figure = go.Figure(FIGURES["overfitting"](study, outcomes, T))
    drawn = [trace.y[0] for trace in figure.data if trace.error_y.array is not None]
    expected = [
        np.median([getattr(outcomes[cell.network(arm, seed).key], series)[-1] for seed in study.seeds])
        for arm in study.base.arms
        for cell in study.cells
        for series in ("inference_loss", "validation_loss")
    ]
    np.testing.assert_allclose(drawn, expected)


def test_bands_are_medians_of_the_edges() -> None:
    study = replace(short(STUDIES["smoothness"]), axes=())
    outcomes = results(study)
    figure = go.Figure(FIGURES["bands"](study, outcomes, T))
    (*_, beta) = named(figure, T("arm.before"))
    values = [outcomes[study.cells[0].network("before", seed).key].smoothness for seed in study.seeds]
    np.testing.assert_allclose(beta.y, np.median([each.beta for each in values if each is not None], axis=0))
    edges = [trace.y for trace in figure.data if trace.line.width == 0 and trace.legendgroup == "before"]
    for edge, name in zip(edges, ("loss_low", "loss_high", "change_low", "change_high"), strict=True):
        np.testing.assert_allclose(edge, np.median([getattr(each, name) for each in values], axis=0))


def test_a_mark_that_was_never_reached_is_told() -> None:
    study = replace(RATES, measure="epochs_to_20")
    outcomes = {n.key: outcome(n.experiment, train_loss=np.full(6, 99.0)) for n in study.networks}
    figure = go.Figure(FIGURES["sweep"](study, outcomes, T))
    told = [text for trace in figure.data if trace.customdata is not None for text in trace.customdata]
    assert len(told) == 2 * 3
    assert all("3 of 3" in text and text.endswith("diverged: 0") for text in told)

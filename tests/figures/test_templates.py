"""Every figure template in every form: bindings that resolve, a valid figure when filled, texts in all languages."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab.arms import ARMS
from bn_lab.engine.history import STAGES, History
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Recorded, fill
from bn_lab.figures.layers import chosen_layers, some_layers, stages_in_order
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES, alt, beside_loss, figure_names
from bn_lab.figures.sheet import Spec, as_json
from bn_lab.figures.tables import statistics
from bn_lab.i18n import LANGUAGES, texts

T = texts("en")
STAGE: dict[str, Any] = {"compact": True}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "network": [{"layers": [2]}, {"same_scale": True}, {"layers": [1, 3], "same_scale": True}],
    "loss": [{"log_x": True}, {"log_y": True}, STAGE, STAGE | {"log_x": True, "log_y": True}],
    "metric": [{"measure": "r2"}, {"log_y": True}, {"log_x": True}, STAGE | {"measure": "r2"}, STAGE | {"log_x": True}],
    "boundary": [STAGE],
    "predictions": [STAGE],
    "histograms": [{"layers": [2]}, {"layers": [99]}],
    "ribbons": [{"stage": stage} for stage in STAGES] + [{"log_x": True}, {"layers": [1, 3]}],
    "gamma_beta": [{"log_x": True}, {"layers": [3]}],
    "gradients": [{"log_x": True}, {"layers": [1]}],
    "confusion": [{"split": "validation"}],
}


@dataclass(frozen=True)
class Info:
    """Just what figures ask of a data set."""

    task: str
    classes: tuple[str, ...]
    target_name: str
    target_unit: str
    features: Array = field(default_factory=lambda: np.array([[-1.0, 3.0], [2.0, 5.0], [0.0, 4.0]]))
    feature_names: tuple[str, ...] = ("a", "b")
    target: Array = field(default_factory=lambda: np.arange(3) % 2)
    reach: float = 0


def variants(name: str, language: str) -> list[dict[str, Any]]:
    """Every choice of options once in this language, in turns wide and narrow; the other way round in the other language."""
    start = [*LANGUAGES].index(language)
    return [options | {"narrow": bool((start + k) % 2)} for k, options in enumerate([{}, *OPTIONS.get(name, [])])]


def bindings(figure: Spec) -> Iterator[dict[str, Any]]:
    """All bindings of a template, those of titles and ranges too."""
    for trace in figure["data"]:
        yield from (trace.get("meta") or {}).get("bind", {}).values()
    meta = figure["layout"].get("meta") or {}
    for title in meta.get("titles", []):
        yield from title["values"]
    for ends in meta.get("ranges", {}).values():
        yield from ({"row": end} for end in [*ends["low"], *ends["high"]] if isinstance(end, list | tuple))


def resolves(binding: dict[str, Any], table: Recorded) -> bool:
    if "curve" in binding:
        return table.field(binding["curve"], "epoch", binding.get("part")) is not None
    if "early" in binding:
        return table.field(f"{binding['early']}.validation.loss.median", "epoch", "curves.loss") is not None
    if "once" in binding:
        return table.field(binding["once"], "once") is not None
    if binding in ({"cursor": True}, {"rows": "epoch"}):
        return True
    (kind,) = {"row", "rows"} & set(binding)
    name, *where = binding[kind]
    columns = table.field(name, "moment")
    if columns is None:
        return False
    if kind == "rows":
        assert len(where) == 1, "a line needs one number of every moment"
    start, stop = (where[0], where[0] + 1) if len(where) == 1 else where or (0, columns.shape[1])
    return 0 <= start < stop <= columns.shape[1]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_binding_resolves_and_the_filled_figure_is_valid(
    run: Run, history: History, name: str, language: str, table: Recorded
) -> None:
    if name not in figure_names(history.experiment, run.table):
        pytest.skip("not for this task")
    for options in variants(name, language):
        figure = FIGURES[name].draw(history.experiment, run.table, texts(language), **options)
        wanted = [binding for binding in bindings(figure) if not resolves(binding, table)]
        assert not wanted, options
        checked = go.Figure(fill(figure, table))
        if name != "network" and "compact" not in options:
            assert checked.layout.title.text
            assert checked.layout.height > 200
            for axis in checked.select_xaxes():
                assert axis.title.text is not None
        fill(figure, table, 0.0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_text_alternative_of_one_sentence(name: str, language: str) -> None:
    sentence = alt(name, texts(language))
    assert sentence.endswith(".")
    assert 30 < len(sentence) < 200 or (language == "ko" and 15 < len(sentence) < 200)


def test_one_seed_has_no_band_and_no_validation_no_dashed_line() -> None:
    run = Run(Experiment(dataset="iris"))
    figure = FIGURES["loss"].draw(run.experiment, run.table, T)
    assert not [trace for trace in figure["data"] if trace.get("fill")]
    assert all(resolves(binding, recorded(run.history())) for binding in bindings(figure))


def test_strangers_names_are_shown_as_they_are() -> None:
    nasty = '<a href="javascript:alert(1)">x</a>&lt;%{z}'
    info = Info("classification", (nasty, "b"), nasty, nasty)
    experiment = Experiment(dataset="iris")
    for name in figure_names(experiment, info):
        assert "<a" not in as_json(FIGURES[name].draw(experiment, info, T)).replace("\\u003c", "<")
    number = Info("regression", (), nasty, nasty)
    for name in figure_names(experiment, number):
        assert "<a" not in as_json(FIGURES[name].draw(experiment, number, T)).replace("\\u003c", "<")


# Around the depths at which figures choose layers or break rows, and both widths where networks are shallowest and deepest.
@pytest.mark.parametrize(("depth", "width"), [(1, 1), (1, 40), (2, 1), (3, 40), (4, 1), (5, 40), (7, 1), (12, 40), (12, 1)])
def test_every_depth_and_width_before_the_first_epoch(depth: int, width: int) -> None:
    run = Run(Experiment(dataset="iris", depth=depth, width=width, arms=tuple(ARMS)))
    table = recorded(run.history())
    for name in figure_names(run.experiment, run.table):
        for narrow in (False, True):
            figure = FIGURES[name].draw(run.experiment, run.table, T, narrow=narrow)
            assert all(resolves(binding, table) for binding in bindings(figure)), name
            go.Figure(fill(figure, table))


def test_layers_are_chosen_or_few() -> None:
    assert some_layers(4) == (1, 2, 3, 4)
    assert some_layers(12) == (1, 6, 12)
    assert chosen_layers(Experiment(depth=5), [2, 9]) == (2,)
    assert chosen_layers(Experiment(depth=5), [9]) == (1, 3, 5)


@pytest.mark.parametrize(
    ("arms", "names"),
    [
        (("none",), ["Wx + b", "activation"]),
        (("none", "before"), ["Wx + b", "x̂", "γx̂ + β", "activation"]),
        (("none", "after"), ["Wx + b", "activation", "x̂", "γx̂ + β"]),
        (("after",), ["Wx + b", "activation", "x̂", "γx̂ + β"]),
        (("before", "after"), ["Wx + b", "x̂", "γx̂ + β", "activation"]),
    ],
)
def test_stages_stand_in_the_order_of_computation(arms: tuple[str, ...], names: list[str]) -> None:
    experiment = Experiment(arms=arms, depth=1)
    present = stages_in_order(experiment)
    assert all(name in T(f"stage.{stage}") for stage, name in zip(present, names, strict=True))
    figure = FIGURES["histograms"].draw(experiment, Info("regression", (), "y", ""), T)
    titles = [note["text"] for note in figure["layout"]["annotations"] if "layer 1" in note["text"]]
    assert all(name in title.replace("<br>", " ") for title, name in zip(titles, names, strict=True))


@pytest.mark.parametrize(("unit", "shown"), [("1000 USD", ("1,000 USD", "1,000달러")), ("m<sup>2", ("m&lt;sup&gt;2",) * 2)])
def test_units_are_named_in_the_language_where_they_are_known(unit: str, shown: tuple[str, str]) -> None:
    info = Info("regression", (), "y", unit)
    for language, name in zip(("en", "ko"), shown, strict=True):
        figure = FIGURES["metric"].draw(Experiment(), info, texts(language))
        assert figure["layout"]["yaxis"]["title"]["text"] == f"RMSE ({name})"


@pytest.mark.parametrize("arms", [(arm,) for arm in ARMS])
def test_figures_fit_the_arms(arms: tuple[Any, ...]) -> None:
    run = Run(Experiment(dataset="boston", arms=arms))
    names = figure_names(run.experiment, run.table)
    assert ("gauge" in names) == ("gamma_beta" in names) == (bool(ARMS[arms[0]].normalizer))
    assert ("predictions" in names, "confusion" in names) == (True, False)
    for name in names:
        figure = FIGURES[name].draw(run.experiment, run.table, T)
        assert all(resolves(binding, recorded(run.history())) for binding in bindings(figure))


def test_cells_of_the_table_resolve(run: Run, table: Recorded) -> None:
    for row in statistics(run.experiment, run.table, T).rows:
        assert all(isinstance(cell, str) or resolves({"row": cell["row"]}, table) for cell in row)


def test_beside_the_loss_stands_the_plane_else_predictions_else_the_metric(run: Run) -> None:
    wanted = {"moons": "boundary", "boston_without_b": "predictions", "iris": "metric"}
    assert beside_loss(run.table) == wanted[run.experiment.dataset]


def test_figures_do_not_need_torch() -> None:
    check = "import bn_lab.figures.pictures, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)

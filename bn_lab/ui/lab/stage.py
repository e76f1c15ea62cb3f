"""The stage: what the script tells the browser of what is on it, and what the browser wants of the script.

The player is the browser's: what is played, where it stands and how fast needs no script. A new seed, a longer training and
another experiment change what is on screen, and with that the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import streamlit as st

from bn_lab import drawn
from bn_lab.arms import ARMS, BASELINE
from bn_lab.datasets import Table, split, table_of
from bn_lab.datasets.generated import thinned
from bn_lab.engine.cost import network_numbers, recorded_steps
from bn_lab.engine.history import is_recorded, planned_checkpoints, stages
from bn_lab.engine.steps import Steps
from bn_lab.engine.summary import SENTENCES
from bn_lab.experiment import FIELDS, Experiment, Field, Schedule, common_epochs, scheduled
from bn_lab.figures.boundary import DOTS
from bn_lab.figures.layers import some_layers
from bn_lab.figures.pictures import FIGURES, alt, beside_loss
from bn_lab.i18n import LANGUAGES, Texts, catalogue
from bn_lab.presets import PRESETS
from bn_lab.service import Watch
from bn_lab.sharing import Decoded, decode, encode
from bn_lab.ui import rules, session, uploads
from bn_lab.ui.compare import run_list
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.widgets import file_stem
from bn_lab.ui.lab import controls
from bn_lab.ui.live import components

KEY = "stage"

PRESENT = "present"
"""In the session, until the stage is drawn: that it is to fill the screen."""

SAME_SCALE = "view_same_scale"
"""In the session: whether the same stage of all arms has one axis."""

ON_STAGE = "on_stage"
"""In the session: the recording on stage with its experiment, and what it has in common with the one before it."""

QUICK_DATASETS: Mapping[str, str] = {"boston": "lesson", "iris": "lesson_iris", "spiral": "spiral", "digits": "textbook"}
"""Experiments that are put on the stage by one click: presets by the name of the chip. One more is about uploads."""

UPLOADS = "own"

TEXTS = ("player", "scene", "sentence", "key", "stage", "runs", "draw")
"""Sections of the catalogue that the browser fills."""

FULL_WIDTH = """<style>
[data-testid="stMainBlockContainer"] { padding: calc(var(--bn-top) - 1rem) 1rem 4rem; }
</style>"""
"""On the page with the stage, which goes from edge to edge."""

ALONE = """<style>
[data-testid="stApp"] { --bn-top: 0px; }
[data-testid="stHeader"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 0 0.75rem; }
</style>"""
"""Inside another page the stage has all there is."""

MOST = 3
"""Layers that are on the stage at most."""

PARTS = ("presets", "numbers", "findings", "curves", "layers", "runs")
"""Parts of the lab that are on the stage, and which a lesson may hide."""


def show(watch: Watch, t: Texts) -> None:
    """Draw it. It fills what the page has left of the first screen."""
    st.html(ALONE if st.context.is_embedded else FULL_WIDTH)
    with st.container(key="stage_room"):
        components.stage(_content(watch, t), act=_act, file=file_stem(watch.experiment, "stage"), key=KEY)


def _content(watch: Watch, t: Texts) -> dict[str, Any]:
    """What the browser gets, see `live/stage.js`."""
    experiment, opening, embedded = watch.experiment, session.opening(), bool(st.context.is_embedded)
    data = table_of(experiment)
    longer = _longer(experiment)
    figures, alts = _figures(experiment, data, t)
    return {
        "token": session.visitor().token,
        "address": session.link_parameters(),
        "recording": watch.recording,
        "target": watch.target,
        "epochs": watch.wanted,
        "moments": moments(experiment),
        "run": {"query": encode(experiment), "private": experiment.is_private},
        "fields": settings(t, {dataset: uploads.name_of(dataset) for dataset in uploads.tables()}),
        "open": {"epoch": opening.epoch, "playing": opening.playing, "id": st.session_state["opened"]},
        "language": t.language,
        "texts": {key: text for key, text in catalogue(t.language).items() if key.partition(".")[0] in TEXTS},
        "arms": [describe_arm(arm, t) for arm in experiment.arms],
        "numbers": [
            {"field": field, "label": t(f"number.{field}"), "format": _format(field)} for field in _numbers(experiment, data)
        ],
        "sentences": list(SENTENCES),
        "seeds": experiment.seeds,
        "depth": experiment.depth,
        "layers": list(layers_on_stage(experiment)),
        "scale": bool(st.session_state.get(SAME_SCALE)),
        "figures": figures,
        "alts": alts,
        "checkpoints": checkpoint_epochs(experiment, data),
        "chips": [] if embedded else _chips(experiment, t),
        "fixed": {name: rules.is_fixed(name) for name in ("seed", "epochs")},
        "changes": _changes(experiment, t),
        "validated": experiment.validation_share > 0,
        "prefix": _prefix(watch),
        "can_longer": t("player.longer", epochs=f"{longer:,}") if longer > experiment.epochs else None,
        "draw": None if embedded else _drawing(experiment, data, t),
        "hidden": [name for name in (*PARTS, "compare") if rules.is_hidden(name)],
        "embed": embedded,
        "present": bool(st.session_state.pop(PRESENT, False)),
    }


def _changes(experiment: Experiment, t: Texts) -> list[dict[str, Any]]:
    """The numbers that may change from the epoch on stage on, each with its changes and the numbers to choose from."""
    described = []
    for name, field in FIELDS.items():
        if field.changeable and not rules.is_hidden(name):
            value = getattr(experiment, name)
            numbers = value.numbers if isinstance(value, Schedule) else ((1, value),)
            stops = sorted({stop for _, number in numbers for stop in controls.stops(field, number)})
            fixed = rules.is_fixed(name)
            described.append(
                {
                    "field": name,
                    "label": t(f"field.{name}"),
                    "numbers": list(map(list, numbers)),
                    "stops": stops,
                    "fixed": fixed,
                }
            )
    return described


def _prefix(watch: Watch) -> dict[str, Any] | None:
    """The recording that was on stage before this one, and for how many epochs both are the same; None where they are not."""
    state, now = st.session_state, encode(watch.experiment)
    before = state.get(ON_STAGE)
    if before is None or before["recording"] != watch.recording:
        same = 0 if before is None else common_epochs(session.experiment_of(before["experiment"]), watch.experiment)
        prefix = {"recording": before["recording"], "epochs": same} if before is not None and same else None
        state[ON_STAGE] = {"recording": watch.recording, "experiment": now, "prefix": prefix}
    found: dict[str, Any] | None = state[ON_STAGE]["prefix"]
    return found


def describe_arm(arm: str, t: Texts) -> dict[str, Any]:
    """What the browser knows of an arm."""
    return {
        "id": arm,
        "name": t(f"arm.{arm}"),
        "color": ARMS[arm].color,
        "normalized": "variance" in ARMS[arm].statistics,
        "stages": list(stages(arm)),
    }


def settings(t: Texts, own: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """What the browser needs to tell runs apart: of every field its short name, what links say of the usual value, and of a
    choice its options' names; of the arms also their colours, and that there may be several; of what may change during a
    training how that is said, and of data sets how a drawn one is called, and one with as many points elsewhere.

    Args:
        own: names of the visitor's own data sets by their ids.
    """
    return [{**each, "options": each["options"] | own} if each["name"] == "dataset" else each for each in _settings(t)]


@lru_cache(maxsize=len(LANGUAGES))
def _settings(t: Texts) -> list[dict[str, Any]]:
    return [_setting(name, field, t) for name, field in FIELDS.items()]


def _setting(name: str, field: Field, t: Texts) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "label": t(f"short.{name}"), "usual": field.format(field.default)}
    if field.options:
        said["options"] = {option: t(f"arm.{option}" if name == "arms" else f"{name}.{option}") for option in field.options}
    if field.kind == "choices":
        said |= {"many": True, "colors": {option: ARMS[option].color for option in field.options}}
    if field.optional:
        said["options"] = {"all": t("page.all")}
    if field.changeable:
        said["change"] = t("change.to", value="{value}", epoch="{epoch}")
    if name == "dataset":
        said |= {"drawn": t("dataset.drawn", count="{count}"), "moved": t("runs.moved")}
    return said


def _figures(experiment: Experiment, data: Table, t: Texts) -> tuple[dict[str, str], dict[str, str]]:
    """Templates by name, and what each shows for those who do not see it."""
    drawn: dict[str, str] = {}
    alts: dict[str, str] = {}

    def add(name: str, figure: str, **options: Any) -> None:
        drawn[name], drawn[f"{name}_narrow"] = templates(figure, experiment, data, t, **options)
        alts[name] = alt(figure, t)

    same = bool(st.session_state.get(SAME_SCALE))
    add("network", "network", layers=layers_on_stage(experiment), same_scale=same)
    axes = {"log_x": log_epochs(), "compact": True}
    add("loss", "loss", log_y=log_loss(), **axes)
    if data.task == "regression":
        for measure in ("rmse", "r2"):
            add(measure, "metric", measure=measure, **axes)
    second = beside_loss(data)
    add(second, second, **(axes if second == "metric" else {"compact": True}))
    return drawn, alts


def templates(name: str, experiment: Experiment, data: Table, t: Texts, **options: Any) -> tuple[str, str]:
    """A figure as the browser gets it, for wide and narrow screens."""
    return components.arrangements(partial(FIGURES[name].draw, experiment, data, t, **options))


def _numbers(experiment: Experiment, data: Table) -> list[str]:
    """Fields of an arm's summary, the three that stand beside its network first: loss, the loss that judges it, the metric."""
    judge = "validation" if experiment.validation_share else "inference"
    losses = ["train_loss", f"{judge}_loss"]
    if data.task == "classification":
        first, more = [f"{judge}_accuracy"], ["train_accuracy", "inference_accuracy"]
    else:
        first, more = [f"{judge}_rmse"], ["rmse", "inference_rmse", "r2", "inference_r2"]
        more += ["validation_r2"] if experiment.validation_share else []
    others = ["inference_loss", *more, *(["difference"] if BASELINE in experiment.arms else []), "diverged"]
    return list(dict.fromkeys([*losses, *first, *others]))


def _format(field: str) -> str:
    return "percent" if field.endswith("accuracy") else "whole" if field == "diverged" else "number"


def checkpoint_epochs(experiment: Experiment, data: Table) -> list[int]:
    """The epochs of which there will be weights: what the Algorithm page can take apart."""
    numbers = sum(network_numbers(experiment, data, arm) for arm in experiment.arms)
    return [*(epoch for epoch in planned_checkpoints(numbers) if epoch < experiment.epochs), experiment.epochs]


@lru_cache(maxsize=256)
def moments(experiment: Experiment) -> int:
    """How many moments there are when it is trained to its end."""
    table, last = table_of(experiment), experiment.epochs
    steps = Steps.of(experiment, len(split(table, experiment, experiment.seed).train))
    first = min(recorded_steps(experiment, table), steps.until(last))
    later = (epoch for epoch in range(1, last + 1) if is_recorded(epoch) or epoch == last)
    return 1 + first + sum(steps.until(epoch) > first for epoch in later)


EDIT = "edit"
"""In the session: number of the latest change of the points that the stage has told."""


def _drawing(experiment: Experiment, data: Table, t: Texts) -> dict[str, Any] | None:
    """What the browser needs for drawing points, see `live/drawing.js`; None where there is no plane, or a lesson fixes it."""
    if beside_loss(data) != "boundary" or any(map(rules.is_fixed, ("dataset", "data_noise", "samples"))):
        return None
    if experiment.is_private or data.task == "regression":
        return {"refused": t("draw.own" if experiment.is_private else "draw.regression")}
    points = _points(experiment)
    return {
        "points": points,
        "samples": max(len(points), _samples(experiment, data)),
        "names": [t("draw.class", name=name) for name in data.classes],
        "colors": list(DOTS[: len(data.classes)]),
        "least": drawn.FEWEST,
        "most": drawn.MOST,
        "reach": drawn.REACH,
        "farthest": drawn.FARTHEST,
        "edit": st.session_state.get(EDIT, 0),
    }


def _samples(experiment: Experiment, data: Table) -> int:
    """How many samples there are to see: those trained on and those held back."""
    if drawn.is_drawn(experiment.dataset):
        return data.samples
    parts = split(data, experiment, experiment.seed)
    return len(parts.train) + len(parts.validation)


@lru_cache(maxsize=64)
def _points(experiment: Experiment) -> list[drawn.Point]:
    """The points with which drawing begins: of a drawn set, else the samples of the first seed, as many as a link takes."""
    data = table_of(experiment)
    if drawn.is_drawn(experiment.dataset):
        return drawn.points_of(experiment.dataset)
    parts = split(data, experiment, experiment.seed)
    rows = np.sort(np.concatenate([parts.train, parts.validation]))
    return drawn.points_of(drawn.written(thinned(data.features[rows], data.target[rows].astype(np.int64))))


def _chips(experiment: Experiment, t: Texts) -> list[dict[str, Any]]:
    now = UPLOADS if experiment.is_private else experiment.dataset
    now = next((name for name, preset in QUICK_DATASETS.items() if PRESETS[preset].experiment.dataset == now), now)
    return [
        {"id": name, "label": t(f"chip.{name}"), "on": name == now, "disabled": not _is_allowed(name, experiment)}
        for name in (*QUICK_DATASETS, UPLOADS)
        if name != UPLOADS or not rules.is_hidden(UPLOADS)
    ]


def _is_allowed(chip: str, experiment: Experiment) -> bool:
    """Whether a chip leaves alone what the lesson's link fixes."""
    if chip == UPLOADS:
        return not rules.is_fixed("dataset")
    return not rules.changed(PRESETS[QUICK_DATASETS[chip]].experiment, experiment)


def _longer(experiment: Experiment) -> int:
    """Twice as many epochs, as far as there may be."""
    return min(2 * experiment.epochs, int(FIELDS["epochs"].limits.high))


# What the visitor wants to see.


def log_epochs() -> bool:
    """Whether axes of epochs are logarithmic."""
    return st.session_state.get("view_epochs") != "linear"


def log_loss() -> bool:
    """Whether axes of the loss are logarithmic."""
    return st.session_state.get("view_scale") != "linear"


def picked_layers(experiment: Experiment) -> tuple[int, ...]:
    """The layers that the visitor picked and that exist, else the usual ones."""
    picked = [layer for layer in st.session_state.get("view_layers", ()) if layer <= experiment.depth]
    return tuple(sorted(picked)) or some_layers(experiment.depth)


def layers_on_stage(experiment: Experiment) -> tuple[int, ...]:
    """Those of them for which the stage has room."""
    return picked_layers(experiment)[:MOST]


def choose_layers(layers: Sequence[object], experiment: Experiment) -> None:
    """Pick layers, as far as they exist."""
    st.session_state["view_layers"] = [layer for layer in range(1, experiment.depth + 1) if layer in layers]


# What the browser wants.


def _act(said: Mapping[str, Any]) -> None:
    """Heed what the stage says; what no stage says is nothing."""
    match dict(said):
        case {"act": "chip", "id": str(name)}:
            _chip(name)
        case {"act": "draw", "points": list(points), "edit": int(edit)}:
            _draw(points, edit)
        case {"act": "new_seed"}:
            _new_seed()
        case {"act": "longer"}:
            session.set_field("epochs", _longer(session.experiment()))
        case {"act": "go", "query": dict(query), "epoch": int(epoch) | float(epoch)}:
            _go(query, epoch)
        case {"act": "compare", "runs": list(queries)}:
            run_list.compare([_read(query) for query in queries if isinstance(query, dict)])
            navigation.to("compare")
        case {"act": "change", "field": str(name), "epoch": int(epoch), "value": int() | float() as value} if _may_change(name):
            session.set_field(name, scheduled(getattr(session.experiment(), name), epoch, value))
        case {"act": "take_back", "field": str(name), "epoch": int(epoch)} if _may_change(name):
            controls.take_back(name, epoch)
        case {"act": "scale", "same": bool(same)}:
            st.session_state[SAME_SCALE] = same
        case {"act": "layers", "layers": list(layers)}:
            choose_layers(layers, session.experiment())
        case {"act": "compute", "arm": str(arm), "layer": int(layer), "epoch": int(epoch)} if arm in ARMS:
            st.session_state["algorithm"] = f"arm:{arm},layer:{layer},epoch:{epoch}"
            navigation.to("algorithm")


def _may_change(name: str) -> bool:
    """Whether this is a number that may change during a training; a lesson's rules are the session's."""
    return name in FIELDS and FIELDS[name].changeable


def _chip(name: str) -> None:
    if name in QUICK_DATASETS:
        session.adopt(PRESETS[QUICK_DATASETS[name]].experiment)
    elif name == UPLOADS and (tables := uploads.tables()):
        session.adopt(replace(session.experiment(), dataset=next(reversed(tables))))
    elif name == UPLOADS:
        navigation.to(UPLOADS)


def _go(query: Mapping[str, Any], epoch: float) -> None:
    """Bring a run back, as far as its link can be read; the browser goes to the moment within the epoch."""
    run = _read(query)
    last = min(epoch, run.experiment.epochs)
    session.adopt(run.experiment, str(int(last)) if last >= 1 else "", run.problems)


def _read(query: Mapping[str, Any]) -> Decoded:
    """What a run of the strip says: it may have been kept by an older lab, or be anybody's text."""
    return decode({str(name): str(text) for name, text in query.items()})


def _draw(points: list[Any], edit: int) -> None:
    try:
        dataset = drawn.written((float(x), float(y), label) for x, y, label in points)
    except (drawn.PointsError, TypeError, ValueError):  # no stage says that
        return
    st.session_state[EDIT] = edit
    session.draw(dataset)


def _new_seed() -> None:
    experiment = session.experiment()
    beyond = experiment.seed + experiment.seeds
    session.set_field("seed", beyond if beyond <= FIELDS["seed"].limits.high else 0)

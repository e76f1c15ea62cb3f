"""Widgets of the page: what its parts are made of (how a part opens, formulas, pictures, tables, sliders), and the rows on top
in which one chooses what is looked at: a unit of the visitor's network, or typed numbers; and ε, γ and β.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil, log10
from typing import Any

import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.engine.anatomy.records import TypedError, typed
from bn_lab.figures.sheet import Spec
from bn_lab.i18n import Texts
from bn_lab.ui import session
from bn_lab.ui.algorithm.scene import EPSILONS, Scene, Selection, arms, as_typed, select, selected
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.live import components

# What parts are made of.


def opening(name: str, t: Texts, answer: str, formulas: Sequence[str] = (), *, source: bool = True) -> None:
    """How part `name` opens: its question, the sentence that answers it, formulas, and in small print where these come from."""
    origin = [f":small[:gray[{t(f'algorithm.{name}.source')}]]"] if source else []
    together(f"**{t(f'algorithm.{name}.question')}**", answer, *map(displayed, formulas), *origin)


def together(*paragraphs: str) -> None:
    """Paragraphs in one message to the browser: a slider sends all of the page anew, and every message takes a millisecond."""
    st.markdown("\n\n".join(paragraphs))


def displayed(formula: str) -> str:
    """A formula on a line of its own."""
    return f"$$\n{formula}\n$$"


def tex(value: float) -> str:
    """A number in three significant digits as TeX."""
    mantissa, _, exponent = f"{value + 0.0:.3g}".partition("e")  # −0 is 0
    return rf"{mantissa}\cdot10^{{{int(exponent)}}}" if exponent else mantissa


def picture(name: str, scene: Scene, t: Texts, draw: Callable[..., Spec], *records: Any) -> None:
    """Show `draw(*records, t)` for wide and narrow screens; the browser changes the picture in place."""
    selection = scene.selection
    subject = "typed" if scene.is_typed else f"{selection.arm} {selection.layer} {selection.unit}"
    components.picture(partial(draw, *records, t), alt=t(f"anatomy.{name}.alt"), key=f"algorithm_{name}", subject=subject)


def table(name: str, frame: pd.DataFrame, columns: Iterable[str], **settings: Any) -> None:
    """A table of at most 300 pixels' height; the named columns hold numbers. They are handed over as texts: Streamlit's own
    formats write 1e-7 and a hyphen, and pandas' styles take five times as long."""
    texts = {column: frame[column].map(numerals.number) for column in columns}
    aligned: Any = {column: st.column_config.TextColumn(alignment="right") for column in texts}
    settings |= {"height": min(300, 38 + 35 * len(frame)), "column_config": aligned}
    st.dataframe(frame.assign(**texts), width="stretch", key=f"algorithm_{name}_table", **settings)


def stepped_slider(
    name: str, label: str, stops: Sequence[float], value: float, text: Callable[[float], str], **settings: Any
) -> None:
    """A slider over `stops` that sets field `name` of the selection."""
    key = f"algorithm_{name}"
    if st.session_state.get(key) != value:  # under the visitor's hand it stays as it is
        st.session_state[key] = value
    st.select_slider(
        label,
        stops,
        format_func=text,
        key=key,
        on_change=guarded(lambda: select(**{name: st.session_state[key]})),
        **settings,
    )


# What is looked at.

SOURCES = ("network", "typed")
EXAMPLE = (1.0, 2.0, 4.0, 5.0, 8.0)
"""Numbers to begin with where somebody wants to type."""

SEPARATORS = re.compile(r"[\s;]+")


def choose(scene: Scene | None, t: Texts) -> None:
    """The widgets; every one acts on its change."""
    selection = scene.selection if scene else selected()
    with st.container(horizontal=True, vertical_alignment="bottom", key="algorithm_subject"):
        _source(selection, t)
        if not selection.values and scene is not None:
            _network(scene, t)
        if scene is not None:
            _select("sample", t("algorithm.sample"), range(1, scene.size + 1), selection.sample, str)
    if selection.values:
        _typed_numbers(selection, t)
    if scene is not None:
        _parameters(scene, t)


def _source(selection: Selection, t: Texts) -> None:
    key = "algorithm_source"
    st.session_state[key] = SOURCES[bool(selection.values)]

    def act() -> None:
        values = (selected().values or EXAMPLE) if st.session_state[key] == "typed" else ()
        st.session_state["algorithm_problem"] = ""
        select(values=values, epsilon=None, gamma=None, beta=None, sample=1)

    st.segmented_control(
        t("algorithm.source"),
        SOURCES,
        format_func=lambda name: t(f"algorithm.source_{name}"),
        key=key,
        on_change=guarded(act),
        required=True,
    )


def _network(scene: Scene, t: Texts) -> None:
    """What of the network: another place or moment has its own γ and β."""
    experiment, selection, own = scene.experiment, scene.selection, {"gamma": None, "beta": None}
    _select("arm", t("algorithm.arm"), arms(experiment), selection.arm, lambda arm: t(f"arm.{arm}"), **own)
    _select("layer", t("algorithm.layer"), range(1, experiment.depth + 1), selection.layer, str, **own)
    _select("unit", t("algorithm.unit"), range(1, experiment.width + 1), selection.unit, str, **own)
    epochs = [int(each.epoch) for each in scene.checkpoints]
    epoch = epochs[-1] if selection.epoch is None else selection.epoch
    _select("epoch", t("algorithm.epoch"), sorted(set(epochs)), epoch, lambda epoch: f"{epoch:,}", **own)


def _select(name: str, label: str, options: Sequence[Any], value: Any, text: Callable[[Any], str], **also: Any) -> None:
    key = f"algorithm_{name}"
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        format_func=text,
        key=key,
        width=172 if name == "arm" else 84,
        on_change=guarded(lambda: select(**{name: st.session_state[key]}, **also)),
    )


def _typed_numbers(selection: Selection, t: Texts) -> None:
    """The typed numbers as a table to be edited; whole lists may be pasted into the field below it."""
    version = st.session_state.get("algorithm_version", 0)
    key = f"algorithm_table_{version}"
    numbers = [as_typed(value) for value in selection.values]
    frame = pd.DataFrame({"x": numbers}, index=range(1, len(numbers) + 1))
    left, right = st.columns(2)
    with left:
        edited = st.data_editor(frame, num_rows="dynamic", key=key, height=230, width="stretch")
        st.button(t("algorithm.use"), key="algorithm_use", on_click=guarded(lambda: _take(list(edited["x"]))))
    with right:
        st.text_area(t("algorithm.paste"), key="algorithm_pasted", height=180, placeholder="1.5 2 4.25 …")
        st.button(t("algorithm.use_pasted"), key="algorithm_use_pasted", on_click=guarded(_take_pasted))
    if problem := st.session_state.get("algorithm_problem"):
        st.error(problem, icon=":material/error:")


def follow() -> None:
    """A link has said what the page shows: what was typed or wrong before is nothing any more."""
    st.session_state["algorithm_problem"] = ""
    st.session_state["algorithm_version"] = st.session_state.get("algorithm_version", 0) + 1


def _take_pasted() -> None:
    text = st.session_state.get("algorithm_pasted", "").strip()
    _take(SEPARATORS.split(text) if text else [], "algorithm.pasted")


def _take(cells: Sequence[object], whose: str = "") -> None:
    """Use these numbers, or say which cell is none and leave everything as it was; `whose` is the text of where it stands."""
    values = [_read(cell) for cell in cells]
    try:
        typed(values, session.experiment().epsilon)
    except TypedError as error:
        t = session.words()
        shown = {name: formatting.escape_markdown(value) for name, value in error.values.items()}
        shown |= {name: numerals.setting(float(str(error.values[name]))) for name in ("low", "high") if name in shown}
        if "position" in error.values:
            cell = cells[int(str(error.values["position"])) - 1]
            shown["value"] = formatting.escape_markdown(str(cell)[:40]) if cell not in (None, "") else t("algorithm.blank")
        problem = t(f"algorithm.problem_{error.rule}", **shown)
        st.session_state["algorithm_problem"] = t(whose, problem=problem) if whose else problem
        return
    follow()
    select(values=tuple(float(str(value)) for value in values), sample=1)


def _read(cell: object) -> object:
    """A number where the cell is one, with a decimal point or a comma; else the cell as it is."""
    try:
        return float(str(cell).strip().replace(",", "."))
    except ValueError:
        return cell


def _parameters(scene: Scene, t: Texts) -> None:
    """Sliders of ε, γ and β, and the two buttons that set them."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="algorithm_parameters"):
        _epsilon(scene, t)
        mean, deviation = scene.nodes.mean.item(), scene.nodes.deviation.item()
        _slider("gamma", "γ", scene.gamma, deviation)
        _slider("beta", "β", scene.beta, mean)
        st.button(
            t("algorithm.original"),
            key="algorithm_original",
            help=t("algorithm.original_help"),
            on_click=guarded(lambda: select(gamma=deviation, beta=mean)),
        )
        st.button(
            t("algorithm.own"), key="algorithm_own", on_click=guarded(lambda: select(epsilon=None, gamma=None, beta=None))
        )


def _epsilon(scene: Scene, t: Texts) -> None:
    low, high = (round(log10(end)) for end in EPSILONS)
    stops = {float(f"{m}e{e}") for e in range(low, high + 1) for m in (1, 2, 5)} | {scene.epsilon}
    within = sorted(stop for stop in stops if EPSILONS[0] <= stop <= EPSILONS[1])
    stepped_slider("epsilon", "ε", within, scene.epsilon, numerals.setting, width=210)


def _slider(name: str, label: str, value: float, original: float) -> None:
    """A slider around 0 that reaches the present value and the one that brings x back."""
    reach = max(3.0, 1.5 * abs(value), 1.5 * abs(original))
    reach = float(f"{reach:.1g}") + 10 ** (int(log10(reach)))  # a round number beyond it
    key = f"algorithm_{name}"
    st.session_state[key] = value

    def act() -> None:
        if st.session_state[key] != value:  # other limits alone are no choice
            select(**{name: st.session_state[key]})

    st.slider(
        label,
        -reach,
        reach,
        step=reach / 500,
        format=f"%.{max(0, ceil(-log10(reach / 500)))}f",
        key=key,
        width=160,
        on_change=guarded(act),
    )

"""The Compare page: the list of runs, the link to it, their curves one over the other, and their numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import NamedTuple

import streamlit as st

from bn_lab import numerals, timing
from bn_lab.experiment import Experiment
from bn_lab.figures.overlay import RUN_COLORS, Overlaid, Target, overlay
from bn_lab.i18n import Texts
from bn_lab.service import Watch
from bn_lab.ui import rules, session
from bn_lab.ui.compare import run_list
from bn_lab.ui.compare.links import LONGEST_NAME
from bn_lab.ui.compare.run_list import ArmResults, ListedRun, differences, experiment_of, name_of, settings, value_of, values
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.widgets import one_of
from bn_lab.ui.live import components


def show() -> None:
    """Draw the page."""
    t = session.words()
    guarded(session.watch)()
    st.title(t("page.compare"))
    st.markdown(t("compare.intro"))
    _problems(t)
    st.fragment(guarded(_trained), run_every=timing.WAITING_TICK if run_list.pending() else None)(len(run_list.pending()), t)
    st.fragment(guarded(_compared))(t)


def _problems(t: Texts) -> None:
    """What was wrong with the link, run by run."""
    run_list.listed()
    run_list.follow_address()
    problems = st.session_state.get("compare_problems", ())
    if problems:
        st.warning(t("link.problem"), icon=":material/warning:")
    for number, problem in problems:
        text = formatting.error(t, problem)
        st.warning(t("compare.problem", number=number, problem=text) if number else text, icon=":material/warning:")


def _trained(drawn: int, t: Texts) -> None:
    """How far the runs of a link are trained.

    Args:
        drawn: how many were left to train when the page was drawn; it is drawn again when there are fewer.
    """
    watch, left = run_list.advance(), len(run_list.pending())
    if left != drawn:
        st.rerun()
    if watch is not None:
        _progress(watch, left, t)


def _progress(watch: Watch, left: int, t: Texts) -> None:
    progress, epochs = watch.progress, watch.target
    values = {"left": left, "epoch": f"{int(progress.epoch):,}", "epochs": f"{epochs:,}", "state": t(f"state.{progress.state}")}
    st.progress(min(1.0, progress.epoch / epochs), text=t("compare.training", **values))


def _compared(t: Texts) -> None:
    """Everything that the visitor's choices on this page change."""
    runs = run_list.listed()
    run_list.write_link()
    if not runs:
        st.info(t("compare.empty"), icon=":material/info:")
        st.page_link(navigation.page_at(""), label=t("compare.to_lab"), icon=":material/science:")
        return
    with st.container(key="compare_list"):
        for run in runs:
            _row(run, runs, t)
    _share(t)
    _pictures(runs, t)
    _table(runs, t)


def _row(run: ListedRun, runs: Sequence[ListedRun], t: Texts) -> None:
    """A run: what it is called, and what can be done with it."""
    number, name = run["id"], formatting.escape_markdown(name_of(run, runs, t))
    with st.container(horizontal=True, vertical_alignment="center", key=f"compare_run_{number}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"compare_what_{number}"):
            st.html(_mark(run_list.place_of(run, runs)), width="content")
            st.markdown(f"**{name}**")
        with st.popover(t("compare.rename"), icon=":material/edit:"):
            _rename(run, name_of({**run, "name": ""}, runs, t), t)
        if st.button(t("compare.open"), key=f"compare_open_{number}", icon=":material/science:"):
            session.adopt(experiment_of(run), session.TO_THE_END)
            navigation.to("")
        st.button(
            t("compare.remove"),
            key=f"compare_remove_{number}",
            icon=":material/delete:",
            on_click=guarded(run_list.remove),
            args=(number,),
        )
    if run["name"] and (text := settings(run, runs, t)):
        st.caption(formatting.escape_markdown(text))


def _rename(run: ListedRun, usual: str, t: Texts) -> None:
    key = f"compare_name_{run['id']}"
    st.session_state[key] = run["name"]
    st.text_input(
        t("compare.name"),
        key=key,
        max_chars=LONGEST_NAME,
        placeholder=usual,
        on_change=guarded(lambda: run_list.rename(run["id"], st.session_state[key])),
    )


def _share(t: Texts) -> None:
    """The link that opens the comparison."""
    drawn = run_list.listed()
    private = sum(map(run_list.is_private, drawn))
    with st.popover(t("compare.share"), icon=":material/link:", disabled=len(drawn) == private):
        st.markdown(t("compare.share_explain", count=len(drawn) - private))
        if private:
            st.warning(t("compare.private", count=private), icon=":material/warning:")
        components.address(address(run_list.as_link(drawn)), t, key="copy_comparison")


def address(text: str) -> str:
    """The link to a comparison, in the language that the visitor chose, and in a lesson with what that hides and fixes."""
    experiment = session.experiment() if rules.is_lesson() else Experiment()  # what a lesson fixes has the experiment's values
    return navigation.link_to("compare", experiment, {"compare": text})


# The curves: a pair of pictures for each kind of task and unit.


class CurveOptions(NamedTuple):
    """How the visitor wants to see the curves."""

    split: str
    measure: str
    log_x: bool
    log_y: bool


def _pictures(among: Sequence[ListedRun], t: Texts) -> None:
    """The choices, and the pictures of those runs that are trained."""
    groups: dict[Target, list[ListedRun]] = {}
    for run in among:
        if (results := run["results"]) is not None:
            groups.setdefault(Target(results["task"], results["unit"]), []).append(run)
    if groups:
        options = _curve_options(groups, t)
        for k, (target, runs) in enumerate(groups.items()):
            _pair(k, target, runs, among, options, t)


def _curve_options(groups: Mapping[Target, Sequence[ListedRun]], t: Texts) -> CurveOptions:
    """What the visitor chose, of what there is to choose for these runs."""
    split, measure = "train", "rmse"
    with st.container(horizontal=True, key="compare_view"):
        if any(experiment_of(run).validation_share for runs in groups.values() for run in runs):
            split = one_of("compare_split", t("compare.split"), ("train", "validation"), lambda name: t(f"split.{name}"))
        log_y = one_of("compare_scale", t("view.scale"), ("log", "linear"), lambda name: t(f"view.{name}")) == "log"
        log_x = one_of("compare_epochs", t("view.epochs"), ("linear", "log"), lambda name: t(f"view.{name}")) == "log"
        if any(target.task == "regression" for target in groups):
            measure = one_of("compare_measure", t("view.metric"), ("rmse", "r2"), lambda name: t(f"measure.{name}"))
    return CurveOptions(split, measure, log_x, log_y)


def _pair(
    k: int, target: Target, runs: Sequence[ListedRun], among: Sequence[ListedRun], options: CurveOptions, t: Texts
) -> None:
    """Loss and metric of runs that share an axis; those without validation are left out of its curves, and that is said."""
    drawn = [run for run in runs if options.split == "train" or experiment_of(run).validation_share]
    if len(drawn) < len(runs):
        st.caption(t("compare.no_validation", count=len(runs) - len(drawn)))
    if not drawn:
        return
    overlaid = [_overlaid(run, among, t) for run in drawn]
    metric = options.measure if target.task == "regression" else "accuracy"
    for column, name in zip(st.columns(2), ("loss", metric), strict=True):
        draw = partial(
            overlay, overlaid, target, t, measure=name, split=options.split, log_x=options.log_x, log_y=options.log_y
        )
        place = "loss" if name == "loss" else "metric"
        alt = t("compare.figure.alt", measure=t(f"compare.figure.{name}"), count=len(drawn))
        with column:
            components.picture(draw, alt=alt, key=f"compare_{k}_{place}", subject=f"{name} {options.split}")


def _overlaid(run: ListedRun, among: Sequence[ListedRun], t: Texts) -> Overlaid:
    results = run["results"]
    assert results is not None
    return Overlaid(
        name_of(run, among, t), run_list.place_of(run, among), experiment_of(run).arms, results["epochs"], results["lines"]
    )


# The table: in which settings the runs differ, and where each of their arms stood at the end.

GLYPHS = "●■◆▲✚★✖⬟"
"""The marks of `bn_lab.figures.overlay.SYMBOLS` as letters."""

Metric = tuple[str, str]


def _table(runs: Sequence[ListedRun], t: Texts) -> None:
    """Draw the table."""
    fields, metrics = differences(runs), _metrics(runs)
    heads = [t("compare.table.run"), *(t(f"field.{name}") for name in fields), t("compare.table.arm"), *_titles(metrics, t)]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(_table_rows(run, runs, fields, metrics, t) for run in runs)
    label = escape(t("compare.table.alt"))
    table = f'<table aria-label="{label}"><thead><tr>{head}</tr></thead>{body}</table>'
    st.html(f'<div class="bn-runs" tabindex="0" role="region" aria-label="{label}">{table}</div>')


def _mark(place: int) -> str:
    """The colour and the mark that a run has in the pictures."""
    return f'<span class="bn-mark" style="color:{RUN_COLORS[place]}" aria-hidden="true">{GLYPHS[place]}</span>'


def _metrics(runs: Sequence[ListedRun]) -> list[Metric]:
    """The metrics that any of the runs has."""
    of_arms = (each for run in runs if run["results"] is not None for each in run["results"]["arms"].values())
    return list(dict.fromkeys(metric for each in of_arms for metric in each["metrics"]))


def _titles(metrics: Sequence[Metric], t: Texts) -> list[str]:
    named = [t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}")) for measure, split in metrics]
    return [t("card.train_loss"), t("card.inference_loss"), t("card.validation_loss"), *named, t("card.diverged")]


def _table_rows(run: ListedRun, runs: Sequence[ListedRun], fields: Sequence[str], metrics: Sequence[Metric], t: Texts) -> str:
    """The rows of a run, one for each arm, under its name."""
    arms, results = experiment_of(run).arms, run["results"]
    span = f' rowspan="{len(arms)}"' if len(arms) > 1 else ""
    name = f'<th scope="rowgroup"{span}>{_mark(run_list.place_of(run, runs))} {escape(name_of(run, runs, t))}</th>'
    texts = (value_of(field, value, t) for field, value in values(run, fields).items())
    first = name + "".join(f"<td{span}>{escape(text)}</td>" for text in texts)
    cells = [_arm_cells(arm, None if results is None else results["arms"][arm], metrics, run, t) for arm in arms]
    cells[0] = first + cells[0]
    return f"<tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody>"


def _arm_cells(arm: str, results: ArmResults | None, metrics: Sequence[Metric], run: ListedRun, t: Texts) -> str:
    """The cells of an arm."""
    name = f'<th scope="row">{escape(t(f"arm.{arm}"))}</th>'
    if results is None:
        state = t("compare.failed" if run["failed"] else "compare.waiting")
        return f'{name}<td colspan="{len(metrics) + 4}">{escape(state)}</td>'
    losses = (results["train_loss"], results["inference_loss"], results["validation_loss"])
    cells = [numerals.number(loss) for loss in losses]
    cells += [numerals.measured(measure, results["metrics"].get((measure, split))) for measure, split in metrics]
    cells.append(f"{results['diverged']:,}")
    return name + "".join(f"<td>{escape(cell)}</td>" for cell in cells)

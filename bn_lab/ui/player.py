"""Train, pause, step: the buttons, and the part of the page that follows a training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bn_lab.experiment import FIELDS, ExperimentError
from bn_lab.i18n import Texts
from bn_lab.service import State, Training, View, Visitor
from bn_lab.service.view import ACTIVE
from bn_lab.ui import cards, session, words
from bn_lab.ui.classroom import rules
from bn_lab.ui.frames import frame
from bn_lab.ui.guard import guarded
from bn_lab.ui.live.components import feed, has_painted, pulse, wants_all

TICK = 0.18
"""Seconds between two pictures of a running training, where the server has the time for it."""

TICK_COST, TICK_SHARE = 0.0072, 0.45
"""Seconds of the server's time that a picture takes, and the share of it that all pictures may take together."""

HEARTBEAT = 15.0
"""Seconds between two signs of life of a page that trains, besides the browser's questions: hidden pages ask none."""

FIRST_LOOK = 0.15
"""Seconds that the answer to a button waits for the first steps, which then show a tick earlier."""

TWICE = 0.2
"""Seconds after the answer to a click in which another one is taken for the same."""

IDLE_TICK = 15.0
"""Seconds between two signs of life of a page on which nothing moves."""

FEED = "feed"


def _buttons(training: Training, view: View, t: Texts) -> None:
    """The row of buttons for a training that stands as in `view`; each acts before anything is drawn again."""
    state = view.state
    active, ended = state in ACTIVE, state in (State.DONE, State.FAILED)
    step, epoch = (partial(_once, order) for order in (Visitor.step, Visitor.finish_epoch))
    with st.container(horizontal=True, key="player"):
        with st.container(key="player_go", width="content"):  # the old one stays until the answer is complete: in its place
            if active:
                _button("pause", t, lambda: session.visitor().pause(), icon=":material/pause:", primary=True)
            else:
                name = "resume" if state is State.PAUSED else "train"
                _button(name, t, _start, ":material/play_arrow:", True, disabled=ended)
        _button("step", t, step, ":material/skip_next:", disabled=active or ended)
        _button("epoch", t, epoch, ":material/fast_forward:", disabled=active or ended)
        _button("reset", t, session.reset, ":material/restart_alt:", disabled=state is State.READY)
        _button("new_seed", t, _new_seed, ":material/casino:", disabled=rules.is_fixed("seed"))
        can_go_on = state is State.DONE and _is_trained(view) and not rules.is_fixed("epochs")
        if can_go_on and (epochs := _longer()) > session.experiment().epochs:
            _button("longer", t, _train_longer, ":material/more_time:", epochs=f"{epochs:,}")


def _start() -> None:
    session.visitor().start(wait=FIRST_LOOK)


def _once(order: Callable[..., None]) -> None:
    """Give an order to a training, but not twice for one click.

    One click was seen to act twice where the page was drawn again in the middle of the answer to it.
    """
    visitor = session.visitor()
    if monotonic() - visitor.answered >= TWICE:
        order(visitor, wait=FIRST_LOOK)
        visitor.answered = monotonic()


def _button(
    name: str,
    t: Texts,
    act: Callable[[], None],
    icon: str,
    primary: bool = False,
    disabled: bool = False,
    **values: object,
) -> None:
    st.button(
        t(f"player.{name}", **values),
        key=f"player_{name}",
        help=t(f"player.{name}_help"),
        icon=icon,
        type="primary" if primary else "secondary",
        on_click=guarded(act),
        disabled=disabled,
    )


def _is_trained(view: View) -> bool:
    """Whether all planned epochs are done; a training also ends when every network has diverged."""
    return view.history is not None and view.history.epoch >= view.experiment.epochs


def _new_seed() -> None:
    experiment = session.experiment()
    beyond, limits = experiment.seed + experiment.seeds, FIELDS["seed"].range
    assert limits is not None
    session.overrule("seed", beyond if beyond <= limits.high else 0)


def _longer() -> int:
    highest = FIELDS["epochs"].range
    assert highest is not None
    return min(2 * session.experiment().epochs, int(highest.high))


def _train_longer() -> None:
    session.overrule("epochs", _longer())
    session.visitor().start()


def show(training: Training, begun: bool, findings: DeltaGenerator, t: Texts) -> None:
    """Buttons, progress, cards, findings and the replay bar.

    Args:
        training: what is on screen.
        begun: whether the rest of the page is drawn for a training that has begun.
        findings: the container for them.
    """
    drawn = Drawn(training.run, session.link_parameters(), is_moving(training.view, training), begun)
    st.fragment(guarded(_steered))(drawn, findings, t)


class Drawn(NamedTuple):
    """What the rest of the page is drawn for: a training, its link, whether numbers change, and whether they have begun to; and
    which buttons there are."""

    run: str
    link: dict[str, str]
    moving: bool
    begun: bool
    buttons: str = ""


def is_outdated(drawn: Drawn, view: View, training: Training) -> bool:
    """Whether the page has to be drawn for what the training does now.

    A step that takes longer than its answer waits is over when the buttons stand there as for a training that moves.
    """
    now = is_moving(view, training), has_begun(view.state), _buttons_of(view.state)
    return now != (drawn.moving, drawn.begun, drawn.buttons)


def _buttons_of(state: State) -> str:
    """What the row of buttons depends on."""
    return "active" if state in ACTIVE else str(state)


def has_begun(state: State) -> bool:
    """Whether there is more to see than untrained networks."""
    return state is not State.READY


def is_moving(view: View, training: Training) -> bool:
    """Whether the page must look again soon: numbers change, or the untrained networks are about to be there."""
    return view.state in ACTIVE or (view.state is State.READY and view.history is None and training.working)


def _steered(drawn: Drawn, findings: DeltaGenerator, t: Texts) -> None:
    """The buttons, drawn again in answer to one of them; within it what is drawn again now and then, and all the time."""
    training = session.training()
    view = training.view
    _buttons(training, view, t)
    st.fragment(guarded(_told))(drawn._replace(buttons=_buttons_of(view.state)), findings, t)


def _told(drawn: Drawn, findings: DeltaGenerator, t: Texts) -> None:
    """Progress, cards and findings: a few elements, which is what a tick costs, so not at each of them."""
    # First, because Streamlit knows a fragment by its place, and this is the only one that never changes.
    st.fragment(guarded(_live), run_every=HEARTBEAT if drawn.moving else IDLE_TICK)(drawn, t)
    pulse(key="pulse")
    training = session.training()
    view = training.view
    _progress(view, t, session.trainer().place(training))
    if view.error is not None:
        st.error(failure(view.error, t), icon=":material/error:")
    if view.state is State.DONE and not _is_trained(view):
        st.warning(t("player.all_diverged"), icon=":material/warning:")
    if view.history is not None and not rules.is_hidden("numbers"):
        cards.show(view.history, t)
    # Something is there even while there is nothing to say: a fragment may only write outside where it did when the page was
    # drawn.
    with findings:
        cards.findings(None if rules.is_hidden("findings") else view.history, t)


def _live(drawn: Drawn, t: Texts) -> None:
    """What the pictures are painted from, at every tick; and whether the page is still the right one for it."""
    training = session.training()  # which also tells the trainer that somebody is watching
    view = training.view
    if training.run != drawn.run or session.link_parameters() != drawn.link:
        st.rerun()  # what is on the page belongs to another experiment
    # The whole page is drawn once when a training starts or ends: not in answer to the button, which is painted first, but
    # when the browser says that it has painted.
    outdated = is_outdated(drawn, view, training)
    if outdated and has_painted(FEED, drawn.run):
        st.rerun()
    session.write_link()  # which says how far to train: a server may be gone before the page is drawn again
    everything = wants_all(FEED, drawn.run)
    with st.bottom:  # always in reach, however far down the picture is that it moves
        feed(frame(drawn.run, view, t, everything=everything, outdated=outdated, every=pace(view, training)), key=FEED)


def failure(error: Exception, t: Texts) -> str:
    """What the page says of a training that failed."""
    return words.error(t, error) if isinstance(error, ExperimentError) else t("page.failed")


def _progress(view: View, t: Texts, place: int = 0) -> None:
    history, epochs = view.history, view.experiment.epochs
    done = history.progress if history else 0.0
    values = {
        "state": t(f"state.{view.state}"),
        "epoch": f"{int(done):,}",
        "epochs": f"{epochs:,}",
        "elapsed": words.duration(view.seconds),
    }
    if place:
        text = t("player.in_line", place=f"{place:,}", **values)
    elif view.state in ACTIVE and (remaining := view.remaining) is not None:
        text = t("player.progress_remaining", remaining=words.duration(remaining), **values)
    else:
        text = t("player.progress", **values)
    st.progress(min(1.0, done / epochs), text=text)


def pace(view: View, training: Training) -> float | None:
    """Seconds after which the browser asks for the next picture, longer where many watch; None where nothing moves."""
    if not is_moving(view, training):
        return None
    return max(TICK, session.trainer().watching * TICK_COST / TICK_SHARE)

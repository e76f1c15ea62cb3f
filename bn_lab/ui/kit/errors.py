"""What happens where something breaks: a short message with a reference on the page, the rest in the log, and the page goes on.

Everything that Streamlit calls goes through `guarded`: pages, fragments, callbacks; what makes files, through `guarded_file`.
What Streamlit itself raises, to run a script again or to stop it, is no `Exception` and passes.

In the session are plain values: `failure`, which a callback could not show at its place, and `failures`, references by place.

Nobody can write lines of their own into the log. Messages and the texts of exceptions may hold what a visitor wrote: a value
of a link, a name of a column. So every record of the project is made harmless before it reaches whoever writes it, whatever
module it comes from: a message is one line, and every line of a traceback begins with a mark that no record begins with.
"""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial, wraps
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar, cast

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState, get_script_run_ctx

from bn_lab import timing
from bn_lab.experiment import is_uploaded
from bn_lab.i18n import LANGUAGES, Texts, choose_language, texts
from bn_lab.sharing import LOOKED_AT, one_line
from bn_lab.ui.uploads import TOUCHED

Act = TypeVar("Act", bound=Callable[..., Any])

LETTERS = "23456789CFHJKMPRTVWX"
"""What references are made of: nothing that sounds or looks like another, and no vowels, which make words."""

PLACES = 20
"""Places of a session that are remembered at most."""

LONGEST_PARAMETER = 200
"""Characters of a parameter that the log has at most."""

log = logging.getLogger(__name__)


def guarded(function: Act) -> Act:
    """The function, of which no exception comes out: it is logged, shown with a reference, and what is returned is None.

    It is for what Streamlit calls, and for parts of a page that others go on without: nobody looks at what they return.
    """

    @wraps(function)
    def safe(*args: Any, **kwargs: Any) -> Any:
        calls_back = _in_callback()
        if calls_back:
            _forget_what_was_shown()
        try:
            return function(*args, **kwargs)
        except Exception as error:
            reference = _noted(error, _name(function))
        if calls_back:
            _remember(reference)
        else:
            st.error(_message(reference), icon=":material/error:")
        return None

    return cast(Act, safe)


class NoFile(Exception):  # noqa: N818 (what went wrong is in the log, under its own name)
    """A file could not be made."""


def guarded_file(make: Callable[[], str | bytes]) -> Callable[[], str | bytes]:
    """What makes a file, for Streamlit to call when somebody asks for it: in a thread without page and session.

    Streamlit logs whatever comes out of it with all that it says, and tells the visitor words of its own. So an exception is
    logged here, with a reference, and what comes out is a `NoFile` that says nothing.
    """
    name, experiment, redact = _name(make), _experiment(), _has_uploads()

    def safe() -> str | bytes:
        try:
            return make()
        except Exception as error:
            _log(error, name, experiment, redact=redact)
            raise NoFile from None

    return safe


def show() -> None:
    """Show what failed in the answer to the visitor's last action, until the next one.

    The container is there even while it is empty, so that what follows stays where it is.
    """
    with st.container():
        failure = st.session_state.get("failure")
        if failure is not None:
            st.session_state["failure"] = {**failure, "shown": True}
            st.error(_message(failure["reference"]), icon=":material/error:")


def _in_callback() -> bool:
    """Whether Streamlit is calling back: nothing can be drawn then."""
    running = get_script_run_ctx(suppress_warning=True) is not None
    return running and ThreadState.get().run_location is RunLocation.CALLBACK


def _remember(reference: str) -> None:
    """Keep a callback's failure for `show`; from within a fragment that takes drawing the page."""
    st.session_state["failure"] = {"reference": reference, "shown": False}
    if ThreadState.get().fragment_id is not None:
        st.rerun()


def _forget_what_was_shown() -> None:
    """One action may call back more than once, and the first failure is not to be forgotten by the second call."""
    failure = st.session_state.get("failure")
    if failure is not None and failure["shown"]:
        del st.session_state["failure"]


def _noted(error: Exception, name: str) -> str:
    """The reference of a failure, which is logged unless that has just been done."""
    place, now = f"{name} {type(error).__name__} {_line(error.__traceback__)}", monotonic()
    known: dict[str, tuple[str, float]] = st.session_state.get("failures", {})
    reference, when = known.get(place, ("", 0.0))
    if reference and now - when < timing.SAME_FAILURE:
        return reference
    reference = _log(error, name, _experiment(), redact=_has_uploads())
    recent = {other: value for other, value in known.items() if other != place and now - value[1] < timing.SAME_FAILURE}
    st.session_state["failures"] = dict([*recent.items(), (place, (reference, now))][-PLACES:])
    return reference


def _log(error: Exception, name: str, experiment: str, *, redact: bool) -> str:
    """Log a failure of what is called `name`; returns its reference."""
    reference = _reference()
    log.error("%s: %s failed, experiment: %s", reference, name, experiment, exc_info=_redacted(error) if redact else error)
    return reference


class Redacted(Exception):  # noqa: N818 (it only stands for an error)
    """An exception of which the log has its kind and where it was raised, but not what it says."""


def _redacted(error: Exception) -> Redacted:
    """What an exception says may hold cells, names of columns or of files, where a visitor has brought data along."""
    return Redacted(type(error).__name__).with_traceback(error.__traceback__)


def _has_uploads() -> bool:
    return bool(st.session_state.get(TOUCHED))


def _reference() -> str:
    """Eight letters in two groups, to be read out on the telephone."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def _line(trace: TracebackType | None) -> str:
    """File and line in which an exception was raised."""
    where = ""
    while trace is not None:
        where, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    return where


def _name(function: Callable[..., Any]) -> str:
    """What a function is called in the log."""
    inner = function.func if isinstance(function, partial) else function
    return f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', type(inner).__name__)}"


def _experiment() -> str:
    """The parameters of the visitor's link, as far as the session has them: `dataset=iris depth=5`."""
    experiment = st.session_state.get("experiment")
    if not isinstance(experiment, Mapping):
        return "unknown"
    looked_at = {page: text for page in LOOKED_AT if (text := st.session_state.get(page))}
    parameters = {**experiment, **looked_at}
    if is_uploaded(str(parameters.get("dataset", ""))):
        parameters["dataset"] = "own"
    return " ".join(one_line(f"{name}={value}", LONGEST_PARAMETER) for name, value in parameters.items()) or "default"


def _message(reference: str) -> str:
    t = visitors_texts()
    return t("failure.message", reference=reference)


def visitors_texts() -> Texts:
    """The texts of the session's language, of English where it has none yet."""
    language = st.session_state.get("language")
    return texts(language if language in LANGUAGES else choose_language())


# The log.

LONGEST_LINE = 2_000
"""Characters of a line at most."""

MOST_LINES = 200
"""Lines of a traceback at most: the first half of them and the last."""

MARK = "  | "
"""What the lines of a traceback begin with."""

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def install_log() -> None:
    """Have all records of the project made harmless. Cheap if that is so already; safe to call at any time."""
    project = logging.getLogger("bn_lab")
    if all(handler.name != Harmless.NAME for handler in project.handlers):
        project.addHandler(Harmless())


class Harmless(logging.Handler):
    """Makes records harmless, and writes them to stderr where nobody else does.

    A record meets the handlers of its own loggers before those of the root, where programs put theirs.
    """

    NAME = "bn_lab harmless"

    def __init__(self) -> None:
        super().__init__()
        self.name = self.NAME  # not its class: an edit of this module makes another one of the same name
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        try:
            record.msg, record.args = one_line(record.getMessage(), LONGEST_LINE), ()
            if record.exc_info:
                record.exc_text = marked("".join(traceback.format_exception(*record.exc_info)))  # what all formatters then take
            if not logging.getLogger().handlers:
                print(self.format(record), file=sys.stderr)
        except Exception:
            self.handleError(record)


def marked(text: str) -> str:
    """The lines of a traceback, each with the mark in front of it; an exception's text may have lines, too."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES // 2], "…", *lines[-MOST_LINES // 2 :]]
    return "\n".join(MARK + one_line(line, LONGEST_LINE) for line in lines)

"""A link is an experiment: `Experiment` to query parameters and back.

A link names only what differs from the default, under the ids of `bn_lab.experiment`, which are the same in
every language. Reading is forgiving: what is wrong is reported and left at its default, everything else in
the link is kept. Whether the choices fit together (as many samples as the data set has) is for
`bn_lab.datasets` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlencode

from bn_lab.experiment import FIELDS, Experiment, ExperimentError, Field

LOOKED_AT = ("algorithm", "claims", "lesson", "data")
"""Parameters of a link that say what the page of that name shows."""

PASSED_ON = ("run", "lang", *LOOKED_AT, "compare", "hide", "fix", "theme", "embed", "embed_options")
"""Parameters of a link that never change a number: where it opens (`run`: `play`, `all` for its last epoch, or an epoch),
what to look at, and how; the last two are Streamlit's."""

READABLE = ",:;@"
"""Characters that an address may have as they are, and by which the parts of a parameter are set apart."""

LONGEST_ECHO = 60
"""How many characters of a link a message repeats at most."""


@dataclass(frozen=True)
class Decoded:
    """What a link, or the file of an experiment, says.

    Attributes:
        experiment: its experiment, with defaults for what could not be read.
        problems: one error for every parameter that could not be read, in their order.
        other: of a link, the parameters of `PASSED_ON`, as they came.
    """

    experiment: Experiment
    problems: tuple[ExperimentError, ...]
    other: dict[str, str] = field(default_factory=dict)


def encode(experiment: Experiment) -> dict[str, str]:
    """The query parameters of `experiment`: names and readable values of what differs from the default."""
    return {name: FIELDS[name].format(value) for name, value in experiment.differences().items()}


def decode(params: Mapping[str, str]) -> Decoded:
    """The experiment that query parameters describe; never raises, whatever they hold."""
    choices: dict[str, object] = {}
    problems: list[ExperimentError] = []
    for name, text in params.items():
        if name in PASSED_ON:
            continue
        try:
            choices[name] = field_of(name, partial(Field.parse, text=text), text)
        except ExperimentError as error:
            problems.append(error)
    other = {name: text for name, text in params.items() if name in PASSED_ON}
    return Decoded(Experiment(**choices), tuple(problems), other)  # type: ignore[arg-type]


def link(base_url: str, experiment: Experiment, other: Mapping[str, str] = MappingProxyType({})) -> str:
    """The address that opens `experiment`: `https://host/?dataset=iris&arms=none,after`.

    Args:
        base_url: address of the page; a query or a fragment that it has is replaced.
        experiment: what to open.
        other: parameters of `PASSED_ON` to keep; others are left out, as they would open with a problem.
    """
    params = encode(experiment) | {name: text for name, text in other.items() if name in PASSED_ON}
    address = re.split("[?#]", base_url, maxsplit=1)[0]
    query = urlencode(params, safe=READABLE, quote_via=quote, errors="replace")
    return f"{address}?{query}" if query else address


def parse_link(url: str) -> Decoded:
    """What a whole address or only its query string says; of a repeated parameter the last one counts."""
    return decode(dict(parse_qsl(_query(url), keep_blank_values=True)))


def _query(url: str) -> str:
    text = url.strip().partition("#")[0]
    before, mark, after = text.partition("?")
    if mark and "=" not in before:  # otherwise the question mark belongs to a value of a bare query string
        return after
    is_address = before.startswith("/") or re.match(r"[a-z][a-z0-9+.-]*://", before, re.IGNORECASE)
    return after if is_address else text


def field_of(name: str, read: Callable[[Field], object], said: str) -> object:
    """What `read` gets as the value of the field with this name, or an `ExperimentError` that is safe to show.

    Args:
        name: as a stranger wrote it.
        read: raises an `ExperimentError` where the field cannot have the value.
        said: the value as the stranger wrote it.
    """
    if name not in FIELDS:
        raise ExperimentError(plain_text(name), "unknown", plain_text(name))
    try:
        return read(FIELDS[name])
    except ExperimentError as error:
        values = error.values | {"value": plain_text(said)}
        field = str(values.pop("field"))
        raise ExperimentError(field, error.rule, **values) from None


def plain_text(text: str) -> str:
    """`text` on one line of at most `LONGEST_ECHO` characters, control characters written out, quoted where it is blank.

    It may still hold HTML or Markdown: where a message is drawn as such, the page has to escape it.
    """
    written = one_line(text, LONGEST_ECHO)
    return written if written.strip() else f'"{written[: LONGEST_ECHO - 2]}"'


def one_line(text: str, longest: int) -> str:
    """`text` on one line of at most `longest` characters, control characters and other invisible ones written out."""
    start = text[: longest + 1]  # cut before escaping: it may be megabytes long
    written = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in start)
    return written if len(written) <= longest else written[: longest - 1] + "…"

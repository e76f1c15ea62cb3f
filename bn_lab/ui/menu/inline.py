"""Sentences of the page, which are Markdown, as HTML: emphasis, code and escapes, and nothing else."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_PARTS = re.compile(
    r"\\(?P<escaped>[\\`*_{}\[\]()#+\-.!|<>~$:&])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>(?:\\.|[^*\\]|\*(?!\*))+)\*\*"
    r"|\*(?P<em>(?:\\.|[^*\\])+)\*",
    re.DOTALL,
)


def html(markdown: str) -> Markup:
    """The sentence as HTML; whatever else is in it stays text, as it is."""
    parts, end = [], 0
    for match in _PARTS.finditer(markdown):
        parts += [escape(markdown[end : match.start()]), _part(match)]
        end = match.end()
    return Markup("").join([*parts, escape(markdown[end:])])


def _part(match: re.Match[str]) -> Markup:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "escaped":
        return escape(text)
    if kind == "code":
        return Markup("<code>%s</code>") % text
    return Markup(f"<{kind}>%s</{kind}>") % html(text)

"""What a lesson's link is to be: a plain record of the choices of the dialog, and the address that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from bn_lab.experiment import Experiment
from bn_lab.sharing import link
from bn_lab.ui.groups import GROUPS
from bn_lab.ui.rules import FIX, HIDE, SIDEBAR

Theme = Literal["", "light", "dark"]

FRAME_HEIGHT = 600
"""Pixels of the frame that shows the lab inside another page."""


@dataclass(frozen=True)
class Wish:
    """A lesson's link.

    Attributes:
        start: address of the page that it opens; the lab's is empty.
        embedded: whether it is for a frame in another page, without Streamlit's menu and wide margins.
        language: id, or empty for that of the reader's browser.
        theme: of a frame; empty for the reader's own.
        hide, fix: names as in `bn_lab.ui.rules`.
    """

    start: str = ""
    embedded: bool = False
    language: str = ""
    theme: Theme = ""
    hide: Sequence[str] = ()
    fix: Sequence[str] = ()


def address(wish: Wish, root: str, experiment: Experiment, more: Mapping[str, str]) -> str:
    """The link.

    Args:
        wish: what it is to be.
        root: address of the lab.
        experiment: what it opens.
        more: other parameters to keep, such as how far to train.
    """
    said = {"lang": wish.language, HIDE: ",".join(shortest(wish.hide)), FIX: ",".join(shortest(wish.fix))}
    if wish.embedded:
        said |= {"embed": "true", "embed_options": f"{wish.theme}_theme" if wish.theme else ""}
    other = {name: text for name, text in more.items() if name not in said}
    return link(root + wish.start, experiment, other | {name: text for name, text in said.items() if text})


def shortest(names: Sequence[str]) -> list[str]:
    """Names without those that others say already: fields of a group, and the whole sidebar's."""
    covered = {field for group in names if group in GROUPS for field in GROUPS[group]}
    if SIDEBAR in names:
        covered |= {name for group, fields in GROUPS.items() for name in (group, *fields)}
    return [name for name in dict.fromkeys(names) if name not in covered]


def frame(address: str) -> str:
    """HTML that shows the lab inside another page."""
    return (
        f'<iframe src="{escape(address)}" title="BN Lab" width="100%" height="{FRAME_HEIGHT}" style="border: 0"'
        ' allow="clipboard-write; fullscreen"></iframe>'
    )

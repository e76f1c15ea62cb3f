"""Sections of a program, and how they become a script or a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MODEL = "The model"
"""Title of the section in which the networks are built."""


@dataclass(frozen=True)
class Section:
    """A part of a program: in a script a comment and what it does, in a notebook a heading and a cell.

    Attributes:
        title: a few words.
        code: whole statements, without blank lines at either end.
    """

    title: str
    code: str


def code(*pieces: str | None) -> str:
    """Pieces of a program one below the other; None adds nothing, and line breaks at either end of a piece neither."""
    return "\n".join(piece.strip("\n") for piece in pieces if piece is not None)


def definitions(*parts: str | None) -> str:
    """Functions and classes one below the other, with the two blank lines that belong between them."""
    return "\n\n\n".join(part.strip("\n") for part in parts if part is not None)


def joined(title: str, about: str, sections: Iterable[Section]) -> str:
    """One file: what it is, then every section below a comment with its title."""
    parts = [f'"""{title}\n\n{about}\n"""']
    for section in sections:
        if not section.title:  # imports stand directly below the docstring
            parts.append(section.code)
            continue
        # Two blank lines after a definition, which ends indented or decorated; ruff's and everybody's rule.
        gap = "\n" if _ends_in_definition(parts[-1]) or section.code.startswith(("def ", "class ", "@")) else ""
        parts.append(f"{gap}# {section.title}\n{section.code}")
    return "\n\n".join(parts) + "\n"


def _ends_in_definition(text: str) -> bool:
    last = [line for line in text.splitlines() if line and not line.startswith((" ", "#", ")"))][-1]
    return last.startswith(("def ", "class "))


def notebook_of(title: str, about: str, sections: Sequence[Section]) -> str:
    """A notebook of format 4.5: every section a heading and a cell, none of them run yet."""
    cells = [_cell("markdown", 0, f"# {title}\n\n{about}")]
    for i, section in enumerate(sections):
        if section.title:
            cells.append(_cell("markdown", 2 * i + 1, f"## {section.title}"))
        cells.append(_cell("code", 2 * i + 2, section.code))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, number: int, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    cell["source"] = text.splitlines(keepends=True)
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})

"""Texts in English and Korean: a catalogue for each language, in `bn_lab/locales/<language>/`, a file for each part of the lab.

A text is known by a dotted key, `section.name`, and may have places in braces: `t("run.epoch", epoch=3)`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
"""Languages by id, each under its own name; the first is the one to fall back on."""

_FOLDER = Path(__file__).parent / "locales"


class Texts:
    """The texts of one language; call it with a key.

    Attributes:
        language: id of the language.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language, self._texts = language, texts

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key`, its places filled with `values`.

        Raises:
            KeyError: if there is no such text, or a place is left unfilled: both are mistakes in the code.
        """
        text = self._texts[key]
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def __hash__(self) -> int:
        return hash(self.language)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Texts) and other.language == self.language


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of a language by dotted key."""
    everything: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.toml")):
        texts = dict(_flatten(tomllib.loads(path.read_text(encoding="utf-8")), ""))
        if twice := everything.keys() & texts.keys():
            raise ValueError(f"{path.name} must not repeat keys of another file, got {', '.join(sorted(twice))}")
        everything |= texts
    return everything


def _flatten(tree: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            pairs += _flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, str(value).strip()))
    return pairs


@cache
def texts(language: str) -> Texts:
    """The texts of `language`, one of `LANGUAGES`."""
    return Texts(language, catalogue(language))


def choose_language(*requested: str | None) -> str:
    """The first of the requested languages that is one here; each may be written as browsers do, such as `ko-KR`."""
    known = (language_of(each) for each in requested if each)
    return next((language for language in known if language), next(iter(LANGUAGES)))


def language_of(name: str) -> str | None:
    """The language here that is meant by `name`, such as `ko` by `ko-KR`; None where there is none."""
    short = name.lower().replace("_", "-").split("-")[0]
    return short if short in LANGUAGES else None

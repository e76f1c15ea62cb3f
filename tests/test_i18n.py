"""Texts: both catalogues hold the same keys, every key that the code names is there, and none is left over.

Which keys the code names is read from its source: literal ones, and f-strings such as `f"activation.{name}"` as patterns.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets.shipped import DATASETS, load
from bn_lab.datasets.uploads import DataError
from bn_lab.drawn import DRAWN
from bn_lab.engine.history import STAGES
from bn_lab.engine.summary import SENTENCES
from bn_lab.experiment import FIELDS
from bn_lab.figures.pictures import FIGURES
from bn_lab.figures.studies import FIGURES as STUDY_FIGURES
from bn_lab.files.experiments import FileError
from bn_lab.i18n import LANGUAGES, Texts, catalogue, choose_language, texts
from bn_lab.service import LimitError, RequestError, WatchState
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.study import StudyError
from bn_lab.ui import rules
from bn_lab.ui.compare.links import ComparisonError
from bn_lab.ui.data.uploads_page import OtherFileError
from bn_lab.ui.lab import stage
from bn_lab.ui.lab.controls import option_label
from bn_lab.ui.rules import GROUPS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "bn_lab").rglob("*.py"))]
SCRIPTS = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bn_lab" / "ui" / "live").rglob("*.js")))
"""Our JavaScript."""

ENGLISH, KOREAN = catalogue("en"), catalogue("ko")
KEYS = sorted(ENGLISH)
SECTIONS = {key.split(".")[0] for key in ENGLISH}

HANGUL = re.compile("[가-힣]")


class Use(NamedTuple):
    """A text that the code asks for: its key or a pattern of keys, the places it fills (None: not known), and where."""

    key: str
    is_pattern: bool
    places: frozenset[str] | None
    where: str


def pattern(node: ast.JoinedStr) -> str:
    """An f-string as a regular expression, every place of it a group."""
    parts = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+?)" for part in node.values)
    return "".join(parts)


def keys_in(node: ast.expr) -> Iterator[ast.Constant | ast.JoinedStr]:
    """What a first argument may be: a literal, an f-string, or one of two of them."""
    if isinstance(node, ast.IfExp):
        yield from keys_in(node.body)
        yield from keys_in(node.orelse)
    elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node


def uses_in(source: str, name: str) -> Iterator[Use]:
    """Every call `t(…)` or `self.t(…)` in a module."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("t", "self.t") and node.args):
            continue
        names = [keyword.arg for keyword in node.keywords]
        places = None if None in names else frozenset(str(n) for n in names)
        for key in keys_in(node.args[0]):
            is_pattern = isinstance(key, ast.JoinedStr)
            text = pattern(key) if isinstance(key, ast.JoinedStr) else str(key.value)
            yield Use(text, is_pattern, places, f"{name}:{node.lineno}")


USES = [use for path in SOURCES for use in uses_in(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))]


def strings() -> tuple[set[str], list[re.Pattern[str]]]:
    """All literal strings of the code, and its f-strings that hold at least four fixed characters, as patterns."""
    literals: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                fixed = "".join(str(p.value) for p in node.values if isinstance(p, ast.Constant))
                if len(fixed) >= 4 and "." not in fixed:
                    patterns.append(re.compile(pattern(node)))
    return literals, patterns


def matches(use: Use) -> list[tuple[str, tuple[str, ...]]]:
    """The keys that a use stands for, each with what stands in the places of the pattern."""
    if not use.is_pattern:
        return [(use.key, ())] if use.key in ENGLISH else []
    expression = re.compile(use.key)
    return [(key, match.groups()) for key in KEYS if (match := expression.fullmatch(key))]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_reader_sees_every_kind_of_use() -> None:
    source = 't("a.b"); t(f"c.{x}", n=1); t("d.e" if y else f"f.{z}.g", **v); self.t("k.l"); other("h.i"); t(key)'
    assert [use[:3] for use in uses_in(source, "")] == [
        ("a.b", False, frozenset()),
        (r"c\.(.+?)", True, frozenset({"n"})),
        ("d.e", False, None),
        (r"f\.(.+?)\.g", True, None),
        ("k.l", False, frozenset()),
    ]
    assert len(USES) > 80


def test_catalogues_have_the_same_keys() -> None:
    assert set(KOREAN) == set(ENGLISH)


def test_catalogues_have_the_same_files_and_no_key_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    english, korean = ({path.name for path in (ROOT / "bn_lab" / "locales" / language).iterdir()} for language in LANGUAGES)
    assert english == korean
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.toml").write_text('[page]\nlab = "Lab"\n')
    (tmp_path / "en" / "b.toml").write_text('[page]\nlab = "Laboratory"\n')
    monkeypatch.setattr("bn_lab.i18n._FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"b\.toml .* got page\.lab"):
        catalogue.__wrapped__("en")


def test_no_text_is_empty() -> None:
    assert [key for key in KEYS if not (ENGLISH[key].strip() and KOREAN[key].strip())] == []


def test_both_texts_of_a_key_have_the_same_places() -> None:
    assert [key for key in KEYS if places(ENGLISH[key]) != places(KOREAN[key])] == []
    assert [key for key in KEYS if not all(place.isidentifier() for place in places(ENGLISH[key]))] == []


def test_what_is_a_sentence_is_korean_in_the_korean_catalogue() -> None:
    sentences = [key for key in KEYS if len(re.findall("[A-Za-z]{2,}", ENGLISH[key])) > 3]
    assert len(sentences) > 50
    assert [key for key in sentences if not HANGUL.search(KOREAN[key])] == []
    assert [key for key in KEYS if HANGUL.search(ENGLISH[key])] == []


@pytest.mark.parametrize("mark", ["**", "`"])
def test_marks_of_emphasis_and_code_are_closed(mark: str) -> None:
    assert [key for key in KEYS if (ENGLISH[key].count(mark) | KOREAN[key].count(mark)) % 2] == []


def test_a_text_that_the_code_asks_for_is_there_and_its_places_are_filled() -> None:
    wrong = []
    for use in USES:
        if use.key == r"(.+?)\.(.+?)":
            continue  # the names of options, which have a test of their own
        found = [key for key, _ in matches(use)]
        wanted = [places(ENGLISH[key]) for key in found]
        if not found or (use.places is not None and use.places not in wanted):
            wrong.append(use)
    assert wrong == []


def test_no_text_is_unused() -> None:
    literals, patterns = strings()
    used = {f"feature.{name}" for dataset in DATASETS for name in load(dataset).head(1).columns}
    columns = {str(name) for dataset in DATASETS for name in load(dataset).head(1).columns}
    used |= {f"data.{part}.{name}" for part in ("column", "unit") for name in columns}
    used |= {f"question.{question.id}" for study in STUDIES.values() for question in study.questions}
    used |= {f"{name}.{option}" for name, field in FIELDS.items() for option in field.options} | literals
    for use in USES:
        for key, ids in matches(use):
            # What stands in the place of a pattern must itself be something that the code says.
            if all(i in literals or i in FIELDS or any(p.fullmatch(i) for p in patterns) for i in ids):
                used.add(key)
    # In the browser the last part of a key may be put behind the section, too.
    used |= {
        key for key in KEYS if key.partition(".")[0] in stage.TEXTS and re.search(rf"\b{key.rpartition('.')[2]}\b", SCRIPTS)
    }
    used |= {f"sentence.{sentence}" for sentence in SENTENCES}
    assert set(KEYS) - used == set()


def test_a_text_that_the_browser_asks_for_is_there() -> None:
    asked = {key for key in re.findall(r"""["'`](\w+\.\w+)["'`]""", SCRIPTS) if key.partition(".")[0] in stage.TEXTS}
    assert len(asked) > 30
    assert asked - {*KEYS} == set()


def section(name: str) -> set[str]:
    return {key.removeprefix(f"{name}.") for key in KEYS if key.startswith(f"{name}.")}


def test_texts_of_ids_are_those_of_the_ids_that_there_are() -> None:
    assert section("field") == section("help") == set(FIELDS)
    assert section("arm") == set(ARMS)
    assert section("stage") == set(STAGES)
    kinds = (StudyError, LimitError, RequestError, ComparisonError, rules.LessonError, FileError, DataError, OtherFileError)
    assert section("error") == {rule for kind in kinds for rule in kind.RULES}
    assert section("part") == set(rules.SECTIONS)
    assert section("state") == set(WatchState)
    assert section("group") == set(GROUPS)
    assert section("about") == section("dataset") == {*DATASETS, DRAWN}
    assert {key.split(".")[0] for key in section("figure") if "." in key} == set(FIGURES)
    assert all(f"figure.{name}.alt" in ENGLISH for name in FIGURES)


def test_every_claim_has_its_words() -> None:
    assert {f"claims.{claim}" for claim in CLAIMS} <= set(KEYS)
    assert section("study") == {f"{study}.{part}" for study in STUDIES for part in ("title", "how")}
    assert section("question") == {question.id for study in STUDIES.values() for question in study.questions}
    assert set(MEASURES) <= section("measure")
    assert {key.removeprefix("alt.") for key in section("claims") if key.startswith("alt.")} == {*STUDY_FIGURES, "rows"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_has_a_name_of_its_own(language: str) -> None:
    for name, field in FIELDS.items():
        labels = [option_label(texts(language), name, option) for option in field.options]
        assert all(labels)
        assert len(set(labels)) == len(field.options), name


@pytest.mark.parametrize("rule", StudyError.RULES)
def test_errors_need_no_values_that_the_rule_does_not_have(rule: str) -> None:
    known = places(StudyError.RULES[rule]) | {"field", "value"}
    assert places(ENGLISH[f"error.{rule}"]) <= known


def test_findings_are_told_in_full() -> None:
    """Every finding that the summary makes has its text, and the values that the text asks for."""
    source = (ROOT / "bn_lab" / "engine" / "summary.py").read_text(encoding="utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
    ]
    found: set[str] = set()
    for call in calls:
        (key,) = keys_in(call.args[0])
        expression = re.compile(pattern(key) if isinstance(key, ast.JoinedStr) else re.escape(str(key.value)))
        now = {name for name in section("finding") if expression.fullmatch(name)}
        assert now, ast.unparse(call)
        found |= now
        if isinstance(call.args[1], ast.Dict) and None not in call.args[1].keys:
            given = {str(name.value) for name in call.args[1].keys if isinstance(name, ast.Constant)}
            assert all(places(ENGLISH[f"finding.{name}"]) <= given for name in now), ast.unparse(call)
    assert found == section("finding") - {"title", "waiting"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_help_text_is_one_or_a_few_short_sentences(language: str) -> None:
    for name in FIELDS:
        text = catalogue(language)[f"help.{name}"]
        assert len(text) <= 200, name
        assert text.endswith("."), name
        assert 1 <= len(re.findall(r"[.?!](?=\s|$)", text)) <= 3, name


def test_headings_in_korean_files_have_english_names() -> None:
    for dataset in DATASETS:
        for name in load(dataset).head(1).columns:
            assert str(name).isascii() or f"feature.{name}" in ENGLISH
            assert not HANGUL.search(ENGLISH.get(f"feature.{name}", ""))


def test_a_text_is_filled_and_an_unknown_key_is_our_mistake() -> None:
    t = texts("en")
    assert "{" not in t("card.of", part=1, whole=2)
    assert "card.of" in t
    assert "card.off" not in t
    with pytest.raises(KeyError):
        t("card.off")
    with pytest.raises(KeyError):
        t("card.of", part=1)


def test_a_value_with_braces_is_only_a_value() -> None:
    assert "{field.__class__}" in texts("en")("error.unknown", value="{field.__class__}")


def test_texts_of_one_language_are_equal() -> None:
    assert texts("ko") == Texts("ko", {}) != texts("en")
    assert hash(texts("ko")) == hash(Texts("ko", {}))


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("ko-KR",), "ko"),
        (("KO_kr",), "ko"),
        (("en_US",), "en"),
        (("en-GB", "ko"), "en"),
        (("ko", "en"), "ko"),
        ((None, "ko"), "ko"),
        (("", "ko"), "ko"),
        (("xx", "ko-KR"), "ko"),
        (("xx",), "en"),
        (("<script>", None), "en"),
        ((None,), "en"),
        ((), "en"),
        (("korean",), "en"),
    ],
)
def test_the_first_wish_that_is_a_language_is_taken(wishes: tuple[str | None, ...], language: str) -> None:
    assert choose_language(*wishes) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_in_texts_are_written_like_all_others(language: str) -> None:
    """As in `bn_lab.numerals`: powers of ten instead of 1e-5, and no space before the percent sign."""
    wrong = {key for key, text in catalogue(language).items() if re.search(r"\d[eE][-+]?\d|[\d}] %", text)}
    assert not wrong

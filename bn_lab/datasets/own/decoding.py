"""From bytes to text: what kind of file it is, and how its letters are encoded."""

from __future__ import annotations

import codecs
import math
import re

from bn_lab.datasets.own.errors import DataError

MB = 1_000_000

MOST_BYTES = 20 * MB
"""Size of a file at most."""

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"PAR1", "binary"),
    (b"SQLite format 3", "binary"),
    (b"\x93NUMPY", "binary"),
    (b"\x89HDF", "binary"),
)
"""How files that are often taken for tables begin, and what they are."""

BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Marks of the encoding that stand before the text, and Python's name of it, which takes the mark away."""

SAMPLE = 1 << 20
"""Bytes from which an encoding is guessed; whether it fits is tried with all."""

_PAIR = re.compile(rb"[\x81-\xfe][\x41-\xfe]|[\x80-\xff]")
_COMMON = re.compile(rb"[\xa1-\xac\xb0-\xc8][\xa1-\xfe]")
_ASCII = re.compile("[\t\n\r -~]")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, and Python's name of its encoding: `utf-8`, `utf-8-sig`, `utf-16` (with a mark), `utf-16-le`,
    `utf-16-be`, `cp949` (of which EUC-KR is a part) or `cp1252`.

    Raises:
        DataError: `file_empty`, `file_large`, `file_kind` or `file_encoding`.
    """
    if len(data) > MOST_BYTES:
        raise DataError("file", "file_large", f"{math.ceil(len(data) / MB * 10) / 10:.1f}", high=MOST_BYTES // MB)
    if not data.strip():
        raise DataError("file", "file_empty", len(data))
    if (kind := _kind(data)) is not None:
        raise DataError("file", "file_kind", kind)
    text, encoding = _text(data)
    if not text.strip():
        raise DataError("file", "file_empty", len(data))
    if "\0" in text or len(_CONTROL.findall(text[:SAMPLE])) > 0.01 * len(text[:SAMPLE]):
        raise DataError("file", "file_kind", "binary")
    return text, encoding


def _kind(data: bytes) -> str | None:
    """What a file is that is no table, by its content: its name says nothing."""
    for signature, kind in SIGNATURES:
        if data.startswith(signature):
            return "office" if kind == "zip" and b"[Content_Types].xml" in data[:4096] else kind
    start = data[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    return "json" if re.match(rb'\{\s*"|\[\s*[\[{]', start) else None


def _text(data: bytes) -> tuple[str, str]:
    candidates = _candidates(data)
    good: dict[str, int] = {}  # bytes that can be read
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            good[encoding] = error.start
    first = candidates[0]
    if b"\0" in data and not first.startswith("utf-16"):
        raise DataError("file", "file_kind", "binary")
    raise DataError("file", "file_encoding", data[: good[first]].decode(first, "ignore").count("\n") + 1)


def _candidates(data: bytes) -> list[str]:
    """Encodings in the order in which they are tried; the strict ones first, since anything is text in the others."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return [encoding]
    if b"\0" in data:
        return [*_wide(data), "utf-8"]
    korean = _is_korean(data[:SAMPLE])
    return ["utf-8", *(("cp949", "cp1252") if korean else ("cp1252", "cp949"))]


def _wide(data: bytes) -> list[str]:
    """UTF-16 without a mark: separators, digits and ends of lines are ASCII in one order of the bytes, not in the other."""
    texts = {encoding: data[:SAMPLE].decode(encoding, "ignore") for encoding in ("utf-16-le", "utf-16-be")}
    counts = {encoding: len(_ASCII.findall(text)) for encoding, text in texts.items()}
    encoding = max(counts, key=counts.__getitem__)
    likely = re.search(r"[\r\n]", texts[encoding]) is not None and counts[encoding] > 0.1 * len(texts[encoding])
    return [encoding] if likely and "\0" not in texts[encoding] else []


def _is_korean(sample: bytes) -> bool:
    """Whether bytes beyond ASCII are mostly pairs that stand for common syllables and signs in cp949.

    Almost any bytes can be read as cp949, but those of European letters become rare syllables and Chinese characters.
    """
    found = _PAIR.findall(sample)
    return 2 * sum(1 for pair in found if _COMMON.fullmatch(pair)) > len(found)

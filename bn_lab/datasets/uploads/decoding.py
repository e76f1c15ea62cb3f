"""From bytes to text: what kind of file it is, and how its letters are encoded."""

from __future__ import annotations

import codecs
import io
import math
import re
import struct
import zipfile

import chardet

from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.format import name_of
from bn_lab.datasets.uploads.limits import MB, MOST_BYTES, MOST_MB

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"PAR1", "parquet"),
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
    (b"SQLite format 3", "binary"),
    (b"\x93NUMPY", "binary"),
    (b"\x89HDF", "binary"),
)
"""How files that are often taken for tables begin, and what they are."""

BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF32_LE, "utf_32"),  # before that of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
"""Marks of the encoding that stand before the text, and Python's name of it, which takes the mark away."""

SAMPLE = 1 << 18
"""Bytes from which an encoding is guessed; whether it fits is tried with all."""

LIKELY = ("cp949", "johab", "cp932", "euc-jp", "gb18030", "big5hkscs", "koi8-r", "koi8-u", "cp866", "cp874", "mac-roman",
          "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9", *(f"cp125{k}" for k in range(9)))  # fmt: skip
"""Encodings in which tables are written, besides UTF-8 and UTF-16; all others somebody has to say."""

FEW = 4
"""Bytes beyond ASCII, or different ones that stand alone, up to which there is nothing to guess from: they are Korean if they
may be, else Western European where each stands alone."""

_KOREAN = re.compile(rb"(?:[\xa1-\xa9\xb0-\xc8][\xa1-\xfe])+")
_BEYOND = re.compile(rb"[\x80-\xff]+")
_ASCII = re.compile("[\t\n\r -~]")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BETWEEN = re.compile(rb'[,;\t"\r\n0-9.]+')


def kind_of(data: bytes) -> str:
    """What a file is by its content, whatever its name says: `text`, `excel`, `parquet`, or something that is no table.

    Raises:
        DataError: `file_empty` or `file_large`.
    """
    if len(data) > MOST_BYTES:
        raise DataError("file", "file_large", f"{math.ceil(len(data) / MB * 10) / 10:.1f}", high=MOST_MB)
    if not data.strip():
        raise DataError("file", "file_empty", len(data))
    for signature, kind in SIGNATURES:
        if data.startswith(signature):
            return _kind_of_archive(data) if kind == "zip" else kind
    start = data[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    return "json" if re.match(rb'\{\s*"|\[\s*[\[{]', start) else "text"


def _kind_of_archive(data: bytes) -> str:
    """What a zip archive is by the names of the files in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return "zip"
    if any(name.startswith("xl/") for name in names):
        return "excel"
    if "content.xml" in names and b"opendocument.spreadsheet" in data[:200]:
        return "excel"
    return "office" if "[Content_Types].xml" in names or "content.xml" in names else "zip"


def decoded(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file, and Python's name of its encoding.

    Args:
        data: the bytes of a file that is text.
        encoding: what somebody said; else it is found out.

    Raises:
        DataError: `file_empty`, `file_kind` or `file_encoding`.
    """
    encoding = encoding or encoding_of(data)
    if encoding is None:
        raise DataError("file", "file_kind", "binary")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "ignore").count("\n") + 1
        raise DataError("file", "file_encoding", line, encoding=encoding) from None
    except ValueError:  # of codecs that name neither the place nor the reason
        raise DataError("file", "file_encoding", 1, encoding=encoding) from None
    if encoding == "utf_8" and data.startswith(codecs.BOM_UTF8):
        text, encoding = text.removeprefix("\ufeff"), "utf_8_sig"
    if not text.strip():
        raise DataError("file", "file_empty", len(data))
    if "\0" in text or len(_CONTROL.findall(text[:SAMPLE])) > 0.01 * len(text[:SAMPLE]):
        raise DataError("file", "file_kind", "binary")
    return text, encoding


def encoding_of(data: bytes) -> str | None:
    """Python's name of the encoding that a file seems to have; None where it seems to be no text."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data:
        return _wide(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Of UTF-8 that is damaged it is better said where than that it must be something else.
        return "utf_8" if _is_damaged(data, error) else _guessed(data)
    return "utf_8"


def _is_damaged(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether most letters beyond ASCII are UTF-8 all the same."""
    sample = data[max(0, error.start - SAMPLE) : error.start + SAMPLE]
    lost = sample.decode("utf-8", "replace").count("\ufffd")
    return sum(byte > 127 for byte in sample) > 20 * lost


def _guessed(data: bytes) -> str | None:
    """What chardet takes the different fields beyond numbers for: of all bytes of a table most say nothing about it."""
    first = next((place.start() for place in re.finditer(rb"[\x80-\xff]", data)), 0)
    sample = data[:SAMPLE] if first < SAMPLE else data[first - 1000 : first + SAMPLE]
    fields = dict.fromkeys(field.strip() for field in _BETWEEN.split(sample))
    words = b"\n".join(fields)
    runs = _BEYOND.findall(words)
    if sum(map(len, runs)) <= FEW and all(map(_KOREAN.fullmatch, runs)):
        return "cp949"  # too few to be guessed from, and syllables or signs if they are Korean
    if max(map(len, runs)) == 1 and len(set(runs)) <= FEW and _is_western(sample):
        return "cp1252"  # an accent here, a degree there
    guess = chardet.detect(words, prefer_superset=True, compat_names=False, include_encodings=("utf-8", *LIKELY))
    return name_of(guess["encoding"] or "") or ("cp1252" if _is_western(sample) else None)


def _is_western(sample: bytes) -> bool:
    """Whether these bytes can be cp1252, in which a sign such as ³ does not stand within a word."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all(within[1].isalpha() for within in re.finditer(r"(?<=[A-Za-z])([^\x00-\x7f])(?=[A-Za-z])", text))


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: separators, digits and ends of lines are ASCII in one order of the bytes, not in the other."""
    texts = {encoding: data[:SAMPLE].decode(encoding, "ignore") for encoding in ("utf_16_le", "utf_16_be")}
    counts = {encoding: len(_ASCII.findall(text)) for encoding, text in texts.items()}
    encoding = max(counts, key=counts.__getitem__)
    likely = re.search(r"[\r\n]", texts[encoding]) is not None and counts[encoding] > 0.1 * len(texts[encoding])
    return encoding if likely and "\0" not in texts[encoding] else None

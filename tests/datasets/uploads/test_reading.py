"""From bytes to a file: what is found out, and what is wrong, whatever the bytes are."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bn_lab.datasets import load
from bn_lab.datasets.uploads import DataError, File, read
from bn_lab.datasets.uploads.format import SPACES
from bn_lab.datasets.uploads.limits import MOST_BYTES, MOST_COLUMNS, MOST_MB, MOST_ROWS
from tests.datasets.uploads.made import ROOT, column, file_of, written

IRIS = (ROOT / "data" / "iris.csv").read_text(encoding="utf-8")
BOSTON = (ROOT / "data" / "boston.csv").read_text(encoding="utf-8")

ENCODINGS = {
    "utf-8": "utf_8",
    "utf-8-sig": "utf_8_sig",
    "cp949": "cp949",
    "euc-kr": "cp949",
    "utf-16": "utf_16",
    "utf-16-le": "utf_16_le",
    "utf-16-be": "utf_16_be",
}
"""How a file is encoded, and as what it is recognized: EUC-KR is a part of cp949."""


def archive(*names: str) -> bytes:
    """A zip archive of files that say nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for name in names:
            files.writestr(name, "x")
    return packed.getvalue()


def rule(data: bytes) -> str:
    """The rule that a file breaks."""
    with pytest.raises(DataError) as caught:
        read(data)
    return caught.value.rule


def numbers(file: File, name: str) -> list[float]:
    (named,) = [each for each in file.columns if each.name == name]
    assert named.numbers is not None
    return list(named.numbers)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_iris_is_the_same_however_it_is_written(encoding: str, decimal: str, delimiter: str) -> None:
    rows = [[cell.replace(".", decimal) for cell in line.split(",")] for line in IRIS.splitlines()]
    file = read(written(rows, delimiter, encoding, end="\r\n"))
    assert (file.format.encoding, file.format.delimiter, file.format.decimal) == (ENCODINGS[encoding], delimiter, decimal)
    assert file.format.header
    assert [each.kind for each in file.columns] == ["numeric"] * 4 + ["categorical"]
    features = np.stack([each.numbers for each in file.columns[:4]], axis=1)  # type: ignore[misc]
    np.testing.assert_array_equal(features, load("iris").features)
    assert tuple(each.name for each in file.columns[:4]) == load("iris").feature_names


def test_a_table_of_spaces_without_headings_is_read() -> None:
    """As UCI gave Boston housing away."""
    lines = BOSTON.splitlines()[1:]
    file = read("\n".join(" " + line.replace(",", "   ") for line in lines).encode())
    assert (file.format.delimiter, file.format.header, file.rows) == (SPACES, False, 506)
    assert [each.name for each in file.columns] == [f"#{k}" for k in range(1, 15)]
    np.testing.assert_array_equal(file.columns[13].numbers, load("boston").target)  # type: ignore[arg-type]


def test_european_letters_are_told_from_korean_ones() -> None:
    rows = [["Größe", "Länge (µm)", "Ärmel"], *[[f"{k},5", f"{k * k},25", "schön"] for k in range(12)]]
    file = read(written(rows, ";", "cp1252"))
    assert (file.format.encoding, file.format.decimal) == ("cp1252", ",")
    assert file.columns[0].name == "Größe"
    rows = [["온도(℃)", "넓이(㎡)"], *[[str(k), "똠방각하" if k % 2 else "서울"] for k in range(12)]]
    assert read(written(rows, ",", "cp949")).columns[0].name == "온도(℃)"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04" + b"\x00" * 50, "zip"),
        (archive("[Content_Types].xml", "word/document.xml"), "office"),
        (archive("mimetype", "content.xml"), "office"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 50, "office"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><title>Sign in</title>", "html"),
        (b'{"a": 1}', "json"),
        (b'[ {"a": 1}]', "json"),
        (b"a,b\n" + b"12,\x00\n" * 20, "binary"),
        (b"a,b\n\x01\x02,\x03\x04\n", "binary"),
    ],
)
def test_what_is_no_text_is_told_by_its_content(data: bytes, kind: str) -> None:
    with pytest.raises(DataError) as caught:
        read(data)
    assert (caught.value.rule, caught.value.values["value"]) == ("file_kind", kind)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_syllables_with_a_zero_byte_are_korean(encoding: str) -> None:
    rows = [["이름", "키", "판정"], *[["가나다"[k % 3], str(150 + k), "가"] for k in range(12)], ["가" * 200, "1", "나"]]
    data = written(rows, ",", encoding)
    file = read(data)
    assert (file.format.encoding, file.columns[0].name, file.columns[0].head[0]) == (encoding.replace("-", "_"), "이름", "가")
    with pytest.raises(DataError) as caught:
        read(data + b"\n")
    assert (caught.value.rule, caught.value.values["value"]) == ("file_encoding", 15)
    assert read(written(rows, ",", encoding, end="\r")).rows == 13


def test_a_size_beyond_the_limit_is_not_rounded_to_it() -> None:
    with pytest.raises(DataError) as caught:
        read(bytes(MOST_BYTES + 1))
    assert caught.value.values["value"] == f"{MOST_MB}.1"


def test_a_zip_that_is_called_csv_is_a_zip() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("iris.csv", IRIS)
    assert rule(packed.getvalue()) == "file_kind"


@pytest.mark.parametrize(
    ("data", "broken"),
    [
        (b"", "file_empty"),
        (b" \n\r\n\t", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"\xef\xbb\xbf \n", "file_empty"),
        (b"\xff\xfe", "file_empty"),
        (b"sep=;\n\n", "file_empty"),
        (b"one\n" * 20, "file_one_column"),
        (b"a,b\n1,2\n3,4\n", "file_few"),
        (b"a,b\n", "file_few"),
        (b"x,y\n" + b"1,2\n" * 12 + b"1,2,3\n", "file_ragged"),
        (b"x,y\n" + b"1,2\n" * 12 + b"1\n", "file_ragged"),
        (b"x,y\n" + b'1,"2\n' + b"1,2\n" * 12, "file_quote"),
        (b"x,y\n" + b"1,2\n" * 12 + b'1,"2', "file_quote"),
        (b"x,y\n" + b'1,"' + b"2" * 200_000 + b'"\n' + b"1,2\n" * 12, "file_field"),
        (b"\x81\x00\xfe\x20\xff\xff\x00", "file_kind"),
        (b"a,b\n" + "가나다라,1\n".encode() * 20 + b"\xff,1\n", "file_encoding"),
    ],
)
def test_a_broken_file_is_named_by_what_is_wrong(data: bytes, broken: str) -> None:
    assert rule(data) == broken


def test_a_ragged_line_and_an_open_quotation_mark_are_told_by_their_line() -> None:
    with pytest.raises(DataError) as caught:
        read(b"sep=;\nx;y\n" + b"1;2\n" * 11 + b"1;2;3\n" + b"1;2\n" * 11)
    assert {name: caught.value.values[name] for name in ("value", "line", "expected")} == {
        "value": 3,
        "line": 14,
        "expected": 2,
    }
    with pytest.raises(DataError) as caught:
        read(b"x,y\n" + b"1,2\n" * 11 + b'1,"2\n' + b"1,2\n" * 11)
    assert (caught.value.rule, caught.value.values["value"]) == ("file_quote", 13)


def test_a_quotation_mark_within_a_field_opens_nothing() -> None:
    lines = ["what,long", *(f"pipe {k},{k}" for k in range(11)), '5" pipe,3', ""]
    assert read("\n".join([*lines, "pipe,4"]).encode()).rows == 13
    assert read("\n".join([*lines, '4,"two', 'lines"']).encode()).rows == 13
    with pytest.raises(DataError) as caught:
        read("\n".join([*lines, "pipe,4,5"]).encode())
    assert (caught.value.rule, caught.value.values["line"]) == ("file_ragged", 15)
    with pytest.raises(DataError) as caught:
        read("\n".join([*lines, '4,"two', "lines"]).encode())
    assert (caught.value.rule, caught.value.values["value"]) == ("file_quote", 15)


@pytest.mark.parametrize(
    ("first", "line", "header"),
    [
        ("5.1,3.5,1.4,0.2,setosa", "4.9,3.0,1.3,0.1,setosa", False),
        ("M,0.455,0.365,15", "F,0.53,0.42,9", False),
        ("a,1", "b,2", False),
        ("1,,", "2,3,4", False),
        ("1,?,3", "2,3,4", False),
        ("a,b,1", "1,2,3", True),
        ("a,b", "1,2", True),
        ("a,b", "c,d", True),
        ("1,2", "a,b", True),
        (",", "1,2", True),
        ("2019,2020,2021", "3.5,4,2", True),
        ("region,2021,2020", "Seoul,4,2", True),
        ("2019,1988", "3,4", False),
    ],
)
def test_a_first_line_of_numbers_above_numbers_is_a_sample(first: str, line: str, header: bool) -> None:
    assert read("\n".join([first, *[line] * 12]).encode()).format.header is header


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    assert rule(b"a,b\n" + b"1,2\n" * (MOST_BYTES // 4)) == "file_large"
    assert rule(b"a,b\n" + b"1,2\n" * (MOST_ROWS + 1)) == "file_rows"
    for width, wrong in ((MOST_COLUMNS, None), (MOST_COLUMNS + 1, "file_columns")):
        data = written([[f"c{k}" for k in range(width)], *[[1, *[2] * (width - 1)]] * 12])
        assert rule(data) == wrong if wrong else len(read(data).columns) == width


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2", ".5", "4."], "numeric"),
        (["1", "2", "", "NA", "n/a", "-", "?", "NULL", "#N/A"], "numeric"),
        (["10%", "20 %", "NaN"], "numeric"),
        (["$1,200", "$3", "$ 4.50"], "numeric"),
        (["1,200원", "30원"], "numeric"),
        (["10%", "20"], "categorical"),
        (["1e999", "2"], "categorical"),
        (["inf", "2"], "categorical"),
        (["1_000", "2"], "categorical"),
        (["１", "２"], "categorical"),
        (["True", "false", "FALSE"], "boolean"),
        (["예", "아니오", ""], "boolean"),
        (["yes", "false"], "categorical"),
        (["a", "b"], "categorical"),
        (["2024-01-05", "2024-02-06 10:20:30", ""], "date"),
        (["2024. 1. 5.", "2024년 1월 6일"], "date"),
        (["5.1.2024", "06/12/24"], "date"),
        (["Jan 5, 2024", "6-Feb-2024"], "date"),
        (["10:20", "오후 3:05"], "date"),
        (["7", "7.0"], "constant"),
        (["a"], "constant"),
        (["a", "", "NA"], "constant"),
        (["", "NA"], "empty"),
        (["=cmd|' /C calc'!A0", "<img src=x>"], "categorical"),
    ],
)
def test_a_column_is_of_the_kind_that_its_cells_say(cells: list[str], kind: str) -> None:
    file = read(file_of(x=column(*cells), y=column("1", "2")))
    assert file.columns[0].kind == kind, file.columns[0]


def test_dates_without_signs_are_known_by_their_heading() -> None:
    days = [f"202401{k:02d}" for k in range(1, 21)]
    file = read(file_of(**{"거래일자": days, "x": days, "y": column("1", "2")}))
    assert [each.kind for each in file.columns] == ["date", "numeric", "numeric"]


def test_too_many_different_texts_are_no_categories_and_stray_texts_no_numbers() -> None:
    many, stray = [f"word {k}" for k in range(60)], [*map(str, range(58)), "abc", "def"]
    file = read(file_of(x=many, y=stray, z=column("1", "2", rows=60)))
    assert [each.kind for each in file.columns] == ["text", "mixed", "numeric"]


@pytest.mark.parametrize(
    ("cells", "kind", "stray"),
    [
        ([*map(str, range(20, 60)), *map(str, range(20, 59)), "stray"], "mixed", "stray"),
        ([*map(str, range(20, 60)), *map(str, range(20, 59)), "1e400"], "mixed", "1e400"),
        ([*(f"{k}%" for k in range(20, 60)), *(f"{k}%" for k in range(20, 59)), "30"], "mixed", "30"),
        ([*(str(k % 5) for k in range(79)), "stray"], "categorical", ""),
        ([*(str(k % 20) for k in range(60)), *["stray"] * 20], "categorical", ""),
    ],
)
def test_numbers_among_which_few_other_texts_stand_are_no_categories(cells: list[str], kind: str, stray: str) -> None:
    column = read(file_of(x=cells, y=[*map(str, range(80))])).columns[0]
    assert (column.kind, column.stray) == (kind, stray)


@pytest.mark.parametrize(
    ("name", "cells", "is_id"),
    [
        ("x", range(5, 25), True),
        ("Id", range(100, 0, -5), True),
        ("customer_id", range(100, 0, -5), True),
        ("학번", range(100, 0, -5), True),
        ("paid", range(100, 0, -5), False),
        ("x", range(100, 0, -5), False),
        ("Id", [1, 2] * 10, False),
        ("Id", [123456789012345678 + 3 * k for k in range(20)], True),
        ("x", [123456789012345678 + k for k in range(20)], True),
        ("x", [123456789012345678 + 3 * k for k in range(20)], False),
        ("Id", [k / 3 for k in range(20)], False),
    ],
)
def test_a_column_that_numbers_the_rows_is_told(name: str, cells: list[float], is_id: bool) -> None:
    assert read(file_of(**{name: list(cells), "y": column("1", "2")})).columns[0].is_id is is_id


@pytest.mark.parametrize(
    ("delimiter", "cells", "decimal", "first"),
    [
        (",", ["1,234", "2,345"], ".", 1234),
        (";", ["1,234", "2,345"], ",", 1.234),
        ("\t", ["1,234", "2,345"], ".", 1234),
        ("\t", ["1,234", "2,34"], ",", 1.234),
        (";", ["1.234", "2.345"], ".", 1.234),
        (";", ["1.234,5", "2.345,5"], ",", 1234.5),
        (",", ["1,234.5", "2,345.5"], ".", 1234.5),
        (";", ["a,b", "c"], ".", None),
    ],
)
def test_a_decimal_comma_is_told_from_one_between_thousands(
    delimiter: str, cells: list[str], decimal: str, first: float | None
) -> None:
    file = read(written([["x", "y"], *([cell, "5"] for cell in column(*cells)), ["1", "6"]], delimiter))
    assert file.format.decimal == decimal
    if first is not None:
        assert numbers(file, "x")[0] == first


def test_points_may_stand_between_thousands_in_a_file_without_a_comma() -> None:
    rows = [["Einwohner", "Preis", "y"], *([f"1.{k}34.567", f"{k}.500", str(k % 2)] for k in range(1, 10)), ["1", "2", "0"]]
    file = read(written(rows, ";"))
    assert file.format.decimal == ","
    assert (numbers(file, "Einwohner")[0], numbers(file, "Preis")[0]) == (1134567, 1500)


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2009", "\x0b"])
def test_only_ascii_spaces_separate_fields(space: str) -> None:
    lines = ["a b", *(f"{k} {k % 2}" for k in range(220))]
    assert read("\n".join([*lines, f"16{space}000 1"]).encode()).columns[0].head[0] == "0"
    with pytest.raises(DataError) as caught:
        read("\n".join([*lines, f"16{space}000"]).encode())
    assert (caught.value.rule, caught.value.values["line"]) == ("file_ragged", 222)
    assert rule("\n".join(f"{k}{space}1" for k in range(12)).encode()) == "file_one_column"


def test_names_of_columns_are_short_single_and_never_empty() -> None:
    headings = ["x", "x", "", " a\n b ", "y" * 10_000, "<b>", "x (2)"]
    file = read(written([headings, *[["1", "2", "3", "4", "5", "6", str(k)] for k in range(12)]]))
    assert [each.name for each in file.columns] == ["x", "x (3)", "#3", "a b", "y" * 80, "<b>", "x (2)"]


def test_the_same_bytes_give_the_same_file_and_errors_hold_nothing_of_it() -> None:
    first, second = read(IRIS.encode()), read(IRIS.encode())
    assert first.digest == second.digest != read(BOSTON.encode()).digest
    with pytest.raises(DataError) as caught:
        read(b"SECRET,NAMES\n" + b"SECRET,1\n" * 11 + b"SECRET,1,SECRET\n")
    assert "SECRET" not in str(caught.value) + repr(caught.value.values)


def judged(data: bytes) -> File | DataError:
    """Whatever the bytes are: a file or a named error, soon."""
    try:
        file = read(data)
    except DataError as error:
        return error
    assert all(each.present <= file.rows for each in file.columns)
    assert len({each.name for each in file.columns}) == len(file.columns)
    return file


@given(st.binary(max_size=400))
@example(b'a,"b"c\n' * 20)
@example(b'""\na,b\n' + b"1,2\n" * 12)
@example(b"a,b\r1,2\r" * 20)
@example(b'a,b\n" "\n' + b"1,2\n" * 12)
@example(b"\xff\xfea\x00,\x00\n\x00" * 20)
@settings(max_examples=150, deadline=2000)
def test_any_bytes_are_a_file_or_a_named_error(data: bytes) -> None:
    judged(data)


CELLS = st.text(st.sampled_from(list('09.,;"\t |-+eE%\n\r 가é\u00a0=<')), max_size=6)


@example([["", "", "\n"]], ",", "utf-8")
@given(
    st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=25)),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-16"]),
)
@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
def test_any_table_is_a_file_or_a_named_error(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    judged(written(rows, delimiter, encoding))


@given(
    st.lists(st.floats(-1e30, 1e30), min_size=12, max_size=30, unique=True),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([".", ","]),
    st.sampled_from(list(ENCODINGS)),
)
@settings(max_examples=60, deadline=2000)
def test_numbers_come_back_bit_for_bit(values: list[float], delimiter: str, decimal: str, encoding: str) -> None:
    rows = [["값", "y"], *([repr(value).replace(".", decimal), str(k % 2)] for k, value in enumerate(values))]
    file = read(written(rows, delimiter, encoding))
    if any("." in repr(value) for value in values):
        assert file.format.decimal == decimal
    assert numbers(file, "값") == values

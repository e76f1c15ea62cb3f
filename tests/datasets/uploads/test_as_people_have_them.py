"""Files as people have them: what they are read as by themselves, and by what somebody says about them."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bn_lab.datasets.uploads import SPACES, DataChoice, DataError, File, Format, encodings, id_of, parsed, read, table
from bn_lab.datasets.uploads.cells import number_of
from bn_lab.datasets.uploads.limits import MOST_MB
from bn_lab.datasets.uploads.sheets import MOST_MEMORY, MOST_TEXT
from bn_lab.experiment import is_uploaded

FILES = Path(__file__).with_name("files")


def kinds(file: File) -> list[str]:
    return [f"{column.full_name}: {column.kind}" for column in file.columns]


RIGHT = {
    "no_headings_words.data": ["#1: categorical", "#2: categorical", "#3: categorical", "#4: categorical"],
    "no_headings_mixed.data": ["#1: numeric", "#2: categorical", "#3: numeric", "#4: categorical", "#5: categorical"],
    "plus_minus_class.csv": ["x: numeric", "z: numeric", "class: categorical"],
    "spaces_and_tab.data": [*(f"#{k}: numeric" for k in range(1, 6)), "#6: categorical"],
    "spaces_and_quotes.txt": ["#1: numeric", "#2: numeric", "#3: numeric", "#4: categorical"],
    "row_names.txt": ["#1: text", "mpg: numeric", "cyl: numeric", "disp: numeric"],
    "delimiter_at_line_ends.csv": ["a: numeric", "b: numeric", "y: numeric"],
    "unicode_minus.csv": ["a: numeric", "temp: numeric"],
    "french_numbers.csv": ["surface: numeric", "prix (€): numeric"],
    "missing_words.csv": ["a: numeric", "b: numeric", "y: numeric"],
    "missing_number.csv": ["co: numeric", "t: numeric", "y: numeric"],
    "infinity.csv": ["flow: numeric", "bytes: numeric", "label: categorical"],
    "notes_above.csv": ["a: numeric", "b: numeric", "y: numeric"],
    "cyrillic.csv": ["площадь: numeric", "город: categorical", "цена: numeric"],
    "numbers_with_units.csv": ["year: numeric", "mileage (kmpl): numeric", "engine (CC): numeric", "price: numeric"],
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_read_right_by_itself(name: str) -> None:
    file = read((FILES / name).read_bytes())
    assert file.rows == 40
    assert kinds(file) == RIGHT[name]


def test_what_was_understood_is_kept_to_be_told() -> None:
    def column(name: str, k: int):  # type: ignore[no-untyped-def]
        return read((FILES / name).read_bytes()).columns[k]

    assert column("plus_minus_class.csv", 2).texts == ("+", "-")
    assert (column("infinity.csv", 1).infinite, column("infinity.csv", 1).present) == (3, 37)
    assert column("missing_words.csv", 0).missing == ("N.A.",)
    assert (column("missing_number.csv", 0).suspect.text, column("missing_number.csv", 0).suspect.count) == ("-200", 8)
    assert column("row_names.txt", 0).is_id
    assert read((FILES / "notes_above.csv").read_bytes()).format.comment == "#"
    assert read((FILES / "cyrillic.csv").read_bytes()).format.encoding == "cp1251"
    assert column("french_numbers.csv", 1).numbers[0] == 273574.5
    assert column("unicode_minus.csv", 1).numbers[0] == -3.0


DRAW = random.Random(1)


def rows(line: Callable[[int], str], count: int = 40) -> str:
    return "\n".join(line(k) for k in range(count))


def n(digits: int = 2) -> str:
    return f"{DRAW.uniform(1, 9):.{digits}f}"


KU = ["구: categorical", "업종: categorical", "매출: numeric"]
STADT = ["Stadt: categorical", "Typ: categorical", "Preis: numeric"]
YEARS = ["지역: categorical", "2019년: numeric", "2020년: numeric"]

MORE = {
    "notes": ("Station Seoul\nUnits: m\n\ntime,temp\n" + rows(lambda k: f"{k},{n()}"), ["time: numeric", "temp: numeric"]),
    "notes with commas": ("Logger 3, Seoul\nm, s, K, J\na,b,y\n" + rows(lambda k: f"{n()},{n()},{n()}"), ["a: numeric"]),
    "headings in a comment": ("# a b c\n" + rows(lambda k: f"{n(6)} {n(6)} {n(6)}"), ["a: numeric", "b: numeric"]),
    "percent signs": ("% a title\n" + rows(lambda k: f"{n()},{n()},{'ab'[k % 2]}"), ["#1: numeric", "#2: numeric"]),
    "a source below": ("a;b\n" + rows(lambda k: f"{n()};{n()}") + "\n\nSource: a ministry\n* as of 2019\n", ["a: numeric"]),
    "swiss": ("a;b\n" + rows(lambda k: f"{k + 1}'234.5;{n()}"), ["a: numeric", "b: numeric"]),
    "spaces between thousands": ("a;b\n" + rows(lambda k: f"{k + 1} 234,5;{k},5"), ["a: numeric", "b: numeric"]),
    "two units": ("v;w\n" + rows(lambda k: f"{n()} {('kg', 'lb')[k % 2]};{n()}"), ["v: mixed", "w: numeric"]),
    "units": ("t\tp\n" + rows(lambda k: f"{n()} °C\t{900 + k}hPa"), ["t (°C): numeric", "p (hPa): numeric"]),
    "no data": ("x,y\n" + rows(lambda k: f"{'NoData' if k % 7 == 0 else n()},{n()}"), ["x: numeric"]),
    "dashes": ("x,y\n" + rows(lambda k: f"{'-' if k % 7 == 0 else n()},{n()}"), ["x: numeric"]),
    "a word for a class": ("x,c\n" + rows(lambda k: f"{n()},{('a', 'unknown')[k % 2]}"), ["x: numeric", "c: categorical"]),
    "a minus that is a class": ("x,c\n" + rows(lambda k: f"{n()},{'+−'[k % 2]}"), ["x: numeric", "c: categorical"]),
    "spaces": ("  x   y  name\n" + rows(lambda k: f" {n()}  {n()}   {('ab', 'cd')[k % 2]}"), ["x: numeric", "y: numeric"]),
    "some lines end in a comma": ("a,b\n" + rows(lambda k: f"{n()},{n()}" + "," * (k % 3)), ["a: numeric", "b: numeric"]),
    "spaces before marks": ('a, b, c\n' + rows(lambda k: f'x{k % 3}, "u, {k % 2}", {n()}'), ["a: categorical"]),
    "two words": ("name\tcity\n" + rows(lambda k: f"Ann Lee\t{('New York', 'Los Angeles')[k % 2]}"), ["name: constant"]),
    "days and hours": ("when,v\n" + rows(lambda k: f"2020-01-{k % 28 + 1:02d} 10:00:00,{n()}"), ["when: date", "v: numeric"]),
    "row names with commas": ("a,b\n" + rows(lambda k: f"r{k},{n()},{n()}"), ["#1: text", "a: numeric", "b: numeric"]),
    "words with headings": ("sky,wind\n" + rows(lambda k: f"{DRAW.choice(['ab', 'cd'])},ef{k % 3}"), ["sky: categorical"]),
    "numbers as headings": ("0,1,2,3\n" + rows(lambda k: ",".join(n() for _ in "abcd")), ["0: numeric", "1: numeric"]),
    "grades": ("x,grade\n" + rows(lambda k: f"{n()},{('1A', '2A', '3B')[k % 3]}"), ["x: numeric", "grade: categorical"]),
    "quarters": ("x,q\n" + rows(lambda k: f"{n()},Q{k % 4 + 1}"), ["x: numeric", "q: categorical"]),
    "money": ("x,q\n" + rows(lambda k: f'{n()},"-${k + 1},234"'), ["x: numeric", "q ($): numeric"]),
    "commas in numbers": ("구\t업종\t매출\n" + rows(lambda k: f"{'강서'[k % 2]}\t{'가나'[k % 2]}\t{k + 1},234"), KU),
    "decimal commas": ("Stadt;Typ;Preis\n" + rows(lambda k: f"{'UB'[k % 2]};{'na'[k % 2]};{k},{k + 10}"), STADT),
    "years with a unit": ("지역,2019년,2020년\n" + rows(lambda k: f"{'서부'[k % 2]},{n()},{n()}"), YEARS),
    "wavelengths": ("c,400,405,410\n" + rows(lambda k: f"{'ab'[k % 2]},{n()},{n()},{n()}"), ["c: categorical", "400: numeric"]),
    "signs as units": ("t,d\n" + rows(lambda k: f"{n()}℃,{n()} ㎍/㎥"), ["t (℃): numeric", "d (㎍/㎥): numeric"]),
    "names": ("x,name\n" + rows(lambda k: f"{n()},name{max(k, 1)}"), ["x: numeric", "name: text"]),
    "grades of a test": ("x,c\n" + rows(lambda k: f"{n()},{'+' * (k % 3) or '-'}"), ["x: numeric", "c: categorical"]),
    "colours": (rows(lambda k: f"{('#ff0000', 'blue', '#00ff00')[k % 3]},{n()}"), ["#1: categorical", "#2: numeric"]),
    "won": ("v;w\n" + rows(lambda k: f"{k + 1},234원;{n()}"), ["v (원): numeric", "w: numeric"]),
    "months": ("기준년월,w\n" + rows(lambda k: f"2020{k % 12 + 1:02d},{n()}"), ["기준년월: date", "w: numeric"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_files_of_the_same_kinds_are_read_right(name: str) -> None:
    text, right = MORE[name]
    file = read(text.encode())
    assert file.rows == 40
    assert kinds(file)[: len(right)] == right


def test_numbers_of_many_lands_are_what_they_say() -> None:
    for cell, value in (("(1,234)", -1234.0), ("12,34,567", 1234567.0), ("–3.25", -3.25), ("−3.25", -3.25), ("R$ 5.5", 5.5)):
        column = read(f"v;w\n{cell};1\n".encode() + b"2.5;2\n" * 20, Format(decimal=".")).columns[0]
        assert column.kind == "numeric" or "R$" in cell
        assert number_of(cell, ".") == value
    won = read(b"v;w\n" + "".join(f"{k + 1},234원;{k}\n" for k in range(20)).encode()).columns[0]
    euro = read(b"v;w\n" + "".join(f"{k + 1},234 €;{k}\n" for k in range(20)).encode()).columns[0]
    assert (won.numbers[0], euro.numbers[0]) == (1234.0, 1.234)  # type: ignore[index]


@pytest.mark.parametrize("word", ["°C", "€", "è", "Höhe", "µg", "£", "½", "Ångström", "PM10 (µg/m³)", "Área", "CAFÉ"])
def test_a_single_accent_is_western_european(word: str) -> None:
    assert read(f"x,{word}\n".encode("cp1252") + b"1,2\n2,3\n" * 10).columns[1].name == word


@pytest.mark.parametrize("word", ["℃", "㎡", "값", "℃ 값"])
def test_a_single_sign_or_syllable_is_korean(word: str) -> None:
    assert read(f"x,{word}\n".encode("cp949") + b"1,2\n2,3\n" * 10).columns[1].name == word


def test_what_is_said_to_be_categories_has_no_missing_words() -> None:
    data = b"x,c\n" + b"1,None\n2,Mild\n3,NA\n4,\n" * 6
    assert read(data).columns[1].kind == "constant"
    column = read(data, Format(kinds=((1, "categorical"),))).columns[1]
    assert (column.texts, column.present) == (("Mild", "NA", "None"), 18)


WORDS = {
    "cp1251": "город Москва Казань Омск",
    "koi8_r": "город Москва Казань Омск",
    "cp949": "도시 서울 부산 대구",
    "gb18030": "城市 北京 上海 广州",
    "big5hkscs": "城市 臺北 高雄 臺中",
    "cp932": "都市 東京 大阪 なごや",
    "euc_jp": "都市 東京 大阪 なごや",
    "cp1252": "Größe Länge Fläche schön",
    "cp1250": "město Plzeň Ústí Čáslav",
    "cp1253": "πόλη Αθήνα Πάτρα Βόλος",
    "cp1254": "değişken ağırlık küçük büyük",
    "cp1255": "עיר ירושלים חיפה אילת",
    "cp874": "เมือง กรุงเทพ เชียงใหม่ ระยอง",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_letters_of_many_lands_are_read(encoding: str) -> None:
    heading, *towns = WORDS[encoding].split()
    text = f"{heading},x\n" + rows(lambda k: f"{towns[k % 3]},{n()}")
    file = read(text.encode(encoding))
    assert (file.columns[0].name, set(file.columns[0].texts)) == (heading, set(towns)), file.format.encoding
    said = read(text.encode(encoding), Format(encoding=encoding))
    assert (said.columns[0].texts, said.format.encoding) == (file.columns[0].texts, encoding)


SEEN = "1,5;2;-99\n3;4;7\n"
SAID = {
    "delimiter": (Format(delimiter=":"), "a:b\n" + "1:2\n3:5\n" * 10, ["a: numeric", "b: numeric"]),
    "delimiter of spaces": (Format(delimiter=SPACES), "a\t  b\n" + "1  2\n3\t5\n" * 10, ["a: numeric", "b: numeric"]),
    "header": (Format(header=False), "a,b\n" + "c,d\n" * 20, ["#1: categorical", "#2: categorical"]),
    "above and below": (Format(above=2, below=1), "a,b\nc,d\nx,y\n" + "1,2\n3,5\n" * 10 + "4,6", ["x: numeric", "y: numeric"]),
    "comment": (Format(comment="x"), "a,b\n" + "1,2\nx,y\n3,5\n" * 10, ["a: numeric", "b: numeric"]),
    "decimal": (Format(decimal=","), "a;b\n" + "1,234;2\n2,345;3\n" * 10, ["a: numeric", "b: numeric"]),
    "thousands": (Format(thousands=",", decimal="."), "a;b\n" + "1,234;2\n2,345;3\n" * 10, ["a: numeric", "b: numeric"]),
    "missing": (Format(missing=("-99",)), "a,b\n" + "1,2\n-99,5\n4,4\n" * 10, ["a: numeric", "b: numeric"]),
    "kinds": (Format(kinds=((1, "numeric"), (0, "categorical"))), "a,b\n" + "1,2\n2,x\n4,4\n" * 9, ["a: categorical"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_somebody_says_holds_and_stands_in_the_id(name: str) -> None:
    asked, text, right = SAID[name]
    file = read(text.encode(), asked)
    assert kinds(file)[: len(right)] == right
    for field in ("delimiter", "header", "above", "below", "comment", "decimal", "thousands"):
        if getattr(asked, field) is not None:
            assert getattr(file.format, field) == getattr(asked, field)
    task = "classification" if file.columns[1].kind == "categorical" else "regression"
    choice = DataChoice(1, task, format=asked)
    dataset = id_of(file.digest, choice)
    assert is_uploaded(dataset)
    assert parsed(dataset) == (file.digest, choice)
    assert table(file, dataset).name == dataset


def test_numbers_are_what_was_said_about_them() -> None:
    text = b"a;b\n" + b"1,234;2\n2,345;3\n" * 10
    for asked, value in ((Format(decimal=","), 1.234), (Format(thousands=",", decimal="."), 1234.0)):
        numbers = read(text, asked).columns[0].numbers
        assert numbers is not None
        assert numbers[0] == value
    (column, _) = read(b"a,b\n" + b"1,2\n-99,5\n4,4\n" * 10, Format(missing=("-99",))).columns
    assert (column.present, column.missing) == (20, ("-99",))


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Format(encoding="no such"), "format_encoding"),
        (Format(encoding="zlib_codec"), "format_encoding"),
        (Format(encoding="punycode"), "format_encoding"),
        (Format(delimiter="ab"), "format_delimiter"),
        (Format(delimiter='"'), "format_delimiter"),
        (Format(above=-1), "format_lines"),
        (Format(below=5000), "format_lines"),
        (Format(comment="# x #"), "format_comment"),
        (Format(decimal="x"), "format_decimal"),
        (Format(thousands="7"), "format_thousands"),
        (Format(thousands=".", decimal="."), "format_same"),
        (Format(missing=("x" * 30,)), "format_missing"),
        (Format(missing=tuple(map(str, range(30)))), "format_missing"),
        (Format(kinds=((7, "numeric"),)), "column_unknown"),
        (Format(encoding="ascii"), "file_encoding"),
        (Format(above=900), "file_empty"),
        (Format(delimiter="|"), "file_one_column"),
    ],
)
def test_what_cannot_be_is_named(asked: Format, rule: str) -> None:
    with pytest.raises(DataError) as caught:
        read("x,é\n".encode() + b"1,2\n" * 20, asked)
    assert caught.value.rule == rule


def test_every_encoding_of_python_can_be_said() -> None:
    data = b"x,y\n" + b"1,2\n2,3\n" * 10
    assert len(encodings()) > 80
    for encoding in encodings():
        try:
            file = read(data.decode().encode(encoding), Format(encoding=encoding))
        except UnicodeEncodeError:
            continue
        assert kinds(file) == ["x: numeric", "y: numeric"], encoding


FRAME = pd.DataFrame({"a": range(20), "b": [k / 7 for k in range(20)], "c": list("xyxxy") * 4, "d": [True, None] * 10})


def test_parquet_is_read_as_it_is() -> None:
    data = io.BytesIO()
    FRAME.assign(e=[[1, 2]] * 20).to_parquet(data)
    file = read(data.getvalue())
    assert (file.kind, file.rows) == ("parquet", 20)
    assert kinds(file) == ["a: numeric", "b: numeric", "c: categorical", "d: constant", "e: constant"]
    np.testing.assert_array_equal(file.columns[1].numbers, FRAME["b"])  # type: ignore[arg-type]
    assert file.columns[3].present == 10


def test_a_workbook_is_read_as_pandas_reads_it() -> None:
    data = (FILES / "book.xlsx").read_bytes()
    file = read(data)
    assert (file.kind, file.sheets, file.format.sheet, file.format.above) == ("excel", ("메모", "데이터"), 1, 2)
    assert kinds(file) == ["나이: numeric", "이름: categorical", "합격: boolean", "날짜: date", "값: numeric"]
    theirs = pd.read_excel(io.BytesIO(data), sheet_name=1, header=2, engine="calamine")
    np.testing.assert_array_equal(file.columns[4].numbers, theirs["값"])  # type: ignore[arg-type]
    for sheet, rule in ((0, "file_one_column"), (7, "file_sheet")):
        with pytest.raises(DataError) as caught:
            read(data, Format(sheet=sheet))
        assert caught.value.rule == rule


def test_a_sheet_may_begin_and_end_anywhere() -> None:
    file = read((FILES / "shifted.xlsx").read_bytes())
    assert (file.rows, file.format.above, file.layout.width) == (25, 7, 4)
    assert kinds(file) == ["#1: empty", "a: numeric", "b: categorical", "c: numeric"]


def test_a_small_workbook_with_much_text_is_refused() -> None:
    cell = b'<c r="%s%d" t="inlineStr"><is><t>' + b"x" * 100_000 + b"</t></is></c>"
    rows = b"".join(
        b'<row r="%d">' % k + cell % (b"A", k) + cell % (b"B", k) + b"</row>" for k in range(2, MOST_TEXT // 200_000 + 9)
    )
    with pytest.raises(DataError) as caught:
        read(changed(rows), Format(sheet=0))
    assert (caught.value.rule, caught.value.values["high"]) == ("file_large", 2 * MOST_MB)


def changed(cells: bytes) -> bytes:
    """A workbook with more cells on its first sheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(FILES / "book.xlsx") as book, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other:
        for name in book.namelist():
            content = book.read(name)
            is_first = name == "xl/worksheets/sheet1.xml"
            other.writestr(name, content.replace(b"</sheetData>", cells + b"</sheetData>") if is_first else content)
    return packed.getvalue()


def test_no_workbook_takes_more_memory_than_it_may() -> None:
    """One cell in the last corner makes the sheet 17 thousand million cells, which the library would make room for."""
    with pytest.raises(DataError) as caught:
        read(changed(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    assert (caught.value.rule, caught.value.values["high"]) == ("file_memory", MOST_MEMORY)


def test_a_broken_workbook_or_parquet_file_is_told() -> None:
    data = io.BytesIO()
    FRAME.to_parquet(data)
    broken = [data.getvalue()[:-200], b"PAR1" + bytes(400)]
    book = bytearray((FILES / "book.xlsx").read_bytes())
    book[700:3000] = bytes(2300)
    for content in (*broken, bytes(book)):
        with pytest.raises(DataError) as caught:
            read(content)
        assert caught.value.rule in ("file_table", "file_kind")


MEASURED = """
import sys, threading, time
from bn_lab.datasets.uploads import read
def taken():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
data = "\\n".join([",".join(["%d"] * 250)] * 7_900) % tuple(10**8 + k * 7919 % 10**8 for k in range(250 * 7_900))
data = data.encode()
base, most, over = taken(), 0.0, threading.Event()
def watch():
    global most
    while not over.wait(0.002):
        most = max(most, taken())
watcher = threading.Thread(target=watch)
watcher.start()
file = read(data)
over.set()
watcher.join()
print(file.rows, len(file.columns), most - base)
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process as Linux tells it")
def test_the_largest_file_takes_little_memory() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", MEASURED], cwd=root, capture_output=True, text=True, check=True)
    count, columns, most = done.stdout.split()
    assert (int(columns), float(most) < 150) == (250, True), done.stdout
    assert int(count) == 7_900


def test_a_table_of_too_many_cells_is_refused_before_it_is_held() -> None:
    row = b",".join([b"1"] * 250)
    with pytest.raises(DataError) as caught:
        read(b"\n".join([row] * 25_000))
    assert (caught.value.rule, caught.value.values["high"]) == ("file_cells", 2_000_000)

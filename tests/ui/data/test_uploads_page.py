"""Own data on the page: opened, looked at, taken into the lab, asked for by a link, and never told to anybody else."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from queue import Queue
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from typing import Any
from weakref import WeakSet

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from bn_lab.datasets import load, table_of
from bn_lab.datasets.uploads import DataError, digest_of, known, proposed, read
from bn_lab.datasets.uploads.limits import MB
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import Limits, Recordings
from bn_lab.studies.answers import custom_study
from bn_lab.ui import uploads
from bn_lab.ui.data import form, uploads_page
from bn_lab.ui.data import upload as upload_page
from bn_lab.ui.kit import formatting
from bn_lab.ui.lab import page as lab_page
from tests.datasets.uploads.made import ROOT, column, file_of, mixed, written

Open = Callable[..., Any]

IRIS = (ROOT / "data" / "iris.csv").read_text(encoding="utf-8").replace(",", ";").replace(".", ",").encode("cp949")
IRIS_ID = f"own-{digest_of(IRIS)}-4-classification-dropped"


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the lab's pictures, not those of own data."""
    monkeypatch.setattr(lab_page, "_figure", lambda *asked, **options: None)


def upload(page: Any, data: bytes, name: str = "data.csv") -> None:
    """Upload a file on the page that is open."""
    page.at.file_uploader[0].set_value((name, data, "text/csv"))
    page.run()


def press(page: Any, key: str) -> None:
    page.at.button(key=key).click()
    page.run()


def opened(lab: Open, data: bytes, name: str = "data.csv", **params: str) -> Any:
    """The page with a file on it."""
    page = lab(**{"lang": "en", **params})
    page.go_to("own")
    upload(page, data, name)
    return page


def trained(lab: Open, **params: str) -> Any:
    """The page of own data after a training on the irises, whose file is open there."""
    page = opened(lab, IRIS, **params)
    press(page, "uploads_use")
    page.go_to("")
    page.train()
    page.go_to("own")
    return page


def bring_back(page: Any, **settings: str) -> None:
    """A click on the card of a run with the irises' file, in the strip under the stage."""
    page.go_to("")
    page.act("go", query={"dataset": IRIS_ID, **settings}, epoch=2)


def errors(page: Any) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", error.value) for error in page.at.error]


@pytest.mark.parametrize("language", LANGUAGES)
def test_iris_from_a_file_trains_as_the_shipped_iris_does(lab: Open, language: str) -> None:
    page = opened(lab, IRIS, "아이리스.csv", lang=language, epochs="3", seed="5")
    t = texts(language)
    assert t("uploads.known_iris") in page.text
    assert "cp949" in page.text
    assert t("uploads.separator.semicolon") in page.text
    assert t("uploads.decimal_comma") in page.text
    assert {"uploads_distributions", "uploads_correlations"} <= page.components.keys()
    press(page, "uploads_use")
    assert page.experiment == Experiment(dataset=IRIS_ID, epochs=3, seed=5)
    assert "아이리스.csv" in page.widget("field_dataset").options
    page.until("ended")
    ours = page.watch.history()
    shipped = lab(dataset="iris", epochs="3", seed="5", run="all")
    shipped.until("ended")
    assert ours.train_loss.tolist() == shipped.watch.history().train_loss.tolist()


def test_own_data_are_trained_for_their_visitor_alone(lab: Open) -> None:
    first, second = (opened(lab, IRIS, epochs="2") for _ in range(2))
    for page in (first, second):
        press(page, "uploads_use")
        page.until("ended")
    assert first.experiment == second.experiment
    assert first.watch.recording != second.watch.recording


def wait_for_threads() -> None:
    for thread in enumerate_threads():
        if thread.name.startswith("bn-lab-"):
            thread.join(10)


def test_own_data_are_gone_with_their_session(lab: Open) -> None:
    data = written(mixed(11))
    page = opened(lab, data)
    press(page, "uploads_use")
    experiment = page.experiment
    assert table_of(experiment).samples == 51
    page.recordings._forget_visitor(page.visitor)
    page.recordings.close()
    wait_for_threads()  # the worker, which had a copy
    del page
    gc.collect()
    with pytest.raises(ExperimentError, match="in this session"):
        table_of(experiment)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_asks_for_its_file_and_opens_with_no_other(lab: Open, language: str) -> None:
    link = {"dataset": IRIS_ID, "depth": "2", "seed": "7", "lang": language, "run": "2", "epochs": "4"}
    page, t = lab(**link), texts(language)
    assert t("uploads.ask", hash=digest_of(IRIS)[:8]) in page.text
    assert formatting.escape_markdown(t("field.depth")) in page.text
    assert page.at.query_params == link
    assert page.visitor.watches == {}
    upload(page, IRIS + b"\n", "other.csv")
    assert any(digest_of(IRIS + b"\n")[:8] in error for error in errors(page))
    assert page.at.query_params == link
    upload(page, IRIS)
    assert page.experiment == Experiment(dataset=IRIS_ID, depth=2, seed=7, epochs=4)
    assert page.opening == {"epoch": 2, "playing": False}
    assert (page.watch.wanted, page.at.query_params["run"]) == (2, "2")


def test_a_link_can_be_opened_with_shipped_data_instead(lab: Open) -> None:
    page = lab(dataset=IRIS_ID, depth="2", samples="140", lang="en")
    press(page, "uploads_shipped")
    assert page.experiment == Experiment(depth=2, samples=140)


@pytest.mark.parametrize(
    "choice", ["9-classification-dropped", "4-regression-dropped", "4-classification-median-without-0-1-2-3"]
)
def test_a_link_that_its_file_does_not_allow_is_told_so(lab: Open, choice: str) -> None:
    page = lab(dataset=f"own-{digest_of(IRIS)}-{choice}", depth="2", lang="en")
    upload(page, IRIS)
    assert page.experiment == Experiment(depth=2)
    told = [warning.value for warning in page.at.warning]
    assert told[0] == texts("en")("link.problem")
    assert len(told) == 2
    page.go_to("own")
    press(page, "uploads_use")
    assert page.experiment == Experiment(dataset=IRIS_ID, depth=2)


def test_target_task_missing_values_and_columns_are_chosen(lab: Open) -> None:
    data = written(mixed())
    page, digest = opened(lab, data), digest_of(data)
    t = texts("en")
    assert t("uploads.plan_dropped", count=9) in page.text
    assert t("uploads.plan_would_fill", count=9) in page.text
    page.set(f"uploads_missing_{digest}", "median")
    assert t("uploads.plan_filled", count=9) in page.text
    page.set(f"uploads_without_{digest}", [1, 2])
    page.set(f"uploads_target_{digest}", 5)
    assert t("uploads.plan_classes", count=3) in page.text
    press(page, "uploads_use")
    assert page.experiment.dataset == f"own-{digest}-5-classification-median-without-1-2"
    found = table_of(page.experiment)
    assert found.classes == ("대구", "부산", "서울")
    assert found.feature_names == ("번호", "share (%)", "lift", "value")
    page.go_to("own")
    assert page.at.button_group(key=f"uploads_task_{digest}").options == [t("uploads.task.classification")]
    page.set(f"uploads_target_{digest}", 6)
    assert errors(page) == [t("error.target_kind", column="7 (built)", kind=t("uploads.kind.date"))]
    assert page.at.button(key="uploads_use").disabled


def test_why_there_are_no_headings_and_why_a_column_is_left_out_is_told(lab: Open) -> None:
    t = texts("en")
    assert t("uploads.no_header_why") not in opened(lab, IRIS).text
    page = opened(lab, IRIS.partition(b"\n")[2])
    assert t("uploads.no_header_why") in page.text
    cells = [*map(str, range(60)), "stray"]
    page = opened(lab, file_of(x=cells, y=column("1", "2", rows=61)))
    assert t("uploads.why.mixed", stray="stray") in page.at.dataframe[1].value.to_numpy()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "file_empty"),
        (b"a,b\n1,2\n3,4\n", "file_few"),
        (b"PK\x03\x04" + bytes(60), "file_kind"),
        (written([["c"] * 300, *[[1] * 300] * 12]), "file_columns"),
        (b"a,b\n" + b"1,2\n" * 12 + b"1,2,3\n", "file_ragged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_table_is_told_and_nothing_is_half_open(lab: Open, data: bytes, rule: str, language: str) -> None:
    page = opened(lab, data, lang=language)
    with pytest.raises(DataError) as caught:
        read(data)
    assert caught.value.rule == rule
    assert len(errors(page)) == 1
    files = page.at.session_state["uploads_files"].values() if "uploads_files" in page.at.session_state else []
    assert [opened.file for opened in files] == [None] * (rule in upload_page.OTHERWISE)
    assert "uploads_use" not in {button.key for button in page.at.button}
    upload(page, IRIS)
    assert errors(page) == []


def test_a_file_that_was_read_wrong_is_read_right(lab: Open) -> None:
    data = "".join(["a:b\n", *(f"{k % 3}:{('x', 2 * k, -9)[k % 3]}\n" for k in range(24))]).encode()
    page, digest, t = opened(lab, data), digest_of(data), texts("en")
    assert len(errors(page)) == 1
    assert t("uploads.read.otherwise") in page.text
    page.set(f"uploads_read_delimiter_{digest}", ":")
    assert errors(page) == []
    assert list(page.at.dataframe[0].value.columns) == ["1 · a", "2 · b"]
    assert t("uploads.suspect_word", text="x", count=8, column=2, name="b") in page.text
    press(page, "uploads_suspect_1")
    assert t("uploads.suspect_missing") not in [button.label for button in page.at.button]
    page.set(f"uploads_read_numeric_{digest}", [1])
    page.set(f"uploads_read_header_{digest}", False)
    assert list(page.at.dataframe[0].value.columns) == ["1 · #1", "2 · #2"]
    page.set(f"uploads_read_header_{digest}", True)
    page.set(f"uploads_target_{digest}", 0)
    press(page, "uploads_use")
    assert page.experiment.dataset == f"own-{digest}-0-classification-dropped-read-d3a-h1-m78-k1numeric"
    assert table_of(page.experiment).samples == 16
    page.go_to("own")
    page.set(f"uploads_read_missing_{digest}", ["x", "-9"])
    press(page, "uploads_read_reset")
    assert errors(page)[0] == t("error.file_one_column")
    assert page.at.dataframe, "what was read stays as it was"


def test_a_link_says_how_its_file_is_read(lab: Open) -> None:
    data = b"a:b\n" + b"1:2\n3:4\n5:9\n" * 8
    dataset = f"own-{digest_of(data)}-1-regression-dropped-read-d3a"
    page = lab(dataset=dataset, lang="en", epochs="2")
    upload(page, data)
    assert page.experiment == Experiment(dataset=dataset, epochs=2)
    assert table_of(page.experiment).feature_names == ("a",)
    page.go_to("own")
    assert page.widget(f"uploads_read_delimiter_{digest_of(data)}").value == ":"


def test_a_choice_that_cannot_be_leaves_the_file_as_it_is_read(lab: Open) -> None:
    data = b"a:b\n" + b"1:2\n3:4\n5:9\n" * 8
    dataset = f"own-{digest_of(data)}-1-regression-dropped-read-d3a-t5f"
    page = lab(dataset=dataset, lang="en", epochs="2")
    upload(page, data)
    (before,) = page.at.session_state["uploads_files"].values()
    for other in ("-1-regression-dropped-read-d3a-a900", "-8-regression-dropped-read-d3a"):
        page.at.query_params = {"dataset": f"own-{digest_of(data)}{other}", "lang": "en"}
        page.run()
        (after,) = page.at.session_state["uploads_files"].values()
        assert (after.file, after.problem) == (before.file, None)
    page.go_to("own")
    assert page.widget(f"uploads_read_thousands_{digest_of(data)}").value == "_"


def test_where_no_file_can_be_uploaded_a_table_is_pasted(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_page, "takes_files", lambda: False)
    page = lab(lang="en")
    page.go_to("own")
    assert texts("en")("uploads.no_upload") in page.text
    assert not page.at.get("file_uploader")
    page.at.text_area[0].set_value(IRIS.decode("cp949"))
    press(page, "uploads_paste")
    assert errors(page) == []
    assert len(page.at.session_state["uploads_files"]) == 1


def test_files_are_read_one_at_a_time_in_their_order() -> None:
    line, done, told = uploads.WaitingLine(), list[int](), list[int]()
    read, came = Event(), Queue[int]()

    def read_one(k: int) -> None:
        with line.turn(lambda place: (told.append(place), came.put(place))):
            done.append(k)
            if k == 0:
                came.put(0)
                read.wait(10)

    threads = [Thread(target=read_one, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
        came.get(timeout=10)  # it is in the line
    assert done == [0]
    read.set()
    for thread in threads:
        thread.join(10)
    assert done == [0, 1, 2]
    assert set(told) == {1, 2}


def test_who_gives_up_leaves_the_line() -> None:
    line = uploads.WaitingLine()

    def leave(place: int) -> None:
        raise RuntimeError("the page is left")

    with line.turn():
        with pytest.raises(RuntimeError), line.turn(leave):
            pass
        assert len(line._places) == 1
    assert not line._places


def test_a_table_without_a_target_is_shown_but_not_taken(lab: Open) -> None:
    page = opened(lab, file_of(x=column("2020-01-01", "2020-01-02"), y=column("5")))
    assert errors(page) == [texts("en")("uploads.no_target")]
    assert "uploads_use" not in {button.key for button in page.at.button}
    page = opened(lab, file_of(x=column("1", "2"), y=[f"c{k}" for k in range(20)]))
    page.set(f"uploads_target_{next(iter(page.at.session_state['uploads_files']))}", 1)
    assert len(errors(page)) == 1


def test_text_is_pasted(lab: Open) -> None:
    page = lab(lang="en")
    page.go_to("own")
    (area,) = page.at.text_area
    area.set_value(IRIS.decode("cp949").replace(";", "\t"))
    page.at.button(key="uploads_paste").click()
    page.run()
    press(page, "uploads_use")
    assert table_of(page.experiment).features.tolist() == load("iris").features.tolist()


def test_a_choice_that_the_lesson_does_not_allow_leaves_the_data_on_screen(lab: Open) -> None:
    data = written(mixed())
    digest = digest_of(data)
    dataset = f"own-{digest}-8-regression-median"
    page = lab(dataset=dataset, samples="55", fix="samples", lang="en")
    upload(page, data)
    page.go_to("own")
    page.set(f"uploads_missing_{digest}", "dropped")
    press(page, "uploads_use")
    page.go_to("")
    assert page.experiment == Experiment(dataset=dataset, samples=55)
    assert list(page.at.session_state["uploads_tables"]) == [dataset]
    assert table_of(page.experiment).samples == 60


def test_of_a_file_there_is_one_table(lab: Open) -> None:
    data = written(mixed())
    page = opened(lab, data)
    for missing in ("median", "dropped", "median"):
        page.go_to("own")
        page.set(f"uploads_missing_{digest_of(data)}", missing)
        press(page, "uploads_use")
        assert list(page.at.session_state["uploads_tables"]) == [page.experiment.dataset]


def test_a_kept_run_of_a_closed_file_asks_for_it(lab: Open) -> None:
    page = trained(lab, epochs="2", seed="5")
    press(page, "uploads_close")
    bring_back(page, epochs="2", seed="5")
    assert texts("en")("uploads.ask", hash=digest_of(IRIS)[:8]) in page.text
    assert page.at.query_params == {"dataset": IRIS_ID, "epochs": "2", "seed": "5", "lang": "en", "run": "2"}
    assert page.visitor.watches == {}, "nothing is trained instead"
    upload(page, IRIS)
    page.until("ended")
    assert page.experiment == Experiment(dataset=IRIS_ID, epochs=2, seed=5)


def test_who_is_asked_for_a_file_keeps_the_other_ones(lab: Open) -> None:
    page = trained(lab, epochs="2")
    other = written(mixed())
    upload(page, other)
    page.set("uploads_shown", digest_of(IRIS))
    press(page, "uploads_close")
    bring_back(page, epochs="2")
    for wrong in (other, written(mixed(1))):
        upload(page, wrong)
        assert len(errors(page)) == 1
        assert list(page.at.session_state["uploads_files"]) == [digest_of(other)]


def test_who_is_asked_for_a_file_but_has_no_room_can_make_some(lab: Open) -> None:
    page = trained(lab, epochs="2")
    press(page, "uploads_close")
    for seed in range(uploads.MOST_FILES):
        upload(page, written(mixed(seed)), "other *.csv")
    bring_back(page, epochs="2")
    upload(page, IRIS)
    assert errors(page) == [texts("en")("error.files_many", high=uploads.MOST_FILES)]
    assert page.at.button(key="uploads_close_0").label == f"Close {formatting.escape_markdown('other *.csv')}"
    press(page, "uploads_close_0")
    assert len(page.at.session_state["uploads_files"]) == uploads.MOST_FILES - 1
    upload(page, IRIS)
    assert page.experiment == Experiment(dataset=IRIS_ID, epochs=2)


def test_a_kept_run_keeps_what_the_lesson_fixes(lab: Open) -> None:
    page = lab(dataset=IRIS_ID, epochs="2", fix="depth,seed", lang="en")
    upload(page, IRIS)
    page.train()
    page.go_to("own")
    press(page, "uploads_close")
    bring_back(page, epochs="2", depth="2")
    assert [warning.value for warning in page.at.warning] == [texts("en")("error.fixed", field=texts("en")("field.depth"))]
    upload(page, IRIS)
    assert page.experiment == Experiment(dataset=IRIS_ID, epochs=2)
    assert page.at.query_params["fix"] == "depth,seed"


def test_own_data_show_what_a_link_chose(lab: Open) -> None:
    data = written(mixed())
    dataset = f"own-{digest_of(data)}-5-classification-median-without-1-2"
    page = lab(dataset=dataset, lang="en")
    upload(page, data)
    page.go_to("own")
    assert page.widget(f"uploads_target_{digest_of(data)}").value == 5
    press(page, "uploads_use")
    assert page.experiment.dataset == dataset


def test_files_are_three_at_most_and_can_be_closed(lab: Open) -> None:
    page = opened(lab, IRIS)
    press(page, "uploads_use")
    page.go_to("own")
    for seed in (1, 2):
        upload(page, written(mixed(seed)))
    assert len(page.at.session_state["uploads_files"]) == 3
    upload(page, written(mixed(3)))
    assert errors(page) == [texts("en")("error.files_many", high=3)]
    page.set("uploads_shown", digest_of(IRIS))
    press(page, "uploads_close")
    assert len(page.at.session_state["uploads_files"]) == 2
    page.go_to("")
    assert page.experiment == Experiment()


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ({"fix": "data_settings"}, "fixed"),
        ({"fix": "dataset"}, "fixed"),
        ({"fix": "samples", "rows": "600", "samples": "600"}, "too_many"),
    ],
)
def test_a_file_that_the_lesson_fixes_is_not_closed(lab: Open, link: dict[str, str], told: str) -> None:
    data = written(mixed(rows=int(link.get("rows", 60)), gaps=False))
    dataset = f"own-{digest_of(data)}-8-regression-dropped"
    page = lab(dataset=dataset, lang="en", **{name: value for name, value in link.items() if name != "rows"})
    upload(page, data)
    page.go_to("own")
    press(page, "uploads_close")
    assert len(errors(page)) == 1
    assert page.at.session_state["uploads_problem"].rule == told
    page.go_to("")
    assert page.experiment.dataset == dataset


def test_what_is_wrong_is_told_in_the_language_of_the_page_until_it_is_left(lab: Open) -> None:
    page = opened(lab, b"")
    page.set("language_choice", "ko")
    assert errors(page) == [re.sub(r"\\(.)", r"\1", texts("ko")("error.file_empty"))]
    page.go_to("rules")
    page.go_to("own")
    assert errors(page) == []
    link = lab(dataset=IRIS_ID, lang="en")
    upload(link, IRIS + b"\n", "*other*.csv")
    link.set("language_choice", "ko")
    (problem,) = errors(link)
    theirs, ours = digest_of(IRIS + b"\n")[:8], digest_of(IRIS)[:8]
    assert problem == texts("ko")("error.file_other", name="*other*.csv", value=theirs, ours=ours)


def test_of_two_sessions_at_once_one_gets_the_room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    size, outcomes, others = uploads._size, list[bool](), list[Thread]()
    monkeypatch.setattr(uploads, "_everywhere", WeakSet())

    def count(file: uploads.OpenFile) -> None:
        try:
            uploads._count(file, 1.5 * size(file) / MB)
            outcomes.append(True)
        except DataError:
            outcomes.append(False)

    def meanwhile(what: uploads.OpenFile) -> int:
        if not others:
            others.append(Thread(target=count, args=(second,)))
            others[0].start()
            others[0].join(0.1)  # it waits until the first is counted
        return size(what)

    first, second = (uploads.OpenFile("", b"", digest_of(IRIS), read(IRIS)) for _ in range(2))
    monkeypatch.setattr(uploads, "_size", meanwhile)
    count(first)
    others[0].join()
    assert outcomes == [True, False]


def test_columns_whose_names_begin_alike_are_all_shown(lab: Open) -> None:
    names = [f"{'the same beginning ' * 3}{k}" for k in range(3)]
    page = opened(lab, written([names, *[[k % 7, k % 5 + k / 2, k * k % 11] for k in range(20)]]))
    heads = [list(table.value.columns) for table in page.at.dataframe]
    assert len(heads[0]) == 3
    assert [head.partition(" ")[0] for head in sorted(heads[0])] == ["1", "2", "3"]


def test_streamlit_keeps_no_second_copy_of_a_file(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    forget = MemoryUploadedFileManager.remove_file

    def counted(manager: MemoryUploadedFileManager, session_id: str, file_id: str) -> None:
        forget(manager, session_id, file_id)
        left.append(len(manager.file_storage.get(session_id, {})))

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", counted)
    page = opened(lab, IRIS)
    upload(page, b"no table")
    assert left == [0, 0]


def test_the_language_chosen_while_a_link_waits_stays(lab: Open) -> None:
    page = lab(dataset=IRIS_ID, lang="en")
    page.set("language_choice", "ko")
    upload(page, IRIS)
    assert page.at.query_params == {"dataset": IRIS_ID, "lang": "ko"}


def test_all_files_together_have_a_limit(lab: Open, recordings: Recordings) -> None:
    recordings.limits = Limits(own_mb=0.001)
    page = opened(lab, IRIS)
    assert "0 MB" in errors(page)[0]
    assert "uploads_files" not in page.at.session_state


def test_settings_that_do_not_fit_are_told(lab: Open) -> None:
    page = opened(lab, written(mixed()), samples="400")
    press(page, "uploads_use")
    assert page.experiment.samples is None
    assert "51" in page.at.warning[0].value


MARK = "ZQZ"
HOSTILE = [f"{MARK}<img src=x onerror=alert(1)>", f"{MARK}**b** [a](javascript:alert(1)) :material/home:", f"=cmd|'{MARK}", "y"]


def hostile() -> bytes:
    names = [HOSTILE[0], HOSTILE[1] * 300, *HOSTILE[2:]]
    return written([names, *[[k % 5 * 1.5, k * k, HOSTILE[k % 3], f"{MARK}<b>{k % 2}</b>"] for k in range(24)]])


def test_hostile_names_and_cells_are_text_only(lab: Open) -> None:
    page = opened(lab, hostile(), f"{MARK}<script>alert(1)</script>_**x**.csv")
    for node in page.at:
        if node.type in ("markdown", "caption", "error", "warning", "info"):
            assert "<img" not in node.value.replace("\\<", "")
            assert not re.search(r"(?<!\\)\*\*b\*\*|(?<!\\)\]\(javascript", node.value)
            assert "<script" not in node.value.replace("\\<", "")
        if node.type == "html":
            assert MARK not in node.proto.body
    for name in ("uploads_distributions", "uploads_correlations"):
        told = str(page.components[name])
        assert MARK in told
        assert "<img" not in told
    press(page, "uploads_use")
    assert not page.at.exception


def test_the_log_has_nothing_of_the_data(lab: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    page = opened(lab, hostile(), f"{MARK}.csv")
    page.may_fail = True

    def broken(*asked: object, **how: object) -> None:
        raise ValueError(f"could not convert {MARK}") from KeyError(MARK)

    monkeypatch.setattr(uploads_page, "distribution", broken)
    page.run()
    monkeypatch.setattr(form, "plan", broken)
    page.run()
    press_failing = page.at.button(key="uploads_close")
    monkeypatch.setattr(uploads, "close_file", broken)
    press_failing.click()
    page.run()
    assert "ValueError" in caplog.text
    assert "test_uploads_page.py" in caplog.text
    assert MARK not in caplog.text
    assert MARK not in str([record.__dict__ for record in caplog.records])
    assert "own-" not in caplog.text


def test_studies_on_own_data_are_refused(lab: Open) -> None:
    page = opened(lab, IRIS)
    press(page, "uploads_use")
    page.go_to("claims")
    assert texts("en")("uploads.no_study") in page.text
    assert "custom_order" not in {button.key for button in page.at.button}
    with pytest.raises(ExperimentError, match="other processes"):
        custom_study(Experiment(dataset=IRIS_ID), [("learning_rate", [0.1])], 1, "train_loss", ["none"])


@pytest.mark.parametrize("path", ["algorithm", "claims", "rules", ""])
def test_every_page_goes_with_own_data(lab: Open, path: str) -> None:
    page = opened(lab, written(mixed()), epochs="2", validation_share="0.2")
    press(page, "uploads_use")
    page.train()
    page.go_to(path)
    assert not page.at.exception
    assert page.at.query_params["dataset"].startswith("own-")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", upload_page.TEMPLATES)
def test_a_template_is_a_file_as_it_should_be(name: str, language: str) -> None:
    file = read(upload_page.written(upload_page.TEMPLATES[name](texts(language))))
    choice = proposed(file)
    assert choice is not None
    assert choice.target == len(file.columns) - 1
    assert choice.task == ("regression" if name == "homes" else "classification")
    assert known(file) is None
    assert all(each.is_usable for each in file.columns)
    assert any(each.present < file.rows for each in file.columns) is (name == "homes")


def test_a_template_is_written_when_somebody_asks_for_it(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(rows: object) -> bytes:
        raise AssertionError("nobody asked for a file")

    monkeypatch.setattr(upload_page, "written", never)
    page = lab(lang="en")
    page.go_to("own")
    assert len(page.at.get("download_button")) == len(upload_page.TEMPLATES)


def test_what_a_session_holds_is_not_held_by_another(lab: Open) -> None:
    first = opened(lab, IRIS)
    press(first, "uploads_use")
    second = lab(dataset=IRIS_ID, lang="en")
    assert texts("en")("uploads.ask", hash=digest_of(IRIS)[:8]) in second.text


def test_what_a_report_holds_of_own_data_is_told_where_it_is_made(lab: Open) -> None:
    page = opened(lab, IRIS)
    press(page, "uploads_use")
    page.go_to("")
    page.open("files")
    assert texts("en")("take.report_own") in page.text

"""The address is the state: after Back and Forward it is read as a link, and else it is written."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bn_lab.experiment import Experiment
from bn_lab.i18n import texts
from bn_lab.ui import session
from bn_lab.ui.lesson import question
from bn_lab.ui.lesson.steps import STEPS

Open = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("no_pictures")

PRIVATE = "own-0123456789abcdef-2-regression-dropped"


def warnings(page: Any) -> list[str]:
    return [warning.value for warning in page.at.warning]


def test_back_shows_what_the_address_says_in_new_widgets(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    key = page.widget("field_depth").key
    page.change("depth", 5)
    page.follow(dataset="iris", epochs="4")
    assert page.experiment == Experiment(dataset="iris", epochs=4)
    assert page.widget("field_depth").value == 3
    assert page.widget("field_depth").key != key, "a late word of the old widget is not heard"
    page.follow(dataset="iris", epochs="4", depth="5")
    assert page.experiment == Experiment(dataset="iris", epochs=4, depth=5)
    page.change("depth", 6)
    assert page.at.query_params == {"dataset": "iris", "epochs": "4", "depth": "6"}


def test_other_runs_of_the_script_write_the_address_whatever_stands_there(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    page.change("depth", 5)
    page.at.query_params = {"dataset": "iris", "epochs": "4"}  # the browser has not heard of the change yet
    page.run()
    assert page.experiment == Experiment(dataset="iris", epochs=4, depth=5)
    assert page.at.query_params == {"dataset": "iris", "epochs": "4", "depth": "5"}


def test_what_is_on_screen_as_the_address_says_goes_on(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4", run="play")
    opened, watch = page.stage["open"], page.watch
    page.go_to("rules")
    page.follow(dataset="iris", epochs="4", run="play")
    assert page.stage["open"] == opened
    assert page.watch is watch
    page.follow(dataset="iris", epochs="4", run="2")
    assert page.opening == {"epoch": 2, "playing": False}
    assert page.stage["open"]["id"] > opened["id"]


@pytest.mark.parametrize(("run", "epoch", "wanted"), [("0", 0, 0), ("0.2", 0.2, 1), ("3.25", 3.25, 4), ("0003", 3, 3)])
def test_a_link_opens_at_any_moment(lab: Open, run: str, epoch: float, wanted: int) -> None:
    page = lab(dataset="iris", epochs="4", run=run)
    assert page.opening == {"epoch": epoch, "playing": False}
    assert page.watch.wanted == wanted
    assert warnings(page) == []


@pytest.mark.parametrize("run", ["-1", "1e3", "4.5", "nan", ".5", "1.", "٣", "10000", "1.0000001"])
def test_what_is_no_moment_is_named(lab: Open, run: str) -> None:
    page = lab(dataset="iris", epochs="4", run=run)
    assert any(run in text.replace("\\", "") for text in warnings(page))
    assert page.opening == {"epoch": None, "playing": False}


def test_what_was_wrong_with_a_link_is_said_as_long_as_it_is_there(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    page.follow(dataset="iris", epochs="4", depth="99")
    assert any("99" in text for text in warnings(page))
    assert page.at.query_params == {"dataset": "iris", "epochs": "4"}
    page.follow(dataset="iris", epochs="4")
    assert warnings(page) == []


def test_the_language_stays_where_the_address_has_none(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4", locale="en-US")
    page.set("language_choice", "ko")
    page.follow(dataset="iris", epochs="4")
    assert page.stage["language"] == "ko"
    assert page.at.query_params["lang"] == "ko"
    page.follow(dataset="iris", epochs="4", lang="en")
    assert page.stage["language"] == "ko", "it was chosen after that entry was made"
    assert page.at.query_params["lang"] == "ko"
    page = lab(dataset="iris", epochs="4", locale="en-US")
    page.follow(dataset="iris", epochs="4", lang="ko")
    assert page.stage["language"] == "ko"


def test_a_lessons_rules_are_those_of_the_address(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4", fix="depth")
    page.at.button(key="lesson_leave").click()
    page.run()
    assert "fix" not in page.at.query_params
    page.follow(dataset="iris", epochs="4", fix="depth")
    assert page.widget("field_depth").disabled
    page.follow(dataset="iris", epochs="4")
    assert not page.widget("field_depth").disabled


def test_a_file_that_is_not_open_is_asked_for_and_back_leads_away_from_that(lab: Open) -> None:
    page, ask = lab(dataset="iris", epochs="4", lang="en"), texts("en")("uploads.ask", hash=PRIVATE[4:12])
    page.follow(dataset=PRIVATE, lang="en")
    assert ask in [info.value for info in page.at.info]
    assert page.at.query_params == {"dataset": PRIVATE, "lang": "en"}
    assert page.visitor.watches == {}
    page.follow(dataset="iris", epochs="4", lang="en")
    assert page.experiment == Experiment(dataset="iris", epochs=4)


def test_a_dialog_closes(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    page.open("share")
    assert "copy_link" in page.components
    page.follow(dataset="iris", epochs="4")
    assert "copy_link" not in page.components


def test_pages_show_what_the_address_says(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    for path, text, headings in (
        ("lesson", {"lesson": "faster"}, "faster"),
        ("lesson", {}, next(iter(STEPS))),
        ("data", {"data": "moons:0.25"}, "moons"),
        ("data", {}, "iris"),
    ):
        page.follow(path, dataset="iris", epochs="4", **text)
        assert page.at.query_params == {"dataset": "iris", "epochs": "4", **text}
        widget = page.widget("lesson_step" if path == "lesson" else "data_set")
        assert widget.value == headings


def test_cards_of_claims_follow_the_address(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    page.follow("claims", dataset="iris", epochs="4", claims="study:faster_iris,seeds:10")
    assert page.widget("claims_faster_iris_seeds").value == 10
    page.follow("claims", dataset="iris", epochs="4")
    assert not [node for node in page.at if getattr(node, "key", None) == "claims_faster_iris_seeds"]


@pytest.mark.parametrize("text", ["<b>", "moons:x", "moons:1e9", ":", "x" * 5000])
def test_no_link_breaks_the_page_of_the_data(lab: Open, text: str) -> None:
    page = lab(dataset="iris", epochs="4")
    page.follow("data", dataset="iris", epochs="4", data=text)
    assert page.widget("data_set").value == ("moons" if text.startswith("moons") else "iris")


def test_on_the_way_to_another_page_the_address_says_so_and_then_no_more(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(dataset="iris", epochs="4")
    written: list[dict[str, str]] = []
    kept = session.passing_parameters
    monkeypatch.setattr(session, "passing_parameters", lambda: (written.append(kept()), kept())[1])
    page.go_to("lesson")
    assert written == [{"dataset": "iris", "epochs": "4", session.PASSING: "1"}]
    assert page.at.query_params == {"dataset": "iris", "epochs": "4"}
    page.run()
    page.follow("", dataset="iris", epochs="4", passing="1")
    assert len(written) == 1
    assert warnings(page) == []
    assert page.at.query_params == {"dataset": "iris", "epochs": "4"}


def test_answers_of_another_visit_are_taken_in_as_far_as_there_are_such(monkeypatch: pytest.MonkeyPatch) -> None:
    name, other = list(STEPS)[:2]
    said, differently = STEPS[name].options[:2]
    state: dict[str, Any] = {session.ANSWERED: {name: differently}}
    monkeypatch.setattr(question, "st", SimpleNamespace(session_state=state))
    question.recall({name: said, other: STEPS[other].options[0], "nothing": said, list(STEPS)[2]: "<b>", list(STEPS)[3]: 7})
    assert question.answered() == {name: differently, other: STEPS[other].options[0]}


def test_the_browser_is_told_what_to_remember_and_what_to_forget(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4", locale="en-US")
    assert (page.told("remembered")["language"], page.told("remembered")["answers"]) == (None, None)
    page.set("language_choice", "ko")
    assert page.told("remembered")["language"] == "ko"
    page.go_to("lesson")
    assert page.told("remembered")["answers"] == {}
    page.at.menu_button(key="menu").click("forget")
    page.run()
    assert page.told("remembered")["forget"]
    assert page.told("remembered")["language"] is None
    assert [toast.value for toast in page.at.toast] == [texts("ko")("menu.forgotten")]

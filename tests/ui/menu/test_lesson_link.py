"""Links for lessons: what they hide and fix, and the dialog that makes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import zxingcpp

from bn_lab.experiment import FIELDS, Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.sharing import parse_link
from bn_lab.ui import rules, session
from bn_lab.ui.kit.navigation import PAGES
from bn_lab.ui.menu import lesson_link
from bn_lab.ui.menu.lesson_link import LinkOptions, address, frame, shortest
from bn_lab.ui.rules import GROUPS
from tests.ui.test_pages import check_text

Open = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("no_pictures")


def fields(page: Any) -> set[str]:
    """The fields that have a widget."""
    keys = {str(getattr(node, "key", "") or "") for node in page.at}
    return {key.removeprefix("field_") for key in keys if key.startswith("field_")}


def warned(page: Any, text: str) -> bool:
    return text in [warning.value for warning in page.at.warning]


def test_every_name_means_one_thing(lab: Open) -> None:
    names = rules.hideable(lab().at.session_state[PAGES])
    assert {"data", "lesson", "own"} <= {*names}
    assert len(names) == len(set(names))


def test_the_page_of_the_data_and_their_group_are_hidden_one_without_the_other(lab: Open) -> None:
    t = texts("en")
    page = lab(dataset="iris", hide="data", lang="en")
    assert {"dataset", "samples", "batch_size"} <= fields(page)
    page.go_to("data")
    assert t("classroom.away", page=t("page.data")) in [info.value for info in page.at.info]
    page = lab(dataset="iris", hide="data_settings", lang="en")
    assert not fields(page) & {*GROUPS["data_settings"]}
    page.go_to("data")
    assert [title.value for title in page.at.title] == [t("page.data")]


def test_a_lesson_hides_groups_fields_sections_and_pages(lab: Open) -> None:
    page = lab(dataset="iris", epochs="3", hide="network,epsilon,preview,intro,numbers,findings,claims", lang="en")
    t = texts("en")
    assert fields(page) == {*FIELDS} - {*GROUPS["network"], "epsilon", "data_noise"}
    assert t("fold.network") not in [expander.label for expander in page.at.expander]
    for hidden in ("page.intro", "preview.title"):
        assert t(hidden) not in page.text
    assert "findings" not in page.components
    assert page.stage["hidden"] == ["numbers", "findings"]
    assert page.at.query_params["hide"] == "network,epsilon,preview,intro,numbers,findings,claims"
    page.go_to("claims")
    assert "stage" in page.components
    assert t("classroom.away", page=t("page.claims")) in [info.value for info in page.at.info]
    page.go_to("rules")
    assert [title.value for title in page.at.title] == [t("page.rules")]
    assert page.at.query_params["hide"].endswith(",claims")
    page.go_to("")
    assert t("classroom.away", page=t("page.claims")) not in [info.value for info in page.at.info]


def test_pictures_of_hidden_sections_are_not_drawn(lab: Open) -> None:
    t = texts("en")
    page = lab(dataset="iris", hide="curves,layers,predictions,share", lang="en")
    heads = [header.value for header in page.at.subheader]
    assert t("section.scales") in heads
    assert not {t(f"section.{name}") for name in ("curves", "layers", "predictions")} & {*heads}
    assert page.stage["hidden"] == ["curves", "layers"]
    assert "share" not in [button.key for button in page.at.button]
    assert not {"share", "lesson"} & {*page.at.menu_button(key="menu").options}


def test_the_language_can_be_chosen_where_the_sidebar_is_hidden(lab: Open) -> None:
    page = lab(dataset="iris", hide="sidebar", lang="en")
    assert fields(page) == set()
    assert len(page.at.sidebar) == 0
    page.set("language_choice", "ko")
    assert texts("ko")("page.intro") in page.text
    check_text(page, "ko")


def once(monkeypatch: pytest.MonkeyPatch, page: Any, act: Callable[[], None]) -> None:
    """Do something within the page's session, as a message would that no page sends."""
    words = session.words
    monkeypatch.setattr(session, "words", lambda: (act(), words())[1])
    page.run()
    monkeypatch.setattr(session, "words", words)


def test_fixed_fields_keep_the_values_of_the_link(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(dataset="iris", epochs="3", depth="5", fix="network,seed,epochs", lang="en")
    t = texts("en")
    for name in FIELDS:
        if name in fields(page):
            assert page.widget(f"field_{name}").disabled == (name in {*GROUPS["network"], "seed", "epochs"})
    once(monkeypatch, page, lambda: session.change("depth", 7))
    assert page.experiment.depth == 5
    assert warned(page, t("error.fixed", field=t("field.depth")))
    assert page.stage["fixed"] == {"seed": True, "epochs": True}
    page.change("epsilon", 1e-6)
    assert page.experiment == Experiment(dataset="iris", epochs=3, depth=5, epsilon=1e-6)


def test_an_experiment_from_elsewhere_is_taken_but_for_what_is_fixed(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page, t = lab(dataset="iris", fix="dataset,depth", lang="en"), texts("en")
    once(monkeypatch, page, lambda: session.adopt(Experiment(dataset="digits", depth=7, width=16)))
    assert page.at.session_state["experiment"] == {"dataset": "iris", "width": "16"}
    for name in ("dataset", "depth"):
        assert warned(page, t("error.fixed", field=t(f"field.{name}")))


@pytest.mark.parametrize("parameter", ["hide", "fix"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_name_is_named_and_the_others_count(lab: Open, parameter: str, language: str) -> None:
    page = lab(dataset="iris", lang=language, **{parameter: "depth,lab,**x**,depth,language"})
    assert page.at.query_params[parameter] == "depth"
    assert any("lab, \\*\\*x\\*\\*, language" in warning.value for warning in page.at.warning)


def test_the_way_out_shows_everything(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(dataset="iris", hide="sidebar,claims", fix="depth", lang="en")
    page.at.button(key="lesson_leave").click()
    page.run()
    assert page.at.query_params == {"dataset": "iris", "lang": "en"}
    assert "depth" in fields(page)
    assert "lesson_leave" not in [button.key for button in page.at.button]
    page.go_to("claims")
    assert [title.value for title in page.at.title] == [texts("en")("page.claims")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dialog_makes_the_link_that_it_shows(lab: Open, language: str) -> None:
    page, t = lab(dataset="iris", epsilon="1e-06", lang=language), texts(language)
    page.open("lesson")
    check_text(page, language)
    page.set("lesson_hide_network", ["network", "depth"])
    page.set("lesson_hide_pages", ["claims"])
    page.set("lesson_fix_normalization", ["epsilon"])
    page.set("lesson_start", "algorithm")
    page.set("lesson_embedded", True)
    page.set("lesson_theme", "dark")
    check_text(page, language)
    made, framed = [code.value for code in page.at.code]
    assert "/algorithm?dataset=iris&epsilon=1e-06&" in made
    found = parse_link(made)
    assert found.experiment == page.experiment
    said = {"hide": "network,claims", "fix": "epsilon", "embed": "true", "embed_options": "dark_theme"}
    assert found.other == said
    assert re.findall('src="(.*?)"', unescape(framed)) == [made]
    (drawn,) = [node.proto.body for node in page.at.get("html") if '<img class="bn-qr"' in node.proto.body]
    assert drawn == lesson_link.qr_picture(made, t("classroom.qr_alt"))
    page.at.button(key="lesson_go_large").click()
    page.run()
    assert [code.value for code in page.at.code] == [made, framed, made]
    page.at.button(key="lesson_go_small").click()
    page.run()
    assert [code.value for code in page.at.code] == [made, framed]


def test_a_link_says_nothing_twice_and_nothing_that_goes_without_saying() -> None:
    assert shortest(["depth", "network", "epsilon", "depth"]) == ["network", "epsilon"]
    assert shortest(["sidebar", "network", "depth", "claims"]) == ["sidebar", "claims"]
    assert address(LinkOptions(), "https://lab.example/", Experiment(), {}) == "https://lab.example/"
    options, more = LinkOptions(language="ko", theme="dark"), {"run": "all", "hide": "x"}
    text = address(options, "https://lab.example/", Experiment(depth=5), more)
    assert text == "https://lab.example/?depth=5&run=all&lang=ko", "a theme is for frames"


def test_a_frame_holds_its_address_as_text() -> None:
    assert "?a=1&amp;b=&quot;&gt;" in frame('https://lab.example/?a=1&b=">')


# The code.

ADDRESSES = [
    "https://lab.example/",
    "https://lab.example/?dataset=iris&hide=sidebar&fix=depth&embed=true&embed_options=dark_theme",
    "https://lab.example/compare?compare=" + "dataset:iris;depth:5;epsilon:1e-06~" * 20,
]


@pytest.mark.parametrize("text", ADDRESSES, ids=len)
def test_another_programs_reader_reads_the_drawing(text: str) -> None:
    """The picture is made here from the drawing itself: strokes of one unit, right from where the path is."""
    drawn = lesson_link.qr_picture(text, "code")
    assert drawn is not None
    assert drawn.startswith('<img class="bn-qr" alt="code" src="data:image/svg+xml')
    drawn = unquote(unescape(drawn))
    assert "fill='#fff'" in drawn
    side = int(re.findall(r"viewBox='0 0 (\d+) \1'", drawn)[0])
    picture = np.full((side, side), 255, np.uint8)
    x, y = 0.0, 0.0
    path = re.findall(r"stroke='#000' d='(.*?)'", drawn)[0]
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            picture[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
        else:
            x, y = (float(first), float(second)) if command == "M" else (x + float(first), y + float(second))
    quiet = picture.copy()
    quiet[lesson_link.QUIET : -lesson_link.QUIET, lesson_link.QUIET : -lesson_link.QUIET] = 255
    assert (quiet == 255).all(), "nothing but white around it"
    (found,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))
    assert found.text == text


def test_a_text_that_is_too_long_has_no_code(lab: Open) -> None:
    assert lesson_link.qr_picture("x" * 1273, "") is not None
    assert lesson_link.qr_picture("x" * 1274, "") is None
    assert lesson_link.qr_picture("x" * 100_000, "") is None


@pytest.mark.parametrize(("way", "run"), [("", ""), ("play", "play"), ("all", "all"), ("epoch", "4")])
def test_a_link_opens_the_lab_as_one_wishes(lab: Open, way: str, run: str) -> None:
    page = lab(dataset="iris", epochs="6", run="all")
    page.open("lesson")
    page.set("lesson_run", way)
    if way == "epoch":
        page.set("lesson_epoch", 4)
    assert parse_link(page.at.code[0].value).other.get("run", "") == run

"""A visit: what a link opens, what it says back, the language, and other visitors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bn_lab import train
from bn_lab.datasets import Table, keep, table_of
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import Limits, Recordings
from bn_lab.service.admission import Admission
from bn_lab.ui import session

Open = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("no_pictures")


def warnings(page: Any) -> list[str]:
    """What the page warns of."""
    return [warning.value for warning in page.at.warning]


def test_a_first_visit_opens_the_default_experiment_and_plays_it(lab: Open) -> None:
    page = lab()
    assert page.experiment == Experiment()
    assert page.at.query_params == {}
    assert warnings(page) == []
    assert page.opening == {"epoch": None, "playing": True}
    assert page.watch.wanted == page.stage["epochs"] == page.stage["target"] == 1000


@pytest.mark.parametrize(
    ("params", "plays"),
    [
        ({"lang": "ko"}, True),
        ({"dataset": "boston"}, False),
        ({"dataset": "iris"}, False),
        ({"dataset": "iris", "run": "play"}, True),
        ({"hide": "sidebar"}, False),
    ],
    ids=str,
)
def test_only_the_plain_address_plays_by_itself_and_a_link_that_says_so(lab: Open, params: dict[str, str], plays: bool) -> None:
    page = lab(**params)
    assert page.stage["open"]["playing"] is plays
    assert page.watch.wanted == (page.watch.target if plays else 0)
    assert page.at.query_params == {name: text for name, text in params.items() if text != "boston"}


def test_a_link_opens_its_experiment(lab: Open) -> None:
    wanted = Experiment(dataset="iris", arms=("none", "after"), epsilon=1e-6, samples=60, depth=5, seed=7)
    page = lab(wanted)
    assert page.experiment == wanted
    assert warnings(page) == []


def test_a_bad_value_in_a_link_is_named_and_the_rest_is_kept(lab: Open) -> None:
    page = lab(dataset="iris", depth="99", width="16", wdith="8", samples="151", lang="en")
    assert page.experiment == Experiment(dataset="iris", width=16)
    t, told = texts("en"), warnings(page)
    assert told[0] == t("link.problem")
    assert len(told) == 4
    for field, value in (("depth", "99"), ("samples", "151")):
        assert any(t(f"field.{field}") in text and value in text for text in told)
    assert any("wdith" in text for text in told)
    assert page.at.query_params == {"dataset": "iris", "width": "16", "lang": "en"}
    page.change("depth", 4)
    assert warnings(page) == []


HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "markdown": "[x](javascript:alert(1)) **b** `c` :red[r] :material/home: $x$ ![i](//e)",
    "10 kB": "x" * 10_000,
    "format": "{field.__class__} {0} %s",
    "control": "a\x00b\r\n# heading\n- list",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_shown_short_and_as_text(lab: Open, text: str, language: str) -> None:
    page = lab(**{"activation": text, "depth": text, "arms": text, text: "1"}, lang=language)
    assert page.experiment == Experiment()
    told = warnings(page)
    assert len(told) == 5
    for warning in told:
        assert len(warning) < 500
        assert "\n" not in warning
        for mark in ("<", "[", "`", "*", "$", ":material", "#"):
            assert mark not in warning.replace(f"\\{mark}", "").replace("\\:material", "")


@pytest.mark.parametrize(
    ("lang", "locale", "language"),
    [
        (None, None, "en"),
        (None, "ko-KR", "ko"),
        (None, "fr-FR", "en"),
        ("ko", "en-US", "ko"),
        ("en", "ko-KR", "en"),
    ],
)
def test_the_language_is_the_links_or_the_browsers(lab: Open, lang: str | None, locale: str | None, language: str) -> None:
    page = lab(locale=locale, **({"lang": lang} if lang else {}))
    assert page.at.button(key="share").label == texts(language)("menu.share")
    assert page.stage["texts"]["player.play"] == texts(language)("player.play")
    assert page.widget("language_choice").value == language
    assert page.at.query_params == ({"lang": language} if lang else {})
    assert warnings(page) == []


def test_switching_the_language_keeps_everything_else(lab: Open) -> None:
    page = lab(dataset="iris", epochs="5000", run="play", locale="en-US")
    before = page.watch
    page.set("language_choice", "ko")
    assert page.stage["language"] == "ko"
    assert page.at.query_params == {"dataset": "iris", "epochs": "5000", "run": "play", "lang": "ko"}
    assert page.watch is before
    page.set("language_choice", None)  # pressing the present one again
    assert page.widget("language_choice").value == "ko"


def test_other_pages_keep_the_link_and_what_is_watched(lab: Open) -> None:
    page = lab(dataset="iris", lang="ko")
    page.change("depth", 5)
    before = page.watch
    page.go_to("rules")
    assert page.at.query_params == {"dataset": "iris", "depth": "5", "lang": "ko"}
    assert page.watch is before
    assert page.told("connect") == {"token": page.visitor.token}
    page.set("language_choice", "en")
    page.go_to("")
    assert page.at.query_params == {"dataset": "iris", "depth": "5", "lang": "en"}
    assert page.experiment == Experiment(dataset="iris", depth=5)
    assert page.watch is before


def test_two_visitors_watch_one_recording_and_do_not_disturb_each_other(lab: Open) -> None:
    one, other = lab(dataset="iris", epochs="4"), lab(dataset="iris", epochs="3")
    assert one.watch.recording == other.watch.recording
    assert one.visitor.token != other.visitor.token
    one.train()
    assert other.watch.wanted == 0
    other.train()
    for page, epochs in ((one, 4), (other, 3)):
        alone = train(Experiment(dataset="iris", epochs=epochs))
        np.testing.assert_array_equal(page.watch.history().train_loss, alone.train_loss)


@pytest.mark.parametrize("run", ["", "play", "2"])
def test_with_a_changed_field_the_browser_plays_if_it_was_playing(lab: Open, run: str) -> None:
    page = lab(dataset="iris", epochs="4", run=run)
    page.change("depth", 2)
    assert page.watch.wanted == 0  # until the page says otherwise
    assert page.opening == {"epoch": None, "playing": None}


def test_more_epochs_go_on_with_the_same_recording(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4", run="2")
    before = page.watch.recording
    assert page.watch.wanted == 2
    page.change("epochs", 10)
    assert page.watch.recording == before
    assert page.stage["target"] == 10
    assert page.at.query_params == {"dataset": "iris", "epochs": "10"}


def test_every_problem_of_choices_with_the_data_is_one_of_a_field() -> None:
    with pytest.raises(ExperimentError) as caught:
        session.check(Experiment(dataset="iris", samples=151))
    assert caught.value.field == "samples"
    session.check(Experiment(dataset="iris", samples=75, validation_share=0.5))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_cannot_ask_for_more_than_the_server_gives(lab: Open, recordings: Recordings, language: str) -> None:
    recordings.limits = Limits(experiment_minutes=0.02)
    asked, t = Experiment(epochs=5000), texts(language)
    page = lab(asked, lang=language, run="all")
    assert recordings.limits.allows(page.experiment)
    assert page.experiment != asked
    told = "\n".join(warnings(page))
    assert "BN_LAB_EXPERIMENT_MINUTES" in told
    assert f"{t('field.epochs')} {page.experiment.epochs:,}" in told
    before = page.experiment
    page.change("epochs", 5000)  # nor can a widget
    assert page.experiment == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_no_room_a_visitor_is_told_so_and_comes_in_later(
    lab: Open, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admission, t = Admission(1), texts(language)
    monkeypatch.setattr(session, "admission", lambda: admission)
    assert admission.enter("somebody else")
    page = lab(dataset="iris", lang=language)
    assert t("page.full", most=1) in page.text
    assert page.at.query_params == {"dataset": "iris", "lang": language}
    assert page.visitor.watches == {}
    admission.leave("somebody else")
    page.at.button(key="try_again").click()
    page.run()
    assert page.experiment == Experiment(dataset="iris")
    assert page.stage["epochs"] == 0


@pytest.mark.parametrize(("run", "epoch", "wanted"), [("all", "end", 6), ("4", 4, 4), ("nonsense", None, 0), ("7", None, 0)])
def test_a_link_says_where_to_open(lab: Open, run: str, epoch: int | str | None, wanted: int) -> None:
    page = lab(dataset="iris", epochs="6", run=run, lang="en")
    assert page.opening == {"epoch": epoch, "playing": False}
    assert page.stage["target"] == 6
    assert page.watch.wanted == wanted
    assert page.at.query_params.get("run", "") == (run if wanted else "")
    assert any(run in text for text in warnings(page)) is (wanted == 0)
    page.change("depth", 2)
    assert "run" not in page.at.query_params


def test_a_link_to_own_data_of_another_visitor_does_not_open_them(lab: Open) -> None:
    name = "own-0123456789abcdef-2-regression-dropped"
    held = keep(Table(name, np.eye(8), tuple("abcdefgh"), np.arange(8.0), "y", "", "regression"))
    assert table_of(Experiment(dataset=name)) is held
    page = lab(dataset=name, epsilon="1e-05", lang="en")
    assert page.at.query_params == {"dataset": name, "epsilon": "1e-05", "lang": "en"}
    assert texts("en")("uploads.ask", hash=name[4:12]) in [info.value for info in page.at.info]
    assert any("1×10⁻⁵" in caption.value for caption in page.at.caption)
    assert "stage" not in page.components
    assert not page.at.dataframe


def test_the_same_recording_opens_again_where_somebody_asks_for_it_and_only_then(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    first = page.stage["open"]["id"]
    page.run()
    page.change("epochs", 5)
    assert page.stage["open"]["id"] == first, "it goes on"
    page.act("chip", id="boston")
    page.act("chip", id="boston")
    assert page.stage["open"]["id"] > first + 1

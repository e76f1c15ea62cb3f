"""A visit: what a link opens, what it says back, the language, and other visitors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bn_lab import train
from bn_lab.datasets import Table, keep, table_of
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import Limits, State, Trainer, Training
from bn_lab.service.entrance import Entrance
from bn_lab.service.leases import CLOSED_GRACE
from bn_lab.ui import session

Open = Callable[..., Any]
APP = Path(__file__).resolve().parents[2] / "app.py"

pytestmark = pytest.mark.usefixtures("no_pictures")


def warnings(page: Any) -> list[str]:
    """What the page warns of, the remark about the address of this computer apart."""
    told = [warning.value for warning in page.at.warning]
    told.remove(texts(page.at.session_state["language"])("share.local"))
    return told


def test_a_first_visit_opens_the_default_experiment(lab: Open) -> None:
    page = lab()
    assert page.experiment == Experiment()
    assert page.at.query_params == {}
    assert warnings(page) == []
    assert page.state == "ready"
    assert page.training.view.history.steps == 0


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
    assert page.at.button(key="player_train").label == texts(language)("player.train")
    assert page.widget("language_choice").value == language
    assert page.at.query_params == ({"lang": language} if lang else {})
    assert warnings(page) == []


def test_switching_the_language_keeps_everything_else(lab: Open) -> None:
    page = lab(dataset="iris", epochs="5000", locale="en-US")
    page.click("train")
    page.until("running")
    before, done = page.training, page.training.view.history.steps
    page.set("language_choice", "ko")
    assert page.at.button(key="player_pause").label == texts("ko")("player.pause")
    assert page.parameters == {"dataset": "iris", "epochs": "5000", "lang": "ko"}
    assert page.training is before
    assert before.view.state == "running"
    page.trainer.turn()
    assert before.view.history.steps >= done
    page.set("language_choice", None)  # pressing the present one again
    assert page.widget("language_choice").value == "ko"


def test_other_pages_keep_the_link_and_the_training(lab: Open) -> None:
    page = lab(dataset="iris", lang="ko")
    page.change("depth", 5)
    page.click("step")
    page.until("paused")
    before = page.training
    page.go_to("rules")
    assert page.at.query_params == {"dataset": "iris", "depth": "5", "lang": "ko"}
    page.set("language_choice", "en")
    page.go_to("")
    assert page.at.query_params == {"dataset": "iris", "depth": "5", "lang": "en"}
    assert page.experiment == Experiment(dataset="iris", depth=5)
    assert page.training is before
    assert page.state == "paused"


def test_two_visitors_do_not_disturb_each_other(lab: Open) -> None:
    one, other = lab(dataset="iris", epochs="4"), lab(dataset="iris", epochs="4")
    one.click("train")
    one.until("done")
    assert other.state == "ready"
    other.click("train")
    one.click("reset")
    other.until("done")
    assert one.state == "ready"
    np.testing.assert_array_equal(other.training.view.history.train_loss, train(other.experiment).train_loss)


def test_who_leaves_lets_go_of_the_training(lab: Open, trainer: Trainer) -> None:
    page = lab(dataset="iris", epochs="5000")
    page.click("train")
    page.until("running")
    left = session.Page(trainer, page.at.session_state["visitor"])
    left.training = page.training
    left.gone()
    assert page.training.watchers() == 1
    assert page.training._leases._until[left.name][0] <= trainer._clock() + CLOSED_GRACE


def test_a_training_that_is_gone_is_replaced_by_a_new_one(lab: Open, trainer: Trainer) -> None:
    page = lab(dataset="iris")
    page.click("step")
    page.until("paused")
    before = page.training.id
    trainer.drop(before)
    page.run()
    assert page.training.id != before
    assert page.state == "ready"
    assert page.frame.header["run"] == page.training.run
    assert page.experiment == Experiment(dataset="iris")


def test_every_problem_of_choices_with_the_data_is_one_of_a_field() -> None:
    with pytest.raises(ExperimentError) as caught:
        session.check(Experiment(dataset="iris", samples=151))
    assert caught.value.field == "samples"
    session.check(Experiment(dataset="iris", samples=75, validation_share=0.5))


@pytest.mark.parametrize(
    ("choices", "light"),
    [
        ({}, True),
        ({"arms": ("none", "standardized", "before", "after"), "depth": 12, "width": 32, "seeds": 1}, True),
        ({"width": 256, "depth": 12}, False),
        ({"seeds": 32, "width": 128}, False),
        ({"dataset": "digits", "width": 256}, False),
    ],
)
def test_only_small_networks_are_drawn_before_they_are_asked_for(choices: dict[str, Any], light: bool) -> None:
    assert session.is_light(Experiment(**choices)) is light


@pytest.fixture
def real() -> Iterator[Trainer]:
    """The process's own trainer, with its thread, which is over after the test."""
    logging.disable(logging.WARNING)  # outside of a page Streamlit says that there is none
    trainer = session.trainer()
    yield trainer
    thread = trainer._thread
    for training in trainer.trainings:
        trainer.drop(training.id)
    if thread is not None:
        thread.join(timeout=10)
        assert not thread.is_alive()
    logging.disable(logging.NOTSET)


def test_the_trainer_of_the_process_trains_what_the_page_asks_for(real: Trainer) -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params = {"dataset": "iris", "epochs": "5"}
    at.run()
    at.button(key="player_train").click().run()
    assert not at.exception
    found: Training | None = real.get(at.session_state["training"])
    assert found is not None
    with real._changed:
        assert real._changed.wait_for(lambda: found.view.state is State.DONE, timeout=30)
    at.run()
    assert at.button(key="player_longer").label
    assert found.view.history is not None
    np.testing.assert_array_equal(found.view.history.train_loss, train(Experiment(dataset="iris", epochs=5)).train_loss)
    assert [thread.name for thread in threading.enumerate()].count("bn-lab-trainer") == 1


def test_a_browser_that_does_not_know_a_new_value_yet_does_not_take_it_back(lab: Open) -> None:
    page = lab(dataset="iris")
    page.click("new_seed")
    page.change("seed", 0)  # what a message says that left before the new value arrived
    assert page.experiment.seed == 1
    page.run()
    page.change("seed", 0)  # and this is a choice
    assert page.experiment.seed == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_cannot_ask_for_more_than_the_server_gives(lab: Open, trainer: Trainer, language: str) -> None:
    trainer.limits = Limits(experiment_minutes=0.02)
    asked, t = Experiment(epochs=5000), texts(language)
    page = lab(asked, lang=language, run="all")
    assert trainer.limits.allows(page.experiment)
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
    entrance, t = Entrance(1), texts(language)
    monkeypatch.setattr(session, "entrance", lambda: entrance)
    assert entrance.enter("somebody else")
    page = lab(dataset="iris", lang=language)
    assert t("page.full", most=1) in page.text
    assert page.at.query_params == {"dataset": "iris", "lang": language}
    assert page.trainer.trainings == []
    entrance.leave("somebody else")
    page.at.button(key="try_again").click()
    page.run()
    assert page.experiment == Experiment(dataset="iris")
    assert page.state == "ready"


@pytest.mark.parametrize(
    ("run", "state", "epochs"), [("all", "done", 6), ("4", "paused", 4), ("nonsense", "ready", 0), ("7", "ready", 0)]
)
def test_a_link_says_how_far_to_train(lab: Open, run: str, state: str, epochs: int) -> None:
    page = lab(dataset="iris", epochs="6", run=run, lang="en")
    page.until(state)
    assert page.training.view.progress == epochs
    assert page.run_of_link == (run if epochs else "")
    assert any(run in text for text in warnings(page)) is (epochs == 0)


def test_a_link_to_own_data_of_another_visitor_does_not_open_them(lab: Open) -> None:
    name = "own-0123456789abcdef-2-regression-dropped"
    held = keep(Table(name, np.eye(8), tuple("abcdefgh"), np.arange(8.0), "y", "", "regression"))
    assert table_of(Experiment(dataset=name)) is held
    page = lab(dataset=name, depth="2")
    assert "01234567" in page.text
    assert not page.buttons
    assert page.at.query_params == {"dataset": name, "depth": "2"}
    assert page.trainer.trainings == []

"""Dialogs: what they offer in which state, and that the files are those of what is on screen."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from safetensors.numpy import load as load_weights

from bn_lab import timing, train
from bn_lab.codegen import FRAMEWORKS, notebook, script
from bn_lab.experiment import Experiment
from bn_lab.files.experiments import from_json, to_json
from bn_lab.i18n import texts
from bn_lab.service import Watch
from bn_lab.sharing import Decoded
from bn_lab.ui.kit.errors import NoFile
from bn_lab.ui.lab import stage
from bn_lab.ui.menu import downloads

IRIS = Experiment(dataset="iris", epochs=4, arms=("none", "before"), seeds=2, depth=2)

Make = Callable[[], str | bytes]

DRAWN = stage.templates  # which pages here do without, and a report does not


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_code_is_that_of_the_experiment_on_screen(opened: Callable[..., Any], files: dict[str, Make], framework: str) -> None:
    page = opened("code", IRIS, trained=False)
    page.set("take_framework", framework)
    assert script(IRIS, framework) in [code.value.rstrip("\n") + "\n" for code in page.at.code]
    assert files[f"iris-{framework}.py"]() == script(IRIS, framework)
    assert files[f"iris-{framework}.ipynb"]() == notebook(IRIS, framework)
    data = files["iris.csv"]()
    assert isinstance(data, bytes)
    assert len(pd.read_csv(io.BytesIO(data))) == 150


def test_untrained_there_is_only_the_experiment_and_the_page_says_what_is_missing(
    opened: Callable[..., Any], files: dict[str, Make]
) -> None:
    page = opened("files", IRIS, trained=False, lang="en")
    assert texts("en")("take.untrained") in [info.value for info in page.at.info]
    assert list(files) == ["iris-experiment.json"]
    assert from_json(str(files["iris-experiment.json"]()).encode()) == Decoded(IRIS, ())
    page.at.button(key="take_train").click()
    page.run()
    page.until("ended")
    assert not page.at.info
    assert "iris-report.html" in files


def test_trained_every_file_is_that_of_the_record(
    opened: Callable[..., Any], files: dict[str, Make], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("files", IRIS, lang="ko")
    assert texts("ko")("take.untrained") not in page.text
    history = train(IRIS)
    table = pd.read_parquet(io.BytesIO(files["iris-networks.parquet"]()))  # type: ignore[arg-type]
    assert len(table) == 4 * 4
    assert table.train_loss.iloc[-1] == history.train_loss[-1, -1, -1]
    assert str(files["iris-networks.csv"]()).count("before") == 8
    assert str(files["iris-layers.csv"]()).count("pre_activation") == (1 + 4 * 5) * 2 * 2  # each of the first steps is recorded
    page.set("take_arm", "before")
    weights = load_weights(files["iris-before-seed0.safetensors"]())  # type: ignore[arg-type]
    assert (weights["0.weight"] == history.checkpoints[-1].arms["before"]["weight.0"]).all()
    monkeypatch.setattr(stage, "templates", DRAWN)
    report = str(files["iris-report.html"]())
    assert report.startswith('<!doctype html>\n<html lang="ko">')
    page.set("take_seed", 1)
    other = load_weights(files["iris-before-seed1.safetensors"]())  # type: ignore[arg-type]
    assert not (other["0.weight"] == weights["0.weight"]).all()
    monkeypatch.setattr(timing, "DOWNLOAD_TIMEOUT", 0.0)
    with pytest.raises(NoFile):
        files["iris-before-seed1.safetensors"]()  # its network is trained again for it


def test_files_wait_for_the_end_of_a_training_and_say_how_far_it_is(opened: Callable[..., Any], files: dict[str, Make]) -> None:
    page = opened("files", replace(IRIS, epochs=5000), trained=False, lang="en", run="play")
    page.wait_for(lambda: page.watch.progress.epoch >= 2)
    page.run()
    (told,) = page.at.info
    assert told.value.startswith("Trained for ")
    assert told.value.endswith(texts("en")("take.unfinished", epoch="", epochs="5,000").rpartition(" of ")[2])
    assert list(files) == ["iris-experiment.json"]
    assert not [button.key for button in page.at.button if button.key == "take_train"]


def test_what_is_taken_away_ends_at_the_target_however_far_others_train(
    opened: Callable[..., Any], files: dict[str, Make]
) -> None:
    page = opened("files", IRIS)
    other = page.recordings.visitor("other").want("lab", replace(IRIS, epochs=9))
    page.wait_for(lambda: other.progress.state == "ended")
    networks = pd.read_csv(io.BytesIO(files["iris-networks.csv"]()))  # type: ignore[arg-type]
    assert networks.epoch.max() == 4
    weights = load_weights(files["iris-none-seed0.safetensors"]())  # type: ignore[arg-type]
    assert (weights["0.weight"] == train(IRIS).checkpoints[-1].arms["none"]["weight.0"]).all()


def test_a_drawn_page_makes_no_file(opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("nobody asked for a file")

    for place, name in (
        ("bn_lab.files.tables", "networks"),
        ("bn_lab.files.tables", "to_csv"),
        ("bn_lab.files.weights", "to_safetensors"),
        ("bn_lab.files.experiments", "to_json"),
        ("bn_lab.ui.menu.report.Report", "of"),
    ):
        monkeypatch.setattr(f"{place}.{name}", never)
    monkeypatch.setattr(Watch, "network", never)
    monkeypatch.setattr(downloads, "history_of", never)
    page = opened("files", IRIS)
    page.run()


def test_a_dialog_stays_open_while_the_page_is_drawn_again_and_closes(opened: Callable[..., Any]) -> None:
    page = opened("files", IRIS, lang="en")
    page.run()
    assert texts("en")("take.weights_about") in page.text
    page.close()
    assert texts("en")("take.weights_about") not in page.text


def test_the_experiment_of_a_file_comes_on_screen(opened: Callable[..., Any]) -> None:
    page = opened("files", IRIS, lang="en")
    wish = Experiment(epochs=7, depth=5, activation="relu")
    content = json.loads(to_json(wish))
    content["experiment"] |= {"width": 9999, "nonsense": "<b>"}
    page.set("take_file_0", ("wish.json", json.dumps(content).encode(), "application/json"))
    page.run()
    assert page.experiment == wish
    assert len(page.at.warning) == 2
    assert texts("en")("take.weights_about") not in page.text


def test_a_file_that_is_no_experiment_is_told_and_changes_nothing(opened: Callable[..., Any]) -> None:
    page = opened("files", IRIS, lang="en")
    for content in (b"no JSON", b"{}", b'{"format": "bn-lab-experiment", "version": 99, "experiment": {}}'):
        page.set("take_file_0", ("wish.json", content, "application/json"))
        assert len(page.at.error) == 1
        assert page.experiment == IRIS
        assert page.state == "ended"


def test_what_was_wrong_with_a_file_is_gone_with_the_dialog(opened: Callable[..., Any]) -> None:
    page = opened("files", IRIS, trained=False, lang="en")
    page.set("take_file_0", ("wish.json", b"no JSON", "application/json"))
    page.set("language_choice", "ko")
    assert [error.value for error in page.at.error] == [texts("ko")("error.file_json")]
    page.close()
    page.open("files")
    assert not page.at.error


def test_the_experiment_of_a_file_on_own_data_asks_for_them(opened: Callable[..., Any]) -> None:
    page = opened("files", IRIS, trained=False, lang="en")
    content = json.loads(to_json(Experiment(dataset="own-0123456789abcdef-3-regression-dropped", depth=5)))
    content["experiment"] |= {"width": 9999}
    page.set("take_file_0", ("wish.json", json.dumps(content).encode(), "application/json"))
    page.run()
    assert texts("en")("uploads.ask", hash="01234567") in page.text
    (told,) = page.at.warning
    assert "9999" in told.value
    page.at.button(key="uploads_shipped").click()
    page.run()
    assert page.experiment == Experiment(depth=5)

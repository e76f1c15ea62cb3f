"""Limits: what is allowed, what is refused, and that what a message proposes does fit."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bn_lab.arms import ARMS
from bn_lab.engine.cost import memory, seconds
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import LimitError, Limits
from bn_lab.service import limits as module
from bn_lab.service.admission import Admission
from bn_lab.service.limits import MB, setting
from bn_lab.ui.kit import formatting

HOSTING = Path(__file__).resolve().parents[2] / "docs" / "hosting.md"

SMALL = Limits(trainings_mb=200, experiment_mb=100, experiment_minutes=10)

LARGE = Experiment(dataset="digits", width=256, depth=12, arms=tuple(ARMS), seeds=32, batch_size=4096, epochs=5000)
"""As much as the widgets allow."""


def test_the_lessons_programs_fit_on_the_smallest_server() -> None:
    for dataset in ("boston", "iris"):
        Limits(trainings_mb=64, experiment_mb=32).check(Experiment(dataset=dataset, arms=tuple(ARMS)))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("rule", "limits"), [("too_long", SMALL), ("too_big", Limits(experiment_mb=5, trainings_mb=50))])
def test_a_message_says_which_limit_and_what_would_fit(language: str, rule: str, limits: Limits) -> None:
    experiment = Experiment(dataset="digits", width=128, seeds=16)
    with pytest.raises(LimitError) as caught:
        limits.check(experiment)
    error = caught.value
    assert error.rule == rule
    t, (first, *_) = texts(language), error.fits
    message = formatting.error(t, error)
    assert setting("experiment_minutes" if rule == "too_long" else "experiment_mb") in message
    for name, value in first.items():
        assert t(f"field.{name}") in message
        assert f"{value:,}" in message
        assert value < (getattr(experiment, name) or 1797)


@settings(max_examples=150)
@example("digits", 10, 1, 9, 1, 14, 4, 1.0, 106.0)
@given(
    dataset=st.sampled_from(["boston", "iris", "digits"]),
    width=st.integers(1, 256),
    depth=st.integers(1, 12),
    seeds=st.integers(1, 32),
    epochs=st.integers(1, 5000),
    batch_size=st.integers(2, 4096),
    arms=st.integers(1, 4),
    minutes=st.floats(0.05, 100),
    mb=st.floats(30, 1000),
)
def test_every_proposal_fits(
    dataset: str, width: int, depth: int, seeds: int, epochs: int, batch_size: int, arms: int, minutes: float, mb: float
) -> None:
    experiment = Experiment(
        dataset=dataset,  # type: ignore[arg-type]
        width=width,
        depth=depth,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        arms=tuple(ARMS)[:arms],
    )
    limits = Limits(experiment_minutes=minutes, experiment_mb=mb, trainings_mb=1000)
    if seconds(experiment) / 60 <= minutes and memory(experiment) / MB <= mb:
        limits.check(experiment)
        return
    with pytest.raises(LimitError) as caught:
        limits.check(experiment)
    assert caught.value.fits
    for way in caught.value.fits:
        assert limits.allows(replace(experiment, **way))  # type: ignore[arg-type]
    assert limits.allows(limits.shrunk(experiment))


def test_the_largest_that_the_widgets_allow_is_bounded_too() -> None:
    with pytest.raises(LimitError):
        Limits().check(LARGE)
    assert SMALL.allows(SMALL.shrunk(LARGE))


def test_studies_are_bounded_in_size_and_in_number() -> None:
    limits, places = Limits(study_minutes=2, visitor_studies=2, experiment_mb=120), [Experiment(epochs=2000), Experiment()]
    assert 1 < sum(map(seconds, places)) / 60 * 20 < 2.4
    limits.check_study(places, unfinished=1)
    with pytest.raises(LimitError, match="BN_LAB_STUDY_MINUTES"):
        limits.check_study(places * 40, unfinished=0)
    with pytest.raises(LimitError, match="BN_LAB_VISITOR_STUDIES"):
        limits.check_study(places, unfinished=2)
    limits.check_study([Experiment(dataset="digits", width=64, seeds=20, epochs=1)], unfinished=0)  # 20 networks, one by one
    with pytest.raises(LimitError, match="BN_LAB_EXPERIMENT_MB"):
        limits.check_study([*places, Experiment(dataset="digits", width=256, depth=6, batch_size=4096, epochs=1)], unfinished=0)


@pytest.mark.parametrize(
    ("mb", "quota", "workers"),
    [
        (1000, "max 100000", 1),
        (500, "max 100000", 1),
        (2000, "max 100000", 2),
        (64_000, "max 100000", 16),
        (64_000, "150000 100000", 2),
    ],
)
def test_there_is_a_worker_a_core_where_memory_allows(
    mb: float, quota: str, workers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "CORES", tmp_path / "cpu.max")
    module.CORES.write_text(quota)
    monkeypatch.setattr(module, "cores", module.cores.__wrapped__)
    monkeypatch.setattr(module, "available", lambda: mb)
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: range(64))
    assert Limits().workers == workers
    assert Limits.from_environment({"BN_LAB_WORKERS": "3"}).workers == 3
    left = mb - module.BARE - workers * module.WORKER
    assert Limits().trainings_mb == max(64, left / 2)


def test_limits_are_settings_of_the_environment() -> None:
    limits = Limits.from_environment({"BN_LAB_VISITORS": "30", "BN_LAB_EXPERIMENT_MINUTES": "2.5", "BN_LAB_EXPERIMENT_MB": " "})
    assert (limits.visitors, limits.experiment_minutes) == (30, 2.5)
    assert limits.experiment_mb == Limits().experiment_mb


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf", "1_000e", "__import__('os')"])
def test_a_setting_that_is_no_positive_number_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="BN_LAB_EXPERIMENT_MINUTES must be a positive number"):
        Limits.from_environment({"BN_LAB_EXPERIMENT_MINUTES": text})


def test_every_setting_is_documented() -> None:
    documented = HOSTING.read_text(encoding="utf-8")
    assert [setting(each.name) for each in fields(Limits) if f"`{setting(each.name)}`" not in documented] == []


def test_the_entrance_counts_visitors_and_not_their_clicks() -> None:
    admission = Admission(2)
    assert [admission.enter(name) for name in ("ann", "ben", "ann", "cem")] == [True, True, True, False]
    assert not admission.has_room
    admission.leave("ann")
    assert admission.enter("cem")
    assert admission.inside == 2

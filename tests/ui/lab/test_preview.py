"""What the page shows before the first training is what the engine will then do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine import cost
from bn_lab.engine.run import Run
from bn_lab.engine.stack import Stack
from bn_lab.experiment import Experiment
from bn_lab.i18n import texts
from bn_lab.ui.lab.preview import COLUMNS

Open = Callable[..., Any]


def parameters(experiment: Experiment, arm: str) -> int:
    """The trainable numbers of one network of the engine."""
    table = load(experiment.dataset)
    stack = Stack(experiment, table.features.shape[1], table.outputs, table.task)
    networks = {"weight": stack.networks, "bias": stack.networks, "gamma": stack.per_arm, "beta": stack.per_arm}
    total = 0
    for name, view in stack.parameters.views.items():
        kind, _, *owner = name.split(".")
        if owner in ([], [arm]):
            total += view.numel() // networks[kind]
    return total


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(
    "choices",
    [{}, {"dataset": "iris", "depth": 1, "width": 1}, {"dataset": "digits", "depth": 12, "width": 7, "seeds": 2}],
    ids=["boston", "iris", "digits"],
)
def test_parameters_are_counted_as_the_engine_makes_them(arm: str, choices: dict[str, Any]) -> None:
    experiment = Experiment(**choices, arms=tuple(ARMS))
    assert cost.parameters(experiment, load(experiment.dataset), arm) == parameters(experiment, arm)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"dataset": "iris", "batch_size": 4096, "seeds": 3, "arms": tuple(ARMS)},
        {"dataset": "iris", "validation_share": 0.2, "epochs": 5000},
        {"batch_size": 5},  # 506 = 101 · 5 + 1: the last sample joins the batch before it
        {"dataset": "iris", "batch_size": 149},
        {"samples": 2, "batch_size": 2},
    ],
    ids=str,
)
def test_the_plan_is_what_will_be_done(lab: Open, choices: dict[str, Any]) -> None:
    experiment = Experiment(**choices)
    page, run = lab(experiment, lang="en"), Run(experiment)
    t = texts("en")
    rows = run.source.splits[0]
    plan = t(
        "preview.plan",
        networks=run.stack.networks,
        samples=len(rows.train),
        batches=f"{run.source.steps.of_epoch(1):,}",
        batch=min(experiment.batch_size, len(rows.train)),
        epochs=f"{experiment.epochs:,}",
    )
    validation = t("preview.validation", count=len(rows.validation)) if len(rows.validation) else t("preview.no_validation")
    assert f"{plan} {validation}" in [markdown.value for markdown in page.at.markdown]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("arms", [tuple(ARMS), ("none",), ("after",)], ids="-".join)
def test_every_arm_is_drawn_layer_by_layer(lab: Open, arms: tuple[str, ...]) -> None:
    page = lab(Experiment(dataset="iris", depth=4, arms=arms, dropout=0.25), lang="en")
    t = texts("en")
    (body,) = [node.proto.body for node in page.at.get("html") if '<div class="bn-network"' in node.proto.body]
    networks = body.split('<div class="bn-network"')[1:]
    assert len(networks) == len(arms)
    for arm, network in zip(arms, networks, strict=True):
        assert t(f"arm.{arm}") in network
        activation = t("activation.swish")
        parts = {"before": f"BN · {activation} · ", "after": f"{activation} · BN · "}.get(arm, f"{activation} · ")
        layer = f'bn-layer">{t("preview.affine", units=8)} · {parts}{t("preview.dropout", rate="0.25")}<'
        assert network.count("bn-layer") == network.count(layer) == 4
        assert (t("inputs.standardized") in network) == (arm == "standardized")


def test_noise_is_named_in_the_layers_that_have_it(lab: Open) -> None:
    page = lab(Experiment(dataset="iris", arms=("none", "before"), bn_noise=0.3), lang="en")
    layer = texts("en")("preview.noisy", norm="BN", noise="0.3")
    assert page.text.count(layer) == 3


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("dataset", "columns"), [("boston", 14), ("boston_without_b", 13), ("iris", 5), ("digits", COLUMNS + 1)]
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_head_of_the_data_is_shown(lab: Open, dataset: str, columns: int, language: str) -> None:
    page = lab(dataset=dataset, lang=language)
    (head,) = (each.proto.body for each in page.at.get("html") if "<table" in each.proto.body)
    names, cells = (re.findall(f"<{kind}>(.*?)</{kind}>", head) for kind in ("th", "td"))
    assert (len(names), len(cells)) == (columns, 5 * columns)
    t, table = texts(language), load(dataset)
    target = f"feature.{table.target_name}"
    assert names[-1] == (t(target) if target in t else table.target_name)
    if dataset == "digits":
        assert any(float(cell) for k, cell in enumerate(cells) if (k + 1) % columns), "the columns shown are not the empty rim"
    if language == "en":
        assert all(name.isascii() for name in names)
    assert texts(language)(f"about.{dataset}") in [markdown.value for markdown in page.at.markdown]

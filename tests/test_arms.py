"""A new arm is one record, its normalizer's kernels, its two texts and its lines in programs: a made-up one goes all the way.

It normalizes by the mean of the batch alone: x̂ = x − μ_B and out = x̂ + β (Salimans & Kingma 2016, section 3.2).
"""

from __future__ import annotations

import html
import re
import runpy
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bn_lab import arms as registry
from bn_lab.arms import ARMS, Arm, Normalizer
from bn_lab.codegen import keras, model, pytorch, script
from bn_lab.codegen.loading import snippet
from bn_lab.datasets import load
from bn_lab.engine.anatomy.inference import three_ways
from bn_lab.engine.history import STAGES, History
from bn_lab.engine.normalizers import NORMALIZERS, Norm
from bn_lab.engine.run import Run
from bn_lab.engine.summary import at_moment, findings, sentence, summaries
from bn_lab.engine.trial import train_stack
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.figures.frame import fill
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES, figure_names
from bn_lab.files.weights import state_dict
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.sharing import link, parse_link
from bn_lab.ui.menu import report

ROOT = Path(__file__).resolve().parents[1]

CENTERING = Normalizer(
    name="centering",
    short="C",
    formula="x̂+β",
    parameters={"beta": 0.0},
    statistics={"mean": 0.0},
    settings=("bn_momentum",),
    removes_bias=True,
)
RECORDS = [
    Arm(id="centered_before", color="#123456", dash="longdash", normalizer=CENTERING, placement="before"),
    Arm(id="centered_after", color="#654321", dash="longdashdot", normalizer=CENTERING, placement="after"),
]
NAMES = {"en": "mean-only BN, {}", "ko": "평균만 쓰는 BN, {}"}


class Centering(Norm):
    """Its kernels."""

    def forward(self) -> None:
        torch.mean(self.site.x, 2, out=self.site.statistics["mean"])
        torch.add(self.normalized(), self.site.parameters["beta"][..., None], out=self.site.out)

    def backward(self) -> None:
        torch.sum(self.site.x_grad, 2, out=self.site.gradients["beta"])
        self.site.x_grad.sub_(self.site.x_grad.mean(dim=2, keepdim=True))

    def normalized(self) -> Tensor:
        return self.site.x - self.site.x.mean(dim=2, keepdim=True)

    @staticmethod
    def infer(x: Tensor, numbers: Mapping[str, Tensor], epsilon: float) -> None:
        x.add_((numbers["beta"] - numbers["mean"])[..., None])


IN_KERAS = '''
class Centering(keras.layers.Layer):
    """x less the mean of the batch, in inference mode less the moving mean, and a shift that is learned."""

    def build(self, shape):
        self.shift = self.add_weight(shape=shape[-1:], initializer="zeros")
        self.moving_mean = self.add_weight(shape=shape[-1:], initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if not training:
            return x - self.moving_mean + self.shift
        mean = keras.ops.mean(x, axis=0)
        self.moving_mean.assign(MOMENTUM * self.moving_mean + (1 - MOMENTUM) * mean)
        return x - mean + self.shift
'''

IN_PYTORCH = '''
class Centering(nn.Module):
    """x less the mean of the batch, in inference mode less the moving mean, and a shift that is learned."""

    def __init__(self, width, momentum):
        super().__init__()
        self.shift, self.momentum = nn.Parameter(torch.zeros(width)), momentum
        self.register_buffer("moving_mean", torch.zeros(width))

    def forward(self, x):
        if not self.training:
            return x - self.moving_mean + self.shift
        mean = x.mean(dim=0)
        self.moving_mean += (1 - self.momentum) * (mean.detach() - self.moving_mean)
        return x - mean + self.shift
'''


@pytest.fixture(autouse=True)
def _centering(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that there is to add."""
    for record in RECORDS:
        monkeypatch.setitem(ARMS, record.id, record)
        for language, name in NAMES.items():
            monkeypatch.setitem(catalogue(language), f"arm.{record.id}", name.format(record.placement))  # type: ignore[arg-type]
    monkeypatch.setitem(NORMALIZERS, "centering", Centering)
    monkeypatch.setitem(keras.NORMALIZERS, "centering", ("Centering()", IN_KERAS))
    made = pytorch.NormCode("Centering(WIDTH, MOMENTUM)", {"shift": "beta", "moving_mean": "mean"}, definition=IN_PYTORCH)
    monkeypatch.setitem(pytorch.NORMALIZERS, "centering", made)


def experiment(**choices: Any) -> Experiment:
    """Both made-up arms among those of the lab, beside batch normalization at the same places."""
    choices = {"dataset": "iris", "depth": 2, "width": 5, "seeds": 2, "epochs": 4, "validation_share": 0.2, **choices}
    return Experiment(arms=("none", "before", "after", *(record.id for record in RECORDS)), **choices)


def history(**choices: Any) -> History:
    run = Run(experiment(**choices), dtype=torch.float64)
    while not run.finished:
        run.finish_epoch()
    return run.history(current=True, weights=True)


class Plain(nn.Module):
    """The arm in plain torch, with autograd; two hidden layers of swish."""

    def __init__(self, record: Arm, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.placement, self.momentum = record.placement, 0.99
        self.weights = nn.ParameterDict(
            {key.replace(".", "_"): nn.Parameter(torch.tensor(values)) for key, values in weights.items() if "mean" not in key}
        )
        self.means = [torch.zeros(5, dtype=torch.float64) for _ in range(2)]

    def centered(self, x: Tensor, k: int) -> Tensor:
        if not self.training:
            return x - self.means[k] + self.weights[f"beta_{k}"]
        self.means[k] = self.momentum * self.means[k] + (1 - self.momentum) * x.detach().mean(dim=0)
        return x - x.mean(dim=0) + self.weights[f"beta_{k}"]

    def forward(self, x: Tensor) -> Tensor:
        for k in range(2):
            x = nn.functional.linear(x, self.weights[f"weight_{k}"], self.weights[f"bias_{k}"])
            x = self.centered(x, k) if self.placement == "before" else x
            x = nn.functional.silu(x)
            x = self.centered(x, k) if self.placement == "after" else x
        return nn.functional.linear(x, self.weights["weight_2"], self.weights["bias_2"])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_it_trains_as_in_a_plain_loop_with_autograd(record: Arm) -> None:
    chosen = experiment(optimizer="momentum", learning_rate=0.01, validation_share=0.0, shuffle="never", l2=0.01)
    run, table = Run(chosen, dtype=torch.float64), load("iris")
    place = chosen.arms.index(record.id)
    plain, x, y = Plain(record, run.weights(place)), torch.tensor(table.features), torch.tensor(table.target)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(chosen.epochs):
        total = 0.0
        for inputs, targets in zip(x.split(32), y.split(32), strict=True):
            loss = nn.functional.cross_entropy(plain(inputs), targets)
            penalty = sum(weight.square().sum() for name, weight in plain.weights.items() if "weight" in name)
            optimizer.zero_grad()
            (loss + 0.01 * penalty).backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        losses.append(total / len(x))
        run.finish_epoch()
    record_of = run.history()
    np.testing.assert_allclose(record_of.train_loss[place, 0], losses, rtol=1e-9)
    plain.eval()
    with torch.no_grad():
        inferred = nn.functional.cross_entropy(plain(x), y).item()
    assert record_of.snapshots[-1].inference_loss[place, 0] == pytest.approx(inferred, rel=1e-9)
    for k, mean in enumerate(plain.means):
        np.testing.assert_allclose(run.weights(place)[f"mean.{k}"], mean, rtol=1e-9, atol=1e-12)


def test_the_other_arms_are_what_they_are_without_it() -> None:
    with_it = history(dropout=0.2, bn_noise=0.1)
    alone = Run(replace(with_it.experiment, arms=("none", "before", "after")), dtype=torch.float64)
    while not alone.finished:
        alone.finish_epoch()
    np.testing.assert_allclose(with_it.train_loss[:3], alone.history().train_loss, rtol=1e-12)


def test_a_network_of_its_own_epsilon_and_a_study_have_it() -> None:
    chosen = Experiment(dataset="iris", arms=("centered_before",), depth=2, width=5, epochs=3)
    members = [Experiment(**{**vars(chosen), "epsilon": epsilon}) for epsilon in (1e-3, 1e-5)]
    outcomes = train_stack(members, probes=("three_ways",))
    np.testing.assert_array_equal(outcomes[0].train_loss, outcomes[1].train_loss)  # it has no ε
    run = Run(chosen)
    while not run.finished:
        run.finish_epoch()
    np.testing.assert_allclose(outcomes[0].train_loss, run.history().train_loss[0, 0], rtol=1e-5)
    assert outcomes[0].final["moving.train.loss"] == pytest.approx(run.history().snapshots[-1].inference_loss[0, 0], rel=1e-4)
    ways = three_ways(chosen, run.history(weights=True).checkpoints[-1], "centered_before")
    assert len({scores["train"].loss for scores in (ways.batch, ways.moving, ways.precise)}) == 3


def test_it_is_drawn() -> None:
    record_of, t = history(), texts("en")
    table = recorded(record_of)
    for name in figure_names(record_of.experiment, load("iris")):
        figure = str(fill(FIGURES[name].draw(record_of.experiment, load("iris"), t), table))
        for record in RECORDS:
            has_it = name != "gauge"  # it has no variance beside which ε could stand
            assert (t(f"arm.{record.id}") in figure) == has_it, name
            assert (record.color in figure) == (has_it and name != "confusion"), name
    fields = {field for layout in table.layouts.values() for field in layout.fields}
    for record in RECORDS:
        assert {f"{record.id}.{stage}.share" for stage in STAGES} <= fields
        assert f"{record.id}.train.loss.median" in fields
        assert f"{record.id}.beta" in fields
        assert f"{record.id}.gamma" not in fields


def test_it_is_linked_and_its_fields_are_checked() -> None:
    chosen = experiment()
    assert parse_link(link("https://lab.example", chosen)).experiment == chosen
    assert "centered_after" in FIELDS["arms"].options
    with pytest.raises(ExperimentError, match="centered_before"):
        Experiment(arms=("nothing",))


def test_it_is_exported() -> None:
    chosen = experiment()
    in_keras, in_pytorch = script(chosen, "keras"), script(chosen, "pytorch")
    for program in (in_keras, in_pytorch):
        compile(program, "program", "exec")
        assert program.count("class Centering") == 1
        for record in RECORDS:
            assert f'if arm == "{record.id}":' in program
        assert 'arm not in ["before", "centered_before"]' in program
    assert "h = Centering()(h)" in in_keras
    assert "layers.append(Centering(WIDTH, MOMENTUM))" in in_pytorch
    assert "Centering" in model(chosen, "keras")
    assert "EPSILON" not in script(Experiment(arms=("centered_before",)), "pytorch")
    assert "Centering(5, 0.99)" in snippet(chosen, "centered_after", 0, "weights.safetensors")


def run_here(program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "program.py"
    path.write_text(program, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("framework", ["pytorch", pytest.param("keras", marks=pytest.mark.keras)])
def test_the_program_prints_the_losses_of_the_lab(
    framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    chosen = experiment(bn_noise=0.1, dropout=0.1)
    run_here(script(chosen, framework), tmp_path, monkeypatch)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if ", epoch " in line]
    printed = np.array([[float(value) for value in line[-5:]] for line in lines])  # (seeds · epochs, arms)
    run = Run(chosen)
    while not run.finished:
        run.finish_epoch()
    expected = run.history().train_loss.transpose(1, 2, 0).reshape(-1, 5)
    np.testing.assert_allclose(printed, expected, rtol=1e-3)


def test_its_weights_have_the_names_of_the_program() -> None:
    run = Run(experiment())
    run.finish_epoch()
    names = state_dict(run.experiment, run.network("centered_before", 0), run.table)
    assert {"0.weight", "1.shift", "1.moving_mean"} <= set(names)
    assert "0.bias" not in names


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_described(language: str) -> None:
    record_of, t = history(), texts(language)
    names = [NAMES[language].format(record.placement) for record in RECORDS]
    cards, lines = html.unescape(report.cards(record_of, t)), report.sentences(record_of, t)
    for name in names:
        assert name in cards
        assert any(name in line for line in lines)
    assert {summary.arm for summary in summaries(record_of)} == set(record_of.experiment.arms)
    assert [standing.arm for standing in at_moment(record_of, record_of.snapshots[-1])] == list(record_of.experiment.arms)
    alone = Run(Experiment(dataset="iris", arms=("none", "centered_after"), epochs=2))
    alone.finish_epoch()
    assert sentence(alone.history(), alone.history().snapshots[-1]).arm == "centered_after"
    assert findings(alone.history())[0].values["arm"] == "centered_after"


IDS = f"[\"']({'|'.join(ARMS)})[\"']"
COMPARED = re.compile(rf"(?<!for )\barms? (==|!=|in|not in) [(\[{{]?{IDS}|{IDS} (==|!=|in|not in) (\w+\.)*arms?\b")
"""An arm, or several, compared with an id or some."""


@pytest.mark.parametrize(
    ("source", "is_compared"),
    [
        ('if arm == "none":', True),
        ('copy.arm in ("before", "after")', True),
        ('"none" not in experiment.arms', True),
        ('ARMS[arm].placement == "before"', False),
        ("arm == BASELINE", False),
        ('replace(LESSON, arms=("none", "before"))', False),
    ],
)
def test_comparisons_with_ids_are_seen(source: str, is_compared: bool) -> None:
    assert bool(COMPARED.search(source)) == is_compared


def test_nobody_compares_an_arm_with_an_id_but_asks_its_record() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "bn_lab").rglob("*") if path.suffix in (".py", ".js")}
    assert len(sources) > 100
    assert [path for path, source in sources.items() if COMPARED.search(source)] == []


def test_records_of_the_lab_are_whole() -> None:
    """Each record has what belongs to it, and no normalizer is without its kernels and lines."""
    for arm in ARMS.values():
        assert (arm.normalizer is None) == (arm.placement is None)
        assert all(f"arm.{arm.id}" in texts(language) for language in LANGUAGES)
    named = {arm.normalizer.name for arm in ARMS.values() if arm.normalizer}
    assert named == set(NORMALIZERS) == set(keras.NORMALIZERS) == set(pytorch.NORMALIZERS)
    assert {registry.BASELINE, registry.CONTROL} <= set(ARMS)

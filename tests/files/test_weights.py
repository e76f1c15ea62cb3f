"""Weights from a file, in plain PyTorch, predict what the lab predicts."""

from __future__ import annotations

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from bn_lab.arms import ARMS
from bn_lab.codegen import script
from bn_lab.codegen.loading import layers, snippet
from bn_lab.engine.history import NetworkCopy
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.files.weights import state_dict, to_safetensors
from bn_lab.sharing import parse_link
from tests.codegen.conftest import SAMPLE

ROOT = Path(__file__).resolve().parents[2]

BOSTON = Experiment(epochs=3, depth=2, arms=tuple(ARMS), seeds=2, seed=7)
CASES = [BOSTON, *(replace(each, epochs=2) for each in SAMPLE[:5]), Experiment(dataset="digits", samples=50, epochs=1)]


def trained(experiment: Experiment) -> Run:
    run = Run(experiment)
    while not run.finished:
        run.finish_epoch()
    return run


def predicted(run: Run, arm: str, seed: int) -> np.ndarray:
    """(N, C), by the lab in inference mode."""
    a, s = run.experiment.arms.index(arm), run.experiment.seed_list.index(seed)
    rows = np.tile(np.arange(run.table.samples), (run.experiment.seeds, 1))
    with torch.inference_mode():
        return np.asarray(run.stack.infer(run.source.inputs(rows))[a * run.experiment.seeds + s].T)


def data_of(experiment: Experiment) -> Path:
    names = {"iris": "iris.csv", "digits": "mnist_5k.npz"}
    return ROOT / "data" / names.get(experiment.dataset, "boston.csv")


def test_a_layer_knows_whether_it_has_a_bias() -> None:
    for arm in ARMS:
        affine = [layer for layer in layers(BOSTON, arm, 13, 1) if layer.kind == "affine"]
        assert [layer.biased for layer in affine] == [arm != "before"] * 2 + [True]
        assert [eval(layer.code, {"nn": nn}).bias is not None for layer in affine] == [layer.biased for layer in affine]


@pytest.mark.parametrize("experiment", CASES, ids=lambda each: f"{each.dataset} {each.activation}")
def test_the_snippet_predicts_what_the_lab_predicts(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, seed = trained(experiment), experiment.seed_list[-1]
    for arm in experiment.arms:
        weights, code = tmp_path / "weights.safetensors", tmp_path / "predict.py"
        weights.write_bytes(to_safetensors(experiment, run.network(arm, seed), run.table))
        code.write_text(snippet(experiment, arm, seed, weights.name), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [str(code), str(weights), str(data_of(experiment))])
        outputs, expected = runpy.run_path(str(code))["outputs"].numpy(), predicted(run, arm, seed)
        assert np.abs(outputs - expected).max() <= 1e-5 * max(1, np.abs(expected).max())
        assert capsys.readouterr().out.count("predicted") == 10


@pytest.mark.parametrize("experiment", CASES, ids=lambda each: f"{each.dataset} {each.activation}")
def test_names_and_shapes_are_those_of_the_program_for_pytorch(experiment: Experiment) -> None:
    text, run = script(replace(experiment, epochs=1), "pytorch"), Run(experiment)
    start, stop = text.index("def network("), text.index("\n\n\n", text.index("def network("))
    names = {"nn": nn, "torch": torch, "DEPTH": experiment.depth, "WIDTH": experiment.width, "INPUTS": run.stack.sizes[0]}
    names |= {"OUTPUTS": run.table.outputs, "EPSILON": experiment.epsilon, "MOMENTUM": experiment.bn_momentum}
    names |= {"Noise": nn.Identity, "Dropout": nn.Identity}
    exec(text[start:stop], names)
    weights = [run.weights()[f"weight.{k}"] for k in range(experiment.depth + 1)]
    for arm in experiment.arms:
        expected = names["network"](arm, weights).state_dict()  # type: ignore[operator]
        state = state_dict(experiment, run.network(arm, experiment.seed), run.table)
        assert {name: values.shape for name, values in state.items()} == {name: v.shape for name, v in expected.items()}


def test_the_file_says_where_its_numbers_come_from(tmp_path: Path) -> None:
    run = trained(BOSTON)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(to_safetensors(BOSTON, run.network("standardized", 8), run.table))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert parse_link(metadata["link"]).experiment == replace(BOSTON, seed=8, seeds=1)
    assert (metadata["arm"], metadata["seed"], metadata["epoch"]) == ("standardized", "8", "3")
    np.testing.assert_allclose(json.loads(metadata["input_mean"]), run.table.features.mean(axis=0))


def test_a_bias_before_batch_normalization_is_taken_out_of_the_mean() -> None:
    run = trained(replace(BOSTON, arms=("before",)))
    copy = run.network("before", 7)
    shifted = {**copy.arrays, "bias.0": copy.arrays["bias.0"] + 2, "mean.0": copy.arrays["mean.0"] + 2}
    moved = state_dict(BOSTON, NetworkCopy("before", 7, copy.epoch, copy.steps, shifted), run.table)
    for name, values in state_dict(BOSTON, copy, run.table).items():
        np.testing.assert_allclose(moved[name], values, rtol=1e-5, atol=1e-5)

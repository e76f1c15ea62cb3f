"""Inference mode against plain torch modules in eval mode."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine import batches
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import DatasetName, Experiment
from tests.engine.modules import network

Toy = Callable[..., Table]


def expected(run: Run, arm: int, s: int, which: str) -> tuple[Array, float, float]:
    """Outputs `(C, n)`, loss and accuracy of one network on its training or validation samples."""
    experiment, table = run.experiment, run.table
    rows = getattr(run.source.splits[s], which)
    x, target = table.features[rows], table.target[rows]
    if "standardized" in (experiment.arms[arm], experiment.inputs):
        train = table.features[run.source.splits[s].train]
        x = (x - train.mean(axis=0)) / train.std(axis=0)
    module = network(experiment, experiment.arms[arm], run.weights(arm, s))
    with torch.no_grad():
        out = module(torch.tensor(x))
    if table.task == "classification":
        loss = nn.functional.cross_entropy(out, torch.tensor(target)).item()
        return out.numpy().T, loss, float((out.numpy().argmax(axis=1) == target).mean())
    return out.numpy().T, float(np.mean((out.numpy()[:, 0] - target) ** 2)), np.nan


@pytest.mark.parametrize("dataset", ["boston", "iris"])
@pytest.mark.parametrize("choices", [{}, {"validation_share": 0.25, "dropout": 0.3, "inputs": "standardized"}])
def test_evaluation_is_what_plain_modules_give(dataset: DatasetName, choices: dict[str, Any]) -> None:
    run = Run(Experiment(dataset=dataset, arms=tuple(ARMS), seeds=2, epochs=3, **choices), dtype=torch.float64)
    while not run.finished:
        run.finish_epoch()
    evaluations = run.evaluate()
    assert set(evaluations) == {"train"} | ({"validation"} if choices else set())
    history = run.history()
    for which, evaluation in evaluations.items():
        for arm in range(len(ARMS)):
            for s in range(2):
                outputs, loss, accuracy = expected(run, arm, s, which)
                assert evaluation.loss[arm, s] == pytest.approx(loss, rel=1e-9)
                if s == 0:
                    np.testing.assert_allclose(evaluation.outputs[arm], outputs, rtol=1e-7, atol=1e-9)
                if dataset == "iris":
                    assert evaluation.accuracy is not None
                    assert evaluation.accuracy[arm, s] == pytest.approx(accuracy)
    assert (evaluations["train"].accuracy is None) == (dataset == "boston")
    if choices:
        assert history.validation_loss is not None
        np.testing.assert_array_equal(history.validation_loss[:, :, -1], evaluations["validation"].loss)
        if dataset == "iris":
            assert history.validation_accuracy is not None
            np.testing.assert_array_equal(history.validation_accuracy[:, :, -1], evaluations["validation"].accuracy)


def test_evaluating_in_pieces_gives_the_same(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluated() -> Any:
        run = Run(
            Experiment(dataset="iris", arms=tuple(ARMS), seeds=2, epochs=1), table=toy("classification"), dtype=torch.float64
        )
        run.finish_epoch()
        return run.evaluate()["train"]

    whole = evaluated()
    monkeypatch.setattr(batches, "BLOCK_NUMBERS", 7 * 3 * 8)  # seven samples of three features for eight networks
    pieces = evaluated()
    for name in ("loss", "accuracy", "outputs"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-12)

"""Losses and their gradients against torch.nn.functional and autograd."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.engine.losses import LOSSES, accuracy

NETWORKS, BATCH = 4, 11


def case(task: str, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Outputs and targets `(R, C, B)` in float64."""
    random = torch.Generator().manual_seed(3)
    classes = 5 if task == "classification" else 1
    outputs = torch.randn(NETWORKS, classes, BATCH, generator=random, dtype=torch.float64) * scale
    if task == "regression":
        return outputs, torch.randn(outputs.shape, generator=random, dtype=torch.float64)
    labels = torch.randint(classes, (NETWORKS, BATCH), generator=random)
    return outputs, functional.one_hot(labels, classes).double().mT.contiguous()


def expected(task: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """The loss of one network, as torch has it: `(C, B)` twice."""
    if task == "regression":
        return functional.mse_loss(outputs, targets)
    return functional.cross_entropy(outputs.mT, targets.argmax(dim=0))


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_values_and_gradients_match_autograd(task: str, scale: float) -> None:
    outputs, targets = case(task, scale)
    leaf = outputs.clone().requires_grad_()
    losses = torch.stack([expected(task, o, y) for o, y in zip(leaf, targets, strict=True)])
    losses.sum().backward()
    gradient = torch.full_like(outputs, torch.nan)
    LOSSES[task].gradient(outputs, targets, torch.tensor(1 / BATCH, dtype=torch.float64), gradient)
    assert leaf.grad is not None
    torch.testing.assert_close(LOSSES[task].values(outputs, targets), losses.detach(), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(gradient, leaf.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("task", LOSSES)
def test_leading_dimensions_are_kept(task: str) -> None:
    outputs, targets = case(task)
    stacked = LOSSES[task].values(torch.stack([outputs, outputs + 1]), torch.stack([targets, targets]))
    assert stacked.shape == (2, NETWORKS)
    torch.testing.assert_close(stacked[1], LOSSES[task].values(outputs + 1, targets))


@pytest.mark.parametrize("task", LOSSES)
def test_a_loss_is_not_finite_where_an_output_is_not(task: str) -> None:
    for bad in (torch.inf, torch.nan):
        outputs, targets = case(task)
        outputs[2, 0, 5] = bad
        finite = torch.isfinite(LOSSES[task].values(outputs, targets))
        assert finite.tolist() == [True, True, False, True]


def test_an_impossible_wrong_class_does_not_make_a_loss_infinite() -> None:
    outputs = torch.tensor([[[0.0], [-torch.inf]]])
    right, wrong = torch.tensor([[[1.0], [0.0]]]), torch.tensor([[[0.0], [1.0]]])
    assert LOSSES["classification"].values(outputs, right).item() == 0
    assert LOSSES["classification"].values(outputs, wrong).item() == torch.inf


def test_cross_entropy_is_the_natural_logarithm() -> None:
    even, target = torch.zeros(1, 3, 1), torch.tensor([[[0.0], [1.0], [0.0]]])
    assert LOSSES["classification"].values(even, target).item() == pytest.approx(np.log(3))


def test_accuracy_counts_right_classes() -> None:
    outputs, targets = case("classification")
    expected_share = (outputs.numpy().argmax(axis=1) == targets.numpy().argmax(axis=1)).mean(axis=1)
    np.testing.assert_allclose(accuracy(outputs, targets).numpy(), expected_share)

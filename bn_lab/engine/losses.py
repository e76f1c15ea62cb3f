"""Losses: what the output layer's values cost, and the gradient that starts the backward pass.

Letters: R networks, C outputs, B samples of a batch. Outputs are `(R, C, B)`; targets have the same shape, one-hot for classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bn_lab.engine import kernels


@dataclass(frozen=True)
class Loss:
    """A loss of a batch and its gradient.

    Attributes:
        values: `values(outputs, targets)` → the mean over the batch for each network; leading dimensions are kept:
            `(…, C, B)` → `(…)`.
        gradient: `gradient(outputs, targets, share, out)` writes ∂loss/∂outputs; `share` is a scalar tensor holding 1/B.
    """

    values: Callable[[Tensor, Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor, Tensor, Tensor], object]


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(dim=(-2, -1))


def _squared_error_gradient(outputs: Tensor, targets: Tensor, share: Tensor, out: Tensor) -> None:
    # Reduction 2 is "sum": grad_input = share · 2 (outputs − targets). Regression has one output, so 1/B is the whole mean.
    kernels.mse_loss_backward(share, outputs, targets, 2, grad_input=out)


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    # Multiplying by the one-hot target would turn −inf · 0 into NaN; picking does not.
    chosen = torch.log_softmax(outputs, dim=-2).gather(-2, targets.argmax(dim=-2, keepdim=True))
    return -chosen.mean(dim=(-2, -1))


def _cross_entropy_gradient(outputs: Tensor, targets: Tensor, share: Tensor, out: Tensor) -> None:
    torch._softmax(outputs, 1, False, out=out)
    out.sub_(targets).mul_(share)


LOSSES: Mapping[str, Loss] = {
    "regression": Loss(_squared_error, _squared_error_gradient),
    "classification": Loss(_cross_entropy, _cross_entropy_gradient),
}
"""The loss by task: mean squared error, and categorical cross-entropy (natural logarithm) of softmax outputs."""


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of samples whose largest output is the right class: `(…, C, B)` → `(…)`."""
    right = outputs.argmax(dim=-2) == targets.argmax(dim=-2)
    return right.to(outputs.dtype).mean(dim=-1)

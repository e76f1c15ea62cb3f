"""Layers with written-out forward and backward passes, for many networks at once.

Letters: R networks in the stack, F units of a layer (`in`, `out` where they differ), B samples of the batch, A arms and S seeds
(R = A·S, seeds innermost). Activations are `(R, F, B)`, weights `(R, out, in)`, biases `(R, out, 1)`.

A layer is bound once to the tensors it reads and writes, for one batch size; a pass then is nothing but kernels. `forward`
reads `x` and writes `out`; `backward` reads the gradient of `out` and leaves the gradient of `x`. Between two affine layers the
gradient lives in one tensor, which every layer in between turns in place from that of its output into that of its input.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bn_lab.engine.activations import Activation


class Affine:
    """out = W x + b.

    Args:
        weight, bias: parameters `(R, out, in)` and `(R, out, 1)`; `weight_grad`, `bias_grad`: their gradients.
        bias_rows: the networks whose bias has a gradient. Directly before batch normalization it is exactly zero, since the
            mean takes the bias out again; it is left at zero there rather than set to rounding noise, which RMSprop would
            blow up to full steps.
        out: where the output goes `(R, out, B)`; out_grad: its gradient.
        x_grad: where the gradient of the input goes `(R, in, B)`; None for the first layer.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        weight_grad: Tensor,
        bias_grad: Tensor,
        bias_rows: Sequence[slice],
        out: Tensor,
        out_grad: Tensor,
        x_grad: Tensor | None,
    ) -> None:
        self.weight, self.bias, self.weight_grad = weight, bias, weight_grad
        self.weight_transposed = weight.mT
        self.out, self.out_grad, self.x_grad = out, out_grad, x_grad
        # The transposed weight of a single unit is one column: an outer product, which the matrix kernel is slow at.
        self.spread = torch.mul if weight.shape[1] == 1 else torch.bmm
        self.bias_sums = [(out_grad[rows], bias_grad[rows]) for rows in bias_rows]

    def feed(self, x: Tensor) -> None:
        """Read from `x (R, in, B)` from now on."""
        self.x, self.x_transposed = x, x.mT

    def forward(self) -> None:
        torch.baddbmm(self.bias, self.weight, self.x, out=self.out)

    def backward(self) -> None:
        torch.bmm(self.out_grad, self.x_transposed, out=self.weight_grad)
        for grad, bias_grad in self.bias_sums:
            torch.sum(grad, 2, keepdim=True, out=bias_grad)
        if self.x_grad is not None:
            self.spread(self.weight_transposed, self.out_grad, out=self.x_grad)


class Activate:
    """out = f(x), element by element. `x_grad` is the gradient of the output before `backward`, of the input after it."""

    def __init__(self, activation: Activation, x: Tensor, x_grad: Tensor) -> None:
        self.f, self.df = activation.forward, activation.backward
        self.x, self.x_grad, self.out = x, x_grad, torch.empty_like(x)

    def forward(self) -> None:
        self.f(self.x, self.out)

    def backward(self) -> None:
        self.df(self.x_grad, self.x, self.out, self.x_grad)


class Dropout:
    """out = x · mask, where a mask `(S, F, B)` holds 0 or 1/(1 − rate); all arms of a seed share it."""

    def __init__(self, x: Tensor, x_grad: Tensor, seeds: int) -> None:
        networks, units, batch = x.shape
        by_arm = (networks // seeds, seeds, units, batch)
        self.out = torch.empty_like(x)
        self.x, self.x_grad, self.masked = x.view(by_arm), x_grad.view(by_arm), self.out.view(by_arm)
        self.mask = x.new_ones(seeds, units, batch)

    def feed(self, mask: Tensor) -> None:
        """Use `mask (S, F, B)` from now on."""
        self.mask = mask

    def forward(self) -> None:
        torch.mul(self.x, self.mask, out=self.masked)

    def backward(self) -> None:
        self.x_grad.mul_(self.mask)

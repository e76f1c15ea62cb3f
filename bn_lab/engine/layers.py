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

from bn_lab.engine import kernels
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


class BatchNorm:
    """x̂ = (x − μ_B) / √(σ²_B + ε) and out = γ x̂ + β on the networks `rows` of the stack; the others pass through.

    One call of torch's own kernel serves the whole slice: seen as `(1, R·F, B)`, every unit of every network is a channel.
    The kernel is asked for the batch's statistics by a momentum of 1; its variance is the unbiased one, divided by B − 1, and
    becomes the biased σ²_B of the formula by the factor (B − 1)/B, which `Stack` applies to all layers at once.

    Args:
        gamma, beta: parameters `(R', F)` of the R' networks that have this layer; `gamma_grad`, `beta_grad`: their gradients.
        mean, variance: where the statistics of the batch go, `(R', F)`; the variance arrives unbiased.
        rows: which networks of the stack these are.
        x: input `(R, F, B)`.
        x_grad: gradient `(R, F, B)`, of the output before `backward` and of the input after it.
        epsilon: ε.
    """

    def __init__(
        self,
        gamma: Tensor,
        beta: Tensor,
        gamma_grad: Tensor,
        beta_grad: Tensor,
        mean: Tensor,
        variance: Tensor,
        rows: slice,
        x: Tensor,
        x_grad: Tensor,
        epsilon: float,
    ) -> None:
        self.shape, self.rows = gamma.shape, rows
        channels = (1, gamma.numel(), x.shape[2])
        self.gamma, self.beta = gamma.view(-1), beta.view(-1)
        self.gamma_grad, self.beta_grad = gamma_grad.view(-1), beta_grad.view(-1)
        self.mean, self.variance, self.epsilon = mean.view(-1), variance.view(-1), epsilon
        self.out = torch.empty_like(x)
        # Where networks without this layer share the stack, their rows are copied past it.
        others = [slice(0, rows.start), slice(rows.stop, len(x))]
        self.passed = [(self.out[o], x[o]) for o in others if o.stop > o.start]
        self.x, self.x_grad = x[rows].view(channels), x_grad[rows].view(channels)
        self.kernel_out = (
            self.out[rows].view(channels),
            torch.empty_like(self.mean),
            torch.empty_like(self.mean),
        )
        self.saved_mean, self.saved_inverse = self.kernel_out[1:]

    def forward(self) -> None:
        torch.native_batch_norm(
            self.x, self.gamma, self.beta, self.mean, self.variance, True, 1.0, self.epsilon, out=self.kernel_out
        )
        for out, x in self.passed:
            out.copy_(x)

    def backward(self) -> None:
        kernels.batch_norm_backward(
            self.x_grad,
            self.x,
            self.gamma,
            None,
            None,
            self.saved_mean,
            self.saved_inverse,
            True,
            self.epsilon,
            [True, True, True],
            out0=self.x_grad,
            out1=self.gamma_grad,
            out2=self.beta_grad,
        )

    def normalized(self) -> Tensor:
        """x̂ of the last forward pass, `(R', F, B)`: the kernel does not return it, so it is made where someone looks."""
        normalized = (self.x[0] - self.saved_mean[:, None]) * self.saved_inverse[:, None]  # (R'·F, B)
        return normalized.view(*self.shape, -1)


class BatchNormPerEpsilon(BatchNorm):
    """The same where networks differ in ε: the kernel takes one, so it is called for each run of neighbours with the same.

    Args:
        norm: that of all networks, whose place it takes; its ε is not looked at.
        runs: which of its R' networks have which ε.
    """

    def __init__(self, norm: BatchNorm, runs: Sequence[tuple[slice, float]]) -> None:
        vars(self).update(vars(norm))
        self.parts = [self._part(networks, epsilon) for networks, epsilon in runs]

    def _part(self, networks: slice, epsilon: float) -> BatchNorm:
        """The batch normalization of some networks alone, reading and writing what is theirs of this one's."""
        part, units = BatchNorm.__new__(BatchNorm), self.shape[1]
        own = slice(networks.start * units, networks.stop * units)
        part.epsilon, part.passed = epsilon, []
        for name in ("gamma", "beta", "gamma_grad", "beta_grad", "mean", "variance", "saved_mean", "saved_inverse"):
            setattr(part, name, getattr(self, name)[own])
        part.x, part.x_grad = self.x[:, own], self.x_grad[:, own]
        part.kernel_out = self.kernel_out[0][:, own], part.saved_mean, part.saved_inverse
        return part

    def forward(self) -> None:
        for part in self.parts:
            part.forward()
        for out, x in self.passed:
            out.copy_(x)

    def backward(self) -> None:
        for part in self.parts:
            part.backward()


class Noise:
    """y = (1 + σa)·y + σb in place on what batch normalization put out, and on the networks that have it alone.

    Args:
        norm: the batch normalization that it stands after.
        x_grad: gradient `(R, F, B)`, of the output before `backward` and of the input after it.
    """

    def __init__(self, norm: BatchNorm, x_grad: Tensor) -> None:
        self.out, self.y, self.y_grad = norm.out, norm.out[norm.rows], x_grad[norm.rows]
        self.noise = norm.out.new_tensor([1.0, 0.0])

    def feed(self, noise: Tensor) -> None:
        """Use `noise (2, S, F, 1)` from now on: 1 + σa and σb."""
        self.noise = noise

    def forward(self) -> None:
        torch.addcmul(self.noise[1], self.y, self.noise[0], out=self.y)

    def backward(self) -> None:
        self.y_grad.mul_(self.noise[0])


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

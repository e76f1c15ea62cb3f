"""What normalizes in hidden layers: the kernels of each kind of normalization, in one registry.

Letters as in `bn_lab.engine.layers`; R' are the networks of one arm, which are neighbours in the stack.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bn_lab.engine import kernels


@dataclass(frozen=True, eq=False)
class Site:
    """Where a normalizer stands: the tensors of some networks of one arm in one hidden layer.

    Attributes:
        x: input `(R', F, B)`; out: where the output goes.
        x_grad: gradient `(R', F, B)`, of the output before `backward` and of the input after it.
        parameters: by name, `(R', F)` each; gradients: where theirs go.
        statistics: by name, where those of the batch go, `(R', F)` each. A `variance` is left there as torch's kernel gives it,
            divided by B − 1: the stack makes it the biased one of the formula, for all layers at once.
        epsilon: ε.
    """

    x: Tensor
    out: Tensor
    x_grad: Tensor
    parameters: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    statistics: Mapping[str, Tensor]
    epsilon: float

    def part(self, networks: slice, epsilon: float) -> Site:
        """The site of some of its networks, which have another ε."""

        def some(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: each[networks] for name, each in named.items()}

        tensors = self.x[networks], self.out[networks], self.x_grad[networks]
        return Site(*tensors, some(self.parameters), some(self.gradients), some(self.statistics), epsilon)


class Norm(ABC):
    """A normalizer bound to its site.

    Attributes:
        site: what it reads and writes.
        epsilon: ε.
    """

    def __init__(self, site: Site) -> None:
        self.site, self.epsilon = site, site.epsilon

    @abstractmethod
    def forward(self) -> None:
        """Normalize the input, and leave the statistics of the batch."""

    @abstractmethod
    def backward(self) -> None:
        """Turn the gradient of the output into that of the input, in place, and write those of the parameters."""

    @abstractmethod
    def normalized(self) -> Tensor:
        """x̂ of the last forward pass, `(R', F, B)`."""

    @staticmethod
    @abstractmethod
    def infer(x: Tensor, numbers: Mapping[str, Tensor], epsilon: float) -> None:
        """Normalize `x (R', F, N)` in place as in inference mode, by parameters and moving statistics, `(R', F)` by name."""


class BatchNorm(Norm):
    """x̂ = (x − μ_B) / √(σ²_B + ε) and out = γ x̂ + β.

    One call of torch's own kernel serves all networks: seen as `(1, R'·F, B)`, every unit of every network is a channel. The
    kernel is asked for the batch's statistics by a momentum of 1.
    """

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        channels = (1, -1, site.x.shape[2])
        self.x, self.x_grad, out = (each.view(channels) for each in (site.x, site.x_grad, site.out))
        self.gamma, self.beta = (site.parameters[name].view(-1) for name in ("gamma", "beta"))
        self.gamma_grad, self.beta_grad = (site.gradients[name].view(-1) for name in ("gamma", "beta"))
        self.mean, self.variance = (site.statistics[name].view(-1) for name in ("mean", "variance"))
        self.saved_mean, self.saved_inverse = torch.empty_like(self.mean), torch.empty_like(self.mean)
        self.kernel_out = out, self.saved_mean, self.saved_inverse

    def forward(self) -> None:
        torch.native_batch_norm(
            self.x, self.gamma, self.beta, self.mean, self.variance, True, 1.0, self.epsilon, out=self.kernel_out
        )

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
        """x̂ of the last forward pass: the kernel does not return it, so it is made where someone looks."""
        normalized = (self.x[0] - self.saved_mean[:, None]) * self.saved_inverse[:, None]  # (R'·F, B)
        return normalized.view(self.site.x.shape)

    @staticmethod
    def infer(x: Tensor, numbers: Mapping[str, Tensor], epsilon: float) -> None:
        out, nothing = x.view(1, -1, x.shape[2]), x.new_empty(0)  # nothing: where statistics of a batch would go
        gamma, beta, mean, variance = (numbers[name].view(-1) for name in ("gamma", "beta", "mean", "variance"))
        torch.native_batch_norm(out, gamma, beta, mean, variance, False, 0.0, epsilon, out=(out, nothing, nothing))


class NormPerEpsilon:
    """A normalizer where networks differ in ε: kernels take one, so it is bound to each run of neighbours with the same.

    Args:
        kind: the normalizer.
        site: that of all networks, whose ε is not looked at.
        runs: which of its R' networks have which ε.
    """

    def __init__(self, kind: type[Norm], site: Site, runs: Sequence[tuple[slice, float]]) -> None:
        self.site, self.parts = site, [kind(site.part(networks, epsilon)) for networks, epsilon in runs]

    def forward(self) -> None:
        for part in self.parts:
            part.forward()

    def backward(self) -> None:
        for part in self.parts:
            part.backward()

    def normalized(self) -> Tensor:
        return torch.cat([part.normalized() for part in self.parts])


class Bypass:
    """out = x for the networks that have no normalizer where others of the stack have one; their gradient stays as it is.

    Args:
        x, out: `(R, F, B)`.
        rows: which of the R networks these are.
    """

    def __init__(self, x: Tensor, out: Tensor, rows: Sequence[slice]) -> None:
        self.copied = [(out[which], x[which]) for which in rows]

    def forward(self) -> None:
        for out, x in self.copied:
            out.copy_(x)

    def backward(self) -> None:
        """Nothing."""


class Noise:
    """y = (1 + σa)·y + σb in place on what a normalizer puts out.

    Args:
        site: that of the normalizer.
    """

    def __init__(self, site: Site) -> None:
        self.y, self.y_grad = site.out, site.x_grad
        self.noise = site.out.new_tensor([1.0, 0.0])

    def feed(self, noise: Tensor) -> None:
        """Use `noise (2, S, F, 1)` from now on: 1 + σa and σb."""
        self.noise = noise

    def forward(self) -> None:
        torch.addcmul(self.noise[1], self.y, self.noise[0], out=self.y)

    def backward(self) -> None:
        self.y_grad.mul_(self.noise[0])


NORMALIZERS: dict[str, type[Norm]] = {"batch_norm": BatchNorm}
"""Kernels by the name of the normalizer (`bn_lab.arms.Normalizer`)."""

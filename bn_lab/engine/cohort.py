"""`Cohort`: all arms and seeds of an experiment as one stack of networks, trained in lockstep.

Networks this small cost nothing but the calls; a stack pays each call once for all its networks. Letters as in
`bn_lab.engine.layers`: R = A·S networks, arm by arm in the order of `bn_lab.experiment.ARMS`, the seeds of an arm together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bn_lab.datasets.streams import WEIGHTS
from bn_lab.engine.activations import ACTIVATIONS
from bn_lab.engine.initializers import INITIALIZERS
from bn_lab.engine.layers import Activate, Affine, BatchNorm, Dropout
from bn_lab.engine.losses import LOSSES
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.parameters import Buffer
from bn_lab.engine.types import Array
from bn_lab.experiment import BN_ARMS, Arm, Experiment, ExperimentError

# Kernels this small lose by being shared among threads, and one thread gives the same sums every time.
torch.set_num_threads(1)

Weights = Sequence[tuple[Array, Array]]
"""One network's affine layers, the output layer last: weight `(out, in)` and bias `(out,)` each."""


@dataclass(frozen=True)
class Hidden:
    """The parts of one hidden layer, in the order of the forward pass; absent parts are None."""

    affine: Affine
    before: BatchNorm | None
    activate: Activate
    after: BatchNorm | None
    dropout: Dropout | None

    @property
    def parts(self) -> list[Affine | BatchNorm | Activate | Dropout]:
        """The parts that are there, in order."""
        everything = (self.affine, self.before, self.activate, self.after, self.dropout)
        return [part for part in everything if part is not None]


@dataclass(frozen=True)
class State:
    """Everything that the next step of a cohort depends on, besides the batch; copies, not views."""

    parameters: Tensor
    moving: Tensor
    optimizer: tuple[Tensor, ...]
    steps: int


class Cohort:
    """A stack of networks with forward and backward passes, an optimizer and moving statistics.

    Args:
        experiment: the choices; its arms and seeds make the stack.
        inputs: number of features. outputs: number of outputs. task: `regression` or `classification`.
        dtype: float32 as in every framework; float64 for tests.
        device: where tensors live. For networks this small the CPU is the faster device.

    Attributes:
        parameters, gradients: buffers with views `weight.k (R, out, in)`, `bias.k (R, out, 1)` for the affine layers
            k = 0 … depth (the last is the output layer), and `gamma.k.arm`, `beta.k.arm` `(S, F)` for the hidden layers of
            the arms that have batch normalization.
        moving: moving statistics, views `mean.k.arm` and `variance.k.arm` `(S, F)`; the variance is biased, as Keras' is.
        batch_statistics: the same of the last batch.
        steps: updates so far.
    """

    def __init__(
        self,
        experiment: Experiment,
        inputs: int,
        outputs: int,
        task: str,
        *,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> None:
        self.experiment, self.dtype, self.device = experiment, dtype, device
        self.arms, self.seeds = experiment.arms, experiment.seeds
        self.networks = len(self.arms) * self.seeds
        self.sizes = [inputs, *[experiment.width] * experiment.depth, outputs]
        self.loss, self.activation = LOSSES[task], ACTIVATIONS[experiment.activation]
        self.parameters = Buffer(self._parameter_shapes(), dtype, device)
        self.gradients = Buffer(self._parameter_shapes(), dtype, device)
        self.batch_statistics = Buffer(self._statistic_shapes(), dtype, device)
        self.moving = Buffer(self._statistic_shapes(), dtype, device)
        self.optimizer = OPTIMIZERS[experiment.optimizer](self.parameters.flat, self.gradients.flat, experiment.learning_rate)
        self.steps = 0
        weights = self.parameters["bias.0"].storage_offset()
        self._weights, self._weight_gradients = self.parameters.flat[:weights], self.gradients.flat[:weights]
        self._batch_variances = self.batch_statistics.flat[len(self.batch_statistics.flat) // 2 :]
        # Numbers that are tensors already: to make one of a Python number costs as much as the kernel that uses it.
        self._renewal = self.moving.flat.new_tensor(1 - experiment.bn_momentum)
        self._tapes: dict[int, Tape] = {}
        self._initialize()

    def _parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        # Weights come first, so that they are one piece of the flat buffer: L2 concerns them alone.
        pairs = list(enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)))
        shapes: dict[str, tuple[int, ...]] = {f"weight.{k}": (self.networks, out, n) for k, (n, out) in pairs}
        shapes |= {f"bias.{k}": (self.networks, out, 1) for k, (_, out) in pairs}
        return shapes | self._per_unit("gamma") | self._per_unit("beta")

    def _statistic_shapes(self) -> dict[str, tuple[int, ...]]:
        return self._per_unit("mean") | self._per_unit("variance")

    def _per_unit(self, name: str) -> dict[str, tuple[int, ...]]:
        shape = (self.seeds, self.experiment.width)
        return {f"{name}.{k}.{arm}": shape for k in range(self.experiment.depth) for arm in self.bn_arms}

    @property
    def bn_arms(self) -> list[Arm]:
        """The arms of this cohort that have batch normalization."""
        return [arm for arm in self.arms if arm in BN_ARMS]

    def rows(self, arm: Arm) -> slice:
        """Where the networks of `arm` stand in the stack."""
        start = self.arms.index(arm) * self.seeds
        return slice(start, start + self.seeds)

    def _initialize(self) -> None:
        experiment = self.experiment
        for name, view in self.parameters.views.items():
            view.fill_(float(name.startswith("gamma")))
        for name, view in self.moving.views.items():
            view.fill_(float(name.startswith("variance")))
        draw = INITIALIZERS[experiment.initializer]
        for s, seed in enumerate(experiment.seed_list):
            generator = np.random.default_rng([seed, WEIGHTS])
            for k, (fan_in, fan_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)):
                weight = draw(generator, fan_in, fan_out, experiment) * experiment.weight_scale
                self.parameters[f"weight.{k}"][s :: self.seeds] = torch.from_numpy(weight).to(self.dtype)

    def set_weights(self, weights: Weights) -> None:
        """Let every network start from `weights` instead.

        Raises:
            ExperimentError: if the number of layers or the shape of one does not fit.
        """
        if len(weights) != len(self.sizes) - 1:
            raise ExperimentError("weights", "layers", len(weights), expected=len(self.sizes) - 1)
        for k, (weight, bias) in enumerate(weights):
            for name, array in (("weight", weight), ("bias", bias)):
                view = self.parameters[f"{name}.{k}"]
                expected = (self.sizes[k + 1], self.sizes[k])[: 2 if name == "weight" else 1]
                if np.shape(array) != expected:
                    raise ExperimentError(f"{name} of layer {k + 1}", "shape", np.shape(array), expected=expected)
                view[:] = torch.tensor(np.asarray(array), dtype=self.dtype).view(view.shape[1:])

    def forward(self, x: Tensor, masks: Sequence[Tensor], outputs: Tensor) -> Tape:
        """Run a batch `x (R, in, B)` through all networks in training mode and write `outputs (R, C, B)`.

        Nothing that lasts is changed: the moving statistics move in `update`. `masks` are the dropout masks `(S, F, B)` of the
        hidden layers, empty without dropout. Returns the tape, whose layers hold what they computed.
        """
        batch = x.shape[2]
        if (tape := self._tapes.get(batch)) is None:
            tape = self._tapes[batch] = Tape(self, batch)
        tape.forward(x, masks, outputs)
        return tape

    def backward(self, tape: Tape, y: Tensor) -> None:
        """Write the gradients of loss and L2 penalty for the batch that went forward last, with the targets `y (R, C, B)`."""
        tape.backward(y)
        if self.experiment.l2:
            self._weight_gradients.add_(self._weights, alpha=2 * self.experiment.l2)

    def update(self, tape: Tape) -> None:
        """Apply the gradients of the last backward pass, that of `tape`, and move the moving statistics."""
        self.steps += 1
        self.optimizer.update(self.steps)
        if self.bn_arms:
            self._batch_variances.mul_(tape.bias)
            self.moving.flat.lerp_(self.batch_statistics.flat, self._renewal)

    def step(self, x: Tensor, y: Tensor, masks: Sequence[Tensor], outputs: Tensor) -> Tape:
        """One step of the optimizer on a batch: `x (R, in, B)`, targets `y (R, C, B)`; writes `outputs (R, C, B)`."""
        tape = self.forward(x, masks, outputs)
        self.backward(tape, y)
        self.update(tape)
        return tape

    def infer(self, x: Tensor) -> Tensor:
        """Outputs `(R, C, N)` for `x (R, in, N)` in inference mode: moving statistics, no dropout."""
        parameters = self.parameters
        for k in range(self.experiment.depth):
            z = torch.baddbmm(parameters[f"bias.{k}"], parameters[f"weight.{k}"], x)
            self._normalize_inference(z, k, "before")
            self.activation.forward(z, z)
            self._normalize_inference(z, k, "after")
            x = z
        last = self.experiment.depth
        return torch.baddbmm(parameters[f"bias.{last}"], parameters[f"weight.{last}"], x)

    def _normalize_inference(self, x: Tensor, k: int, arm: Arm) -> None:
        """Normalize the networks of `arm` in `x`, in place."""
        if arm not in self.arms:
            return
        gamma, beta = (self.parameters[f"{name}.{k}.{arm}"].view(-1) for name in ("gamma", "beta"))
        mean, variance = (self.moving[f"{name}.{k}.{arm}"].view(-1) for name in ("mean", "variance"))
        rows = x[self.rows(arm)].view(1, len(gamma), -1)
        nothing = mean.new_empty(0)  # where statistics of a batch would go
        torch.native_batch_norm(
            rows, gamma, beta, mean, variance, False, 0.0, self.experiment.epsilon, out=(rows, nothing, nothing)
        )

    def state(self) -> State:
        """A copy of everything that the next step depends on."""
        kept = tuple(tensor.clone() for tensor in self.optimizer.state)
        return State(self.parameters.flat.clone(), self.moving.flat.clone(), kept, self.steps)

    def restore(self, state: State) -> None:
        """Go back to `state`."""
        self.parameters.flat.copy_(state.parameters)
        self.moving.flat.copy_(state.moving)
        for tensor, kept in zip(self.optimizer.state, state.optimizer, strict=True):
            tensor.copy_(kept)
        self.steps = state.steps


class Tape:
    """The layers of a cohort bound to each other for one batch size B.

    Attributes:
        hidden: the hidden layers, from the first to the last. output: the affine output layer.
        order: all parts in the order of the forward pass.
        share: 1/B. bias: (B − 1)/B, which turns an unbiased variance into the biased one of the formula.
    """

    def __init__(self, cohort: Cohort, batch: int) -> None:
        self.loss = cohort.loss
        self.share, self.bias = (cohort.parameters.flat.new_tensor(value) for value in (1 / batch, (batch - 1) / batch))
        # One gradient tensor between two affine layers: the upper one writes it, the parts in between turn it in place.
        grads = [cohort.parameters.flat.new_empty(cohort.networks, size, batch) for size in cohort.sizes[1:]]
        self.hidden = [self._hidden(cohort, k, grads) for k in range(cohort.experiment.depth)]
        self.output = _affine(cohort, cohort.experiment.depth, grads)
        self.order = [part for hidden in self.hidden for part in hidden.parts] + [self.output]
        self.dropouts = [hidden.dropout for hidden in self.hidden if hidden.dropout]
        for hidden, above in zip(self.hidden, [h.affine for h in self.hidden[1:]] + [self.output], strict=True):
            above.feed(hidden.parts[-1].out)
        self.reverse = self.order[::-1]

    def _hidden(self, cohort: Cohort, k: int, grads: list[Tensor]) -> Hidden:
        affine, grad = _affine(cohort, k, grads), grads[k]
        before = _batch_norm(cohort, k, "before", affine.out, grad)
        activate = Activate(cohort.activation, before.out if before else affine.out, grad)
        after = _batch_norm(cohort, k, "after", activate.out, grad)
        x = after.out if after else activate.out
        dropout = Dropout(x, grad, cohort.seeds) if cohort.experiment.dropout else None
        return Hidden(affine, before, activate, after, dropout)

    def forward(self, x: Tensor, masks: Sequence[Tensor], outputs: Tensor) -> None:
        """Run `x (R, in, B)` through; `masks` as in `Cohort.forward`; writes `outputs (R, C, B)`."""
        self.hidden[0].affine.feed(x)
        self.output.out = outputs
        for dropout, mask in zip(self.dropouts, masks, strict=True):
            dropout.feed(mask)
        for part in self.order:
            part.forward()

    def backward(self, y: Tensor) -> None:
        """Write the gradients of the loss against the targets `y (R, C, B)` of the batch that went forward last."""
        self.loss.gradient(self.output.out, y, self.share, self.output.out_grad)
        for part in self.reverse:
            part.backward()


def _affine(cohort: Cohort, k: int, grads: list[Tensor]) -> Affine:
    parameters, gradients = cohort.parameters, cohort.gradients
    rows = [slice(0, cohort.networks)]
    if k < cohort.experiment.depth and "before" in cohort.arms:
        without = cohort.rows("before")
        rows = [r for r in (slice(0, without.start), slice(without.stop, cohort.networks)) if r.stop > r.start]
    weight, bias, below = f"weight.{k}", f"bias.{k}", grads[k - 1] if k else None
    return Affine(parameters[weight], parameters[bias], gradients[weight], gradients[bias], rows, grads[k], below)


def _batch_norm(cohort: Cohort, k: int, arm: Arm, x: Tensor, grad: Tensor) -> BatchNorm | None:
    if arm not in cohort.arms:
        return None
    gamma, beta, mean, variance = (f"{name}.{k}.{arm}" for name in ("gamma", "beta", "mean", "variance"))
    return BatchNorm(
        cohort.parameters[gamma],
        cohort.parameters[beta],
        cohort.gradients[gamma],
        cohort.gradients[beta],
        cohort.batch_statistics[mean],
        cohort.batch_statistics[variance],
        cohort.rows(arm),
        x,
        grad,
        cohort.experiment.epsilon,
    )

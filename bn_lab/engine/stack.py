"""`Stack`: all arms and seeds of an experiment as one stack of networks, trained in lockstep.

Networks this small cost nothing but the calls; a stack pays each call once for all its networks. Letters as in
`bn_lab.engine.layers`: R = A·S networks, arm by arm in the order of `bn_lab.arms.ARMS`, the seeds of an arm together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from reprlib import repr as brief
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.datasets.streams import WEIGHTS
from bn_lab.engine.activations import ACTIVATIONS
from bn_lab.engine.bound_layers import BoundLayers
from bn_lab.engine.initializers import INITIALIZERS
from bn_lab.engine.losses import LOSSES
from bn_lab.engine.members import Members
from bn_lab.engine.normalizers import NORMALIZERS
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.parameters import Buffer
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError

# Kernels this small lose by being shared among threads, and one thread gives the same sums every time.
torch.set_num_threads(1)

Weights = Sequence[tuple[Array, Array]]
"""One network's affine layers, the output layer last: weight `(out, in)` and bias `(out,)` each."""


@dataclass(frozen=True)
class StackState:
    """Everything that the next step of a stack depends on, besides the batch; copies, not views."""

    parameters: Tensor
    moving: Tensor
    optimizer: tuple[Tensor, ...]
    steps: int
    epoch: int


class Stack:
    """A stack of networks with forward and backward passes, an optimizer and moving statistics.

    Args:
        experiment: the choices; its arms and seeds make the stack.
        inputs: number of features. outputs: number of outputs. task: `regression` or `classification`.
        members: the networks of each arm where they differ in more than their seed; see `Members.of`.
        dtype: float32 as in every framework; float64 for tests.
        device: where tensors live. For networks this small the CPU is the faster device.

    Attributes:
        parameters, gradients: buffers with views `weight.k (R, out, in)`, `bias.k (R, out, 1)` for the affine layers
            k = 0 … depth (the last is the output layer), and `gamma.k.arm`, `beta.k.arm`, … `(S, F)` for the hidden layers of
            the arms whose normalizer has such. S is the number of members, most often that of seeds.
        moving: moving statistics, views `mean.k.arm`, `variance.k.arm`, … `(S, F)`; the variance is biased, as Keras' is.
        batch_statistics: the same of the last batch.
        networks: how many there are, R; per_arm: how many of each arm, S.
        placed: the arms that normalize `before` and `after` the activation.
        epsilons: which of the S networks have which ε.
        steps: updates so far.
        epoch: the one whose learning rate and penalty are in use, counting from 0; see `begin`.
    """

    def __init__(
        self,
        experiment: Experiment,
        inputs: int,
        outputs: int,
        task: str,
        *,
        members: Sequence[Experiment] | None = None,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> None:
        self.experiment, self.dtype, self.device = experiment, dtype, device
        self.members = Members.of(experiment, members)
        self.arms, self.per_arm = experiment.arms, len(self.members)
        self.networks = len(self.arms) * self.per_arm
        self.placed = {side: [arm for arm in self.arms if ARMS[arm].placement == side] for side in ("before", "after")}
        self.epsilons = self.members.runs("epsilon")
        self.sizes = [inputs, *[experiment.width] * experiment.depth, outputs]
        self.loss, self.activation = LOSSES[task], ACTIVATIONS[experiment.activation]
        self.parameters = Buffer(self._parameter_shapes(), dtype, device)
        self.gradients = Buffer(self._parameter_shapes(), dtype, device)
        self.batch_statistics = Buffer(self._statistic_shapes(), dtype, device)
        self.moving = Buffer(self._statistic_shapes(), dtype, device)
        self.optimizer = OPTIMIZERS[experiment.optimizer](self.parameters.flat, self.gradients.flat, self._rate(0))
        self.steps = self.epoch = 0
        self._weights, self._weight_gradients = self.parameters.part("weight"), self.gradients.part("weight")
        self._batch_variances = self.batch_statistics.part("variance")
        # Numbers that are tensors already: to make one of a Python number costs as much as the kernel that uses it.
        self._fading = self._number(self.members.values("bn_momentum"), self.moving)
        self._renewal = self._number(1 - self.members.values("bn_momentum"), self.moving)
        self._penalty = self._l2(0)
        self._turns = {phase.first - 1 for member in self.members.experiments for phase in member.phases}
        self._bound: dict[tuple[int, bool], BoundLayers] = {}
        self._initialize()

    def _rate(self, epoch: int) -> float | Tensor:
        return self._choice(self.members.values("learning_rate", epoch), self.parameters)

    def _l2(self, epoch: int) -> float | Tensor:
        penalty = self._choice(self.members.values("l2", epoch), self.parameters)
        return penalty[: len(self._weights)] if isinstance(penalty, Tensor) else penalty

    def begin(self, epoch: int) -> None:
        """Have the learning rate and the penalty of an epoch, counting from 0."""
        if epoch != self.epoch and (epoch in self._turns or epoch != self.epoch + 1):
            self.optimizer.learning_rate, self._penalty = self._rate(epoch), self._l2(epoch)
        self.epoch = epoch

    def _choice(self, values: Array, buffer: Buffer) -> float | Tensor:
        """From `values (S,)` one number where all are the same, else one for each number of `buffer`."""
        return self.spread(values, buffer) if (values != values[0]).any() else float(values[0])

    def _number(self, values: Array, buffer: Buffer) -> Tensor:
        """The same as a tensor, of no dimension where it is one number."""
        choice = self._choice(values, buffer)
        return choice if isinstance(choice, Tensor) else buffer.flat.new_tensor(choice)

    def spread(self, values: Array, buffer: Buffer) -> Tensor:
        """The value of its member for each number of `buffer`, from `values (S,)`; flat, laid out as `buffer` is."""
        of_members = torch.from_numpy(values).to(buffer.flat)
        # Of each view, (A·S, …) or (S, …), the networks of an arm are together.
        blocks = (of_members[:, None].expand(len(view) // self.per_arm, -1, view[0].numel()) for view in buffer.views.values())
        return torch.cat([block.flatten() for block in blocks]) if buffer.views else buffer.flat

    def norms(self, flat: Tensor) -> Tensor:
        """Euclidean norm of each network's part of `flat`, which is laid out as the parameters are: (R,) float64."""
        squares = torch.zeros(self.networks, dtype=torch.float64, device=self.device)
        parts = torch.split(flat, [view.numel() for view in self.parameters.views.values()])
        for (name, view), part in zip(self.parameters.views.items(), parts, strict=True):
            owner = name.split(".")[2:]
            rows = self.rows(owner[0]) if owner else slice(None)
            squares[rows] += torch.linalg.vector_norm(part.view(len(view), -1), dim=1, dtype=torch.float64).square()
        return squares.sqrt()

    def _parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        # Weights come first, so that they are one piece of the flat buffer: L2 concerns them alone.
        pairs = list(enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)))
        shapes: dict[str, tuple[int, ...]] = {f"weight.{k}": (self.networks, out, n) for k, (n, out) in pairs}
        shapes |= {f"bias.{k}": (self.networks, out, 1) for k, (_, out) in pairs}
        return shapes | self._per_unit({arm: ARMS[arm].parameters for arm in self.arms})

    def _statistic_shapes(self) -> dict[str, tuple[int, ...]]:
        return self._per_unit({arm: ARMS[arm].statistics for arm in self.arms})

    def _per_unit(self, names: Mapping[str, Collection[str]]) -> dict[str, tuple[int, ...]]:
        """Shapes of what the arms have for each hidden unit under these `names`: those of one name together, layer by layer."""
        places = product(dict.fromkeys(chain(*names.values())), range(self.experiment.depth), self.arms)
        return {f"{name}.{k}.{arm}": (self.per_arm, self.experiment.width) for name, k, arm in places if name in names[arm]}

    def rows(self, arm: str) -> slice:
        """Where the networks of `arm` stand in the stack."""
        start = self.arms.index(arm) * self.per_arm
        return slice(start, start + self.per_arm)

    def _initialize(self) -> None:
        for key, view in (self.parameters.views | self.moving.views).items():
            name, _, *owner = key.split(".")  # those without owner, weights and biases, are 0 till they are drawn
            view.fill_({**ARMS[owner[0]].parameters, **ARMS[owner[0]].statistics}[name] if owner else 0.0)
        for s, (member, seed) in enumerate(zip(self.members.experiments, self.members.seeds, strict=True)):
            draw, generator = INITIALIZERS[member.initializer], np.random.default_rng([seed, WEIGHTS])
            for k, (fan_in, fan_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)):
                weight = draw(generator, fan_in, fan_out, member) * member.weight_scale
                self.parameters[f"weight.{k}"][s :: self.per_arm] = torch.from_numpy(weight).to(self.dtype)

    def set_weights(self, weights: Weights) -> None:
        """Let every network start from `weights` instead.

        Raises:
            ExperimentError: if the number of layers or the shape of one does not fit, or a number is not finite.
        """
        layers = list(weights) if isinstance(weights, Iterable) else []
        if len(layers) != len(self.sizes) - 1:
            raise ExperimentError("weights", "layers", len(layers), expected=len(self.sizes) - 1)
        for k, pair in enumerate(layers):
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ExperimentError(f"layer {k + 1} of weights", "type", brief(pair), expected="a pair (weight, bias)")
            for name, values in zip(("weight", "bias"), pair, strict=True):
                view = self.parameters[f"{name}.{k}"]
                expected = (self.sizes[k + 1], self.sizes[k])[: 2 if name == "weight" else 1]
                array = _numbers(values)
                if array is None or array.shape != expected:
                    shape = type(values).__name__ if array is None else array.shape
                    raise ExperimentError(f"{name} of layer {k + 1}", "shape", shape, expected=expected)
                numbers = torch.tensor(array, dtype=self.dtype).view(view.shape[1:])
                if not (finite := torch.isfinite(numbers)).all():
                    raise ExperimentError(f"{name} of layer {k + 1}", "number", numbers[~finite][0].item())
                view[:] = numbers

    def forward(self, x: Tensor, masks: Sequence[Tensor], outputs: Tensor, noise: Sequence[Tensor] = ()) -> BoundLayers:
        """Run a batch `x (R, in, B)` through all networks in training mode and write `outputs (R, C, B)`.

        Nothing that lasts is changed: the moving statistics move in `update`. `masks` are the dropout masks `(S, F, B)` of the
        hidden layers, empty without dropout; `noise` likewise that after batch normalization, `(2, S, F, 1)` each. Returns the
        layers, which hold what they computed.
        """
        kind = x.shape[2], len(masks) > 0
        if (bound := self._bound.get(kind)) is None:
            bound = self._bound[kind] = BoundLayers(self, x.shape[2], dropout=len(masks) > 0)
        bound.forward(x, masks, outputs, noise)
        return bound

    def backward(self, bound: BoundLayers, y: Tensor) -> None:
        """Write the gradients of loss and L2 penalty for the batch that went forward last, with the targets `y (R, C, B)`."""
        bound.backward(y)
        if isinstance(self._penalty, Tensor):
            self._weight_gradients.addcmul_(self._weights, self._penalty, value=2)
        elif self._penalty:
            self._weight_gradients.add_(self._weights, alpha=2 * self._penalty)

    def update(self, bound: BoundLayers) -> None:
        """Apply the gradients of the last backward pass, that of `bound`, and move the moving statistics."""
        self.steps += 1
        self.optimizer.update(self.steps)
        if self.moving.views:
            self._batch_variances.mul_(bound.bessel)
            # Not `lerp_`, which makes NaN of what was infinite once and stays so in Keras.
            self.moving.flat.mul_(self._fading).addcmul_(self.batch_statistics.flat, self._renewal)

    def step(self, x: Tensor, y: Tensor, masks: Sequence[Tensor], outputs: Tensor, noise: Sequence[Tensor] = ()) -> BoundLayers:
        """One step of the optimizer on a batch: `x (R, in, B)`, targets `y (R, C, B)`; writes `outputs (R, C, B)`."""
        bound = self.forward(x, masks, outputs, noise)
        self.backward(bound, y)
        self.update(bound)
        return bound

    def infer(self, x: Tensor, members: int | None = None) -> Tensor:
        """Outputs `(R, C, N)` for `x (R, in, N)` in inference mode: moving statistics, no dropout.

        Args:
            members: ask only so many networks of each arm, the first ones; R is then as many as there are of them.
        """
        count = self.per_arm if members is None else members
        for k in range(self.experiment.depth):
            z = self._affine(x, k, count)
            self._normalize(z, k, "before", count)
            self.activation.forward(z, z)
            self._normalize(z, k, "after", count)
            x = z
        return self._affine(x, self.experiment.depth, count)

    def _affine(self, x: Tensor, k: int, count: int) -> Tensor:
        """Wx + b of layer k for the first `count` networks of each arm."""
        bias, weight = (self.parameters[f"{name}.{k}"] for name in ("bias", "weight"))
        if count < self.per_arm:
            bias, weight = (each.view(-1, self.per_arm, *each.shape[1:])[:, :count].flatten(0, 1) for each in (bias, weight))
        return torch.baddbmm(bias, weight, x)

    def _normalize(self, x: Tensor, k: int, placement: str, count: int) -> None:
        """Normalize in `x`, in place, the networks of the arms that do so there; there are `count` of each arm."""
        for arm in self.placed[placement]:
            record, start = ARMS[arm], self.arms.index(arm) * count
            assert record.normalizer is not None
            numbers = {name: self.parameters[f"{name}.{k}.{arm}"] for name in record.parameters}
            numbers |= {name: self.moving[f"{name}.{k}.{arm}"] for name in record.statistics}
            for members, epsilon in self.epsilons:
                those = slice(members.start, min(members.stop, count))
                if those.start < those.stop:
                    some = {name: values[those] for name, values in numbers.items()}
                    NORMALIZERS[record.normalizer.name].infer(x[start : start + count][those], some, epsilon)

    def weights(self, arm: int, member: int) -> dict[str, Array]:
        """Copies of one network's parameters and moving statistics by name, such as `weight.0 (out, in)` and `gamma.0 (F,)`."""
        views = {}
        for key, view in (self.parameters.views | self.moving.views).items():
            kind, layer, *owner = key.split(".")
            if not owner:
                whole = view[arm * self.per_arm + member]
                views[key] = whole.squeeze(-1) if kind == "bias" else whole
            elif owner == [self.arms[arm]]:
                views[f"{kind}.{layer}"] = view[member]
        return {key: view.cpu().numpy().copy() for key, view in views.items()}

    def state(self) -> StackState:
        """A copy of everything that the next step depends on."""
        optimizer = tuple(tensor.clone() for tensor in self.optimizer.state)
        return StackState(self.parameters.flat.clone(), self.moving.flat.clone(), optimizer, self.steps, self.epoch)

    def restore(self, state: StackState) -> None:
        """Go back to `state`."""
        self.parameters.flat.copy_(state.parameters)
        self.moving.flat.copy_(state.moving)
        for tensor, value in zip(self.optimizer.state, state.optimizer, strict=True):
            tensor.copy_(value)
        self.steps = state.steps
        self.begin(state.epoch)


def _numbers(values: Any) -> Array | None:
    """`values` as an array of real numbers; None where they are something else, or no array at all."""
    try:
        array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
    except (TypeError, ValueError):  # rows of unlike lengths
        return None
    return array if array.dtype.kind in "iuf" else None

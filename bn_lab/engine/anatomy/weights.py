"""What becomes of a layer when its weights are scaled, or when batch normalization stands on the other side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from bn_lab.datasets import Table
from bn_lab.engine import reference
from bn_lab.engine.anatomy.bench import Bench, LayerwiseNetwork, altered, norm_of
from bn_lab.engine.anatomy.records import Placements, Rescaled, finite
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment


@torch.inference_mode()
@np.errstate(all="ignore")
def rescaled(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: str,
    layer: int,
    factors: Sequence[float],
    epsilon: float | None = None,
    table: Table | None = None,
) -> Rescaled:
    """Multiply weights and bias of hidden layer `layer` by each of `factors` and go forth and back on `subject`'s mini-batch.

    As long as ε is small beside a²σ², BN((aW)u) = BN(Wu) and ∂loss/∂(aW) = (1/a) ∂loss/∂W (Ioffe & Szegedy 2015, 3.3). It
    holds `before` the activation, and `after` it where a > 0 and the activation is positively homogeneous (relu, leaky relu,
    identity). Without batch normalization y is the pre-activation, which is a times what it was.

    Args:
        epsilon: ε of this layer instead of the experiment's.

    The other arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    k, rows = bench.index(layer), bench.rows(checkpoint)
    bench.set_weights(checkpoint)
    part = norm_of(bench.forward(rows)[0], k)
    if epsilon is not None and part is not None:
        part.epsilon = epsilon
    y, norm = _output(bench, checkpoint, k, rows, 1.0)
    outputs = [_output(bench, checkpoint, k, rows, float(a)) for a in factors]
    scales = np.array(factors, np.float64)
    return Rescaled(
        scales,
        finite(np.array([np.linalg.norm(each - y) for each, _ in outputs]) / np.linalg.norm(y)),
        finite(np.array([each for _, each in outputs])),
        finite(norm / np.abs(scales)),
    )


def _output(bench: Bench, checkpoint: Checkpoint, k: int, rows: Array, factor: float) -> tuple[Array, float]:
    """y `(F, B)` and the norm of the weights' gradient when hidden layer k's weights and bias are `factor` times theirs."""
    for name in (f"weight.{k}", f"bias.{k}"):
        view = bench.stack.parameters[name]
        view.copy_(torch.tensor(factor * checkpoint.arms[bench.arm][name].astype(np.float64)).view(view.shape))
    bound, targets = bench.forward(rows)
    bench.stack.backward(bound, targets)
    gradient = bench.stack.gradients[f"weight.{k}"]
    part = norm_of(bound, k)
    out = part.site.out if part else bound.hidden[k].affine.out
    return out[0].numpy().copy(), float(torch.linalg.vector_norm(gradient))


@torch.inference_mode()
@np.errstate(all="ignore")
def placements(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: str,
    layer: int,
    epsilon: float | None = None,
    table: Table | None = None,
) -> Placements:
    """Hidden layer `layer` on `subject`'s mini-batch with batch normalization before and after its activation.

    Weights, γ, β and the layers below are those of `arm` in both cases; γ = 1 and β = 0 where the arm has none.

    Args:
        epsilon: ε of this layer instead of the experiment's.

    The other arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    k = bench.index(layer)
    network = bench.network(checkpoint, epsilons=altered(k, epsilon))
    below = network.below(k, bench.samples(bench.rows(checkpoint))[0], network.batch)
    z = network.affine(k, below)[0]
    before = _nodes(network, k, z.numpy())
    before["activation"] = network.activate(torch.from_numpy(before["scaled"])).numpy()
    after = {"activation": network.activate(z).numpy()}
    after |= _nodes(network, k, after["activation"])
    first = {"pre_activation": z.numpy()}
    return Placements(_finite(first | before), _finite(first | after))


def _finite(stages: Mapping[str, Array]) -> dict[str, Array]:
    return {stage: finite(values) for stage, values in stages.items()}


def _nodes(network: LayerwiseNetwork, k: int, x: Array) -> dict[str, Array]:
    """x̂ and γx̂ + β of x `(F, B)` under the names of `bn_lab.engine.history.STAGES`."""
    gamma, beta = (each.numpy() for each in network.scale(k))
    nodes = reference.forward(x, gamma, beta, network.epsilon(k))
    return {"normalized": nodes.normalized, "scaled": nodes.y}

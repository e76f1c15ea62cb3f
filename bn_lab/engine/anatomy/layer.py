"""One batch normalization layer on its mini-batch, from a checkpoint, and its statistics over several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine.anatomy.bench import Bench, norm_of
from bn_lab.engine.anatomy.records import Statistics, Subject, finite
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment


@torch.inference_mode()
def subject(experiment: Experiment, checkpoint: Checkpoint, arm: str, layer: int, table: Table | None = None) -> Subject:
    """Batch normalization of hidden layer `layer` on the first batch of epoch `int(checkpoint.epoch)`, counting epochs from 0.

    For an arm without batch normalization it is what batch normalization before the activation would see there: x is the
    pre-activation, γ = 1 and β = 0, there are no moving statistics, and `grad_y` is the gradient at the pre-activation.

    Args:
        experiment: the one that `checkpoint` is of; its order of batches, its first seed, its dropout and penalty left out.
        checkpoint: the weights.
        arm: one of the experiment's.
        layer: 1 … depth.
        table: the experiment's data; the shipped set of that name where not given.

    Raises:
        ExperimentError: if there is no such layer.
    """
    return _subject(Bench(experiment, arm, table), checkpoint, layer)


def _subject(bench: Bench, checkpoint: Checkpoint, layer: int) -> Subject:
    k, rows = bench.index(layer), bench.rows(checkpoint)
    x, grad_y = _seen(bench, checkpoint, k, rows)
    gamma, beta = (finite(each.numpy()) for each in bench.network(checkpoint).scale(k))
    mean, variance = _moving(bench, checkpoint, k)
    return Subject(x, gamma, beta, bench.experiment.epsilon, grad_y, rows, mean, variance, bench.arm, layer, checkpoint.epoch)


def _seen(bench: Bench, checkpoint: Checkpoint, k: int, rows: Array) -> tuple[Array, Array]:
    """What batch normalization of hidden layer k takes in and the gradient that arrives at its output, (F, B) each."""
    bench.set_weights(checkpoint)
    bound, y = bench.forward(rows)
    norm, affine = norm_of(bound, k), bound.hidden[k].affine
    part, x = (norm, norm.site.x) if norm else (affine, affine.out)
    # The backward pass is stopped at batch normalization, whose `backward` would write its own gradient over the arriving one.
    bound.loss.gradient(bound.output.out, y, bound.inverse_batch, bound.output.out_grad)
    for above in bound.reverse[: bound.reverse.index(part)]:
        above.backward()
    grad = bound.hidden[k].activate.x_grad
    return finite(x[0].numpy()), finite(grad[0].numpy())


def _moving(bench: Bench, checkpoint: Checkpoint, k: int) -> tuple[Array | None, Array | None]:
    """Moving mean and variance of hidden layer k, (F, 1) each."""
    if not ARMS[bench.arm].is_batch_norm:
        return None, None
    mean, variance = (finite(checkpoint.arms[bench.arm][f"{name}.{k}"])[:, None] for name in ("mean", "variance"))
    return mean, variance


@torch.inference_mode()
@np.errstate(all="ignore")
def statistics(
    experiment: Experiment, checkpoints: Sequence[Checkpoint], arm: str, layer: int, table: Table | None = None
) -> Statistics:
    """Batch and moving statistics of hidden layer `layer` at each of `checkpoints`, in ascending order of their epochs.

    Arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    subjects = [_subject(bench, checkpoint, layer) for checkpoint in checkpoints]
    epochs = np.array([checkpoint.epoch for checkpoint in checkpoints], np.float64)
    normed = ARMS[arm].is_batch_norm
    return Statistics(
        epochs,
        finite(np.stack([each.x.mean(axis=1) for each in subjects])),
        finite(np.stack([each.x.var(axis=1) for each in subjects])),
        np.concatenate([each.moving_mean.T for each in subjects if each.moving_mean is not None]) if normed else None,
        np.concatenate([each.moving_variance.T for each in subjects if each.moving_variance is not None]) if normed else None,
        experiment.bn_momentum ** np.array([bench.source.steps.until(epoch) for epoch in epochs]),
    )

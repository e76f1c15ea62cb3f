"""Evaluation in inference mode: moving statistics, no dropout, nothing changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from bn_lab.engine.batches import Source
from bn_lab.engine.losses import accuracy
from bn_lab.engine.stack import Stack
from bn_lab.engine.types import Array


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How all networks do on one set of samples.

    Attributes:
        loss: (A, S), mean over the samples.
        accuracy: (A, S), share of right classes; None for regression.
        outputs: (A, C, n), outputs of each arm's first network.
    """

    loss: Array
    accuracy: Array | None
    outputs: Array


@torch.inference_mode()
def evaluate(stack: Stack, source: Source, which: Literal["train", "validation"]) -> Evaluation:
    """Evaluate all networks of `stack` on the training or the validation samples of `source`."""
    classes = source.table.task == "classification"
    total, right = torch.zeros(2, stack.networks, dtype=stack.dtype, device=stack.device)
    count, outputs = 0, []
    for x, y in source.whole(which):
        out = stack.infer(x)  # (R, C, n)
        total += stack.loss.values(out, y) * x.shape[2]
        if classes:
            right += accuracy(out, y) * x.shape[2]
        count += x.shape[2]
        outputs.append(out[:: stack.per_arm])
    shape = len(stack.arms), stack.per_arm

    def mean(summed: torch.Tensor) -> Array:
        return np.asarray((summed / count).cpu().numpy()).reshape(shape)

    return Evaluation(mean(total), mean(right) if classes else None, torch.cat(outputs, dim=2).cpu().numpy())

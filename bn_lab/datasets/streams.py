"""Where all randomness comes from: one independent stream of numbers per seed and purpose.

Every purpose has its own stream, so that drawing more for one of them (a deeper network, a validation split)
leaves the others as they were. Nothing ever draws from a global generator: another thread's draw would change
the numbers.
"""

from __future__ import annotations

import numpy as np

WEIGHTS = 0
SPLIT = 1
BATCHES = 2
DROPOUT = 3
COMPOSITION = 4
NOISE = 5


def generator(seed: int, stream: int) -> np.random.Generator:
    """A fresh generator for one purpose of one network.

    Args:
        seed: one of `Experiment.seed_list`, at least 0.
        stream: `WEIGHTS`, `SPLIT`, `BATCHES`, `DROPOUT`, `COMPOSITION` or `NOISE`.
    """
    return np.random.default_rng([seed, stream])

"""Distributions of the initial weights, in one registry. Biases start at 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

Initializer = Callable[[np.random.Generator, int, int, Experiment], Array]
"""`initializer(generator, fan_in, fan_out, experiment)` draws weights of shape (fan_out, fan_in), float64."""


def glorot_uniform(generator: np.random.Generator, fan_in: int, fan_out: int, experiment: Experiment) -> Array:
    """Uniform on ±√(6 / (fan_in + fan_out)): Glorot & Bengio 2010, equation 16. Keras' default."""
    limit = np.sqrt(6 / (fan_in + fan_out))
    return generator.uniform(-limit, limit, (fan_out, fan_in))


def he_normal(generator: np.random.Generator, fan_in: int, fan_out: int, experiment: Experiment) -> Array:
    """Normal with standard deviation √(2 / fan_in): He et al. 2015, equation 10 (not truncated, as Keras' is)."""
    return generator.normal(0.0, np.sqrt(2 / fan_in), (fan_out, fan_in))


def lecun_normal(generator: np.random.Generator, fan_in: int, fan_out: int, experiment: Experiment) -> Array:
    """Normal with standard deviation √(1 / fan_in): LeCun et al. 1998, section 4.6 (not truncated, as Keras' is)."""
    return generator.normal(0.0, np.sqrt(1 / fan_in), (fan_out, fan_in))


def normal(generator: np.random.Generator, fan_in: int, fan_out: int, experiment: Experiment) -> Array:
    """Normal with standard deviation `experiment.weight_std`, whatever the layer's size."""
    return generator.normal(0.0, experiment.weight_std, (fan_out, fan_in))


INITIALIZERS: Mapping[str, Initializer] = {
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "lecun_normal": lecun_normal,
    "normal": normal,
}
"""Initializers by name."""

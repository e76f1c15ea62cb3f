"""Batch normalization node by node, as in the lesson's computation graph: the readable reference in float64.

Shapes: x, x̂, y and their gradients are `(units, batch)`; everything else is `(units, 1)`. The fast layers in
`bn_lab.engine.layers` are held equal to it by tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bn_lab.engine.types import Array


@dataclass(frozen=True)
class Forward:
    """Every node of the forward pass, in the order of computation (Ioffe & Szegedy 2015, algorithm 1)."""

    x: Array
    mean: Array  # μ_B, the mean over the batch
    centered: Array  # x − μ_B
    squared: Array  # (x − μ_B)²
    variance: Array  # σ²_B, the mean of the squares (biased)
    shifted: Array  # σ²_B + ε
    deviation: Array  # √(σ²_B + ε)
    inverse: Array  # 1 / √(σ²_B + ε)
    normalized: Array  # x̂
    scaled: Array  # γ x̂
    y: Array  # γ x̂ + β


@dataclass(frozen=True)
class Backward:
    """The gradient of the loss at every node, named as in `Forward`, and at γ and β."""

    y: Array
    beta: Array
    gamma: Array
    normalized: Array
    inverse: Array
    deviation: Array
    shifted: Array
    variance: Array
    squared: Array
    centered: Array
    mean: Array
    x: Array


def forward(x: Array, gamma: Array, beta: Array, epsilon: float) -> Forward:
    """Normalize each row of x `(units, batch)` over the batch, then scale by γ and shift by β, both `(units, 1)`."""
    x = np.asarray(x, np.float64)
    # About the first sample, so that the mean of equal numbers is that number and not its rounding, which ε may not forgive.
    mean = x[:, :1] + (x - x[:, :1]).mean(axis=1, keepdims=True)
    centered = x - mean
    squared = centered**2
    variance = squared.mean(axis=1, keepdims=True)
    shifted = variance + epsilon
    deviation = np.sqrt(shifted)
    inverse = 1 / deviation
    normalized = centered * inverse
    scaled = gamma * normalized
    return Forward(x, mean, centered, squared, variance, shifted, deviation, inverse, normalized, scaled, scaled + beta)


def backward(nodes: Forward, gamma: Array, grad_y: Array) -> Backward:
    """The gradients at every node, from ∂loss/∂y `(units, batch)`; each line is the local derivative of one node."""
    count = nodes.x.shape[1]
    beta = grad_y.sum(axis=1, keepdims=True)
    gamma_grad = (grad_y * nodes.normalized).sum(axis=1, keepdims=True)
    normalized = grad_y * gamma
    inverse = (normalized * nodes.centered).sum(axis=1, keepdims=True)
    deviation = -inverse * nodes.inverse**2
    shifted = deviation / (2 * nodes.deviation)
    variance = shifted
    squared = np.broadcast_to(variance / count, nodes.x.shape)
    centered = normalized * nodes.inverse + squared * 2 * nodes.centered  # both branches that use x − μ_B
    mean = -centered.sum(axis=1, keepdims=True)
    x = centered + mean / count
    return Backward(grad_y, beta, gamma_grad, normalized, inverse, deviation, shifted, variance, squared, centered, mean, x)


def edges(nodes: Forward, gradients: Backward, gamma: Array) -> dict[tuple[str, str], Array]:
    """What every edge of the graph, from a node to one that uses it, carries backward: gradient above × local derivative.

    Edges into a node of the whole batch (μ_B, 1/√(σ²_B + ε), γ, β) carry one number a sample, `(units, batch)`, whose sum over
    the batch is what arrives; those between such nodes `(units, 1)`. All that leaves a node comes back to it, so that the
    edges that start at a node add up to its gradient.
    """
    g, count = gradients, nodes.x.shape[1]
    return {
        ("x", "mean"): np.broadcast_to(g.mean / count, nodes.x.shape),
        ("x", "centered"): g.centered,
        ("mean", "centered"): -g.centered,
        ("centered", "squared"): g.squared * 2 * nodes.centered,
        ("squared", "variance"): np.broadcast_to(g.variance / count, nodes.x.shape),
        ("variance", "shifted"): g.shifted,
        ("shifted", "deviation"): g.deviation / (2 * nodes.deviation),
        ("deviation", "inverse"): -g.inverse * nodes.inverse**2,
        ("inverse", "normalized"): g.normalized * nodes.centered,
        ("centered", "normalized"): g.normalized * nodes.inverse,
        ("normalized", "scaled"): g.y * gamma,
        ("gamma", "scaled"): g.y * nodes.normalized,
        ("scaled", "y"): g.y,
        ("beta", "y"): g.y,
    }

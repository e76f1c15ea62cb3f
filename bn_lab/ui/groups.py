"""The fields of an experiment in the groups and the order of the sidebar."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "data": ("dataset", "data_noise", "inputs", "samples", "validation_share", "batch_size", "shuffle"),
    "network": ("depth", "width", "activation", "initializer", "weight_std", "weight_scale"),
    "normalization": ("arms", "epsilon", "bn_momentum", "bn_noise"),
    "training": ("optimizer", "learning_rate", "epochs", "dropout", "l2", "seed", "seeds"),
}
"""A test sees that no field is missing."""

"""The fields of an experiment in the groups and the order of the sidebar.

Links of lessons name groups beside pages and parts of the lab, so no name may be of both: `data` is a page.
"""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "data_settings": ("dataset", "data_noise", "inputs", "samples", "validation_share", "batch_size", "shuffle"),
    "network": ("depth", "width", "activation", "initializer", "weight_std", "weight_scale"),
    "normalization": ("arms", "epsilon", "bn_momentum", "bn_noise"),
    "training": ("optimizer", "learning_rate", "epochs", "dropout", "l2", "seed", "seeds"),
}
"""A test sees that no field is missing."""

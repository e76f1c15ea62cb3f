"""The lab's networks as anyone would build them in torch."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment


def network(experiment: Experiment, arm: str, weights: Mapping[str, Array]) -> nn.Sequential:
    """The network with these weights, built as anyone would in torch."""

    def tensor(key: str) -> Tensor:
        return torch.tensor(weights[key], dtype=torch.float64)

    layers: list[nn.Module] = []
    for k in range(experiment.depth + 1):
        linear = nn.Linear(weights[f"weight.{k}"].shape[1], weights[f"weight.{k}"].shape[0], dtype=torch.float64)
        linear.load_state_dict({"weight": tensor(f"weight.{k}"), "bias": tensor(f"bias.{k}")})
        layers.append(linear)
        if k == experiment.depth:
            break
        pair: list[nn.Module] = [nn.SiLU()]
        if arm in ("before", "after"):
            norm = nn.BatchNorm1d(experiment.width, eps=experiment.epsilon, dtype=torch.float64)
            names = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
            norm.load_state_dict({theirs: tensor(f"{own}.{k}") for theirs, own in names.items()}, strict=False)
            pair.insert(0 if arm == "before" else 1, norm)
        layers += pair
        if experiment.dropout:
            layers.append(nn.Dropout(experiment.dropout))
    return nn.Sequential(*layers).eval()

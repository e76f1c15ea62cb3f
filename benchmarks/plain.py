"""The opponent everybody has: one `torch.nn` network in one hand-written loop, trained with autograd.

It is what a good engineer writes: modules from the shelf, the samples shuffled once an epoch and cut into views, the loss added
up without being fetched at every step. `torch.optim.RMSprop` adds its epsilon outside of the root where Keras has it inside;
that changes the numbers a little and the time not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from time import thread_time

import torch
from torch import Tensor, nn

from bn_lab.datasets import Table
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment

torch.set_num_threads(1)

ACTIVATIONS = {"swish": nn.SiLU, "relu": nn.ReLU, "tanh": nn.Tanh}
OPTIMIZERS: Mapping[str, Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]] = {
    "rmsprop": lambda parameters, rate: torch.optim.RMSprop(parameters, lr=rate, alpha=0.9, eps=1e-7),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
}


def network(experiment: Experiment, arm: str, table: Table) -> nn.Sequential:
    """The network of one arm: affine, batch normalization, activation, `depth` times, and an affine output layer."""
    sizes = [table.features.shape[1], *[experiment.width] * experiment.depth]
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers.append(nn.Linear(fan_in, fan_out))
        norm = nn.BatchNorm1d(fan_out, eps=experiment.epsilon, momentum=1 - experiment.bn_momentum)
        activation = ACTIVATIONS[experiment.activation]()
        layers += {"before": [norm, activation], "after": [activation, norm]}.get(arm, [activation])
    return nn.Sequential(*layers, nn.Linear(sizes[-1], table.outputs))


class Plain:
    """One network, its data and its loop.

    Attributes:
        losses: the mean training loss of each epoch, weighted by the sizes of its batches.
    """

    def __init__(self, experiment: Experiment, arm: str, table: Table) -> None:
        self.experiment = experiment
        self.model = network(experiment, arm, table)
        regression = table.task == "regression"
        self.x = torch.tensor(table.features, dtype=torch.float32)
        self.y = torch.tensor(table.target, dtype=torch.float32)[:, None] if regression else torch.tensor(table.target)
        self.criterion = nn.MSELoss() if regression else nn.CrossEntropyLoss()
        self.optimizer = OPTIMIZERS[experiment.optimizer](self.model.parameters(), experiment.learning_rate)
        self.losses: list[float] = []

    def adopt(self, run: Run, arm: int) -> None:
        """Start from the weights of a run's network instead."""
        weights = run.weights(arm)
        affine = [module for module in self.model if isinstance(module, nn.Linear)]
        with torch.no_grad():
            for k, module in enumerate(affine):
                module.weight.copy_(torch.from_numpy(weights[f"weight.{k}"]))
                module.bias.copy_(torch.from_numpy(weights[f"bias.{k}"]))

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        x, y = self.x, self.y
        if self.experiment.shuffle != "never":
            order = torch.randperm(len(x))
            x, y = x[order], y[order]
        size = self.experiment.batch_size
        return zip(torch.split(x, size), torch.split(y, size), strict=True)

    def epoch(self) -> None:
        """Train one epoch."""
        total = torch.zeros(())
        for x, y in self._batches():
            loss = self.criterion(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(x)
        self.losses.append(total.item() / len(self.x))

    def time(self, epochs: int) -> float:
        """Train some epochs; seconds a step."""
        start = thread_time()
        for _ in range(epochs):
            self.epoch()
        return (thread_time() - start) / (epochs * -(-len(self.x) // self.experiment.batch_size))

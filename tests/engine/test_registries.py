"""Every option of an experiment has its entry in a registry, and every entry is an option."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from bn_lab.datasets import DATASETS, Task
from bn_lab.engine.activations import ACTIVATIONS
from bn_lab.engine.initializers import INITIALIZERS
from bn_lab.engine.losses import LOSSES
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.experiment import FIELDS


@pytest.mark.parametrize(
    ("field", "registry"),
    [
        ("dataset", DATASETS),
        ("activation", ACTIVATIONS),
        ("optimizer", OPTIMIZERS),
        ("initializer", INITIALIZERS),
    ],
)
def test_options_and_registry_agree(field: str, registry: Mapping[str, Any]) -> None:
    assert tuple(registry) == FIELDS[field].options


def test_every_task_has_a_loss() -> None:
    assert set(LOSSES) == set(get_args(Task))

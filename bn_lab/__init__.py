"""BN Lab: twin networks with and without batch normalization, from the same weights and the same batches, compared live.

from bn_lab import Experiment, train
history = train(Experiment(dataset="iris", epochs=20))
history.series("before", "accuracy")        # (seeds, epochs)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bn_lab.experiment import Experiment, ExperimentError, Schedule

if TYPE_CHECKING:
    from bn_lab.engine.training import train

__all__ = ["Experiment", "ExperimentError", "Schedule", "train"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; who only validates an experiment or reads a link need not wait for it.
    if name == "train":
        from bn_lab.engine.training import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

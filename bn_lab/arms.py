"""Arms: the sides of the comparison, each a record of what sets it apart. Everything that differs between arms is asked of it.

A new arm is one record here, and what belongs to it elsewhere under the same name:

- its name in each language, the text `arm.<id>` in `bn_lab/locales/<language>/common.toml`;
- if its normalizer is new: the kernels in `bn_lab.engine.normalizers`, and the lines in programs in `bn_lab.codegen.keras` and
  `bn_lab.codegen.pytorch`, an entry of `NORMALIZERS` each.

The module imports nothing of the project, so that anything may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True, eq=False)
class Normalizer:
    """What is known of a kind of normalization without its kernels.

    Attributes:
        name: under which kernels and programs know it.
        short: what it is called in a picture, in a few letters.
        formula: what it puts out, written with the normalized value x̂.
        parameters: what each unit has to learn, by name, and with what it starts.
        statistics: what is taken over the batch, for each unit, and kept as a moving statistic for inference mode; by name, and
            with what it starts.
        settings: the fields of an experiment that its numbers depend on.
        removes_bias: whether it takes out again what is added to all values of a unit, so that a bias before it does nothing.
    """

    name: str
    short: str
    formula: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    statistics: Mapping[str, float] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    removes_bias: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Arm:
    """One side of the comparison. All start from the same weights and see the same batches.

    Attributes:
        id: its name in links, files and programs.
        color: the same on every picture.
        dash: its kind of line where colours tell runs apart.
        inputs: `given` by the experiment, or `standardized` in any case.
        normalizer: what normalizes in its hidden layers, if anything does; placement: on which side of the activation.
    """

    id: str
    color: str
    dash: str
    inputs: Literal["given", "standardized"] = "given"
    normalizer: Normalizer | None = None
    placement: Literal["before", "after"] | None = None

    @property
    def parameters(self) -> Mapping[str, float]:
        """Those of its normalizer; none without."""
        return self.normalizer.parameters if self.normalizer else {}

    @property
    def statistics(self) -> Mapping[str, float]:
        """Those of its normalizer; none without."""
        return self.normalizer.statistics if self.normalizer else {}

    @property
    def settings(self) -> tuple[str, ...]:
        """The fields of an experiment that mean something to it because of its normalizer; none without."""
        return (*self.normalizer.settings, "bn_noise") if self.normalizer else ()

    @property
    def is_batch_norm(self) -> bool:
        """Whether it normalizes as Ioffe & Szegedy 2015 do, which is what the Algorithm page takes apart."""
        return self.normalizer is BATCH_NORM

    @property
    def is_biasless(self) -> bool:
        """Whether the biases of its hidden layers do nothing, and stay 0."""
        return self.normalizer is not None and self.normalizer.removes_bias and self.placement == "before"


BATCH_NORM = Normalizer(
    name="batch_norm",
    short="BN",
    formula="γx̂+β",
    parameters={"gamma": 1.0, "beta": 0.0},
    statistics={"mean": 0.0, "variance": 1.0},
    settings=("epsilon", "bn_momentum"),
    removes_bias=True,
)

ARMS: dict[str, Arm] = {
    arm.id: arm
    for arm in (
        Arm(id="none", color="#D55E00", dash="solid"),
        Arm(id="standardized", color="#CC79A7", dash="dot", inputs="standardized"),
        Arm(id="before", color="#0072B2", dash="dash", normalizer=BATCH_NORM, placement="before"),
        Arm(id="after", color="#009E73", dash="dashdot", normalizer=BATCH_NORM, placement="after"),
    )
}
"""All arms by id, in the order in which they are stacked, drawn and listed.

The colours are vermillion, reddish purple, blue and bluish green of Okabe and Ito's palette for all kinds of colour vision. Of
its eight these four have a contrast of at least 3:1 on the backgrounds of both themes.
"""

BASELINE, CONTROL = "none", "standardized"
"""The arm that the others are held against, and the one that does nothing but standardize its inputs."""


def normalized(arms: Iterable[str]) -> tuple[str, ...]:
    """Those of `arms` that have a normalizer, in their order."""
    return tuple(arm for arm in arms if ARMS[arm].normalizer)

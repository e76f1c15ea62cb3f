"""What a script has to know of its data set, and what follows from that and the experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap

from bn_lab.arms import ARMS, BATCH_NORM, Normalizer
from bn_lab.drawn import is_drawn, kind_of, points_of
from bn_lab.experiment import Experiment, ExperimentError, Schedule


@dataclass(frozen=True)
class Facts:
    """A data set; a test holds these of the shipped ones to the tables of `bn_lab.datasets`.

    Attributes:
        title: how a script calls it.
        file: where it is in the project; empty where it is computed.
        samples: number of rows. features: number of inputs. outputs: units of the output layer.
        reading: statements that make `features` (N, F) float64 and `targets`: from the file `DATA`, or as
            `bn_lab.datasets.generated` draws them. There `{points}` becomes the generator, `{random}` too, but only where there
            is noise to draw, and `{noise}` statements that add it, or nothing.
        where: what a comment says of the file.
    """

    title: str
    file: str
    samples: int
    features: int
    outputs: int
    reading: str
    where: str = "in the lab's repository"


_BOSTON = """\
frame = pd.read_csv(DATA)
targets = frame.pop("medv").to_numpy("float32")[:, None]
features = frame.to_numpy("float64")"""

_BOSTON_WITHOUT_B = _BOSTON.replace("read_csv(DATA)", 'read_csv(DATA).drop(columns="b")')

_RANDOM = "random = np.random.default_rng(0)  # the data are the same for every seed below"
_NOISE = "features += 2 * DATA_NOISE * random.standard_normal(features.shape)"
_TARGET_NOISE = "targets += DATA_NOISE * random.standard_normal(targets.shape)"


def _computed(title: str, outputs: int, reading: str) -> Facts:
    return Facts(title, "", samples=500, features=2, outputs=outputs, reading=reading)


FACTS: Mapping[str, Facts] = {
    "boston": Facts("Boston housing", "data/boston.csv", 506, 13, 1, _BOSTON),
    "boston_without_b": Facts("Boston housing without the column b", "data/boston.csv", 506, 12, 1, _BOSTON_WITHOUT_B),
    "iris": Facts(
        "Iris",
        "data/iris.csv",
        150,
        4,
        3,
        """\
frame = pd.read_csv(DATA)
species = frame.pop("품종").astype("category")  # in order of the alphabet
targets = species.cat.codes.to_numpy("int64")
features = frame.to_numpy("float64")""",
    ),
    "digits": Facts(
        "Handwritten digits",
        "data/mnist_5k.npz",
        5000,
        784,
        10,
        """\
with np.load(DATA) as file:
    features = file["images"].reshape(len(file["images"]), -1) / 255.0  # 28 x 28 pixels, 0 is paper
    targets = file["labels"].astype("int64")""",
    ),
    "circle": _computed(
        "Circle in a ring",
        2,
        """\
{points}
targets = np.arange(500) % 2
inner, outer = np.where(targets, 0, 3.5), np.where(targets, 2.5, 5)
radius = np.sqrt(random.uniform(inner**2, outer**2))
angle = random.uniform(0, 2 * np.pi, 500)
features = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
{noise}""",
    ),
    "xor": _computed(
        "Exclusive or",
        2,
        """\
{points}
targets, sign = np.arange(500) % 2, 1 - np.arange(500) // 2 % 2 * 2
features = random.uniform(0.3, 5.3, (500, 2)) * np.column_stack([sign, sign * (2 * targets - 1)])
{noise}""",
    ),
    "gaussians": _computed(
        "Two Gaussians",
        2,
        """\
{points}
targets = np.arange(500) % 2
features = random.normal(0, 0.7, (500, 2)) + (4 * targets - 2)[:, None]
{noise}""",
    ),
    "spiral": _computed(
        "Spiral",
        2,
        """\
{random}
targets = np.arange(500) % 2
share = (np.arange(500) // 2 + 0.5) / 250  # of the way out
angle = 2 * np.pi * 1.75 * share + np.pi * targets
features = 5 * share[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
{noise}""",
    ),
    "moons": _computed(
        "Two moons",
        2,
        """\
{random}
targets = np.arange(500) % 2
angle = np.pi * (np.arange(500) // 2) / 249
upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
features = np.where(targets[:, None], -upper, upper) * 10 / 3
{noise}""",
    ),
    "plane": _computed(
        "Plane",
        1,
        """\
{points}
features = random.uniform(-6, 6, (500, 2))
targets = features.sum(axis=1) / 10
{noise}
targets = targets.astype("float32")[:, None]""",
    ),
}
"""By the name of the data set."""

_DRAWN = '''\
POINTS = """
{rows}
"""  # x1,x2,class of each
points = np.array([point.split(",") for point in POINTS.split()], dtype="float64")
features, targets = points[:, :2].copy(), points[:, 2].astype("int64")'''

_ROW = 108
"""Characters of a line with points, at most."""


def facts_for(dataset: str) -> Facts:
    """What is known of a data set that is no upload; the points of a drawn one stand in the program."""
    if not is_drawn(dataset):
        return FACTS[dataset]
    points = points_of(dataset)
    lines = "\n".join(wrap(" ".join(f"{x:g},{y:g},{label}" for x, y, label in points), _ROW, break_on_hyphens=False))
    return Facts("Drawn points", "", len(points), 2, 2, _DRAWN.replace("{rows}", lines))


@dataclass(frozen=True)
class Needs:
    """An experiment, and what a program for it needs: code that would do nothing is left out."""

    experiment: Experiment
    uploaded: Facts | None = None

    @property
    def facts(self) -> Facts:
        """What is known of the data: of shipped ones by their name, of uploaded ones as it was handed in.

        Raises:
            ExperimentError: `not_held`, where nothing was handed in.
        """
        if not self.experiment.is_private:
            return facts_for(self.experiment.dataset)
        if self.uploaded is None:
            raise ExperimentError("dataset", "not_held", self.experiment.dataset)
        return self.uploaded

    @property
    def reading(self) -> str:
        """Statements that make `features` and `targets`."""
        if self.facts.file:
            return self.facts.reading
        noise = (_NOISE if self.classes else _TARGET_NOISE) if self.data_noise else ""
        lines = {"{points}": _RANDOM, "{random}": _RANDOM if noise else "", "{noise}": noise}
        return "\n".join(filter(None, (lines.get(line, line) for line in self.facts.reading.splitlines())))

    @property
    def data_noise(self) -> bool:
        return self.experiment.data_noise > 0 and "{noise}" in self.facts.reading

    @property
    def classes(self) -> bool:
        """Whether classes are predicted, or a number."""
        return self.facts.outputs > 1

    @property
    def validation(self) -> bool:
        return self.experiment.validation_share > 0

    @property
    def split(self) -> bool:
        """Whether some rows are not trained on."""
        return self.validation or self.experiment.samples is not None

    @property
    def dropout(self) -> bool:
        return any(phase.dropout for phase in self.experiment.phases)

    @property
    def noise(self) -> bool:
        return self.experiment.bn_noise > 0 and bool(self.normalizers)

    @property
    def normalizers(self) -> list[Normalizer]:
        """What normalizes in any arm, each once."""
        return list(dict.fromkeys(norm for arm in self.experiment.arms if (norm := ARMS[arm].normalizer)))

    @property
    def where(self) -> str:
        """What the name of an arm says of its networks."""
        return "where batch normalization is" if self.normalizers == [BATCH_NORM] else "what normalizes, and where"

    def placed(self, placement: str) -> list[tuple[str, Normalizer]]:
        """The arms that normalize `before` or `after` the activation, and by what."""
        arms = (ARMS[arm] for arm in self.experiment.arms)
        return [(arm.id, arm.normalizer) for arm in arms if arm.normalizer and arm.placement == placement]

    @property
    def has_bias(self) -> str:
        """The condition under which the hidden layers of `arm` have biases; empty where all have."""
        biasless = [arm for arm in self.experiment.arms if ARMS[arm].is_biasless]
        if not biasless:
            return ""
        return f'arm != "{biasless[0]}"' if len(biasless) == 1 else f"arm not in {json.dumps(biasless)}"

    @property
    def l2(self) -> bool:
        return any(phase.l2 for phase in self.experiment.phases)

    @property
    def raw(self) -> bool:
        """Whether an arm has the inputs as they are in the file."""
        return not all(map(self.experiment.standardizes, self.experiment.arms))

    @property
    def standardized(self) -> bool:
        """Whether an arm has standardized inputs."""
        return any(map(self.experiment.standardizes, self.experiment.arms))

    @property
    def training_samples(self) -> int:
        """How many rows are trained on.

        Raises:
            ExperimentError: `too_many`, where validation leaves fewer than `samples`.
        """
        wanted, left = self.experiment.samples, self.facts.samples - self.experiment.validation_size(self.facts.samples)
        if wanted is not None and wanted > left:
            raise ExperimentError("samples", "too_many", wanted, high=left, dataset=kind_of(self.experiment.dataset))
        return left if wanted is None else wanted

    @property
    def folded(self) -> bool:
        """Whether the last batch of an epoch would be a single sample."""
        n = self.training_samples
        return any(n > phase.batch_size and n % phase.batch_size == 1 for phase in self.experiment.phases)

    def changes(self, name: str) -> bool:
        """Whether a field changes during the training."""
        return isinstance(getattr(self.experiment, name), Schedule)

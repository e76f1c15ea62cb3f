"""What a script has to know of its data set, and what follows from that and the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bn_lab.arms import normalized
from bn_lab.codegen import points
from bn_lab.experiment import Experiment, ExperimentError


@dataclass(frozen=True)
class Facts:
    """A data set; a test holds these of the shipped ones to the tables of `bn_lab.datasets`.

    Attributes:
        title: how a script calls it.
        file: where it is in the project; empty where it is computed.
        samples: number of rows. features: number of inputs. outputs: units of the output layer.
        reading: statements that make `features` (N, F) float64 and `targets` from the file `DATA`; empty where it
            is computed, see `Needs.reading`.
        where: what a comment says of the file.
    """

    title: str
    file: str
    samples: int
    features: int
    outputs: int
    reading: str = ""
    where: str = "in the lab's repository"


_BOSTON = """\
frame = pd.read_csv(DATA)
targets = frame.pop("medv").to_numpy("float32")[:, None]
features = frame.to_numpy("float64")"""

FACTS: Mapping[str, Facts] = {
    "boston": Facts("Boston housing", "data/boston.csv", 506, 13, 1, _BOSTON),
    "boston_without_b": Facts(
        "Boston housing without the column b",
        "data/boston.csv",
        506,
        12,
        1,
        _BOSTON.replace("read_csv(DATA)", 'read_csv(DATA).drop(columns="b")'),
    ),
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
    "circle": Facts("Circle in a ring", "", 500, 2, 2),
    "xor": Facts("Exclusive or", "", 500, 2, 2),
    "gaussians": Facts("Two Gaussians", "", 500, 2, 2),
    "spiral": Facts("Spiral", "", 500, 2, 2),
    "moons": Facts("Two moons", "", 500, 2, 2),
    "plane": Facts("Plane", "", 500, 2, 1),
}
"""By the name of the data set."""


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
            return FACTS[self.experiment.dataset]
        if self.uploaded is None:
            raise ExperimentError("dataset", "not_held", self.experiment.dataset)
        return self.uploaded

    @property
    def reading(self) -> str:
        """Statements that make `features` and `targets`."""
        return self.facts.reading if self.facts.file else points.reading(self.experiment.dataset, noisy=self.data_noise)

    @property
    def data_noise(self) -> bool:
        return self.experiment.data_noise > 0 and not self.facts.file

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
        return self.experiment.dropout > 0

    @property
    def noise(self) -> bool:
        return self.experiment.bn_noise > 0 and self.bn

    @property
    def bn(self) -> bool:
        return bool(normalized(self.experiment.arms))

    @property
    def l2(self) -> bool:
        return self.experiment.l2 > 0

    def arm(self, name: str) -> bool:
        return name in self.experiment.arms

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
        share, rows, wanted = self.experiment.validation_share, self.facts.samples, self.experiment.samples
        left = rows - (max(1, int(share * rows + 0.5)) if share > 0 else 0)
        if wanted is not None and wanted > left:
            raise ExperimentError("samples", "too_many", wanted, high=left, dataset=self.experiment.dataset)
        return left if wanted is None else wanted

    @property
    def folded(self) -> bool:
        """Whether the last batch of an epoch would be a single sample."""
        n, size = self.training_samples, self.experiment.batch_size
        return n > size and n % size == 1

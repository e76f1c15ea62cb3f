"""`Experiment`: every choice that changes the numbers, with its default, its options and its limits.

This is the only place where they stand. Widgets, the command line and links read them from `FIELDS`; the registries of
data sets, activations, optimizers and initializers are held equal to the options here by a test. The module imports nothing
of the project but the registry of arms and how points stand in an id, so that anything may import it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from numbers import Integral, Real
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from bn_lab import drawn
from bn_lab.arms import ARMS

DatasetName = Literal["boston", "boston_without_b", "iris", "digits", "circle", "xor", "gaussians", "spiral", "moons", "plane"]
InputScaling = Literal["raw", "standardized"]
ActivationName = Literal["swish", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "identity"]
OptimizerName = Literal["rmsprop", "adam", "sgd", "momentum"]
InitializerName = Literal["glorot_uniform", "he_normal", "lecun_normal", "normal"]
Shuffle = Literal["every_epoch", "once", "never"]

UPLOADED = re.compile(
    r"own-[0-9a-f]{16}-[0-9]{1,3}-(regression|classification)-(dropped|median)(-without(-[0-9]{1,3})+)?"
    r"(-read(-(e[a-z0-9_]{1,30}|[dt]([0-9a-f]{2}){0,4}|c([0-9a-f]{2}){0,12}|h[01]|[abs][0-9]{1,4}|p2[ce]"
    r"|m([0-9a-f]{2}){1,80}|k[0-9]{1,3}(numeric|categorical)))+)?"
)
"""Ids of data sets that visitors bring along: a hash of the file, the target's column, the task, what is done about missing
values, columns left out, and what somebody said about how the file is written (`bn_lab.datasets.uploads.format`). Nothing of
the data is in them."""


LONGEST_ECHO = 60
"""How many characters of an id that cannot be a message repeats at most."""


def is_uploaded(dataset: str) -> bool:
    """Whether this is the id of a visitor's own data."""
    return UPLOADED.fullmatch(dataset) is not None


class ExperimentError(ValueError):
    """A value that no experiment can have: which field, which rule, which value.

    Attributes:
        field: name of the field, or of the unknown name.
        rule: id of the broken rule, a key of `RULES`; the page translates it.
        values: what the rule's sentence needs; always `field` and `value`.
    """

    RULES: Mapping[str, str] = {
        "between": "{field} must be between {low} and {high}, got {value}",
        "one_of": "{field} must be one of {options}, got {value}",
        "some_of": "{field} must be one or more different names of {options}, got {value}",
        "integer": "{field} must be a whole number, got {value}",
        "number": "{field} must be a finite number, got {value}",
        "layers": "{field} must have {expected} layers, got {value}",
        "shape": "{field} must have the shape {expected}, got {value}",
        "type": "{field} must be {expected}, got {value}",
        "schedule": "{field} must be one number, or numbers with the epochs from which they hold as in {example}, got {value}",
        "ascending": "{field} must have epochs that begin with 1, ascend and end at {high} at most, got {value}",
        "changes": "{field} must have at most {high} numbers, got {value}",
        "unknown": "{value} is not a setting of an experiment",
        "too_many": "{field} must be at most {high} for {dataset} with this validation share, got {value}",
        "too_few": "{field} must leave at least {low} samples to train on, got {value}",
        "not_held": "{field} must be shipped, or read from a file in this session, got {value}",
        **drawn.RULES,
    }

    def __init__(self, field: str, rule: str, value: object, **values: object) -> None:
        self.field, self.rule = field, rule
        self.values: dict[str, object] = {"field": field, "value": _writable(value), **values}
        super().__init__(self.RULES[rule].format(**self.values))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that an error also comes through from another process."""
        values: dict[str, Any] = {name: value for name, value in self.values.items() if name not in ("field", "value")}
        return partial(type(self), **values), (self.field, self.rule, self.values["value"])


def _writable(value: object) -> object:
    """`value`, or how large a whole number is that has more digits than Python writes."""
    try:
        str(value)
    except ValueError:
        return "a whole number of thousands of digits"
    return value


def one_of(field: str, value: object, options: Iterable[str]) -> str:
    """`value` where it is one of `options`.

    Raises:
        ExperimentError: `one_of`, naming `field` and the options.
    """
    options = tuple(options)
    if not isinstance(value, str) or value not in options:
        raise ExperimentError(field, "one_of", value, options=", ".join(options))
    return str(value)


@dataclass(frozen=True)
class Range:
    """The limits of a number, both included; `log` where it spans decades."""

    low: float
    high: float
    log: bool = False


MOST_NUMBERS = 8
"""How many numbers a schedule has at most."""


@dataclass(frozen=True)
class Schedule:
    """A number of a training that changes between epochs: `0.01@1,0.001@200` is 0.01, and from epoch 200 on 0.001.

    Attributes:
        numbers: pairs of the epoch from which a number holds, counting from 1, and the number; the first epoch is 1, and they
            ascend. As the value of an experiment's field it has at least two, neighbours differ, and none has more than
            `MOST_NUMBERS`. An epoch may lie beyond the experiment's last: it changes nothing, until more are trained.
    """

    numbers: tuple[tuple[int, float], ...]

    def at(self, epoch: int) -> float:
        """The number in an epoch, counting from 1."""
        return next(number for first, number in reversed(self.numbers) if first <= max(1, epoch))

    def __str__(self) -> str:
        return ",".join(f"{written(number)}@{first}" for first, number in self.numbers)


@dataclass(frozen=True)
class Phase:
    """Epochs of a training in which none of its numbers changes.

    Attributes:
        first: its first epoch, counting from 1; it lasts until the next phase.
        learning_rate, batch_size, dropout, l2: the numbers, as in `Experiment`.
    """

    first: int
    learning_rate: float
    batch_size: int
    dropout: float
    l2: float


def written(number: float) -> str:
    """The shortest text that stands for this number."""
    return repr(number).removesuffix(".0") if isinstance(number, float) else str(number)


def scheduled(value: float | Schedule, epoch: int, number: float) -> Schedule:
    """`value` until `epoch`, counting from 1, and `number` from then on, whatever was to come; not yet checked."""
    before = value.numbers if isinstance(value, Schedule) else ((1, value),)
    return Schedule((*(each for each in before if each[0] < epoch), (epoch, number)))


@dataclass(frozen=True)
class Options:
    """The ids to choose from, maybe a registry, and what knows further ids that are none of ours: see `Field.besides`."""

    ids: Collection[str]
    besides: Callable[[str], str | None] | None = None


def further_dataset(dataset: str) -> str | None:
    """The id of uploaded or drawn data as it is written; None for any other.

    Raises:
        ExperimentError: `points` or `point`, for drawn data that cannot be.
    """
    if not drawn.is_drawn(dataset):
        return dataset if is_uploaded(dataset) else None
    try:
        return drawn.canonical(dataset)
    except drawn.PointsError as error:
        start = dataset if len(dataset) <= LONGEST_ECHO else f"{dataset[: LONGEST_ECHO - 1]}…"
        raise ExperimentError("dataset", error.rule, start, **error.values) from None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One experiment: twin networks on one data set, and everything that their numbers depend on.

    The defaults are the lesson's program for Boston housing under Keras' defaults. Equal experiments give equal numbers.

    Raises:
        ExperimentError: (a `ValueError`) naming the field, the rule and the value.
    """

    dataset: Annotated[str, Options(get_args(DatasetName), further_dataset)] = "boston"
    """The data to learn: shipped, each a function in `bn_lab.datasets.DATASETS`; drawn, with the points in the id
    (`bn_lab.drawn`); or uploaded, under an id like `UPLOADED`."""

    data_noise: Annotated[float, Range(0.0, 0.5)] = 0.0
    """Noise of the data sets that are computed (`bn_lab.datasets.GENERATED`); without effect on all others. Every coordinate of
    a point is moved by a normal number of standard deviation 2·`data_noise`, in a picture from about −6 to 6; on `plane` it is
    the target that is moved, by `data_noise` itself. What is drawn is the same for every seed, and grows with the noise."""

    samples: Annotated[int | None, Range(2, 50_000, log=True)] = None
    """How many samples to train on, drawn by the seed; `None` takes all that validation leaves."""

    inputs: InputScaling = "raw"
    """`raw` as in the file (the lesson), or `standardized`: each feature less its mean, over its standard deviation,
    both of the training samples. An arm may have standardized inputs in any case (`Arm.inputs`)."""

    validation_share: Annotated[float, Range(0.0, 0.5)] = 0.0
    """Share of the data set held back for validation, drawn by the seed, stratified by class."""

    depth: Annotated[int, Range(1, 12)] = 3
    """Number of hidden layers; the output layer is not counted."""

    width: Annotated[int, Range(1, 256, log=True)] = 8
    """Units in each hidden layer."""

    activation: ActivationName = "swish"
    """Activation function of the hidden layers; each is an entry of `bn_lab.engine.activations.ACTIVATIONS`."""

    arms: Annotated[tuple[str, ...], Options(ARMS)] = ("none", "before")
    """The sides of the comparison, each an entry of `bn_lab.arms.ARMS`: `none` (no batch normalization), `standardized` (none
    either, but standardized inputs), `before` (batch normalization before the activation), `after` (after it)."""

    epsilon: Annotated[float, Range(1e-8, 1e-1, log=True)] = 1e-3
    """ε in x̂ = (x − μ) / √(σ² + ε). Keras: 1e-3, PyTorch: 1e-5, the lesson's formula: 10e-7, which is 1e-6."""

    bn_momentum: Annotated[float, Range(0.0, 0.9999)] = 0.99
    """Share of the *old* moving statistic that an update keeps (Keras' meaning; PyTorch's momentum is one minus it)."""

    bn_noise: Annotated[float, Range(0.0, 2.0)] = 0.0
    """σ of the noise put after every batch normalization in training: y becomes (1 + σa)·y + σb, with a and b standard normal,
    drawn anew for every unit in every step, so that the distribution the next layer sees jumps from step to step; off in
    inference mode. After the "noisy BatchNorm" of Santurkar et al. 2018, section 2.2, which draws the parameters of a
    distribution for every unit in every step, and from that the noise of every sample. Here all samples of the batch share
    a and b: only what moves the distribution is left, and nothing that blurs the single sample."""

    optimizer: OptimizerName = "rmsprop"
    """Update rule; each is an entry of `bn_lab.engine.optimizers.OPTIMIZERS`, `rmsprop` and `adam` with Keras' formulas."""

    learning_rate: Annotated[float | Schedule, Range(1e-6, 10.0, log=True)] = 1e-3
    """Step size of the optimizer. This one, `batch_size`, `dropout` and `l2` may change during the training: see `Schedule`."""

    batch_size: Annotated[int | Schedule, Range(2, 4096, log=True)] = 32
    """Samples in a batch. The last batch of an epoch is smaller; if it were a single sample (which has no variance), that
    sample joins the batch before it."""

    epochs: Annotated[int, Range(1, 5000, log=True)] = 1000
    """How often the training set is passed through."""

    initializer: InitializerName = "glorot_uniform"
    """Distribution of the initial weights; biases start at 0. Each is an entry of `bn_lab.engine.initializers.INITIALIZERS`."""

    weight_std: Annotated[float, Range(1e-5, 10.0, log=True)] = 0.05
    """Standard deviation of the initial weights where `initializer` is `normal`; without effect otherwise."""

    weight_scale: Annotated[float, Range(1e-5, 100.0, log=True)] = 1.0
    """Factor on all initial weights."""

    dropout: Annotated[float | Schedule, Range(0.0, 0.9)] = 0.0
    """Share of each hidden layer's outputs that are set to 0 in a training step; the others are divided by one minus it."""

    l2: Annotated[float | Schedule, Range(0.0, 1.0, log=True)] = 0.0
    """λ of the penalty λ·Σw² on weights (not biases, γ or β), as in Keras. It enters the gradient, not the reported loss."""

    shuffle: Shuffle = "every_epoch"
    """Order of the training samples: a new permutation every epoch, one for all epochs, or the order of the file."""

    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    """Seed of the first network: it fixes weights, batches, split and dropout."""

    seeds: Annotated[int, Range(1, 32, log=True)] = 1
    """How many networks of each arm are trained at once, with the seeds `seed`, `seed` + 1, …"""

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            object.__setattr__(self, name, spec.check(getattr(self, name)))

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds of the networks of each arm."""
        return tuple(range(self.seed, self.seed + self.seeds))

    def validation_size(self, samples: int) -> int:
        """How many of so many samples are held back for validation; a share that rounds to nothing holds back one."""
        return max(1, int(self.validation_share * samples + 0.5)) if self.validation_share > 0 else 0

    @property
    def is_private(self) -> bool:
        """Whether the data are a visitor's own, and so for nobody else."""
        return is_uploaded(self.dataset)

    def standardizes(self, arm: str) -> bool:
        """Whether the networks of `arm` have standardized inputs."""
        return "standardized" in (self.inputs, ARMS[arm].inputs)

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """What the numbers of the training are in which epochs, in order; a single one where none has a `Schedule`."""
        values = {name: getattr(self, name) for name, spec in FIELDS.items() if spec.changeable}
        schedules = {name: v if isinstance(v, Schedule) else Schedule(((1, v),)) for name, v in values.items()}
        firsts = sorted({first for schedule in schedules.values() for first, _ in schedule.numbers})
        numbers: list[dict[str, Any]] = [{name: each.at(first) for name, each in schedules.items()} for first in firsts]
        return tuple(Phase(first, **each) for first, each in zip(firsts, numbers, strict=True))

    def phase(self, epoch: int) -> Phase:
        """The numbers of the training in an epoch, counting from 1."""
        return next(phase for phase in reversed(self.phases) if phase.first <= max(1, epoch))

    def plain(self) -> dict[str, Any]:
        """All fields as JSON has them, a schedule as its text; `Field.check` takes each back."""
        return {name: str(v) if isinstance(v := getattr(self, name), Schedule) else v for name in FIELDS}

    def differences(self) -> dict[str, Any]:
        """The fields whose value is not the default, in order of declaration."""
        return {name: value for name, spec in FIELDS.items() if (value := getattr(self, name)) != spec.default}


def common_epochs(one: Experiment, other: Experiment) -> int:
    """For how many epochs two trainings are the same, bit for bit; 0 where they are other ones from the start."""
    if any(
        getattr(one, name) != getattr(other, name) for name, spec in FIELDS.items() if not spec.changeable and name != "epochs"
    ):
        return 0
    limits = FIELDS["epochs"].range
    assert limits is not None
    for first in sorted({phase.first for each in (one, other) for phase in each.phases}):
        if replace(one.phase(first), first=1) != replace(other.phase(first), first=1):
            return first - 1
    return int(limits.high)


@dataclass(frozen=True)
class Field:
    """What is known of one field of `Experiment`: read from its annotation, never typed twice.

    Attributes:
        kind: `int`, `float`, `choice` (one option) or `choices` (some options).
        ids: the ids to choose from, for `choice` and `choices`; a registry where more may be added to it.
        besides: gives a further id that a `choice` may have as it is written, and None for what is none.
        range: the limits, for `int` and `float`.
        optional: whether `None` is a value.
        changeable: whether a `Schedule` is a value.
    """

    name: str
    kind: Literal["int", "float", "choice", "choices"]
    default: Any
    ids: Collection[str] = ()
    besides: Callable[[str], str | None] | None = None
    range: Range | None = None
    optional: bool = False
    changeable: bool = False

    @property
    def limits(self) -> Range:
        """`range`, of a field that is a number."""
        assert self.range is not None
        return self.range

    @property
    def options(self) -> tuple[str, ...]:
        """The ids to choose from, for `choice` and `choices`."""
        return tuple(self.ids)

    def check(self, value: Any) -> Any:
        """`value` in its canonical type and order, or an `ExperimentError`."""
        if value is None and self.optional:
            return None
        if self.kind == "choice":
            return self._check_choice(value)
        if self.kind == "choices":
            return self._check_choices(value)
        if self.changeable and isinstance(value, str) and "@" in value:
            value = self._read_schedule(value)
        return self._check_schedule(value) if self.changeable and isinstance(value, Schedule) else self._check_number(value)

    def _read_schedule(self, text: str) -> Schedule:
        """The schedule that is written like that; its numbers and epochs are not yet checked."""
        parts = text.split(",", MOST_NUMBERS)
        if len(parts) > MOST_NUMBERS:
            raise ExperimentError(self.name, "changes", text, high=MOST_NUMBERS)
        matched = [re.fullmatch(r"([^@]{1,30})@([0-9]{1,9})", part.strip(), re.ASCII) for part in parts]
        try:
            return Schedule(tuple((int(each[2]), _number(each[1])) for each in matched))  # type: ignore[index]
        except (TypeError, ValueError):
            assert self.range is not None
            low, high = (f"{value:g}" for value in (self.range.low, self.range.high))
            raise ExperimentError(self.name, "schedule", text, example=f"{high}@1,{low}@200") from None

    def _check_schedule(self, schedule: Schedule) -> int | float | Schedule:
        """Neighbours with the same number are one, and a schedule of one number is that number."""
        firsts, most = [first for first, _ in schedule.numbers], FIELDS["epochs"].range
        if not all(isinstance(first, int) for first in firsts):
            raise ExperimentError(self.name, "integer", ", ".join(map(repr, firsts)))
        assert most is not None
        if len(firsts) > MOST_NUMBERS:
            raise ExperimentError(self.name, "changes", len(firsts), high=MOST_NUMBERS)
        if not firsts or firsts[0] != 1 or firsts != sorted(set(firsts)) or firsts[-1] > most.high:
            raise ExperimentError(self.name, "ascending", str(schedule) or "nothing", high=f"{most.high:g}")
        numbers: list[tuple[int, float]] = []
        for first, number in schedule.numbers:
            checked = self._check_number(number)
            if not numbers or checked != numbers[-1][1]:
                numbers.append((int(first), checked))
        return Schedule(tuple(numbers)) if len(numbers) > 1 else numbers[0][1]

    def _check_choice(self, value: Any) -> str:
        if isinstance(value, str) and self.besides and (further := self.besides(str(value))) is not None:
            return further
        return one_of(self.name, value, self.options)

    def _check_choices(self, value: Any) -> tuple[str, ...]:
        chosen = list(value) if isinstance(value, list | tuple) else [value]
        known = all(isinstance(c, str) and c in self.options for c in chosen)
        if not chosen or not known or len(set(chosen)) < len(chosen):
            shown = ", ".join(str(_writable(c)) for c in chosen) or "nothing"
            raise ExperimentError(self.name, "some_of", shown, options=", ".join(self.options))
        return tuple(option for option in self.options if option in chosen)

    def _check_number(self, value: Any) -> int | float:
        # bool is an int to Python, but "depth=True" is a mistake, not one layer. numpy's numbers are numbers like any other.
        if isinstance(value, bool) or not isinstance(value, Real):
            raise ExperimentError(self.name, "number", repr(value) if isinstance(value, str) else value)
        number = int(value) if isinstance(value, Integral) else float(value)
        if isinstance(number, float) and not math.isfinite(number):
            raise ExperimentError(self.name, "number", value)
        if self.kind == "int" and number != int(number):
            raise ExperimentError(self.name, "integer", value)
        if not self.limits.low <= number <= self.limits.high:
            low, high = f"{self.limits.low:g}", f"{self.limits.high:.10g}"
            raise ExperimentError(self.name, "between", value, low=low, high=high)
        return int(number) if self.kind == "int" else float(number)

    def parse(self, text: str) -> Any:
        """The value that `text` (of a link or a command line) stands for, checked: `before,none`, `1e-3`, `all`, `1@1,2@5`."""
        if self.optional and text == "all":
            return None
        if self.kind == "choices":
            return self.check([part for part in text.split(",") if part])
        if self.kind == "choice":
            return self.check(text)
        if self.changeable and "@" in text:
            return self.check(text)
        try:
            number = _number(text)
        except ValueError:
            raise ExperimentError(self.name, "number", text) from None
        return self.check(number)

    def format(self, value: Any) -> str:
        """The shortest text from which `parse` gets `value` again."""
        if value is None:
            return "all"
        if isinstance(value, tuple):
            return ",".join(value)
        return written(value) if isinstance(value, float) else str(value)


def _number(text: str) -> int | float:
    """The number that a text stands for, or a `ValueError`."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _describe(name: str, hint: Any, default: Any) -> Field:
    if get_origin(hint) is Annotated:
        base, limits = get_args(hint)
        if isinstance(limits, Options):
            return Field(name, "choices" if get_origin(base) is tuple else "choice", default, limits.ids, limits.besides)
        members = get_args(base) or (base,)
        kind: Literal["int", "float"] = "int" if int in members else "float"
        return Field(name, kind, default, range=limits, optional=type(None) in members, changeable=Schedule in members)
    return Field(name, "choice", default, get_args(hint))


_HINTS = get_type_hints(Experiment, include_extras=True)
FIELDS: Mapping[str, Field] = {f.name: _describe(f.name, _HINTS[f.name], f.default) for f in fields(Experiment)}
"""Every field of `Experiment` by name, in order of declaration."""

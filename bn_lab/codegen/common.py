"""The parts of a program that both frameworks share: choices, data, batches and everything random, all of it numpy.

Random numbers are drawn as `bn_lab.datasets.streams` and the engine draw them: a stream of its own for each purpose of each
seed, so that the program trains the very networks of the lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from bn_lab.codegen.facts import Needs
from bn_lab.codegen.sections import Section, code, definitions
from bn_lab.experiment import Schedule

COMMENTS = {
    "ARMS": "the sides of the comparison",
    "DATA_NOISE": "by how much the data are moved at random",
    "EPSILON": "the ε of batch normalization",
    "MOMENTUM": "share of the old moving statistics that a step keeps",
    "NOISE": "standard deviation of the noise after batch normalization",
    "WEIGHT_STD": "standard deviation of the initial weights",
    "WEIGHT_SCALE": "factor on all initial weights",
    "DROPOUT": "share of a hidden layer's outputs that are set to 0",
    "L2": "factor of the penalty on the squares of the weights",
    "VALIDATION_SHARE": "share of the samples that are held back",
    "SAMPLES": "how many samples to train on",
    "SEEDS": "each draws its own weights and batches",
}


def beginning(needs: Needs, notebook: bool, *packages: str | None) -> list[Section | None]:
    """All that comes before the networks."""
    return [
        imports(needs, notebook or not needs.facts.file, *packages),
        choices(needs, notebook),
        data(needs),
        splitting(needs),
        standardizing(needs),
        weights(needs),
        schedules(needs),
        batches(needs),
        randomness(needs),
    ]


def imports(needs: Needs, alone: bool, *packages: str | None) -> Section:
    """What the program imports; `alone`: a notebook has no command line, and where data are computed there is nothing on it."""
    standard = code(
        "import io" if "io." in needs.reading else None, None if alone else "import sys", "from itertools import pairwise"
    )
    return Section("", f"{standard}\n\n{code(*packages)}")


def tables(needs: Needs) -> str | None:
    """What reads tables."""
    pandas = "import pandas as pd" if "pd." in needs.reading else None
    return code(pandas, "import pyarrow.parquet as pq" if "pq." in needs.reading else None) or None


def choices(needs: Needs, notebook: bool) -> Section:
    """Constants for everything that one may want to change."""
    e = needs.experiment
    constants: dict[str, object] = {"ARMS": list(e.arms)}
    constants |= {"DATA_NOISE": e.data_noise} if needs.data_noise else {}
    constants |= {"DEPTH": e.depth, "WIDTH": e.width}
    settings = {name for norm in needs.normalizers for name in norm.settings}
    constants |= {"EPSILON": e.epsilon} if "epsilon" in settings else {}
    constants |= {"MOMENTUM": e.bn_momentum} if "bn_momentum" in settings else {}
    constants |= {"NOISE": e.bn_noise} if needs.noise else {}
    constants |= {"DROPOUT": e.dropout} if needs.dropout else {}
    constants |= {"L2": e.l2} if needs.l2 else {}
    constants |= {"WEIGHT_STD": e.weight_std} if e.initializer == "normal" else {}
    constants |= {"WEIGHT_SCALE": e.weight_scale} if e.weight_scale != 1 else {}
    constants |= {"VALIDATION_SHARE": e.validation_share} if needs.validation else {}
    constants |= {"SAMPLES": e.samples} if e.samples is not None else {}
    constants |= {"LEARNING_RATE": e.learning_rate, "BATCH_SIZE": e.batch_size, "EPOCHS": e.epochs}
    lines = [_constant(name, value) for name, value in constants.items()]
    seeds = f"SEEDS = range({e.seed}, {e.seed + e.seeds})  # {COMMENTS['SEEDS']}"
    return Section("The choices", code(_file(needs, notebook), *lines, seeds))


def _file(needs: Needs, notebook: bool) -> str | None:
    """Where the data are; None where they are computed."""
    if not needs.facts.file:
        return None
    data = repr(needs.facts.file).replace("'", '"')
    path = data if notebook else f"sys.argv[1] if len(sys.argv) > 1 else {data}"
    where = f"  # {needs.facts.where}" if notebook or needs.uploaded else f"  # the file is {needs.facts.where}"
    return f"DATA = {path}{where}"


def _constant(name: str, value: object) -> str:
    is_schedule = isinstance(value, Schedule)
    text = repr(dict(value.numbers) if isinstance(value, Schedule) else value).replace("'", '"')
    comment = ", ".join(filter(None, (COMMENTS.get(name), "by the epoch from which it holds" if is_schedule else "")))
    return f"{name} = {text}" + (f"  # {comment}" if comment else "")


def data(needs: Needs) -> Section:
    """The table."""
    sizes = f"INPUTS, OUTPUTS = features.shape[1], {needs.facts.outputs}"
    return Section(f"The data: {needs.facts.title}", code(needs.reading, sizes))


_SPLIT = '''
def split(seed):
    """Rows to train on{and_rows}, in the order of the file: one shuffled order decides."""
{order}
{held}
    return {train}{rest}
'''

_SHUFFLED = "    order = np.random.default_rng([seed, 1]).permutation(len(targets))"

_STRATIFIED = """\
    shuffled = np.random.default_rng([seed, 1]).permutation(len(targets))
    labels = targets[shuffled]
    # Every beginning of the order is to have the classes in proportion: place the i-th of n members at (i + 1/2) / n.
    place = np.empty(len(labels))
    for label in range(OUTPUTS):
        members = labels == label
        place[members] = (np.arange(members.sum()) + 0.5) / members.sum()
    order = shuffled[np.lexsort((labels, place))]"""


def splitting(needs: Needs) -> Section | None:
    """Which rows to train on, where they are not all."""
    if not needs.split:
        return None
    held = "    held = max(1, int(VALIDATION_SHARE * len(order) + 0.5))" if needs.validation else None
    first = "held" if needs.validation else ""
    if needs.experiment.samples is None:
        train = f"np.sort(order[{first}:])"
    else:
        train = "np.sort(order[held : held + SAMPLES])" if needs.validation else "np.sort(order[:SAMPLES])"
    text = _SPLIT.replace("{and_rows}", " and rows to judge by" if needs.validation else "")
    text = text.replace("{order}", _STRATIFIED if needs.classes else _SHUFFLED)
    text = text.replace("{held}\n", f"{held}\n" if held else "")
    text = text.replace("{train}", train).replace("{rest}", ", np.sort(order[:held])" if needs.validation else "")
    return Section("Which samples", code(text))


_STANDARDIZED = '''
def standardized(rows):
    """All features less their mean, over their standard deviation; both of `rows`, the samples trained on."""
    mean, std = features[rows].mean(axis=0), features[rows].std(axis=0)
    constant = features[rows].min(axis=0) == features[rows].max(axis=0)
    std[constant] = 1  # has no scale, and becomes 0
    return ((features - mean) / std).astype("float32")
'''


def standardizing(needs: Needs) -> Section | None:
    return Section("Standardized inputs", code(_STANDARDIZED)) if needs.standardized else None


_DRAWS = {
    "glorot_uniform": (
        "Glorot's: uniform, the narrower the more units.",
        """limit = np.sqrt(6 / (fan_in + fan_out))
        weight = random.uniform(-limit, limit, (fan_out, fan_in))""",
    ),
    "he_normal": ("He's: normal.", "weight = random.normal(0, np.sqrt(2 / fan_in), (fan_out, fan_in))"),
    "lecun_normal": ("LeCun's: normal.", "weight = random.normal(0, np.sqrt(1 / fan_in), (fan_out, fan_in))"),
    "normal": ("normal, with one standard deviation.", "weight = random.normal(0, WEIGHT_STD, (fan_out, fan_in))"),
}
"""By the name of the initializer: a few words, and statements inside the loop over the layers."""

_WEIGHTS = '''
def initial_weights(seed):
    """The weights of every layer, (outputs, inputs) each; {about} Biases start at 0."""
    random, weights = np.random.default_rng([seed, 0]), []
    sizes = [INPUTS, *[WIDTH] * DEPTH, OUTPUTS]
    for fan_in, fan_out in pairwise(sizes):
        {draw}
        weights.append({scaled}.astype("float32"))
    return weights
'''


def weights(needs: Needs) -> Section:
    """Initial weights: the same for all arms of a seed."""
    about, draw = _DRAWS[needs.experiment.initializer]
    scaled = "(weight * WEIGHT_SCALE)" if needs.experiment.weight_scale != 1 else "weight"
    text = _WEIGHTS.replace("{about}", about).replace("{draw}", draw).replace("{scaled}", scaled)
    return Section("Initial weights, from numpy, so that every framework draws the same", code(text))


_AT = '''
def at(schedule, epoch):
    """The number of a schedule in an epoch, counting from 1."""
    return schedule[max(first for first in schedule if first <= epoch)]
'''


def schedules(needs: Needs) -> Section | None:
    """How to look up what changes during the training."""
    if not any(map(needs.changes, ("learning_rate", "batch_size", "dropout", "l2"))):
        return None
    return Section("What changes during the training", code(_AT))


def number(needs: Needs, name: str, epoch: str = "epoch + 1") -> str:
    """An expression for the number of a field in an epoch, an expression that counts from 1."""
    return f"at({name.upper()}, {epoch})" if needs.changes(name) else name.upper()


def batches_call(needs: Needs) -> str:
    """The batches of the present epoch."""
    return f"batches(order, {number(needs, 'batch_size')})" if needs.changes("batch_size") else "batches(order)"


_BATCHES = '''
def batches(order):
    """The rows of every batch; the last one may be smaller."""
    return np.split(order, range(BATCH_SIZE, len(order), BATCH_SIZE))
'''

_FOLDED = '''
def batches(order):
    """The rows of every batch; the last one may be smaller."""
    parts = np.split(order, range(BATCH_SIZE, len(order), BATCH_SIZE))
    if len(parts) > 1 and len(parts[-1]) == 1:  # a single sample has no variance: it joins the batch before
        parts[-2:] = [np.concatenate(parts[-2:])]
    return parts
'''


def batches(needs: Needs) -> Section:
    """Rows of every batch of an epoch."""
    text = _FOLDED if needs.folded else _BATCHES
    if needs.changes("batch_size"):
        text = text.replace("batches(order)", "batches(order, size)").replace("BATCH_SIZE", "size")
    return Section("Batches", code(text))


_MASKS = '''
def dropout_masks(seed, epoch, batch, size):
    """What to multiply outputs of the hidden layers by, (DEPTH, size, WIDTH): 0, or 1 over the share that stays."""
    random = np.random.default_rng([seed, 3, epoch, batch])
    keep = random.random((DEPTH, WIDTH, size), "float32") < np.float32(1 - {rate})
    return (keep / (1 - {rate})).astype("float32").swapaxes(1, 2)
'''

_NOISE = '''
def noise(seed, epoch, batch):
    """What to multiply the outputs of every batch normalization by, and what to add, (DEPTH, 2, WIDTH)."""
    drawn = NOISE * np.random.default_rng([seed, 5, epoch, batch]).standard_normal((DEPTH, 2, WIDTH))
    drawn[:, 0] += 1
    return drawn.astype("float32")
'''


def randomness(needs: Needs) -> Section | None:
    """Dropout masks and noise of a batch."""
    if not (needs.dropout or needs.noise):
        return None
    title = "Dropout and noise" if needs.dropout and needs.noise else "Dropout" if needs.dropout else "Noise"
    masks = _MASKS.replace("{rate}", number(needs, "dropout"))
    drawn = definitions(masks if needs.dropout else None, _NOISE if needs.noise else None)
    return Section(f"{title}, drawn for every batch and the same for all arms", drawn)


_SHOW = '''
def show(label, values):
    """Print one number of every arm."""
    print(f"{label:<36}", *(f"{value:>14.7g}" for value in values))
'''


def showing() -> Section:
    return Section("A line of the table that is printed", code(_SHOW))


WITHOUT_BIAS = "        # Without a bias before batch normalization: it would be taken out again with the mean, and stay at 0."
"""What a program says where it makes layers, some of which have no bias."""

HEADER = """\
print(f"{'training loss':<36}", *(f"{arm:>14}" for arm in ARMS))
for seed in SEEDS:"""
"""The beginning of the training."""


def order_lines(needs: Needs) -> tuple[str, str]:
    """What to do before the first epoch, and at the beginning of each, to have the `order` of the samples."""
    if needs.experiment.shuffle == "never":
        return "    order = rows  # as in the file, in every epoch", ""
    generator = "np.random.default_rng([seed, 2])"
    if needs.experiment.shuffle == "once":
        return f"    order = {generator}.permutation(rows)  # one for all epochs", ""
    return f"    random = {generator}", "        order = random.permutation(rows)  # a new one every epoch"


def rows_line(needs: Needs) -> str:
    """What a seed is trained on, and judged by."""
    if not needs.split:
        return "    rows = np.arange(len(targets))"
    return "    rows, held = split(seed)" if needs.validation else "    rows = split(seed)"


def inputs_line(needs: Needs, convert: str) -> str:
    """The inputs of every arm; `convert` is a function's name around each array, or empty."""

    def wrapped(array: str) -> str:
        return f"{convert}({array})" if convert else array

    raw, scaled = wrapped('features.astype("float32")'), wrapped("standardized(rows)")
    if not needs.standardized:
        return f"    inputs = dict.fromkeys(ARMS, {raw})"
    if not needs.raw:
        return f"    inputs = dict.fromkeys(ARMS, {scaled})"
    apart = [f'    inputs["{arm}"] = {scaled}' for arm in needs.experiment.arms if needs.experiment.standardizes(arm)]
    return code(f"    inputs = dict.fromkeys(ARMS, {raw})", *apart)


def command(framework: str, fields: Mapping[str, str]) -> str:
    """The command line that writes this program, in lines of decent length."""
    options = [f"--{name.replace('_', '-')} {value}" for name, value in fields.items()]
    words = " ".join(["python -m bn_lab code --framework", framework, *options])
    lines = wrap(words, 90, break_long_words=False, break_on_hyphens=False)
    return "    " + " \\\n        ".join(lines)

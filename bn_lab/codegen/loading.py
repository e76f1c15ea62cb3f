"""The layers of a network as PyTorch numbers them, and a program that loads one network's weights into them and predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bn_lab.arms import ARMS
from bn_lab.codegen import common
from bn_lab.codegen.facts import Facts, Needs
from bn_lab.codegen.pytorch import ACTIVATIONS, NORMALIZERS, definitions_of
from bn_lab.codegen.sections import Section, code, joined
from bn_lab.experiment import Experiment


@dataclass(frozen=True)
class Layer:
    """One layer of an `nn.Sequential`.

    Attributes:
        kind: `affine` and `norm` have parameters, the others have none.
        code: how to make it.
        comment: what a reader may ask.
        biased: whether an `affine` one has a bias.
    """

    kind: Literal["affine", "norm", "activation", "noise", "dropout"]
    code: str
    comment: str = ""
    biased: bool = True


def layers(experiment: Experiment, arm: str, inputs: int, outputs: int) -> list[Layer]:
    """The network of one arm, the same layers at the same places as in the program for PyTorch: a test holds them equal.

    Args:
        inputs, outputs: numbers of features and of outputs.
    """
    activation = ACTIVATIONS[experiment.activation]
    activations = [Layer("activation", activation)] if activation else []
    norms = _norms(experiment, arm)
    rate, has_dropout = experiment.phase(experiment.epochs).dropout, any(phase.dropout for phase in experiment.phases)
    dropouts = [Layer("dropout", f"nn.Dropout({rate!r})")] if has_dropout else []
    hidden, size = list[Layer](), inputs
    for _ in range(experiment.depth):
        between = [*activations, *norms] if ARMS[arm].placement == "after" else [*norms, *activations]
        hidden += [_affine(size, experiment.width, biased=not ARMS[arm].is_biasless), *between, *dropouts]
        size = experiment.width
    return [*hidden, _affine(size, outputs)]


def _affine(inputs: int, outputs: int, *, biased: bool = True) -> Layer:
    return Layer("affine", f"nn.Linear({inputs}, {outputs}{'' if biased else ', bias=False'})", biased=biased)


def _norms(experiment: Experiment, arm: str) -> list[Layer]:
    """The normalizer, if the arm has one, and what is put after it in training."""
    if (normalizer := ARMS[arm].normalizer) is None:
        return []
    share = round(1 - experiment.bn_momentum, 10)  # of the new statistics, which is what PyTorch calls momentum
    numbers = {
        "WIDTH": experiment.width,
        "EPSILON": experiment.epsilon,
        "1 - MOMENTUM": share,
        "MOMENTUM": experiment.bn_momentum,
    }
    make = NORMALIZERS[normalizer.name].make
    for name, number in numbers.items():
        make = make.replace(name, repr(number))
    norm = Layer("norm", make)
    return [norm, Layer("noise", "nn.Identity()", "noise in the lab's training")] if experiment.bn_noise else [norm]


def snippet(experiment: Experiment, arm: str, seed: int, file: str, uploaded: Facts | None = None) -> str:
    """A standalone script that predicts all samples of the data set with the network whose weights are in `file`.

    Args:
        file: name of a file that `bn_lab.files.weights` has written; the script's first argument is its path, the second one
            that of the data.
        uploaded: what is known of uploaded data, see `bn_lab.codegen.uploads`.
    """
    needs = Needs(experiment, uploaded)
    scaled = experiment.standardizes(arm)
    about = f"The arm {arm!r} with the seed {seed}, in inference mode: moving statistics, and nothing drawn at random."
    classes = definitions_of(normalizer for normalizer in (ARMS[arm].normalizer,) if normalizer)
    sections = [
        _imports(needs, scaled),
        _paths(needs, file),
        Section("The data", code(f"DATA_NOISE = {experiment.data_noise!r}" if needs.data_noise else None, needs.reading)),
        *([Section("A layer that PyTorch does not have", classes)] if classes else []),
        _network(experiment, arm, needs),
        _inputs(scaled),
        _predictions(needs),
    ]
    return joined(f"{needs.facts.title}: a network that BN Lab has trained", about, sections)


def _imports(needs: Needs, scaled: bool) -> Section:
    reading = needs.reading
    return Section(
        "",
        code(
            "import io" if "io." in reading else None,
            "import json" if scaled else None,
            "import sys",
            "",
            "import numpy as np" if scaled or "np." in reading else None,
            common.tables(needs),
            "import torch",
            "from safetensors import safe_open" if scaled else None,
            "from safetensors.torch import load_file",
            "from torch import nn",
        ),
    )


def _paths(needs: Needs, file: str) -> Section:
    arguments = [(1, "WEIGHTS", file, "")]
    if needs.facts.file:  # else the data are computed
        arguments.append((2, "DATA", needs.facts.file, f"  # {needs.facts.where}"))
    return Section(
        "The files" if needs.facts.file else "The file",
        code(*(f'{name} = sys.argv[{k}] if len(sys.argv) > {k} else "{path}"{why}' for k, name, path, why in arguments)),
    )


def _network(experiment: Experiment, arm: str, needs: Needs) -> Section:
    stacked = layers(experiment, arm, needs.facts.features, needs.facts.outputs)
    lines = [f"    {layer.code}," + (f"  # {layer.comment}" if layer.comment else "") for layer in stacked]
    biasless = ARMS[arm].is_biasless
    return Section(
        "The network",
        code(
            "# Without a bias before batch normalization: it would be taken out again with the mean." if biasless else None,
            "network = nn.Sequential(",
            *lines,
            ")",
            "network.load_state_dict(load_file(WEIGHTS))",
            "network.eval()",
        ),
    )


_SCALED = """\
with safe_open(WEIGHTS, "pt") as file:
    told = file.metadata()
mean, std = (np.array(json.loads(told[name])) for name in ("input_mean", "input_std"))
inputs = torch.from_numpy(((features - mean) / std).astype("float32"))"""


def _inputs(scaled: bool) -> Section:
    if scaled:
        return Section("Its inputs: standardized by mean and standard deviation of the samples it was trained on", _SCALED)
    return Section("Its inputs: as they are in the file", 'inputs = torch.from_numpy(features.astype("float32"))')


def _predictions(needs: Needs) -> Section:
    shape = f"(N, {needs.facts.outputs})"
    shown = "outputs.argmax(dim=1)[:10], targets[:10]" if needs.classes else "outputs[:10, 0], targets[:10, 0]"
    return Section(
        "What it predicts",
        code(
            "with torch.no_grad():",
            f"    outputs = network(inputs)  # {shape}{', before the softmax' if needs.classes else ''}",
            f"for predicted, actual in zip({shown}):",
            '    print(f"predicted {predicted:.4g}, actual {actual:.4g}")',
        ),
    )

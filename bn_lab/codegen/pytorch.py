"""A program for PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bn_lab.arms import Normalizer
from bn_lab.codegen import common
from bn_lab.codegen.facts import Needs
from bn_lab.codegen.sections import MODEL, Section, code, definitions

ACTIVATIONS: Mapping[str, str | None] = {
    "swish": "nn.SiLU()",
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU(0.01)",
    "elu": "nn.ELU()",
    "gelu": "nn.GELU()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
    "identity": None,
}
"""Layers by the name of the activation; the identity needs none."""

_RMSPROP = '''
class RMSprop(torch.optim.Optimizer):
    """Keras' formula, with 1e-7 inside the root; torch.optim.RMSprop adds 1e-8 outside of it, and forgets more slowly."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(0.9).add_(p.grad * p.grad, alpha=0.1)
                p -= group["lr"] * p.grad / torch.sqrt(v + 1e-7)
'''

_ADAM = '''
class Adam(torch.optim.Optimizer):
    """Keras' formula: 1e-7 beside the root of v as it is; torch.optim.Adam adds 1e-8 to that of the corrected v."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        # Keras takes powers in 32 bits, which makes the first step shorter by 6e-6.
        one, count = np.float32(1), np.float32(self.steps)
        correction = np.sqrt(one - np.float32(0.999) ** count) / (one - np.float32(0.9) ** count)
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                m.mul_(0.9).add_(p.grad, alpha=0.1)
                v.mul_(0.999).add_(p.grad * p.grad, alpha=0.001)
                p -= float(group["lr"] * correction) * m / (torch.sqrt(v) + 1e-7)
'''

OPTIMIZERS: Mapping[str, tuple[str, str | None]] = {
    "rmsprop": ("RMSprop({}, LEARNING_RATE)", _RMSPROP),
    "adam": ("Adam({}, LEARNING_RATE)", _ADAM),
    "sgd": ("torch.optim.SGD({}, LEARNING_RATE)", None),
    "momentum": ("torch.optim.SGD({}, LEARNING_RATE, momentum=0.9)", None),
}
"""By the name of the optimizer: how to make it for some parameters, and its class where PyTorch has another formula."""


@dataclass(frozen=True)
class NormCode:
    """A normalizer in PyTorch.

    Attributes:
        make: how to make its layer, of the constants WIDTH, EPSILON and MOMENTUM.
        tensors: what the lab calls those of its state dict, by name; `steps` are the updates so far.
        definition: the layer's class, where PyTorch has none.
        note: what to know of it.
    """

    make: str
    tensors: Mapping[str, str]
    definition: str | None = None
    note: str | None = None


_MOMENTUM = """\
    # PyTorch's momentum is the share of the new statistics. Its moving variance is the unbiased one (over B - 1, not B),
    # so that in inference mode, and only there, numbers differ a little from those of Keras and the lab."""

_BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}

NORMALIZERS: dict[str, NormCode] = {
    "batch_norm": NormCode(
        "nn.BatchNorm1d(WIDTH, eps=EPSILON, momentum=1 - MOMENTUM)",
        _BATCH_NORM | {"num_batches_tracked": "steps"},
        note=_MOMENTUM,
    ),
}
"""By the name of the normalizer."""

_DROPOUT = '''
class Dropout(nn.Module):
    """Multiplies by `drawn` (B, WIDTH) in training: numpy's mask for the batch, handed in by the loop below."""

    def forward(self, x):
        return x * self.drawn if self.training else x
'''

_NOISE = '''
class Noise(nn.Module):
    """Multiplies by and adds `drawn` (2, WIDTH) in training: the same for all samples of the batch."""

    def forward(self, x):
        return x * self.drawn[0] + self.drawn[1] if self.training else x
'''

_HAND_OUT = '''
def hand_out(drawn, model, kind):
    """Give each layer of that kind its part of what was drawn for the batch, if the model has such layers."""
    layers = [layer for layer in model if isinstance(layer, kind)]
    for layer, values in zip(layers, drawn, strict=False):
        layer.drawn = torch.from_numpy(values)
'''

_JUDGE = '''
@torch.no_grad()
def judge(model, x, y):
    """{about} in inference mode, that is with moving statistics."""
    model.eval()
    output = model(x)
    model.train()
    return {returned}
'''


def sections(needs: Needs, notebook: bool) -> list[Section | None]:
    """The whole program."""
    return [
        *common.beginning(needs, notebook, "import numpy as np", common.tables(needs), "import torch\nfrom torch import nn"),
        _normalizers(needs),
        _layers(needs),
        _network(needs),
        _optimizer(needs),
        _judging(needs),
        common.showing(),
        _training(needs),
    ]


def _normalizers(needs: Needs) -> Section | None:
    classes = definitions_of(needs.normalizers)
    return Section("Layers that PyTorch does not have", classes) if classes else None


def definitions_of(normalizers: Iterable[Normalizer]) -> str:
    """The classes of those normalizers that PyTorch does not have."""
    return definitions(*(NORMALIZERS[norm.name].definition for norm in normalizers))


def _layers(needs: Needs) -> Section | None:
    if not (needs.dropout or needs.noise):
        return None
    parts = (_DROPOUT if needs.dropout else None, _NOISE if needs.noise else None, _HAND_OUT)
    return Section("Layers that take what numpy has drawn", definitions(*parts))


def _network(needs: Needs) -> Section:
    activation = ACTIVATIONS[needs.experiment.activation]
    biased = f", bias={needs.has_bias}" if needs.has_bias else ""
    noise = "            layers.append(Noise())" if needs.noise else None

    def normalized(placement: str) -> list[str]:
        return [
            code(f'        if arm == "{arm}":', f"            layers.append({NORMALIZERS[norm.name].make})", noise)
            for arm, norm in needs.placed(placement)
        ]

    text = code(
        "def network(arm, weights):",
        f'    """Hidden layers and the output layer; `arm` says {needs.where}, if anywhere."""'
        if needs.normalizers
        else '    """Hidden layers and the output layer."""',
        *(NORMALIZERS[norm.name].note for norm in needs.normalizers),
        "    layers, size = [], INPUTS",
        "    for _ in range(DEPTH):",
        common.WITHOUT_BIAS if needs.has_bias else None,
        f"        layers.append(nn.Linear(size, WIDTH{biased}))",
        *normalized("before"),
        f"        layers.append({activation})" if activation else None,
        *normalized("after"),
        "        layers.append(Dropout())" if needs.dropout else None,
        "        size = WIDTH",
        "    layers.append(nn.Linear(size, OUTPUTS))",
        _SET_WEIGHTS.replace("{zero}", _ZERO_IF_ANY if needs.has_bias else "            layer.bias.zero_()"),
    )
    return Section(MODEL, text)


_SET_WEIGHTS = """\
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, weight in zip(linear, weights, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
{zero}
    return nn.Sequential(*layers)"""

_ZERO_IF_ANY = """\
            if layer.bias is not None:
                layer.bias.zero_()"""


def _optimizer(needs: Needs) -> Section | None:
    formula = OPTIMIZERS[needs.experiment.optimizer][1]
    return Section("The optimizer", code(formula)) if formula else None


def _judging(needs: Needs) -> Section:
    function = "cross_entropy" if needs.classes else "mse_loss"
    about = "Mean loss and share of right answers" if needs.classes else "Mean loss"
    returned = "loss_of(output, y).item()"
    returned += ", (output.argmax(dim=1) == y).double().mean().item()" if needs.classes else ""
    judge = _JUDGE.replace("{about}", about).replace("{returned}", returned)
    return Section("The loss, and how a network is judged", definitions(f"loss_of = nn.functional.{function}", judge))


def _training(needs: Needs) -> Section:
    before_epochs, at_epoch = common.order_lines(needs)
    make = OPTIMIZERS[needs.experiment.optimizer][0].format("models[arm].parameters()")
    make = make.replace("LEARNING_RATE", common.number(needs, "learning_rate", "1"))
    batches, penalty = common.batches_call(needs), _PENALTY.replace("L2", common.number(needs, "l2"))
    drawing = needs.dropout or needs.noise
    text = code(
        common.HEADER,
        common.rows_line(needs),
        common.inputs_line(needs, "torch.from_numpy"),
        "    answers = torch.from_numpy(targets)",
        "    models = {arm: network(arm, initial_weights(seed)) for arm in ARMS}",
        f"    optimizers = {{arm: {make} for arm in ARMS}}",
        before_epochs,
        "    for epoch in range(EPOCHS):",
        at_epoch or None,
        _SAME_VELOCITY if needs.changes("learning_rate") and needs.experiment.optimizer == "momentum" else None,
        _NEW_RATE if needs.changes("learning_rate") else None,
        "        losses = dict.fromkeys(ARMS, 0.0)  # summed over all samples of the epoch",
        "        right = dict.fromkeys(ARMS, 0)" if needs.classes else None,
        f"        for i, batch in enumerate({batches}):" if drawing else f"        for batch in {batches}:",
        "            masks = dropout_masks(seed, epoch, i, len(batch))" if needs.dropout else None,
        "            noises = noise(seed, epoch, i)" if needs.noise else None,
        "            for arm, model in models.items():",
        "                hand_out(masks, model, Dropout)" if needs.dropout else None,
        "                hand_out(noises, model, Noise)" if needs.noise else None,
        "                output = model(inputs[arm][batch])",
        "                loss = loss_of(output, answers[batch])",
        "                optimizers[arm].zero_grad()",
        penalty if needs.l2 else "                loss.backward()",
        "                optimizers[arm].step()",
        "                losses[arm] += loss.item() * len(batch)",
        "                right[arm] += (output.argmax(dim=1) == answers[batch]).sum().item()" if needs.classes else None,
        '        show(f"seed {seed}, epoch {epoch + 1}", [losses[arm] / len(rows) for arm in ARMS])',
        '    show(f"seed {seed}, accuracy", [right[arm] / len(rows) for arm in ARMS])' if needs.classes else None,
        _judged("{} in inference mode", "rows", needs.classes),
        _judged("validation {}", "held", needs.classes) if needs.validation else None,
    )
    return Section("Training: all arms from the same weights, on the same batches", text)


_NEW_RATE = """\
        for optimizer in optimizers.values():
            optimizer.param_groups[0]["lr"] = at(LEARNING_RATE, epoch + 1)"""

_SAME_VELOCITY = """\
        for optimizer in optimizers.values():  # torch keeps the velocity without the rate: that of the past stays as it was
            for state in optimizer.state.values():
                state["momentum_buffer"] *= optimizer.param_groups[0]["lr"] / at(LEARNING_RATE, epoch + 1)"""

_PENALTY = """\
                # The penalty is in the gradient, not in the loss that is shown.
                penalty = sum(layer.weight.square().sum() for layer in model if isinstance(layer, nn.Linear))
                (loss + L2 * penalty).backward()"""


def _judged(label: str, rows: str, classes: bool) -> str:
    """The last lines: `label` has a place for what is measured."""
    judged = f"    judged = [judge(models[arm], inputs[arm][{rows}], answers[{rows}]) for arm in ARMS]"
    values = {"loss": "judged"}
    if classes:
        values = {"loss": "[loss for loss, _ in judged]", "accuracy": "[accuracy for _, accuracy in judged]"}
    return code(judged, *(f'    show(f"seed {{seed}}, {label.format(name)}", {value})' for name, value in values.items()))

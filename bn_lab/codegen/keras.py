"""A program for Keras 3, whatever its backend."""

from __future__ import annotations

from collections.abc import Mapping

from bn_lab.codegen import common
from bn_lab.codegen.facts import Needs
from bn_lab.codegen.sections import MODEL, Section, code, definitions

ACTIVATIONS: Mapping[str, str | None] = {
    "swish": 'keras.layers.Activation("swish")',
    "relu": 'keras.layers.Activation("relu")',
    "leaky_relu": "keras.layers.LeakyReLU(negative_slope=0.01)",
    "elu": 'keras.layers.Activation("elu")',
    "gelu": 'keras.layers.Activation("gelu")',
    "tanh": 'keras.layers.Activation("tanh")',
    "sigmoid": 'keras.layers.Activation("sigmoid")',
    "identity": None,
}
"""Layers by the name of the activation; the identity needs none."""

OPTIMIZERS: Mapping[str, str] = {
    "rmsprop": "keras.optimizers.RMSprop(LEARNING_RATE)",
    "adam": "keras.optimizers.Adam(LEARNING_RATE)",
    "sgd": "keras.optimizers.SGD(LEARNING_RATE)",
    "momentum": "keras.optimizers.SGD(LEARNING_RATE, momentum=0.9)",
}
"""By the name of the optimizer."""


NORMALIZERS: dict[str, tuple[str, str | None]] = {
    "batch_norm": ("keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON)", None),
}
"""By the name of the normalizer: how to make its layer, and the layer's class where Keras has none."""


def sections(needs: Needs, notebook: bool) -> list[Section | None]:
    """The whole program."""
    return [
        *common.beginning(needs, notebook, "import keras\nimport numpy as np", common.tables(needs)),
        _normalizers(needs),
        _compiling(needs),
        _model(needs),
        _feeding(needs),
        _judging(needs),
        common.showing(),
        _training(needs),
    ]


def _normalizers(needs: Needs) -> Section | None:
    classes = [NORMALIZERS[norm.name][1] for norm in needs.normalizers]
    return Section("Layers that Keras does not have", definitions(*classes)) if any(classes) else None


def _model(needs: Needs) -> Section:
    activation = ACTIVATIONS[needs.experiment.activation]
    dense = ["WIDTH"]
    dense += [f"use_bias={needs.has_bias}"] if needs.has_bias else []
    dense += [f"kernel_regularizer=keras.regularizers.L2({common.number(needs, 'l2', '1')})"] if needs.l2 else []
    last = ["OUTPUTS", *dense[1 + bool(needs.has_bias) :]]
    noisy = "            h = h * noises[:, k, 0] + noises[:, k, 1]" if needs.noise else None

    def normalized(placement: str) -> list[str]:
        return [
            code(f'        if arm == "{arm}":', f"            h = {NORMALIZERS[norm.name][0]}(h)", noisy)
            for arm, norm in needs.placed(placement)
        ]

    inputs = ["x", *["masks"] * needs.dropout, *["noises"] * needs.noise]
    counted = needs.dropout or needs.noise
    text = code(
        "def build(arm, weights):",
        f'    """The compiled model; `arm` says {needs.where}, if anywhere."""'
        if needs.normalizers
        else '    """The compiled model."""',
        "    x = h = keras.Input((INPUTS,))",
        "    masks = keras.Input((DEPTH, WIDTH))" if needs.dropout else None,
        "    noises = keras.Input((DEPTH, 2, WIDTH))" if needs.noise else None,
        "    for k in range(DEPTH):" if counted else "    for _ in range(DEPTH):",
        common.WITHOUT_BIAS if needs.has_bias else None,
        f"        h = keras.layers.Dense({', '.join(dense)})(h)",
        *normalized("before"),
        f"        h = {activation}(h)" if activation else None,
        *normalized("after"),
        "        h = h * masks[:, k]" if needs.dropout else None,
        f"    y = keras.layers.Dense({', '.join(last)})(h)" + ("  # softmax is in the loss" if needs.classes else ""),
        f"    model = keras.Model([{', '.join(inputs)}], y)" if counted else "    model = keras.Model(x, y)",
        f"    compiled(model, {_optimizer(needs)})" if needs.changes("l2") else _compiled(needs, _optimizer(needs)),
        "    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]",
        "    for layer, weight in zip(dense, weights, strict=True):",
        "        layer.kernel.assign(weight.T)  # (inputs, outputs) to Keras",
        "    return model",
    )
    return Section(MODEL, text)


def _optimizer(needs: Needs) -> str:
    rate = common.number(needs, "learning_rate", "1")
    return OPTIMIZERS[needs.experiment.optimizer].replace("LEARNING_RATE", rate)


def _compiling(needs: Needs) -> Section | None:
    """A function, where models are compiled more than once: what is compiled would keep its penalty."""
    if not needs.changes("l2"):
        return None
    about = '    """Give the model its optimizer, its loss and what is measured."""'
    return Section("How a model is compiled", code("def compiled(model, optimizer):", about, _compiled(needs, "optimizer")))


def _compiled(needs: Needs, optimizer: str) -> str:
    loss, bare = '"mse"', 'keras.metrics.MeanSquaredError("bare_loss")'
    if needs.classes:
        loss = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
        bare = 'keras.metrics.SparseCategoricalCrossentropy("bare_loss", from_logits=True)'
    metrics = ['"accuracy"'] * needs.classes + ["bare_loss"] * needs.l2
    given = f", metrics=[{', '.join(metrics)}]" if metrics else ""
    return code(
        f"    loss = {loss}" if needs.classes else None,
        "    # The penalty is in the loss that is minimized, not in the one that is shown." if needs.l2 else None,
        f"    bare_loss = {bare}" if needs.l2 else None,
        f"    model.compile({optimizer}, {'loss' if needs.classes else loss}{given})",
    )


_STILL = """\
    still = np.zeros((len(x), DEPTH, 2, WIDTH), "float32")
    still[:, :, 0] = 1"""


def _feeding(needs: Needs) -> Section | None:
    """What goes into the model beside the inputs: in training what was drawn, in inference mode what changes nothing."""
    if not (needs.dropout or needs.noise):
        return None
    drawn = ["x", *["masks"] * needs.dropout, *["noises"] * needs.noise]
    still = ["x", *['np.ones((len(x), DEPTH, WIDTH), "float32")'] * needs.dropout, *["still"] * needs.noise]
    training = code(
        "def drawn_with(x, seed, epoch, i):",
        '    """The inputs of batch number i and what was drawn for it, sample by sample."""',
        "    masks = dropout_masks(seed, epoch, i, len(x)).swapaxes(0, 1)" if needs.dropout else None,
        "    noises = np.repeat(noise(seed, epoch, i)[None], len(x), axis=0)" if needs.noise else None,
        f"    return [{', '.join(drawn)}]",
    )
    inference = code(
        "def still_with(x):",
        '    """The same for inference mode, where nothing is drawn."""',
        _STILL if needs.noise else None,
        f"    return [{', '.join(still)}]",
    )
    return Section("What goes into the model", definitions(training, inference))


def _training(needs: Needs) -> Section:
    before_epochs, at_epoch = common.order_lines(needs)
    drawing = needs.dropout or needs.noise
    fed = "                x = drawn_with(inputs[arm][batch], seed, epoch, i)" if drawing else None
    x = "x" if drawing else "inputs[arm][batch]"
    loss = "bare_loss" if needs.l2 else "loss"
    batches = common.batches_call(needs)
    text = code(
        common.HEADER,
        common.rows_line(needs),
        common.inputs_line(needs, ""),
        "    models = {arm: build(arm, initial_weights(seed)) for arm in ARMS}",
        before_epochs,
        "    for epoch in range(EPOCHS):",
        at_epoch or None,
        _NEW_RATE if needs.changes("learning_rate") else None,
        _NEW_PENALTY if needs.changes("l2") else None,
        "        losses = dict.fromkeys(ARMS, 0.0)  # summed over all samples of the epoch",
        "        right = dict.fromkeys(ARMS, 0.0)" if needs.classes else None,
        f"        for i, batch in enumerate({batches}):" if drawing else f"        for batch in {batches}:",
        "            for arm, model in models.items():",
        fed,
        "                model.reset_metrics()  # or else some versions return means over all batches so far",
        f"                logs = model.train_on_batch({x}, targets[batch], return_dict=True)",
        f'                losses[arm] += float(logs["{loss}"]) * len(batch)',
        '                right[arm] += float(logs["accuracy"]) * len(batch)' if needs.classes else None,
        '        show(f"seed {seed}, epoch {epoch + 1}", [losses[arm] / len(rows) for arm in ARMS])',
        '    show(f"seed {seed}, accuracy", [right[arm] / len(rows) for arm in ARMS])' if needs.classes else None,
        _judged("{} in inference mode", "rows", needs),
        _judged("validation {}", "held", needs) if needs.validation else None,
    )
    return Section("Training: all arms from the same weights, on the same batches", text)


_NEW_RATE = """\
        for model in models.values():
            model.optimizer.learning_rate = at(LEARNING_RATE, epoch + 1)"""

_NEW_PENALTY = """\
        if epoch > 0 and epoch + 1 in L2:
            for model in models.values():
                for layer in model.layers:
                    if isinstance(layer, keras.layers.Dense):
                        layer.kernel_regularizer.l2 = L2[epoch + 1]
                compiled(model, model.optimizer)  # the optimizer goes on as it is"""


def _judging(needs: Needs) -> Section:
    x = "still_with(x)" if needs.dropout or needs.noise else "x"
    return Section("How a network is judged", code(_JUDGE.replace("{x}", x)))


_JUDGE = '''
def judge(model, x, y):
    """What was compiled into the model, in inference mode, that is with moving statistics."""
    return model.evaluate({x}, y, verbose=0, return_dict=True)
'''


def _judged(label: str, rows: str, needs: Needs) -> str:
    """The last lines: `label` has a place for what is measured."""
    keys = {"loss": "bare_loss" if needs.l2 else "loss"} | ({"accuracy": "accuracy"} if needs.classes else {})
    return code(
        f"    judged = [judge(models[arm], inputs[arm][{rows}], targets[{rows}]) for arm in ARMS]",
        *(f'    show(f"seed {{seed}}, {label.format(m)}", [j["{key}"] for j in judged])' for m, key in keys.items()),
    )

"""Run by the interpreter of the Keras environment: builds the lesson's models, then fits them when told to.

The first line of the input describes models and data, every further one asks for `{"epochs": n}`; each is answered by one line.
"""

from __future__ import annotations

import json
import os
import sys
from time import perf_counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
answers = os.fdopen(os.dup(1), "w")  # what libraries print to standard output must not get between the answers
os.dup2(2, 1)
# This folder has a module of that name.
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(os.path.abspath(__file__))]

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402


def model(order: dict, arm: str) -> keras.Model:
    """The lesson's program: Dense, perhaps BatchNormalization, and swish; compiled with Keras' defaults."""
    layers = [keras.Input((len(order["features"][0]),))]
    for _ in range(order["depth"]):
        layers.append(keras.layers.Dense(order["width"]))
        if arm == "before":
            layers.append(keras.layers.BatchNormalization(epsilon=order["epsilon"]))
        layers.append(keras.layers.Activation("swish"))
    built = keras.Sequential([*layers, keras.layers.Dense(1)])
    built.compile(loss="mse", optimizer="rmsprop")
    return built


def main() -> None:
    """Answer orders until there are none."""
    order = json.loads(sys.stdin.readline())
    x, y = np.array(order["features"], np.float32), np.array(order["targets"], np.float32)
    models = [model(order, arm) for arm in order["arms"]]
    steps = -(-len(x) // order["batch_size"])

    def fit(epochs: int) -> float:
        start = perf_counter()
        for built in models:
            built.fit(x, y, epochs=epochs, batch_size=order["batch_size"], verbose=0)
        return (perf_counter() - start) / (epochs * steps)

    fit(3)  # traces the graphs
    print(json.dumps({"versions": f"Keras {keras.__version__}, TensorFlow {tf.__version__}"}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds_per_step": fit(json.loads(line)["epochs"])}), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""The opponent nobody beats easily: the same training by hand in C (`native.c`), compiled here and called by ctypes."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from time import thread_time

import numpy as np

from bn_lab.datasets import Table
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

SOURCE = Path(__file__).with_name("native.c")
VARIANTS: Mapping[str, str] = {"C, the formulas": "native_formulas.h", "C, blocked for vectors": "native_vectors.h"}
"""How a step is written: as a textbook has it, or arranged by hand for the vector units."""
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fno-math-errno", "-fPIC")


class NoCompilerError(RuntimeError):
    """There is no C compiler on this machine."""


def compiler() -> str:
    """Path of the C compiler, `CC` or what is there.

    Raises:
        NoCompilerError: if nothing is.
    """
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and (path := shutil.which(name)):
            return path
    raise NoCompilerError("no C compiler found: install one, or name it in CC")


@cache
def library(variant: str, batch: int) -> ctypes.CDLL:
    """`native.c` with the steps of `variant`, compiled for batches of this size."""
    folder = Path(tempfile.mkdtemp(prefix="bn-lab-native-"))
    target, compiled = folder / "native.so", folder / "native.o"
    command = [compiler(), *FLAGS, f"-DBATCH={batch}", f'-DSTEP="{VARIANTS[variant]}"', "-c", str(SOURCE), "-o", str(compiled)]
    # Linked without -ffast-math: with it, loading the library would make the whole process round denormal numbers to zero.
    link = [compiler(), "-shared", str(compiled), "-o", str(target), "-lm"]
    try:
        for step in (command, link):
            subprocess.run(step, check=True, capture_output=True, text=True)
        library = ctypes.CDLL(str(target))
    finally:
        shutil.rmtree(folder)  # what is loaded stays loaded
    floats, real, whole = ctypes.POINTER(ctypes.c_float), ctypes.c_float, ctypes.c_int
    library.network_new.restype = ctypes.c_void_p
    library.network_new.argtypes = [whole] * 4 + [floats] * 3 + [real] * 3 + [ctypes.c_uint64]
    library.network_train.argtypes = [ctypes.c_void_p, whole, floats]
    library.network_statistics.argtypes = [ctypes.c_void_p, floats, floats]
    library.network_free.argtypes = [ctypes.c_void_p]
    library.network_train.restype = library.network_statistics.restype = library.network_free.restype = None
    return library


def _pointer(array: Array) -> ctypes._Pointer[ctypes.c_float]:
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


class Native:
    """One network of the arm `before`, with swish, RMSprop and squared error, as C has it.

    Args:
        run: whose first network's weights it starts from.
        arm: its arm. variant: one of `VARIANTS`.
        seed: of the order of the samples, which C draws itself; without effect where the experiment does not shuffle.
    """

    def __init__(self, experiment: Experiment, table: Table, run: Run, arm: int, seed: int, variant: str) -> None:
        assert (experiment.activation, experiment.optimizer, table.task) == ("swish", "rmsprop", "regression")
        # The last batch may be a single sample, which other programs join to the batch before it.
        assert table.samples % experiment.batch_size != 1
        self.steps = -(-table.samples // experiment.batch_size)
        self.library, self.shape = library(variant, experiment.batch_size), (experiment.depth, experiment.width)
        self.features = np.ascontiguousarray(table.features.T, np.float32)  # (F, N)
        self.targets = np.ascontiguousarray(table.target, np.float32)
        theta = _flat(run.weights(arm), experiment.depth)
        self.handle = self.library.network_new(
            table.features.shape[1],
            experiment.width,
            experiment.depth,
            table.samples,
            _pointer(self.features),
            _pointer(self.targets),
            _pointer(theta),
            experiment.learning_rate,
            experiment.epsilon,
            experiment.bn_momentum,
            0 if experiment.shuffle == "never" else 2 * seed + 1,
        )
        assert self.handle

    def train(self, epochs: int) -> Array:
        """Train some epochs; the mean loss of each."""
        losses = np.empty(epochs, np.float32)
        self.library.network_train(self.handle, epochs, _pointer(losses))
        return losses

    def statistics(self) -> tuple[Array, Array]:
        """Moving mean and variance, `(L, F)` each."""
        mean, variance = np.empty(self.shape, np.float32), np.empty(self.shape, np.float32)
        self.library.network_statistics(self.handle, _pointer(mean), _pointer(variance))
        return mean, variance

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self.library.network_free(self.handle)


def _flat(weights: dict[str, Array], depth: int) -> Array:
    """The parameters of a network in the order of `native.c`."""
    pieces = []
    for k in range(depth + 1):
        names = ("weight", "bias", "gamma", "beta") if k < depth else ("weight", "bias")
        pieces += [weights[f"{name}.{k}"].ravel() for name in names]
    return np.ascontiguousarray(np.concatenate(pieces), np.float32)


def time(networks: list[Native], epochs: int) -> float:
    """Train `networks` one after another; seconds per network and step."""
    start = thread_time()
    for network in networks:
        network.train(epochs)
    return (thread_time() - start) / (len(networks) * epochs * networks[0].steps)

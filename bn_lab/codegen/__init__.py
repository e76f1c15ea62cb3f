"""Programs that reproduce an experiment without the lab: a script or a notebook, for Keras or PyTorch.

They redraw the lab's weights, splits, batches, dropout masks and noise with numpy from the same seeds, and print the lab's
training losses, up to rounding. Only what the experiment needs is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bn_lab.codegen import common, keras, pytorch
from bn_lab.codegen.facts import Facts, Needs
from bn_lab.codegen.sections import MODEL, Section, joined, notebook_of
from bn_lab.codegen.uploads import facts_of
from bn_lab.drawn import is_drawn
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

__all__ = ["FRAMEWORKS", "NAMES", "facts_of", "model", "notebook", "script"]

FRAMEWORKS: Mapping[str, Callable[[Needs, bool], list[Section | None]]] = {
    "keras": keras.sections,
    "pytorch": pytorch.sections,
}
"""Frameworks by name: a function from an experiment, and whether it is for a notebook, to sections of a program."""

NAMES = {"keras": "Keras", "pytorch": "PyTorch"}


def script(experiment: Experiment, framework: str, uploaded: Facts | None = None) -> str:
    """A standalone Python script; its one argument is the path of the data.

    Args:
        experiment: what to reproduce.
        framework: one of `FRAMEWORKS`.
        uploaded: how to read uploaded data (`facts_of`), where the experiment is on such.

    Raises:
        ExperimentError: for an unknown framework, if there are fewer samples than the experiment wants, or nothing is known of
            uploaded data.
    """
    title, about, sections = _program(experiment, framework, uploaded, notebook=False)
    return joined(title, about, sections)


def model(experiment: Experiment, framework: str, uploaded: Facts | None = None) -> str:
    """Only the part of the script that says what the model is; raises as `script` does."""
    _, _, sections = _program(experiment, framework, uploaded, notebook=False)
    return next(section.code for section in sections if section.title == MODEL)


def notebook(experiment: Experiment, framework: str, uploaded: Facts | None = None) -> str:
    """The same as a Jupyter notebook (nbformat 4.5, JSON); raises as `script` does."""
    return notebook_of(*_program(experiment, framework, uploaded, notebook=True))


def _program(
    experiment: Experiment, framework: str, uploaded: Facts | None, *, notebook: bool
) -> tuple[str, str, list[Section]]:
    if framework not in FRAMEWORKS:
        raise ExperimentError("framework", "one_of", framework, options=", ".join(FRAMEWORKS))
    needs = Needs(experiment, uploaded)
    needs.training_samples  # noqa: B018  (raises where there are too few)
    title = f"{needs.facts.title}: twin networks in {NAMES[framework]}"
    sections = [section for section in FRAMEWORKS[framework](needs, notebook) if section is not None]
    return title, _about(experiment, framework), sections


_SAME_NUMBERS = """\
All networks of a seed start from the same weights and see the same batches. The random numbers are
numpy's, from the seeds that BN Lab uses, so that the training losses are those of the lab until
rounding, which differs from program to program, has grown."""


_NEEDED: Mapping[str, str] = {
    "keras": """\
It needs Keras 3 with one of its backends, which the environment variable KERAS_BACKEND names:
tensorflow where it is not set, else torch or jax.""",
    "pytorch": "It needs PyTorch and numpy, of any recent release.",
}


def _about(experiment: Experiment, framework: str) -> str:
    about = f"{_SAME_NUMBERS}\n\n{_NEEDED[framework]}"
    if experiment.is_private:
        return about + "\n\nWritten by BN Lab for a file of your own, read here as the lab did."
    if is_drawn(experiment.dataset):
        return about + "\n\nWritten by BN Lab for points that somebody has drawn; they stand below."
    fields = {name: FIELDS[name].format(value) for name, value in experiment.differences().items()}
    return f"{about}\n\nWritten by\n\n{common.command(framework, fields)}"

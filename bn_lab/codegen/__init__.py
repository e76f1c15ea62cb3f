"""Programs that reproduce an experiment without the lab: a script or a notebook, for Keras or PyTorch.

They redraw the lab's weights, splits, batches, dropout masks and noise with numpy from the same seeds, and print the lab's
training losses, up to rounding. Only what the experiment needs is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bn_lab.codegen import common, keras, pytorch
from bn_lab.codegen.facts import Needs
from bn_lab.codegen.sections import MODEL, Section, joined, notebook_of
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

__all__ = ["FRAMEWORKS", "NAMES", "model", "notebook", "script"]

FRAMEWORKS: Mapping[str, Callable[[Needs, bool], list[Section | None]]] = {
    "keras": keras.sections,
    "pytorch": pytorch.sections,
}
"""Frameworks by name: a function from an experiment, and whether it is for a notebook, to sections of a program."""

NAMES = {"keras": "Keras", "pytorch": "PyTorch"}


def script(experiment: Experiment, framework: str) -> str:
    """A standalone Python script; its one argument is the path of the data.

    Raises:
        ExperimentError: for an unknown framework, or if there are fewer samples than the experiment wants.
    """
    title, about, sections = _program(experiment, framework, notebook=False)
    return joined(title, about, sections)


def model(experiment: Experiment, framework: str) -> str:
    """Only the part of the script that says what the model is; raises as `script` does."""
    _, _, sections = _program(experiment, framework, notebook=False)
    return next(section.code for section in sections if section.title == MODEL)


def notebook(experiment: Experiment, framework: str) -> str:
    """The same as a Jupyter notebook (nbformat 4.5, JSON); raises as `script` does."""
    return notebook_of(*_program(experiment, framework, notebook=True))


def _program(experiment: Experiment, framework: str, *, notebook: bool) -> tuple[str, str, list[Section]]:
    if framework not in FRAMEWORKS:
        raise ExperimentError("framework", "one_of", framework, options=", ".join(FRAMEWORKS))
    needs = Needs(experiment)
    needs.training_samples  # noqa: B018  (raises where there are too few)
    title = f"{needs.facts.title}: twin networks in {NAMES[framework]}"
    sections = [section for section in FRAMEWORKS[framework](needs, notebook) if section is not None]
    return title, _about(experiment, framework), sections


def _about(experiment: Experiment, framework: str) -> str:
    fields = {name: FIELDS[name].format(value) for name, value in experiment.differences().items()}
    return (
        "All networks of a seed start from the same weights and see the same batches. The random numbers are\n"
        "numpy's, from the seeds that BN Lab uses, so that the training losses are those of the lab until\n"
        "rounding, which differs from program to program, has grown.\n\n"
        f"Written by\n\n{common.command(framework, fields)}"
    )

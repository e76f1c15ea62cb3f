"""What a program looks like: tidy, whole, with nothing in it that the experiment does not need."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bn_lab.codegen import FRAMEWORKS, keras, model, notebook, pytorch, script
from bn_lab.codegen.facts import FACTS, Needs
from bn_lab.datasets import DATASETS, GENERATED, load, table_of
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

ROOT = Path(__file__).resolve().parents[2]

BOTH = pytest.mark.parametrize("framework", FRAMEWORKS)


def test_facts_are_those_of_the_tables() -> None:
    assert set(FACTS) == set(DATASETS)
    for name, facts in FACTS.items():
        table = load(name)
        assert (facts.samples, facts.features, facts.outputs) == (*table.features.shape, table.outputs)
        assert (facts.file == "") == (name in GENERATED)
        assert (ROOT / facts.file).exists()


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("name", FACTS)
def test_a_script_has_the_same_table(name: str, noise: float) -> None:
    names: dict[str, object] = {}
    experiment = Experiment(dataset=name, data_noise=noise)
    header = f"import numpy as np, pandas as pd\nDATA, DATA_NOISE = {str(ROOT / FACTS[name].file)!r}, {noise}\n"
    exec(header + Needs(experiment).reading, names)
    table = table_of(experiment)
    np.testing.assert_array_equal(np.asarray(names["features"]), table.features)
    np.testing.assert_array_equal(np.asarray(names["targets"]).ravel(), table.target.astype(names["targets"].dtype))  # type: ignore[attr-defined]


@pytest.mark.parametrize("registry", [keras.ACTIVATIONS, pytorch.ACTIVATIONS], ids=["keras", "pytorch"])
def test_every_activation_can_be_written(registry: dict[str, str]) -> None:
    assert set(registry) == set(FIELDS["activation"].options)


@pytest.mark.parametrize("registry", [keras.OPTIMIZERS, pytorch.OPTIMIZERS], ids=["keras", "pytorch"])
def test_every_optimizer_can_be_written(registry: dict[str, str]) -> None:
    assert set(registry) == set(FIELDS["optimizer"].options)


def test_scripts_are_linted_and_formatted(cases: dict[str, Experiment], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name, experiment in cases.items():
        for framework in FRAMEWORKS:
            path = tmp_path / f"{name.replace(' ', '_')}_in_{framework}.py"
            path.write_text(script(experiment, framework), encoding="utf-8")
    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@BOTH
def test_a_notebook_holds_the_same_statements(cases: dict[str, Experiment], framework: str) -> None:
    for experiment in cases.values():
        document = json.loads(notebook(experiment, framework))
        assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
        assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
        cells = ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]
        ours, theirs = (ast.parse(text).body for text in (script(experiment, framework), "\n".join(cells)))
        # A script also says what it is, and reads its command line, for which it imports `sys`.
        assert [ast.dump(node) for node in ours[1:] if "sys" not in ast.unparse(node)] == [
            ast.dump(node) for node in theirs if not ast.unparse(node).startswith("DATA = ")
        ]
        assert "sys" not in {node.id for node in ast.walk(ast.parse("\n".join(cells))) if isinstance(node, ast.Name)}


NEEDED_SOMETIMES = (
    *("batchnorm", "dropout", "noise", "penalty", "l2", "def split", "def standardized", "held", "weight_s", "epsilon"),
    *("momentum", "judged = [judge(models[arm], inputs[arm][held]"),
)


@BOTH
def test_what_does_nothing_is_not_there(framework: str) -> None:
    def program(experiment: Experiment) -> str:
        return script(experiment, framework).split('"""', 2)[2].lower()  # below what it says of itself

    plain = program(Experiment(arms=("none",), bn_noise=0.5))
    assert [word for word in NEEDED_SOMETIMES if word in plain] == []
    full = Experiment(arms=("standardized", "after"), bn_noise=0.5, dropout=0.1, l2=0.1, validation_share=0.2)
    whole = program(replace(full, weight_scale=2, initializer="normal"))
    assert [word for word in NEEDED_SOMETIMES if word not in whole] == []


@BOTH
@pytest.mark.parametrize(("samples", "folded"), [(65, True), (64, False), (66, False), (2, False)])
def test_only_a_last_batch_of_one_sample_is_folded(framework: str, samples: int, folded: bool) -> None:
    assert ("np.concatenate" in script(Experiment(samples=samples), framework)) == folded


@BOTH
def test_a_value_changes_nothing_but_its_line(framework: str) -> None:
    first, second = (script(Experiment(epsilon=epsilon, epochs=5), framework).splitlines() for epsilon in (1e-3, 1e-6))
    assert [line for line in second if line not in first] == [
        f"    python -m bn_lab code --framework {framework} --epsilon 1e-06 --epochs 5",
        "EPSILON = 1e-06  # the ε of batch normalization",
    ]


def test_mistakes_are_named() -> None:
    with pytest.raises(ExperimentError, match="framework must be one of keras, pytorch, got jax"):
        script(Experiment(), "jax")
    with pytest.raises(ExperimentError, match="samples must be at most 120 for iris"):
        script(replace(Experiment(dataset="iris"), samples=121, validation_share=0.2), "keras")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_model_is_the_part_of_the_program_that_builds_it(framework: str) -> None:
    experiment = Experiment(arms=("before",))
    part = model(experiment, framework)
    assert part in script(experiment, framework)
    assert "BatchNorm" in part
    assert "BatchNorm" not in model(Experiment(arms=("none",)), framework)

"""The lab without a screen: `python -m bn_lab train --dataset iris --epochs 20 --json run.json`, `study initialization`,
or `code --framework keras --dataset iris`, which prints a program."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bn_lab.codegen import FRAMEWORKS, notebook, script
from bn_lab.drawn import kind_of
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.files.experiments import LARGEST, from_json
from bn_lab.i18n import texts
from bn_lab.presets import PRESETS
from bn_lab.sharing import one_line, parse_link

if TYPE_CHECKING:  # torch takes a second to import, which `--help` need not wait for
    from bn_lab.engine.history import History
    from bn_lab.engine.run import Run
    from bn_lab.files.uploads import ExperimentWithData
    from bn_lab.studies.job import JobView

BAR = 30
"""Width of the progress bar in characters."""

LONGEST = 1000
"""Characters of a line that tells of a file."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status.

    0: all is well; 1: networks of a study could not be trained; 2: a wrong value, a file that cannot be written, a cluster that
    does not answer; 130: a study was interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except (ExperimentError, OSError) as error:
        print(f"error: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 2


def _run_train(options: argparse.Namespace) -> int:
    from bn_lab.files import tables

    opened = _opened(options)
    experiment = opened.experiment
    table_files = {ending: path for ending in tables.FORMATS if (path := getattr(options, ending)) is not None}
    for path in (*table_files.values(), *([options.json] if options.json is not None else [])):
        path.open("a", encoding="utf-8").close()  # a path that can't be written is better known now than later
    if options.weights is not None:
        options.weights.mkdir(parents=True, exist_ok=True)
    if opened.message:
        print(one_line(opened.message, LONGEST), file=sys.stderr)
    history = _train(experiment, options.device)
    _summarize(history)
    if options.json is not None:
        options.json.write_text(json.dumps(record(history), allow_nan=False) + "\n", encoding="utf-8")
    for ending, path in table_files.items():
        path.write_bytes(tables.FORMATS[ending].write(tables.networks(history)))
    if options.weights is not None:
        _write_weights(history, options.weights)
    return 0


def _write_weights(history: History, folder: Path) -> None:
    """A file for each arm."""
    from bn_lab.datasets import table_of
    from bn_lab.files.weights import to_safetensors

    experiment = history.experiment
    for arm in experiment.arms:
        network = history.network(arm, experiment.seed)
        assert network is not None, "a finished run keeps its last weights"
        content = to_safetensors(experiment, network, table_of(experiment))
        (folder / f"{kind_of(experiment.dataset)}-{arm}-seed{experiment.seed}.safetensors").write_bytes(content)


def _run_code(options: argparse.Namespace) -> int:
    if options.list:
        print(*_presets(), sep="\n")
    else:
        write, opened = notebook if options.notebook else script, _opened(options)
        print(write(opened.experiment, options.framework, opened.facts), end="")
    return 0


def _presets() -> list[str]:
    """A line for every preset: its id, its title and the question that it asks."""
    t = texts("en")
    return [f"{name:<16} {t(f'preset.{name}.title')}: {t(f'preset.{name}.question')}" for name in PRESETS]


def _run_study(options: argparse.Namespace) -> int:
    try:
        from bn_lab.studies import command

        if options.list:
            print(*command.listed(_words), sep="\n")
            return 0
        study = command.named(options.name)
        if options.seeds is not None:
            study = study.with_seeds(FIELDS["seeds"].parse(options.seeds))
        bar = _Bar(sys.stderr)
        try:
            view = command.compute(study, options.out, options.cluster, bar.show_study)
        finally:
            bar.close()
        print(*command.report(study, view, _words), sep="\n")
    except KeyboardInterrupt:
        return INTERRUPTED
    return INTERRUPTED if view.state == "cancelled" else 1 if view.failures else 0


COMMANDS = {"train": _run_train, "study": _run_study, "code": _run_code}
"""What to run, by the name of the command."""


def _words(key: str) -> str | None:
    english = texts("en")
    return english(key) if key in english else None


def record(history: History) -> dict[str, Any]:
    """A run as JSON: the experiment, and per arm every series as one list of numbers per seed.

    JSON has no NaN: a network that has diverged has `null` from that epoch on.
    """
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    series = {name: values for name in names if (values := getattr(history, name)) is not None}
    return {
        "experiment": history.experiment.plain(),
        "arms": {
            arm: {name: [[_number(v) for v in network] for network in values[a]] for name, values in series.items()}
            for a, arm in enumerate(history.experiment.arms)
        },
        "diverged": [asdict(divergence) for divergence in history.divergences],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bn_lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands)
    _add_study(commands)
    _add_code(commands)
    return parser


def _add_study(commands: Any) -> None:
    study = commands.add_parser(
        "study", help="compute a study over many seeds", description="Compute a study and print what its numbers say."
    )
    what = study.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", help="which study")
    what.add_argument("--list", action="store_true", help="name, number of networks and question of every study")
    study.add_argument("--seeds", metavar=_values("seeds"), help="how many seeds, if not the study's own number")
    study.add_argument("--out", type=Path, metavar="DIR", help="keep a record of every network here; go on with what is there")
    study.add_argument(
        "--cluster", metavar="ADDRESS", help="a dask scheduler, tcp://…; default: BN_LAB_CLUSTER, else this machine"
    )


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train one experiment", description="Train one experiment.")
    train.add_argument("--json", type=Path, metavar="FILE", help="write the experiment and every series to this file")
    train.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each arm, seed and epoch to this file")
    train.add_argument("--parquet", type=Path, metavar="FILE", help="the same as Apache Parquet")
    train.add_argument(
        "--weights", type=Path, metavar="DIR", help="write the last weights of each arm's first network here, as safetensors"
    )
    train.add_argument("--device", default="cpu", help="where to train: cpu (faster for networks this small) or cuda")
    _add_experiment(train)


def _add_code(commands: Any) -> None:
    code = commands.add_parser(
        "code",
        help="print a program that reproduces an experiment",
        description="Print a standalone program, for Keras or PyTorch, that trains the networks of an experiment.",
    )
    what = code.add_mutually_exclusive_group(required=True)
    what.add_argument("--framework", choices=tuple(FRAMEWORKS), help="what the program is written for")
    what.add_argument("--list", action="store_true", help="id, title and question of every preset")
    code.add_argument("--notebook", action="store_true", help="print a Jupyter notebook instead of a script")
    _add_experiment(code)


def _add_experiment(command: Any) -> None:
    """Everything that says which experiment is meant."""
    start = command.add_mutually_exclusive_group()
    start.add_argument("--link", help="address of the lab's page: start from the experiment that it describes")
    start.add_argument(
        "--experiment", type=Path, metavar="FILE", help="start from the experiment that the lab wrote to this file"
    )
    start.add_argument("--preset", choices=tuple(PRESETS), metavar="ID", help="start from this preset; `code --list` has them")
    fields = command.add_argument_group(
        "experiment", "What is not given is the link's, file's or preset's choice, or the default."
    )
    for name, field in FIELDS.items():
        spellings = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
        fields.add_argument(
            *spellings, dest=f"field_{name}", metavar=_values(name), help=f"default: {field.format(field.default)}"
        )
    _add_upload(command)


def _add_upload(command: Any) -> None:
    """Everything that can be said about a file of one's own, as `bn_lab.files.uploads` reads it."""
    group = command.add_argument_group(
        "own data", "A table of your own: text in any form, a workbook or Parquet. What is not said is found out."
    )
    group.add_argument("--file", type=Path, metavar="FILE", help="train on this table instead of a data set of the lab")
    group.add_argument("--target", metavar="COLUMN", help="the column to be predicted: its name, or its number from 1")
    group.add_argument("--task", metavar="regression|classification", help="whether the target is a number or a class")
    group.add_argument("--missing", metavar="dropped|median", help="what is done about rows with missing values")
    group.add_argument("--without", metavar="COLUMNS", help="columns not to learn from; default: what numbers the rows")
    group.add_argument("--sheet", metavar="SHEET", help="of a workbook: name or number of the sheet")
    group.add_argument("--encoding", help="any that Python knows: utf-8, cp949, shift_jis, …")
    group.add_argument("--delimiter", metavar="SIGN", help="one character, or tab or spaces")
    group.add_argument("--header", metavar="yes|no", help="whether the first line names the columns")
    group.add_argument("--above", type=int, metavar="LINES", help="lines to skip above the table")
    group.add_argument("--below", type=int, metavar="LINES", help="lines to skip below the table")
    group.add_argument("--comment", metavar="SIGN", help="how lines begin that do not belong to the table, or none")
    group.add_argument("--decimal", metavar="SIGN", help="a point or a comma")
    group.add_argument("--thousands", metavar="SIGN", help="what stands between thousands, or none")
    group.add_argument("--missing-value", action="append", metavar="TEXT", help="what else says that a value is missing")
    group.add_argument("--numeric", metavar="COLUMNS", help="columns to read as numbers, separated by commas")
    group.add_argument("--categorical", metavar="COLUMNS", help="columns to read as categories, separated by commas")


def _values(name: str) -> str:
    field = FIELDS[name]
    if field.range is None:
        drawn = ["drawn:X1,X2,CLASS:…"] if field.besides else []
        return "|".join([*field.options, *drawn]) if field.kind == "choice" else ",".join(field.options)
    more = "|all" if field.optional else "|NUMBER@1,NUMBER@EPOCH,…" if field.changeable else ""
    return f"{field.range.low:g}…{field.range.high:.10g}{more}"


def _opened(options: argparse.Namespace) -> ExperimentWithData:
    """The experiment that is meant, and its file where it is on uploaded data."""
    from bn_lab.files import uploads

    given = {name: FIELDS[name].parse(text) for name in FIELDS if (text := getattr(options, f"field_{name}")) is not None}
    return uploads.opened(options, replace(_start(options), **given))


def _start(options: argparse.Namespace) -> Experiment:
    if options.preset is not None:
        return PRESETS[options.preset].experiment
    is_file = options.experiment is not None
    decoded = from_json(_content(options.experiment)) if is_file else parse_link(options.link or "")
    if decoded.problems:
        raise decoded.problems[0]
    return decoded.experiment


def _content(path: Path) -> bytes:
    """A file, as much of it as is needed to see that it is too large."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _train(experiment: Experiment, device: str) -> History:
    from bn_lab.engine.training import train

    bar = _Bar(sys.stderr)
    history = train(experiment, device=device, progress=bar.show)
    bar.close()
    return history


class _Bar:
    """A progress bar on a terminal; silent elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._shown = -1

    def show(self, run: Run) -> None:
        done = run.epoch * BAR // run.experiment.epochs
        self._draw(done, f"epoch {run.epoch} of {run.experiment.epochs}, {run.seconds:.1f} s", new=done != self._shown)

    def show_study(self, view: JobView) -> None:
        left = "" if view.remaining is None or view.ended else f", about {view.remaining:.0f} s to go"
        self._draw(int(view.share * BAR), f"{view.done} of {view.total} networks, {view.seconds:.0f} s{left}")

    def _draw(self, done: int, text: str, new: bool = True) -> None:
        if self._stream is not None and new:
            self._shown = done
            self._stream.write(f"\r{'█' * done}{'░' * (BAR - done)} {text}\x1b[K")
            self._stream.flush()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.write("\n")


def _summarize(history: History) -> None:
    """Print what each arm has reached: medians over its seeds."""
    from bn_lab.engine.summary import is_output_layer, summaries

    for summary in summaries(history):
        parts = [f"{summary.arm:<13} training loss {summary.train_loss:.4g}"]
        parts.append(f"in inference mode {summary.inference_loss:.4g}")
        if summary.validation_loss is not None:
            parts.append(f"validation loss {summary.validation_loss:.4g}")
        print(", ".join(parts))
    for d in history.divergences:
        layer = "the output layer" if is_output_layer(d.layer, history.experiment) else f"layer {d.layer}"
        print(f"{d.arm}, seed {d.seed}: diverged in epoch {d.epoch}, {layer} grew first")


if __name__ == "__main__":
    sys.exit(main())

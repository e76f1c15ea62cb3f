"""The lab without a screen: `python -m bn_lab train --dataset iris --epochs 20 --json run.json`."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.sharing import parse_link

if TYPE_CHECKING:  # torch takes a second to import, which `--help` need not wait for
    from bn_lab.engine.history import History
    from bn_lab.engine.run import Run

BAR = 30
"""Width of the progress bar in characters."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status: 0, or 2 for a wrong value."""
    options = _parser().parse_args(arguments)
    try:
        experiment = _experiment(options)
        if options.json is not None:
            options.json.open("a", encoding="utf-8").close()  # a path that can't be written is better known now than later
        history = _train(experiment, options.device)
        _summarize(history)
        if options.json is not None:
            options.json.write_text(json.dumps(record(history), allow_nan=False) + "\n", encoding="utf-8")
    except (ExperimentError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def record(history: History) -> dict[str, Any]:
    """A run as JSON: the experiment, and per arm every series as one list of numbers per seed.

    JSON has no NaN: a network that has diverged has `null` from that epoch on.
    """
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    series = {name: values for name in names if (values := getattr(history, name)) is not None}
    return {
        "experiment": asdict(history.experiment),
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
    train = commands.add_parser("train", help="train one experiment", description="Train one experiment.")
    train.add_argument("--link", help="address of the lab's page: start from the experiment that it describes")
    train.add_argument("--json", type=Path, metavar="FILE", help="write the experiment and every series to this file")
    train.add_argument("--device", default="cpu", help="where to train: cpu (faster for networks this small) or cuda")
    fields = train.add_argument_group("experiment", "What is not given is the link's choice, or the default.")
    for name, field in FIELDS.items():
        spellings = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
        fields.add_argument(
            *spellings, dest=f"field_{name}", metavar=_values(name), help=f"default: {field.format(field.default)}"
        )
    return parser


def _values(name: str) -> str:
    field = FIELDS[name]
    if field.range is None:
        return "|".join(field.options) if field.kind == "choice" else ",".join(field.options)
    return f"{field.range.low:g}…{field.range.high:.10g}" + ("|all" if field.optional else "")


def _experiment(options: argparse.Namespace) -> Experiment:
    given = {name: FIELDS[name].parse(text) for name in FIELDS if (text := getattr(options, f"field_{name}")) is not None}
    decoded = parse_link(options.link or "")
    if decoded.problems:
        raise decoded.problems[0]
    return Experiment(**(decoded.experiment.differences() | given))


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
        if self._stream is not None and done != self._shown:
            self._shown = done
            bar = "█" * done + "░" * (BAR - done)
            self._stream.write(f"\r{bar} epoch {run.epoch} of {run.experiment.epochs}, {run.seconds:.1f} s")
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

"""A study without a screen: what `python -m bn_lab study` does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bn_lab import timing
from bn_lab.drawn import kind_of
from bn_lab.experiment import Schedule
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.executors import executor
from bn_lab.studies.job import Job, JobView
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.records import RECORD, describe, to_jsonable
from bn_lab.studies.store import REASONS, Store, write
from bn_lab.studies.study import Question, Study, StudyError
from bn_lab.studies.verdict import Verdict

SUMMARY = "study.json"
"""The file with verdicts and failures, beside the networks' records."""

Words = Callable[[str], str | None]
"""The text of a key in some language, or None."""


def named(name: str) -> Study:
    """The study of that name.

    Raises:
        StudyError: `no_study`.
    """
    if name not in STUDIES:
        raise StudyError("study", "no_study", name, options=", ".join(STUDIES))
    return STUDIES[name]


def listed(words: Words) -> Iterator[str]:
    """A line for every study: name, number of networks, the first of its questions, and how many more there are."""
    for name, study in STUDIES.items():
        asked = [words(f"question.{question.id}") or question.id for question in study.questions]
        more = f" (and {len(asked) - 1} more)" if len(asked) > 1 else ""
        yield f"{name:<20} {len(study.networks):>5} networks  {asked[0]}{more}"


def compute(study: Study, folder: Path | None, address: str | None, show: Callable[[JobView], None]) -> JobView:
    """Train what `folder` does not hold yet, and write it there.

    Args:
        study: what to compute.
        folder: where records are read and written; None for nowhere.
        address: of a cluster; see `bn_lab.studies.executors.executor`.
        show: called again and again with the present view.

    Returns:
        The last view: `done`, or `cancelled` after Ctrl-C.

    Raises:
        StudyError: where it cannot run.
        OSError: where a record cannot be written. Both have a note that says how many records there are, if any.
    """
    store = None if folder is None else Store(folder)
    known = {} if store is None else store.load(study.networks)
    if store is not None:
        for line in lost(store):
            print(line, file=sys.stderr)
    job = Job(study, partial(executor, address), known=known, on_outcome=None if store is None else store.save)
    job.start()
    try:
        while not job.wait(timing.COMMAND_TICK):
            show(job.view)
    except KeyboardInterrupt:
        job.cancel()
        job.wait()
    view = job.view
    show(view)
    if view.error is not None:
        if store is not None and view.done:
            view.error.add_note(f"{view.done} of {view.total} networks are in {folder}; the same command goes on from there")
        raise view.error
    if folder is not None:
        write(folder / SUMMARY, summary(study, view))
    return view


def lost(store: Store) -> Iterator[str]:
    """What the last `load` could not use, in a line for each kind."""
    if store.unusable:
        why = "; ".join(f"{number} {REASONS[reason]}" for reason, number in store.unusable.items())
        yield f"{store.folder}: {store.unusable.total()} records cannot be used, and their networks are trained again: {why}"
    if store.unfinished:
        yield f"{store.folder}: {store.unfinished} records were not written to their end (.*.part), by a run that was killed"


def summary(study: Study, view: JobView) -> dict[str, Any]:
    """The verdicts and failures as plain values for JSON; a question without verdict has null."""
    return {
        "format": RECORD,
        "study": describe(study),
        "state": view.state,
        "networks": {"done": view.done, "total": view.total},
        "seconds": view.seconds,
        "questions": [_answer(question, verdict) for question, verdict in answers(study, view.results)],
        "failures": [{"experiments": [each.plain() for each in f.experiments], "error": f.error} for f in view.failures],
    }


def _answer(question: Question, verdict: Verdict | None) -> dict[str, Any]:
    sides = {"ours": question.ours, "theirs": question.theirs}
    compared = {
        name: {"arm": side.arm, "values": {key: str(v) if isinstance(v, Schedule) else v for key, v in side.values.items()}}
        for name, side in sides.items()
    }
    values = None if verdict is None else {name: _value(value) for name, value in vars(verdict).items()}
    return {"id": question.id, "measure": question.measure, "other_side": question.other_side, **compared, "verdict": values}


def _value(value: Any) -> Any:
    return to_jsonable(value) if isinstance(value, float) else value


def report(study: Study, view: JobView, words: Words) -> Iterator[str]:
    """A line for every question with its verdict, and one for every failure; before them, that it was interrupted."""
    if view.state == "cancelled":
        yield f"interrupted: {view.done} of {view.total} networks are trained; the same command goes on from there"
    for question, verdict in answers(study, view.results):
        yield f"{(words(f'question.{question.id}') or question.id).rstrip('.')}: {_verdict(question, verdict)}"
    for failure in view.failures:
        first = failure.experiments[0]
        name = f"{first.arms[0]}, seed {first.seed}" + (
            f" and {len(failure.experiments) - 1} more" * (len(failure.experiments) > 1)
        )
        yield f"failed: {kind_of(first.dataset)}, {name}: {failure.error}"


def _verdict(question: Question, verdict: Verdict | None) -> str:
    if verdict is None:
        return "no verdict, networks are missing"
    measure = MEASURES[question.measure]
    form = "{:+.1%}" if measure.relative else "{:+.4g}"
    median, low, high = (form.format(value) for value in (verdict.median, verdict.low, verdict.high))
    interval = "no interval" if verdict.reason == "too_few" else f"95% interval {low} to {high}"
    better = f"in favour of the sentence in {question.measure}"  # a lower loss is a positive difference
    return (
        f"{verdict.outcome}, median difference {median} {better}, {interval}, {verdict.pairs} pair{'s' * (verdict.pairs != 1)}"
    )

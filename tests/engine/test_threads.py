"""Many runs at the same time, each in its thread: the numbers of each are those it has alone."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment

Same = Callable[[Any, Any], None]

OURS = Experiment(arms=tuple(ARMS), seeds=2, epochs=6, dropout=0.1, validation_share=0.2)
OTHERS = [
    Experiment(dataset="iris", epochs=20, arms=tuple(ARMS), seed=5),
    Experiment(epochs=6, optimizer="adam", activation="gelu", depth=5, width=40, seeds=4),
    Experiment(epochs=3, optimizer="sgd", learning_rate=1e-2, arms=tuple(ARMS), seeds=3),  # some of these diverge
]


def test_a_run_has_the_same_bits_while_three_others_train(assert_same_bits: Same) -> None:
    alone, expected = train(OURS), [train(other) for other in OTHERS]
    stop, started = threading.Event(), threading.Barrier(len(OTHERS) + 1)

    def keep_training(experiment: Experiment) -> list[History]:
        started.wait()
        found = [train(experiment)]
        while not stop.is_set():
            found.append(train(experiment))
        return found

    with ThreadPoolExecutor(len(OTHERS)) as pool:
        futures = [pool.submit(keep_training, other) for other in OTHERS]
        started.wait()
        together = train(OURS)
        stop.set()
        accompanied = [future.result() for future in futures]
    assert_same_bits(alone, together)
    for histories, right in zip(accompanied, expected, strict=True):
        for history in histories:
            assert_same_bits(history, right)


def test_a_run_may_wander_from_thread_to_thread(assert_same_bits: Same) -> None:
    run = Run(OURS)
    for _ in range(OURS.epochs):
        for work in (run.step, run.finish_epoch):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    assert_same_bits(train(OURS), run.history())


def test_every_thread_computes_with_one_core() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == torch.get_num_threads() == 1

"""`Visitor`: which training one page watches, and what its buttons mean where others watch the same.

What trains by itself, or has ended, is shared by all who open its experiment. Nobody can stop or slow what others watch: who
pauses, or plans another number of epochs, goes on with a copy, and all others notice nothing. What stands still is its
visitor's own.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from bn_lab.experiment import Experiment
from bn_lab.service.trainer import Trainer
from bn_lab.service.training import Training
from bn_lab.service.view import ACTIVE, State

TO_THE_END = "all"
"""How far a visitor wants to train, where that is not a number of epochs."""


class Visitor:
    """One page; `watch`, `open` or `begin` come first.

    Args:
        trainer: in whose care the trainings are.
        name: what the visitor is known by; a page that comes back after a cut is the same visitor.

    Attributes:
        training: the training on the page; None before the first.
    """

    def __init__(self, trainer: Trainer, name: str) -> None:
        self.trainer, self.name = trainer, name
        self.training: Training | None = None
        self.answered = -inf  # when a page last gave an order for a part of an epoch; kept by the page
        self._apart = False  # whether the visitor went ways of their own, and does not join others any more

    def watch(self, training: Training) -> Training:
        """Watch this training from now on."""
        with self.trainer.lock:
            left, self.training = self.training, training
            training.renew(self.name)
            self.trainer.attend()
            if left is not None and left is not training:
                self._let_go(left)
        return training

    def leave(self) -> None:
        """Watch nothing any more."""
        with self.trainer.lock:
            left, self.training = self.training, None
            if left is not None:
                self._let_go(left)

    def _let_go(self, left: Training) -> None:
        left.leave(self.name)
        if not self.trainer.shares(left) and not left.watchers():
            self.trainer.drop(left.id)

    def open(self, experiment: Experiment, wanted: str = "") -> Training:
        """Watch what others train of this experiment or have trained, else a training of one's own.

        Args:
            experiment: of the link.
            wanted: how far to train what nobody has trained: a number of epochs, `TO_THE_END`, or not at all.

        Raises:
            LimitError: for more than the server gives.
        """
        with self.trainer.lock:
            self._apart = False
            epochs = int(wanted) if wanted not in ("", TO_THE_END) else 0
            found = self.trainer.find(experiment) or self.trainer.find_standing(experiment, epochs)
            if found is not None:
                return self.watch(found)
            training = self.begin(experiment)
            self._apart = False
            if wanted == TO_THE_END or epochs >= experiment.epochs:
                self.trainer.share(training)
                training.start()
            elif epochs:
                self.trainer.share_standing(training, epochs)
                training.reach(epochs)
            return training

    def begin(self, experiment: Experiment) -> Training:
        """Watch a training of one's own that has not begun.

        Raises:
            LimitError: for more than the server gives.
        """
        self._apart = True
        return self.watch(self.trainer.add(experiment, self.name))

    @property
    def wanted(self) -> str:
        """How far the training on the page is meant to go, for `open`."""
        if self.training is None or self.training.view.state in (State.READY, State.GONE, State.FAILED):
            return ""
        view = self.training.view
        whole = self.training.asleep or view.progress >= view.experiment.epochs
        return TO_THE_END if whole or view.state in (*ACTIVE, State.DONE) else str(int(view.progress) or "")

    # The buttons.

    def start(self, wait: float = 0.0) -> None:
        """Train to the end: with others who are as far already, unless one went ways of one's own.

        Waits for the first numbers, `wait` seconds at most, where there are none yet.
        """
        training = self._training()
        with self.trainer.lock:
            if training.view.state in (*ACTIVE, State.DONE):
                return
            found = self.trainer.find(training.view.experiment)
            if not (found is None or self._apart) and found.view.progress >= training.view.progress:
                self.watch(found)
                return
            if training.watchers(but=self.name):
                training = self.watch(self.trainer.fork(training, self.name))
            self.trainer.share(training)
        training.start(wait)

    def pause(self, wait: float = 0.25) -> None:
        """Stand still, `wait` seconds from now at the latest; what others watch goes on."""
        training = self._training()
        with self.trainer.lock:
            if training.view.state not in ACTIVE:
                return
            if training.watchers(but=self.name):
                training = self.watch(self.trainer.fork(training, self.name))
                if training.holds:  # else it is made again when it is needed
                    training.look()
                    self.trainer.lock.wait_for(lambda: not training.working, wait)  # until the view is that of the copy
                return
            self.trainer.withdraw(training)
        training.pause(wait)
        if training.view.state is State.DONE:  # it has ended before it could stand still
            self.trainer.share(training)

    def step(self, wait: float = 0.0) -> None:
        """Train one batch more."""
        if (training := self._standing()) is not None:
            training.step(wait)

    def finish_epoch(self, wait: float = 0.0) -> None:
        """Train to the end of the present epoch."""
        if (training := self._standing()) is not None:
            training.finish_epoch(wait)

    def _standing(self) -> Training | None:
        """What stands still on the page, as one's own; None where nothing stands that could go on."""
        training = self._training()
        with self.trainer.lock:
            if training.view.state not in (State.READY, State.PAUSED):
                return None
            self._apart = True
            if self.trainer.shares(training) or training.watchers(but=self.name):
                training = self.watch(self.trainer.fork(training, self.name))
            return training

    def plan(self, epochs: int) -> bool:
        """Let the training go to another number of epochs; False if it is known to be beyond that already.

        Raises:
            ExperimentError: if `epochs` is out of range. LimitError: if it is more than the server gives.
        """
        training = self._training()
        with self.trainer.lock:
            view = training.view
            if view.progress > epochs:
                return False
            planned = replace(view.experiment, epochs=epochs)
            self.trainer.limits.check(planned)
            found = self.trainer.find(planned)
            moving = view.state in (*ACTIVE, State.DONE)
            if moving and found is not None and found.view.progress >= view.progress:
                self.watch(found)
            elif self.trainer.shares(training) or training.watchers(but=self.name):
                self._plan_shared(training, epochs)
            else:
                training.extend(epochs)
            return True

    def _plan_shared(self, training: Training, epochs: int) -> None:
        """Plan another number of epochs for what others find, or may find later, under the present one."""
        state = training.view.state
        if state is State.DONE or training.watchers(but=self.name):
            training = self.watch(self.trainer.fork(training, self.name, epochs))
        else:
            self.trainer.withdraw(training)
            training.extend(epochs)
        if state in ACTIVE:
            self.trainer.share(training)
            training.start()

    # Coming and going.

    def renew(self) -> None:
        """The page is there."""
        self.trainer.attend()
        self._training().renew(self.name)

    def release(self) -> None:
        """The connection broke, which may only be a short cut."""
        if self.training is not None:
            self.training.release(self.name)

    def _training(self) -> Training:
        assert self.training is not None
        return self.training

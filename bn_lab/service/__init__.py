"""Runs for visitors: shared by all who open the same experiment, trained in turns on one thread, within limits."""

from bn_lab.service.limits import LimitError, Limits
from bn_lab.service.trainer import Trainer
from bn_lab.service.training import Training
from bn_lab.service.view import State, View
from bn_lab.service.visitor import Visitor

__all__ = ["LimitError", "Limits", "State", "Trainer", "Training", "View", "Visitor"]

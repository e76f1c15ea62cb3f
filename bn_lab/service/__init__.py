"""Runs for visitors: one trainer thread that takes turns, leases that end when a visitor has left."""

from bn_lab.service.trainer import Trainer
from bn_lab.service.training import State, Training, View

__all__ = ["State", "Trainer", "Training", "View"]

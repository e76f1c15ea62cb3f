"""Recordings for visitors: shared by all who watch the same experiment, trained in turns in worker processes, within limits.

Read in this order: `messages`, `visitor`, `recordings`, `recording`, `relay`, `pool`; and on the workers' side `worker`,
`packing`, `turns`. What a server gives stands in `limits`, and who may come in, in `admission`.
"""

from bn_lab.service.limits import LimitError, Limits
from bn_lab.service.messages import RequestError, WatchState
from bn_lab.service.recordings import Recordings, recordings
from bn_lab.service.visitor import Visitor, Watch, WatchProgress

__all__ = [
    "LimitError",
    "Limits",
    "Recordings",
    "RequestError",
    "Visitor",
    "Watch",
    "WatchProgress",
    "WatchState",
    "recordings",
]

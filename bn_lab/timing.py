"""Every interval and time limit in seconds outside the engine, each once: what is done how often, and who waits how long.

The browser's own stand in `bn_lab/ui/live/timing.js`, what a step of training costs in `bn_lab.engine.cost`, and what is
counted in other units, such as the minutes of `bn_lab.service.limits`, where it is used.
"""

# Training, in a worker process (bn_lab.service.worker, turns, packing).

TURN, SHORTEST_TURN = 0.02, 0.005
"""Seconds that one recording trains before the next one's turn; shorter, down to the second value, where so many train that all
their turns would take longer than `FRAME_INTERVAL`."""

FRAME_INTERVAL = 0.15
"""Seconds between two frames with new rows for one page, and so between two reports of a worker on one recording, at least.
Several moments come with each, and the browser plays them at its own pace; more frames cost the server more."""

LATEST_REPORT = 0.7
"""Seconds after which a recording that has had a turn is reported on, however much of the time reports take."""

PACKING = 0.03
"""Seconds for which rows are packed at a time; what is left waits for the recording's next turn."""

FREE_BUILD = 0.1
"""Seconds of building a run that are not charged to it: who comes new has to build one."""

HEARTBEAT = 2.0
"""Seconds after which the training thread of a worker says that it is alive, where it has said nothing else."""

# Worker processes, seen from the page's process (bn_lab.service.pool, recordings, visitor; bn_lab.ui).

SILENT_WORKER = 60.0
"""Seconds without a heartbeat after which a worker is killed; many times `HEARTBEAT`, since a machine may be busy."""

KILL = 2.0
"""Seconds for which a killed process is waited for."""

REPLY_TIMEOUT = 10.0
"""Seconds for which a page waits for a record or a network from a worker."""

COMPUTE_TIMEOUT = 20.0
"""Seconds for which a page waits for a function that a worker computes (`bn_lab.engine.anatomy`)."""

DOWNLOAD_TIMEOUT = 30.0
"""Seconds for which a download waits for a worker: networks may have to be trained again for it."""

DISSECTION_TIMEOUT = 5.0
"""Seconds for which the Algorithm page waits for a record, before it says that there is none yet."""

# Who is there, and what is kept for whom (bn_lab.service, bn_lab.ui).

HOUSEKEEPING = 0.5
"""Seconds between two looks at who is still there, which workers are silent, and what can be dropped."""

RELOAD = 20.0
"""Seconds for which a visitor counts as there after the last script run or the end of the connection: a reload takes some."""

HIDDEN_PAGE = 600.0
"""Seconds for which a hidden page counts as there, so that its training goes on."""

FORGET_VISITOR = 600.0
"""Seconds after which a visitor who is not there any more is forgotten, with the address of the page's stream."""

UNENDED_RECORDING = 30.0
"""Seconds for which a recording that has not reached any target is kept when nobody watches it any more."""

STUDY_VISITOR = 60.0
"""Seconds for which a visitor's studies go on after the connection broke: a shorter absence is only a cut."""

CLEANUP_DELAY = 5.0
"""Seconds between the moment at which nobody needs what a visitor left and the one at which its memory is given back."""

# Connections (bn_lab.server; bn_lab.ui.script).

HELLO_TIMEOUT = 10.0
"""Seconds within which a page says on our websocket whose it is."""

FIRST_MESSAGE_TIMEOUT, RETURNING_TIMEOUT = 15.0, 60.0
"""Seconds within which a page says something on Streamlit's websocket: a new one, and one that was here before, whose browser
may wait for its visitor."""

LONG_POLL = 20.0
"""Seconds for which a request waits for a frame where a websocket does not get through: proxies cut what is silent longer."""

POLL_CHECK = 1.0
"""Seconds between two looks whether the page still waits for the answer to such a request."""

UPLOAD_SILENCE = 15.0
"""Seconds without a byte after which an upload is given up."""

UPLOAD_PATIENCE = 30.0
"""Seconds after which an upload must have come with a certain pace, and for which the rest of a refused one is read."""

UPLOAD_UNCLAIMED = 30.0
"""Seconds after which nobody waits for a file that is still in Streamlit's memory: the lab takes it out at once."""

FULL_PAGE_RETRY = 20.0
"""Seconds after which a page that found no room tries again by itself."""

# The log (bn_lab.server, bn_lab.ui.kit.errors).

LOG_WINDOW = 60.0
"""Seconds in which so many records of one kind are written at most; then it begins anew."""

NEW_LOGGERS = 10.0
"""Seconds between two looks for loggers that were made meanwhile: some come with the first pages."""

SAME_FAILURE = 60.0
"""Seconds for which the same failure at the same place keeps its reference: what a page repeats fails each time."""

# How often pages look again (bn_lab.ui).

WAITING_TICK = 0.5
"""Seconds between two looks at something that a page waits for: a training in Compare, Lesson and downloads, a file's turn
to be read."""

STUDY_TICK = 1.0
"""Seconds between two looks at a running study."""

ALGORITHM_TICK, ALGORITHM_FIRST_TICK = 10.0, 1.0
"""Seconds between two looks of the Algorithm page at a training that goes on, whether there are later weights or its end; and
where there is nothing to look at yet."""

# Studies (bn_lab.studies).

PORTION = 0.8
"""Seconds that the networks which a study trains together should take on one core: few, so that results arrive one after the
other and a study can be cancelled."""

CANCEL_GRACE = 3.0
"""Seconds that the portions that are running have to finish when a study is cancelled."""

IDLE_EXECUTOR = 60.0
"""Seconds without a study after which the processes that train studies are let go."""

CLUSTER_TIMEOUT = 10.0
"""Seconds within which a cluster's scheduler must have answered."""

COMMAND_TICK = 0.2
"""Seconds between two lines of progress on the terminal."""

# Reading a visitor's file (bn_lab.datasets).

READING_TIMEOUT = 10
"""Seconds after which a process that reads a workbook ends itself; a whole number, which visitors are told."""

READING_KILL = READING_TIMEOUT + 5
"""Seconds after which such a process that does not even end itself is killed."""

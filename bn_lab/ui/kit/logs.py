"""The log: whatever the project writes into it, nobody can write lines of their own there.

Messages and the texts of exceptions may hold what a visitor wrote: a value of a link, a name of a column. So every record of
the project is made harmless before it reaches whoever writes it, whichever module it comes from: a message is one line, and
every line of a traceback begins with a mark that no record begins with.
"""

from __future__ import annotations

import logging
import sys
import traceback

from bn_lab.sharing import one_line

LONGEST = 2_000
"""Characters of a line at most."""

LINES = 200
"""Lines of a traceback at most: the first half of them and the last."""

MARK = "  | "
"""What the lines of a traceback begin with."""

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def install() -> None:
    """Have all records of the project made harmless. Cheap if that is so already; safe to call at any time."""
    project = logging.getLogger("bn_lab")
    if all(handler.name != Harmless.NAME for handler in project.handlers):
        project.addHandler(Harmless())


class Harmless(logging.Handler):
    """Makes records harmless, and writes them to stderr where nobody else does.

    A record meets the handlers of its own loggers before those of the root, where programs put theirs.
    """

    NAME = "bn_lab harmless"

    def __init__(self) -> None:
        super().__init__()
        self.name = self.NAME  # not its class: an edit of this module makes another one of the same name
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        try:
            record.msg, record.args = one_line(record.getMessage(), LONGEST), ()
            if record.exc_info:
                record.exc_text = marked("".join(traceback.format_exception(*record.exc_info)))  # what all formatters then take
            if not logging.getLogger().handlers:
                print(self.format(record), file=sys.stderr)
        except Exception:
            self.handleError(record)


def marked(text: str) -> str:
    """The lines of a traceback, each with the mark in front of it; an exception's text may have lines, too."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LINES:
        lines = [*lines[: LINES // 2], "…", *lines[-LINES // 2 :]]
    return "\n".join(MARK + one_line(line, LONGEST) for line in lines)

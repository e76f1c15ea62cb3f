"""The lesson as a guide: step by step, each with a question to answer first, and the answer computed from a run."""

from __future__ import annotations


def show() -> None:
    """Draw the page."""
    # Not before somebody opens it: answers know the engine and the studies, and those take a second to import.
    from bn_lab.ui.lesson import page

    page.show()

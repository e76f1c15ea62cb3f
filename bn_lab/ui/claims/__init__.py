"""The page on which claims are put on trial: a card for each, and a study of one's own."""

from __future__ import annotations


def show() -> None:
    """Draw the page."""
    # Not before somebody opens it: studies know the engine, and torch takes a second to import.
    from bn_lab.ui.claims import page

    page.show()

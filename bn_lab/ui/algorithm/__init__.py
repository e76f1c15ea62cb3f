"""The page on which batch normalization is taken apart, one module for each part of it."""

from __future__ import annotations


def show() -> None:
    """Draw the page."""
    # Not before somebody opens it: the page computes with the engine, and torch takes a second to import.
    from bn_lab.ui.algorithm import page

    page.show()

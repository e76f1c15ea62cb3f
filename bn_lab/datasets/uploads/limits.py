"""How large an uploaded table may be. Each limit stands here and nowhere else: texts get it from `WRITTEN`, and what cannot
read it (Streamlit's and nginx's settings, documents) is named, and held equal, by `tests/datasets/uploads/test_limits.py`."""

from __future__ import annotations

MB = 1_000_000

MOST_MB = 20
"""Size of a file at most, which lies in memory while it is read."""

MOST_BYTES = MOST_MB * MB

FEWEST_ROWS, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 10, 50_000, 256, 2_000_000
"""Rows of a table at least, rows and columns at most, and cells at most."""

MOST_CATEGORIES = 50
"""Different values of a column of categories at most, and so classes of a target."""

MOST_INPUTS, MOST_NUMBERS = 1000, 10_000_000
"""Inputs of a network at most, and numbers of a data set, which take 8 bytes each."""

MOST_SKIPPED = 1000
"""Lines above or below a table at most; in a workbook, rows of titles and notes."""

LONGEST_COMMENT, MOST_MARKERS, LONGEST_MARKER = 3, 20, 20
"""Characters by which comments are known at most, further spellings of a missing value at most, and characters of one."""

WRITTEN = {
    "mb": f"{MOST_MB}",
    "fewest": f"{FEWEST_ROWS}",
    "rows": f"{MOST_ROWS:,}",
    "columns": f"{MOST_COLUMNS}",
    "cells": f"{MOST_CELLS:,}",
    "classes": f"{MOST_CATEGORIES}",
    "inputs": f"{MOST_INPUTS:,}",
}
"""For the places of texts that name the limits."""

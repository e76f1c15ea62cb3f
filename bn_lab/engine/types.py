"""Types that all of the engine shares."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy array; its shape stands where it is made."""

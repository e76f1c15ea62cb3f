"""Pictures that show numbers as they are, that follow nothing; the browser changes them in place."""

from __future__ import annotations

from collections.abc import Callable

from bn_lab.figures.sheet import Spec, as_json
from bn_lab.ui.live.components import panel


def picture(draw: Callable[..., Spec], *, alt: str, key: str, subject: str) -> None:
    """Show `draw(narrow=…)` for wide and for narrow screens; alt, key and subject as of `panel`."""
    wide, narrow = (as_json(draw(narrow=is_narrow)) for is_narrow in (False, True))
    panel(wide, narrow=narrow, watch=None, alt=alt, key=key, subject=subject)

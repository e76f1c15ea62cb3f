"""The Compare page: finished runs of the visit, one over the other.

What is kept of a run, and in which list, is in `kept`; how a comparison stands in a link in `link`; `training` trains the runs
of a link that was opened; `page` draws the list, `pictures` and `table` what its runs came to; `way` leads here from the lab.
"""

from bn_lab.ui.compare.page import show
from bn_lab.ui.compare.way import show_way

__all__ = ["show", "show_way"]

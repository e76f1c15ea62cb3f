"""Our addresses, relative to the path at which the lab is served; the browser resolves them against its `document.baseURI`."""

from __future__ import annotations

STREAM = "lab/stream"
"""The websocket of a page."""

POLL = "lab/poll"
"""The same frames one by one, where a websocket does not get through."""

MODULES = "lab/modules"
"""Our JavaScript, followed by its version and the name of the file."""

PLOTLY = "lab/plotly"
"""Plotly's script, followed by its version and `PLOTLY_NAME`."""

PLOTLY_NAME = "plotly.min.js"

STREAMLIT, UPLOADS = "_stcore/stream", "_stcore/upload_file"
"""Streamlit's websocket, and what its uploads begin with."""

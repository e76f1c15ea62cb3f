"""What is of the server and not of a page: the stream of a page's recordings, the browser's files, headers and limits, all of
which speak HTTP, and the memory that is given back once visitors have left (`cleanup`).

`app.py` hands what answers requests to `st.App`, which answers these addresses before its own. What comes for Streamlit first
goes through `closed_paths`, `websocket_gate` with `allowed_messages` and `seats`, and `upload_limits`.
"""

from bn_lab.server.application import lifespan, middleware, routes

__all__ = ["lifespan", "middleware", "routes"]

"""What speaks HTTP and is not Streamlit: the stream of a page's recordings, the browser's files, headers, and doors.

`app.py` hands all of it to `st.App`, which answers these addresses before its own. What comes for Streamlit first goes through
`closed` (addresses), `gate` with `saying` and `seats` (websockets) and `uploads`.
"""

from bn_lab.server.application import lifespan, middleware, routes

__all__ = ["lifespan", "middleware", "routes"]

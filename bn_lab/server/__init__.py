"""What speaks HTTP and is not Streamlit: the stream of a page's recordings, the browser's files, and headers.

`app.py` hands all of it to `st.App`, which answers these addresses before its own.
"""

from bn_lab.server.application import lifespan, middleware, routes

__all__ = ["lifespan", "middleware", "routes"]

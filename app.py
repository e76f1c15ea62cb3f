"""BN Lab: `streamlit run app.py`, or `uvicorn app:app`."""

from pathlib import Path

import streamlit as st

from bn_lab import server

app = st.App(
    Path(__file__).parent / "bn_lab" / "ui" / "script.py",
    routes=server.routes(),
    middleware=server.middleware(),
    lifespan=server.lifespan,
)

"""The least that a Streamlit page can be: what opening the lab is compared with."""

import streamlit as st

st.title("Empty")

"""A Streamlit page with one chart of Plotly's and two settings: what such a page costs that shows nothing of the lab."""

import plotly.graph_objects as go
import streamlit as st

st.title("Chart")
st.sidebar.selectbox("Data set", ["Boston", "Iris"])
st.sidebar.select_slider("Epsilon", [0.001, 0.01])
st.plotly_chart(go.Figure(go.Scatter(y=[3, 1, 2])))

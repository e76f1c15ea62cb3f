"""The Streamlit pages: session state, controls, player, panels."""

"""BN Lab: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from bn_lab.ui import algorithm, claims, lab_page, rules_page, session
from bn_lab.ui.live.assets import install

st.set_page_config(page_title="BN Lab", page_icon=":material/science:", layout="wide")
install(Path(__file__).parent / "static")
t = session.begin()
pages = [
    st.Page(lab_page.show, title=t("page.lab"), icon=":material/science:", url_path="lab", default=True),
    st.Page(algorithm.show, title=t("page.algorithm"), icon=":material/account_tree:", url_path="algorithm"),
    st.Page(claims.show, title=t("page.claims"), icon=":material/gavel:", url_path="claims"),
    st.Page(rules_page.show, title=t("page.rules"), icon=":material/rule:", url_path="rules"),
]
page = st.navigation(pages, position="top")
st.html(Path(__file__).parent / "bn_lab" / "ui" / "style.css")
page.run()
session.write_link()

"""BN Lab: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from bn_lab.ui import (
    algorithm,
    claims,
    compare,
    data_page,
    full_page,
    guard,
    lab_page,
    lesson,
    logs,
    rules_page,
    scroll,
    session,
)
from bn_lab.ui.classroom import pages as classroom
from bn_lab.ui.guard import guarded
from bn_lab.ui.live.assets import install
from bn_lab.ui.own import ask
from bn_lab.ui.own import page as own

st.set_page_config(page_title="BN Lab", page_icon=":material/science:", layout="wide")
logs.install()
guarded(install)(Path(__file__).parent / "static")
guarded(session.begin)()
if "language" not in st.session_state:
    st.stop()  # without a session there is nothing to show; the next run tries again
t = session.words()
if guarded(session.is_admitted)() is False:
    guarded(full_page.show)()
    st.stop()
if guarded(session.awaited)() is not None:
    guarded(ask.show)()
    st.stop()
pages = [
    st.Page(guarded(lab_page.show), title=t("page.lab"), icon=":material/science:", url_path="lab", default=True),
    st.Page(guarded(lesson.show), title=t("page.lesson"), icon=":material/school:", url_path="lesson"),
    st.Page(guarded(algorithm.show), title=t("page.algorithm"), icon=":material/account_tree:", url_path="algorithm"),
    st.Page(guarded(claims.show), title=t("page.claims"), icon=":material/gavel:", url_path="claims"),
    st.Page(guarded(compare.show), title=t("page.compare"), icon=":material/stacked_line_chart:", url_path="compare"),
    st.Page(guarded(data_page.show), title=t("page.data"), icon=":material/table_chart:", url_path="data"),
    st.Page(guarded(own.show), title=t("page.own"), icon=":material/table_view:", url_path="own"),
    st.Page(guarded(rules_page.show), title=t("page.rules"), icon=":material/rule:", url_path="rules"),
]
page = classroom.navigation(pages)
st.html(Path(__file__).parent / "bn_lab" / "ui" / "style.css")
guard.show()
page.run()
guarded(classroom.show_way)(t)
guarded(scroll.follow)()
guarded(session.write_link)()

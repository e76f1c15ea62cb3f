"""What Streamlit runs for every visitor, at every change: what all pages have, and then the page on screen."""

from pathlib import Path

import streamlit as st

from bn_lab import timing
from bn_lab.ui import session
from bn_lab.ui.algorithm import page as algorithm_page
from bn_lab.ui.claims import page as claims_page
from bn_lab.ui.compare import page as compare_page
from bn_lab.ui.data import page as data_page
from bn_lab.ui.data import uploads_page
from bn_lab.ui.kit import errors, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import page as lab_page
from bn_lab.ui.lesson import page as lesson_page
from bn_lab.ui.live import components
from bn_lab.ui.menu import header


def full_page() -> None:
    """What a visitor sees for whom there is no room."""
    if session.admission().has_room:
        st.rerun()
    st.title("BN Lab")
    st.info(t("page.full", most=f"{session.admission().most:,}"), icon=":material/groups:")
    st.button(t("page.again"), key="try_again", icon=":material/refresh:", type="primary")


def rules_page() -> None:
    """The page that says by which rules the lab computes."""
    st.title(t("page.rules"))
    st.markdown(t("rules.body"))


errors.install_log()
guarded(session.begin)()
icon = Path(__file__).with_name("icon.svg")  # a symbol of Streamlit's would be fetched from another site
st.set_page_config(page_title="BN Lab", page_icon=icon, layout="wide", initial_sidebar_state=256)
if "language" not in st.session_state:
    st.stop()  # without a session there is nothing to show; the next run tries again
t = session.words()
st.html(Path(__file__).with_name("style.css"))
if guarded(session.is_admitted)() is False:
    guarded(st.fragment(guarded(full_page), run_every=timing.FULL_PAGE_RETRY))()
    st.stop()
if guarded(session.awaited)() is not None:
    guarded(header.language)(t)
    guarded(uploads_page.ask)()
    st.stop()
pages = [
    st.Page(guarded(lab_page.show), title=t("page.lab"), url_path="lab", default=True),
    st.Page(guarded(lesson_page.show), title=t("page.lesson"), url_path="lesson"),
    st.Page(guarded(algorithm_page.show), title=t("page.algorithm"), url_path="algorithm"),
    st.Page(guarded(claims_page.show), title=t("page.claims"), url_path="claims"),
    st.Page(guarded(data_page.show), title=t("page.data"), url_path="data"),
    st.Page(guarded(uploads_page.show), title=t("page.own"), url_path="own", visibility="hidden"),
    st.Page(guarded(compare_page.show), title=t("page.compare"), url_path="compare", visibility="hidden"),
    st.Page(guarded(rules_page), title=t("page.rules"), url_path="rules", visibility="hidden"),
]
page = navigation.choose_page(pages)
if not st.context.is_embedded:
    guarded(header.show)(t)
errors.show()
page.run()
if page.url_path:
    guarded(header.connect)()
if not st.context.is_embedded:
    guarded(header.remember)()
guarded(navigation.show_leave)(t)
guarded(components.scroll)()
guarded(session.end)()

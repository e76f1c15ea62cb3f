"""The link to copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.i18n import texts
from bn_lab.sharing import parse_link
from bn_lab.ui import session
from bn_lab.ui.kit.navigation import link_to, reach

NO_ADDRESSES = (
    "http://[::1",
    "http://[zz]/",
    "http://a]b/",
    "http://ex℀mple.example/",
    "//[",
    "javascript:alert(1)",
    "lab",
    "http://",
)
"""What no browser says that its page's address is."""


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8501/",
        "http://lab.localhost/",
        "http://127.0.0.1:8501",
        "http://127.1.2.3/",
        "http://[::1]:8501/",
        "http://0.0.0.0:8501/",
        "http://LOCALHOST/",
        "http://localhost.:8501/",
        "",
        *NO_ADDRESSES,
    ],
)
def test_addresses_of_the_own_computer(address: str) -> None:
    assert reach(address) == "local"


@pytest.mark.parametrize(
    "address",
    [
        "http://192.168.0.7:8501/lab?depth=5",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://100.64.0.9:8501/",
        "http://169.254.1.1/",
        "http://[fe80::1]/",
        "http://[fd00::7]:8501/",
        "http://my-mac.local:8501/",
        "http://lab.internal/",
        "http://school-pc:8501/",
        "https://local/",
    ],
)
def test_addresses_of_a_private_network(address: str) -> None:
    assert reach(address) == "network"


@pytest.mark.parametrize(
    "address",
    [
        "https://lab.example/",
        "https://bn-lab.streamlit.app/rules?lang=ko",
        "http://8.8.8.8:8501/",
        "https://localhost.example/",
        "https://local.example/",
        "http://172.32.0.1/",
        "http://[2606:4700::1111]/",
    ],
)
def test_addresses_that_everyone_can_open(address: str) -> None:
    assert reach(address) == "public"


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("address", "warning"),
    [
        ("http://localhost:8501", "local"),
        ("http://10.1.2.3:8501/", "network"),
        ("https://lab.example", None),
        ("http://[::1", "local"),
    ],
)
def test_the_page_warns_who_cannot_open_the_link(
    lab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, address: str, warning: str | None
) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: address))
    page, t = lab(Experiment(), lang="en"), texts("en")
    page.open("share")
    assert [node.value for node in page.at.warning] == ([t(f"share.{warning}")] if warning else [])


@pytest.mark.usefixtures("no_pictures")
def test_the_link_on_the_page_opens_what_is_on_the_page(lab: Callable[..., Any]) -> None:
    page = lab(Experiment(dataset="iris", arms=("none", "after")), lang="ko")
    page.change("depth", 5)
    page.open("share")
    link = page.told("copy_link")["text"]
    found = parse_link(link)
    assert found.experiment == page.experiment == Experiment(dataset="iris", arms=("none", "after"), depth=5)
    assert found.other == {"lang": "ko"}
    assert found.problems == ()


@pytest.mark.parametrize("url", ["https://lab.example/sub", "https://lab.example/sub/claims/"])
def test_a_link_to_another_page_keeps_language_and_lesson_alone(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: url))
    here = {"lang": "ko", "hide": "rules", "fix": "depth", "dataset": "iris", "algorithm": "layer:2"}
    monkeypatch.setattr(session, "link_parameters", lambda: here)
    monkeypatch.setattr(st, "session_state", {"pages": {"": "Lab", "claims": "Claims"}})
    found = link_to("compare", Experiment(depth=5), {"compare": "depth:2"})
    assert found == "https://lab.example/sub/compare?depth=5&compare=depth:2&lang=ko&hide=rules&fix=depth"
    assert link_to("", Experiment()) == "https://lab.example/sub/?lang=ko&hide=rules&fix=depth"


@pytest.mark.parametrize("url", [None, *NO_ADDRESSES])
def test_without_an_address_a_link_leads_to_the_own_computer(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: url))
    monkeypatch.setattr(session, "link_parameters", dict)
    monkeypatch.setattr(st, "session_state", {"pages": {"": "Lab", "claims": "Claims"}})
    assert link_to("claims", Experiment(depth=5)) == "http://localhost:8501/claims?depth=5"


@pytest.mark.usefixtures("no_pictures")
def test_another_page_is_shared_as_it_is(lab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(Experiment(dataset="iris"), lang="ko")
    monkeypatch.setattr(type(st.context), "url", property(lambda _: "https://lab.example/rules"))
    page.go_to("rules")
    page.open("share")
    link = page.told("copy_link")["text"]
    assert link == "https://lab.example/rules?dataset=iris&lang=ko"

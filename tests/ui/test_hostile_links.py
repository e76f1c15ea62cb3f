"""Dozens of links that nobody should write, through whole pages: each opens one, which names what was wrong with its link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bn_lab.experiment import FIELDS
from bn_lab.i18n import texts
from bn_lab.service.admission import Admission
from bn_lab.sharing import PASSED_ON, plain_text
from bn_lab.ui import session
from bn_lab.ui.algorithm import scene as algorithm
from bn_lab.ui.claims import state as claims
from bn_lab.ui.kit import formatting
from bn_lab.ui.lesson.steps import STEPS
from tests.test_hostile_links import Params, algorithm_texts, any_parameters, claims_texts, is_read, some_parameters

Open = Callable[..., Any]

LINKS = 40

OTHER_PAGES = ("lesson", "algorithm", "claims", "compare", "data", "rules")


def sent(params: Params) -> Params:
    """The parameters as a browser can send them, which has no halves of characters, and as Streamlit hands them on."""
    whole = {name.encode(errors="replace").decode(): text.encode(errors="replace").decode() for name, text in params.items()}
    return {name: text for name, text in whole.items() if name and not name.startswith("embed")}


links = st.tuples(
    some_parameters | any_parameters,
    st.fixed_dictionaries(
        {},
        optional={
            "algorithm": algorithm_texts,
            "claims": claims_texts(),
            "lesson": st.sampled_from([*STEPS]) | st.text(max_size=20),
            "lang": st.sampled_from(["ko", "xx"]),
        },
    ),
).map(lambda both: sent(both[0] | both[1]))


@pytest.mark.usefixtures("no_pictures")
def test_whatever_a_link_says_opens_pages_that_name_what_was_wrong(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    room, seen = Admission(2 * LINKS), 0
    monkeypatch.setattr(session, "admission", lambda: room)  # nobody leaves, and a small machine has room for fewer

    @settings(
        max_examples=LINKS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a page takes too long for a search after the smallest link
    )
    @given(links)
    def each(params: Params) -> None:
        nonlocal seen
        seen += 1
        page = lab(**params)
        check(page, params)
        if seen % 2:
            check_other(page, params, OTHER_PAGES[seen // 2 % len(OTHER_PAGES)])

    each()
    assert seen >= LINKS


def check(page: Any, params: Params) -> None:
    """The lab at a link: whatever could not be read is named."""
    check_page(page)
    told = [warning.value for warning in page.at.warning]
    t = texts(page.at.session_state["language"])
    named = [problem.field for problem in page.at.session_state["problems"]]
    for name, text in params.items():
        if name not in PASSED_ON and not is_read(name, text, page.experiment):
            assert plain_text(name) in named
    for problem in page.at.session_state["problems"]:
        assert formatting.error(t, problem).strip() in told
        assert problem.field in {*map(plain_text, params), *FIELDS}
    assert (t("link.problem") in told) is bool(named)


def check_other(page: Any, params: Params, other: str) -> None:
    """Another page, gone to from there."""
    page.go_to(other)
    check_page(page)
    t = texts(page.at.session_state["language"])
    readers = {"algorithm": algorithm.unread, "claims": claims.unread, "lesson": no_step}
    unread = readers.get(other, lambda text: [])(params.get(other, ""))
    told = [warning.value for warning in page.at.warning]
    for part in unread:
        assert t(f"{other}.unread", part=formatting.escape_markdown(plain_text(part))) in told


def no_step(text: str) -> list[str]:
    return [text] if text and text not in STEPS else []


def check_page(page: Any) -> None:
    """Nothing failed, and the link says what is on screen, without a problem."""
    assert "failures" not in page.at.session_state, page.at.session_state["failures"]
    text = page.text
    for code in sorted((code.value for code in page.at.code), key=len, reverse=True):  # programs have braces of their own
        text = text.replace(code, "")
    assert "{" not in text.replace("\\{", "").replace("{customdata}", "")
    assert page.link.problems == ()
    assert page.link.experiment == page.experiment

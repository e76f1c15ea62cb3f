"""Sentences of the catalogue become HTML, and nothing in them becomes more than that."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.i18n import LANGUAGES, catalogue
from bn_lab.ui.kit import formatting
from bn_lab.ui.menu.report import html


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**lower** by *BN*", "<strong>lower</strong> by <em>BN</em>"),
        ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
        ("the price `medv`", "the price <code>medv</code>"),
        ("`**<b>**`", "<code>**&lt;b&gt;**</code>"),
        ("2 * 3 * 4 and a & b", "2 <em> 3 </em> 4 and a &amp; b"),
        (r"\*no\* \<b\>", "*no* &lt;b&gt;"),
        ("<script>", "&lt;script&gt;"),
        ("**open", "**open"),
    ],
)
def test_marks_become_elements(markdown: str, expected: str) -> None:
    assert html(markdown) == expected


@given(st.text(alphabet="ab*`\\<>&\"' _[]()#!/:.", max_size=60))
def test_no_text_becomes_any_other_element(markdown: str) -> None:
    assert set(re.findall(r"<[^>]*>?", html(markdown))) <= {
        f"<{end}{name}>" for end in ("", "/") for name in ("strong", "em", "code")
    }


@given(st.text(max_size=60))
def test_what_is_escaped_for_markdown_is_read_as_it_was(value: str) -> None:
    assert unescape(html(formatting.escape_markdown(value))).replace(formatting.JOINER, "") == value.replace(
        formatting.JOINER, ""
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_findings_and_data_have_no_marks_left(language: str) -> None:
    for key, sentence in catalogue(language).items():
        if key.startswith(("finding.", "about.")):
            assert not re.search(r"[*`]", re.sub(r"<[^>]*>", "", html(sentence))), key

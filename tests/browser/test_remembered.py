"""Tomorrow: the language, the lesson's answers, the speed and the open groups are as they were; one button forgets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from bn_lab.i18n import texts
from tests.browser.conftest import Server
from tests.browser.lab import SECONDS, Lab
from tests.browser.test_storage import NONE

pytestmark = pytest.mark.browser

SHORT = "dataset=iris&epochs=6"

Visits = Callable[..., Lab]


@pytest.fixture
def again(chromium: Browser, server: Server) -> Iterator[Visits]:
    """Visits with one browser, each with another session on the server; at the end none may have complained."""
    labs: list[Lab] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(30 * SECONDS)

    def visit(query: str = SHORT, *, path: str = "", language: str = "en", script: str = "") -> Lab:
        page = context.new_page()
        if script:
            page.add_init_script(script)
        labs.append(Lab(page, server.address, language))
        return labs[-1].open(query, path)

    yield visit
    complaints = [complaint for lab in labs for complaint in lab.complaints()]
    context.close()
    assert not complaints, "\n".join(complaints)


def group(lab: Lab) -> Locator:
    return lab.page.locator(".st-key-fold_training details")


def choose_all(lab: Lab) -> None:
    """Choose what is remembered of the lab."""
    lab.train_to_the_end()
    expect(lab.stage.locator(".bn-card")).to_have_count(1)
    lab.speed("4")
    group(lab).locator("summary").click()
    expect(group(lab)).to_have_attribute("open", "")
    lab.speak("ko")
    expect(lab.button("new-seed")).to_contain_text(lab.words("player.new_seed"))
    lab.page.wait_for_function("() => Object.keys(localStorage).some((key) => key.endsWith('language'))")
    lab.page.wait_for_function("() => Object.keys(localStorage).some((key) => key.endsWith('runs'))")


def answer(lab: Lab) -> Locator:
    return lab.page.locator(".st-key-lesson_option_inference label").filter(has_text=lab.words("measure.train_loss"))


def test_another_visit_finds_what_was_chosen_until_it_is_forgotten(again: Visits) -> None:
    first = again()
    choose_all(first)
    lesson = again("lesson=inference", path="lesson", language="ko")
    answer(lesson).click()
    expect(lesson.page.get_by_text(lesson.words("lesson.inference.why"))).to_be_visible(timeout=60 * SECONDS)
    lesson.page.wait_for_function("() => Object.keys(localStorage).some((key) => key.endsWith('answers'))")

    english = texts("en")("player.new_seed")
    seen = f"""new MutationObserver(() => {{ if (document.body?.innerText.includes({english!r})) window.flashed = true; }})
        .observe(document, {{ childList: true, subtree: true }});"""
    lab = again(language="ko", script=seen)
    expect(lab.button("new-seed")).to_contain_text(lab.words("player.new_seed"))
    assert lab.page.evaluate("() => window.flashed") is None
    assert lab.query == {"dataset": "iris", "epochs": "6", "lang": "ko"}
    expect(group(lab)).to_have_attribute("open", "")
    expect(lab.stage.locator(".bn-speed")).to_have_value("4")
    later = again("lesson=inference", path="lesson", language="ko")
    expect(answer(later).locator("input")).to_be_checked()
    expect(later.page.get_by_text(later.words("lesson.progress", done=1, steps=14))).to_be_visible()
    link = again(f"{SHORT}&lang=en")
    expect(link.button("new-seed")).to_contain_text(english)

    lab.menu("forget")
    expect(lab.stage.locator(".bn-speed")).to_have_value("1")
    kept = "() => Object.keys(localStorage).filter((key) => /language|answers|speed|folds|runs/.test(key))"
    lab.page.evaluate("() => window.dispatchEvent(new Event('pagehide'))")  # when what there is of a run is kept at once
    assert lab.page.evaluate(kept) == []
    new = again()
    expect(new.button("new-seed")).to_contain_text(english)
    assert new.query == {"dataset": "iris", "epochs": "6"}
    new.settled()
    expect(group(new)).not_to_have_attribute("open", "")
    unanswered = again("lesson=inference", path="lesson")
    expect(answer(unanswered).locator("input")).not_to_be_checked()


@pytest.mark.thorough
def test_without_storage_all_of_it_works_as_long_as_the_page_is_open(again: Visits) -> None:
    lab = again(script=NONE)
    lab.speed("4")
    group(lab).locator("summary").click()
    lab.speak("ko")
    expect(lab.button("new-seed")).to_contain_text(lab.words("player.new_seed"))
    lab.press("new-seed")
    lab.wait_for_query(dataset="iris", epochs="6", lang="ko", seed="1")
    expect(lab.stage.locator(".bn-speed")).to_have_value("4")
    lab.menu("forget")
    expect(lab.stage.locator(".bn-speed")).to_have_value("1")
    lab.page.reload()
    lab.ready()
    expect(lab.button("new-seed")).to_contain_text(lab.words("player.new_seed"))  # as the address says


def test_what_is_nonsense_in_the_storage_is_nothing(again: Visits) -> None:
    nonsense = """for (const name of ["language", "answers", "speed", "folds", "runs"])
        for (const text of ['{"__proto__": 1}', '[[1]]', '"<img src=x onerror=alert(1)>"', '17'])
            if (Math.abs(name.length - text.length) % 2) localStorage.setItem(`bn-lab / 1 ${name}`, text);"""
    lab = again(script=nonsense)
    expect(lab.stage.locator(".bn-speed")).to_have_value("1")
    assert lab.query == {"dataset": "iris", "epochs": "6"}
    lesson = again("lesson=inference", path="lesson", script=nonsense)
    expect(answer(lesson).locator("input")).not_to_be_checked()

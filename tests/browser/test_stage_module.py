"""The stage by itself, in a real browser and with a real record, at the sizes that it is made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Page, expect

from bn_lab.arms import ARMS
from bn_lab.datasets import table_of
from bn_lab.engine.summary import SENTENCES
from bn_lab.engine.training import train
from bn_lab.experiment import FIELDS, Experiment, Schedule
from bn_lab.figures.frame import Recorded, pack
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES, beside_loss
from bn_lab.figures.sheet import as_json
from bn_lab.figures.studies.numbers import value_label
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.sharing import encode
from bn_lab.ui.lab.stage import describe_arm, settings
from tests.browser.test_live_modules import blocks, described, header, opened, receive

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1280, 800), (390, 844)

TWO = Experiment(arms=("none", "before"), epochs=12)
FOUR = Experiment(arms=tuple(ARMS), epochs=12)
PLANE = Experiment(dataset="spiral", epochs=12)

BODY = """<div id=top style="height: 48px"></div>
<main style="padding: 0 16px"><div id=stage style="min-height: 90vh"></div></main>
<p style="margin: 0; height: 900px">below</p>"""

MOUNT = """async (data) => {
    const { stage } = await import("/base/lab.js");
    window.acts ??= [];
    window.mounted = { parentElement: document.getElementById("stage"), setTriggerValue: (_, act) => acts.push(act) };
    window.remount = (more) => {
        window.content = { ...content, ...more };
        stage({ ...mounted, data: { ...content } }, "/base/plotly.min.js");
    };
    window.content = data;
    remount({});
    await document.fonts.ready;
}"""

SHIFTS = """window.shifted = 0; new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) shifted += value;
}).observe({ type: "layout-shift", buffered: true });"""


@cache
def record(experiment: Experiment) -> Recorded:
    return recorded(train(experiment))


def content(experiment: Experiment, language: str = "en", **more: Any) -> dict[str, Any]:
    """What the script hands the stage for an experiment."""
    t, data = texts(language), table_of(experiment)
    layers = list(range(1, min(experiment.depth, 3) + 1))
    beside = beside_loss(data)
    drawn: dict[str, dict[str, Any]] = {"network": {"layers": layers}, "loss": {"compact": True}, beside: {"compact": True}}
    figures = {
        f"{name}{'_narrow' * narrow}": as_json(FIGURES[name].draw(experiment, data, t, narrow=narrow, **options))
        for name, options in drawn.items()
        for narrow in (False, True)
    }
    return {
        "recording": "r",
        "target": experiment.epochs,
        "epochs": 0,
        "address": encode(experiment),
        "run": {"query": encode(experiment), "private": experiment.is_private},
        "fields": settings(t),
        "open": {"epoch": None, "playing": False},
        "token": "token",
        "language": language,
        "texts": dict(catalogue(language)),
        "sentences": list(SENTENCES),
        "arms": [describe_arm(arm, t) for arm in experiment.arms],
        "numbers": [
            {"field": field, "label": t(f"number.{field}"), "format": "number"}
            for field in ("train_loss", "inference_loss", "difference", "diverged")
        ],
        "seeds": experiment.seeds,
        "depth": experiment.depth,
        "layers": layers,
        "scale": False,
        "figures": figures,
        "alts": {name: t(f"figure.{name}.alt") for name in drawn},
        "moments": len(record(experiment).epochs),
        "checkpoints": [0, 1, 2, 4, 12],
        "chips": [{"id": "boston", "label": "Boston", "on": True}, {"id": "iris", "label": "Iris", "disabled": True}],
        "fixed": {"seed": True, "epochs": False},
        "can_longer": "Train to 24",
        "hidden": [],
        "embed": False,
        "present": False,
        **more,
    }


def gives(page: Page, experiment: Experiment, stop: int | None = None, **more: Any) -> None:
    """A frame with the first moments of the record, or with all of it."""
    table = record(experiment)
    epoch = float(table.epochs[-1 if stop is None else stop - 1])
    state = "ended" if stop is None else "training"
    head = header(**{"epoch": epoch, "state": state, "target": experiment.epochs, "layouts": described(table.layouts), **more})
    few = blocks(table, stop=stop)
    if stop is not None:  # of epochs there are as many as are completed
        few = [part for part in few if table.layouts[part.part].axis != "epoch"] + blocks(
            table, [name for name, layout in table.layouts.items() if layout.axis == "epoch"], stop=int(epoch)
        )
    receive(page, pack(head, few))


Open = Callable[..., Page]


@pytest.fixture
def stage(chromium: Browser) -> Iterator[Open]:
    """Puts an experiment on a stage of its own."""
    contexts = []

    def make(size: tuple[int, int], experiment: Experiment, language: str = "en", all_there: bool = True, **more: Any) -> Page:
        options = {name: more.pop(name) for name in ("reduced_motion", "has_touch", "color_scheme") if name in more}
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = opened(context)
        page.evaluate("html => { document.body.innerHTML = html }", BODY)
        page.evaluate(SHIFTS)
        page.evaluate(MOUNT, content(experiment, language, **more))
        if all_there:
            gives(page, experiment)
        return page

    yield make
    for context in contexts:
        context.close()


def at(page: Page, name: str) -> str:
    return str(page.locator(".bn-stage").get_attribute(f"data-{name}"))


def boxes(page: Page, selector: str) -> list[FloatRect]:
    sizes = [each.bounding_box() for each in page.locator(selector).all() if each.is_visible()]
    return [box for box in sizes if box]


def wait_for_pictures(page: Page) -> None:
    """Every picture in view shows the moment at the playhead."""
    page.wait_for_function("""() => {
        const { cursor } = document.querySelector(".bn-stage").dataset;
        const seen = [...document.querySelectorAll(".bn-figure")].filter((each) => each.clientWidth);
        return seen.length && seen.every(({ dataset }) => Number(dataset.painted) > 0 && dataset.cursor === cursor);
    }""")


def test_everything_is_on_the_first_screen(stage: Open) -> None:
    page = stage(DESKTOP, FOUR)
    wait_for_pictures(page)
    (whole,) = boxes(page, ".bn-stage")
    assert (whole["y"], whole["height"]) == (48, DESKTOP[1] - 48)
    pictures = boxes(page, ".bn-figure")
    assert len(pictures) == 3
    assert all(box["y"] + box["height"] <= DESKTOP[1] for box in pictures)
    (plots,) = boxes(page, ".bn-plots")
    assert plots["height"] >= 200
    rows, layers = boxes(page, ".bn-arm"), boxes(page, ".bn-layer-button")
    assert len(rows) == len(FOUR.arms)
    assert min(box["height"] for box in rows) >= 60
    for k, row in enumerate(rows):  # an arm's numbers stand beside its network
        for layer in layers[3 * k : 3 * k + 3]:
            assert layer["y"] == pytest.approx(row["y"], abs=1.5)
            assert layer["height"] == pytest.approx(row["height"], abs=1.5)
    assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]


def test_nothing_jumps(stage: Open) -> None:
    page = stage(DESKTOP, TWO, all_there=False)
    places = ".bn-top, .bn-player, .bn-timeline, .bn-numbers, .bn-arm, .bn-place, .bn-sentence"
    before = boxes(page, places)
    page.evaluate("shifted = 0")
    for frame in (
        {"stop": 1, "state": "ready"},
        {"stop": 1, "state": "queued", "place": 2},
        {"stop": 40},
        {},
        {"state": "failed"},
    ):
        gives(page, TWO, **frame)
        page.wait_for_function(
            "state => document.querySelector('.bn-stage').dataset.state === state",
            arg=frame.get("state", "training" if frame else "ended"),
        )
        assert boxes(page, places) == before
    wait_for_pictures(page)
    assert page.evaluate("shifted") <= 0.01


def test_the_keyboard_plays(stage: Open) -> None:
    page = stage(DESKTOP, TWO, all_there=False)
    gives(page, TWO, stop=1, state="ready")
    page.evaluate("sockets[0].opens()")
    expect(page.locator(".bn-play")).to_have_attribute("aria-label", texts("en")("player.play"))
    page.keyboard.press("Space")
    assert at(page, "playing") == "true"
    page.wait_for_function("epochs => sockets[0].sent.some((message) => message.epochs === epochs)", arg=TWO.epochs)
    gives(page, TWO)
    page.wait_for_function("() => Number(document.querySelector('.bn-stage').dataset.cursor) > 0")
    assert page.locator(".bn-stage > .bn-heard").inner_text() == ""
    page.keyboard.press("Space")
    assert at(page, "playing") == "false"
    assert page.locator(".bn-sentence").inner_text() in page.locator(".bn-stage > .bn-heard").inner_text()
    for key, cursor in (("End", 12), ("ArrowLeft", 11), ("ArrowRight", 12), ("Home", 0)):
        page.keyboard.press(key)
        assert float(at(page, "cursor")) == cursor
    page.locator(".bn-speed").focus()
    page.keyboard.press("End")
    assert float(at(page, "cursor")) == 0  # the control has the key
    page.locator(".bn-speed").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name=texts("en")("key.title"))).to_be_visible()
    page.keyboard.press("Home")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_at_the_end_it_plays_again(stage: Open) -> None:
    page = stage(DESKTOP, TWO, open={"epoch": "end", "playing": False})
    assert float(at(page, "cursor")) == 12
    expect(page.locator(".bn-play")).to_have_attribute("aria-label", texts("en")("player.again"))
    expect(page.locator(".bn-play")).to_be_enabled()
    page.locator(".bn-play").click()
    assert (at(page, "playing"), float(at(page, "cursor"))) == ("true", 0)


def test_a_typed_epoch_and_the_timeline_go_there_and_what_is_shown_says_what_it_is(stage: Open) -> None:
    page = stage(DESKTOP, TWO)
    page.locator(".bn-epoch").fill("7")
    page.locator(".bn-epoch").press("Enter")
    assert float(at(page, "cursor")) == 7
    t = texts("en")
    assert page.locator(".bn-timeline").get_attribute("aria-valuetext") == t("player.shown", epoch=7, target=12, trained=12)
    most = page.locator(".bn-timeline").get_attribute("max")
    assert most == str(len(record(TWO).epochs) - 1)
    page.locator(".bn-timeline").fill(most)
    assert float(at(page, "cursor")) == 12


def test_the_trained_part_of_the_timeline_is_marked(stage: Open) -> None:
    page = stage(DESKTOP, TWO, all_there=False)
    gives(page, TWO, stop=21)
    page.wait_for_function("() => store.shown().playable === 21")
    part = page.evaluate("document.querySelector('.bn-timeline').style.getPropertyValue('--trained')")
    assert float(part.rstrip("%")) == pytest.approx(100 * 20 / (len(record(TWO).epochs) - 1))


def test_numbers_are_those_of_the_moment(stage: Open) -> None:
    page = stage(DESKTOP, TWO, open={"epoch": 4, "playing": False})
    table = record(TWO)
    moment = list(table.epochs).index(4)
    for k, arm in enumerate(TWO.arms):
        place = table.layouts["summary"].fields[f"{arm}.train_loss"][0]
        shown = page.locator(".bn-arm").nth(k).locator("dd").first.inner_text().replace(",", "")
        assert float(shown) == pytest.approx(float(table.parts["summary"][moment, place]), rel=0.005)
    expect(page.locator(".bn-all-numbers")).to_be_hidden()
    page.locator(".bn-all").click()
    expect(page.locator(".bn-all-numbers tbody tr")).to_have_count(4)


def test_a_layer_lights_up_in_all_arms_and_opens_large(stage: Open) -> None:
    page = stage(DESKTOP, TWO, open={"epoch": 3, "playing": False})
    wait_for_pictures(page)
    page.locator(".bn-layer-button[data-arm=none][data-layer='2']").hover()
    assert page.locator(".bn-lit").evaluate_all("all => all.map(({ dataset }) => [dataset.arm, dataset.layer])") == [
        ["none", "2"],
        ["before", "2"],
    ]
    page.locator(".bn-layer-button[data-arm=before][data-layer='2']").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".bn-layer-numbers tbody").first.locator("tr")).to_have_count(4)
    page.wait_for_function("() => Number(document.querySelector('dialog .bn-figure').dataset.painted) > 0")
    table = record(TWO)
    offset = table.layouts["stage.normalized"].fields["before.normalized.std"][0]
    said = dialog.locator(".bn-layer-numbers tbody tr").nth(1).locator("td").nth(1).inner_text()
    assert float(said) == pytest.approx(
        float(table.parts["stage.normalized"][list(table.epochs).index(3), offset + 1]), rel=0.005
    )
    expect(dialog.locator(".bn-compute")).to_have_text(texts("en")("scene.compute", epoch=2))
    page.keyboard.press("End")  # no control of the dialog has the focus
    expect(dialog.locator(".bn-compute")).to_have_text(texts("en")("scene.compute", epoch=12))
    dialog.locator(".bn-compute").click()
    assert page.evaluate("acts") == [{"act": "compute", "arm": "before", "layer": 2, "epoch": 12}]
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_is_fixed_cannot_be_pressed_and_the_rest_is_told_to_the_script(stage: Open) -> None:
    page = stage(DESKTOP, TWO)
    expect(page.locator(".bn-new-seed")).to_be_disabled()
    expect(page.locator(".bn-chip[data-id=iris]")).to_be_disabled()
    page.locator(".bn-chip[data-id=boston]").click()
    page.locator(".bn-same-scale").click()
    page.locator(".bn-longer").click()
    assert page.evaluate("acts") == [{"act": "chip", "id": "boston"}, {"act": "scale", "same": True}, {"act": "longer"}]
    page.evaluate("remount({ target: 24, epochs: 24 })")
    assert at(page, "playing") == "true"  # goes on by itself


def test_selects_show_what_holds_also_after_a_change_and_on_another_stage(stage: Open) -> None:
    rate = {"field": "learning_rate", "label": "Learning rate", "stops": [0.001, 0.01, 0.1]}
    page = stage(DESKTOP, TWO, validated=True, changes=[{**rate, "numbers": [[1, 0.01]]}])
    page.locator(".bn-epoch").fill("7")
    page.locator(".bn-epoch").press("Enter")
    page.locator(".bn-scheduled summary").click()
    select, patience = page.locator("[data-field=learning_rate]"), page.locator(".bn-patience")
    expect(select).to_have_value("0.01")
    patience.select_option("10")
    select.focus()
    select.select_option("0.1")
    page.evaluate("rate => remount({ changes: [rate] })", {**rate, "numbers": [[1, 0.01], [8, 0.1]]})
    expect(select).to_be_focused()
    expect(select).to_have_value("0.1")
    for validated in (False, True):
        page.evaluate("validated => remount({ validated })", validated)
        assert page.evaluate("store.waits()") == 10
        expect(patience).to_have_value("10")
        expect(patience).to_be_enabled(enabled=validated)
    page.evaluate("""() => {
        const other = document.createElement("div");
        mounted.parentElement.replaceWith(other);
        mounted.parentElement = other;
        remount({});
    }""")
    expect(patience).to_have_value("10")


def test_escape_closes_one_thing_at_a_time(stage: Open) -> None:
    page = stage(DESKTOP, TWO, present=True)
    page.locator(".bn-scheduled summary").click()
    for present in ("true", "false"):
        page.keyboard.press("Escape")
        expect(page.locator(".bn-schedule")).to_be_hidden()
        assert at(page, "present") == present


def test_hidden_parts_leave_their_room_to_others(stage: Open) -> None:
    page = stage(DESKTOP, TWO, hidden=["layers", "presets"])
    wait_for_pictures(page)
    assert page.locator(".bn-figure:visible").evaluate_all("all => all.map(({ dataset }) => dataset.name)") == [
        "loss",
        "predictions",
    ]
    expect(page.locator(".bn-chips")).to_be_hidden()
    assert boxes(page, ".bn-plots")[0]["height"] > 400
    page.evaluate("remount({ hidden: ['numbers', 'findings', 'curves'] })")
    expect(page.locator(".bn-numbers")).to_be_hidden()
    expect(page.locator(".bn-sentence")).to_be_hidden()
    assert boxes(page, "[data-place=network]")[0]["width"] == boxes(page, ".bn-stage")[0]["width"]


def test_on_a_phone_one_picture_fills_the_width_and_the_player_is_at_the_thumb(stage: Open) -> None:
    page = stage(PHONE, PLANE, has_touch=True)
    for name, picture in (("loss", "loss"), ("layers", "network"), ("plane", "boundary")):
        page.locator(f".bn-tab[data-name={name}]").tap()
        wait_for_pictures(page)
        (box,) = boxes(page, ".bn-figure")
        assert page.locator(".bn-figure:visible").get_attribute("data-name") == picture
        assert box["width"] >= PHONE[0] - 40
        assert box["height"] >= 200
        (numbers,), (sentence,), (player,) = (boxes(page, name) for name in (".bn-numbers", ".bn-sentence", ".bn-player"))
        assert box["y"] + box["height"] <= numbers["y"] + 1 <= sentence["y"]
        assert sentence["y"] + sentence["height"] <= player["y"] + 1
        assert player["y"] + player["height"] == pytest.approx(PHONE[1], abs=1)
    page.evaluate("scrollTo(0, 500)")
    (player,) = boxes(page, ".bn-player")
    assert player["y"] + player["height"] == pytest.approx(PHONE[1], abs=1)
    assert all(box["height"] >= 40 and box["x"] + box["width"] <= PHONE[0] for box in boxes(page, ".bn-player button"))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["light desktop", "dark phone"])
def test_it_is_for_everyone(stage: Open, size: tuple[int, int], dark: bool) -> None:
    page = stage(size, FOUR, "ko" if dark else "en")
    if dark:
        colors = {
            "text-color": "#fafafa",
            "background-color": "#0e1117",
            "secondary-background-color": "#262730",
            "border-color": "#3d4044",
        }
        page.evaluate(
            "all => Object.entries(all).forEach(([name, color]) => document.body.style.setProperty(`--st-${name}`, color))",
            colors,
        )
        page.evaluate("document.body.style.background = '#0e1117'; remount({})")
    wait_for_pictures(page)
    page.locator(".bn-all").click()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    violations = Axe().run(page, ".bn-stage", rules).response["violations"]
    assert not violations, [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]


CHANGED = Experiment(dataset="spiral", epsilon=1e-6, arms=("none", "after"), activation="relu", samples=100, l2=0.0)
LATER = Experiment(dataset="drawn:-1.5,2,0:0.25,-3,1", learning_rate=Schedule(((1, 0.01), (2000, 1e-5))), epochs=5000)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("experiment", [TWO, CHANGED, LATER])
def test_settings_are_worded_as_the_script_words_them(stage: Open, experiment: Experiment, language: str) -> None:
    page, t = stage(DESKTOP, TWO, language), texts(language)
    worded = page.evaluate(
        """async ([fields, query]) => {
            const { worded } = await import("/base/runs.js");
            return Object.fromEntries(fields.map((field) => [field.name, worded(field, query[field.name] ?? field.usual)]));
        }""",
        [settings(t), encode(experiment)],
    )
    one_arm_at_a_time = {**worded, "arms": value_label("arms", experiment.arms, t)}
    assert one_arm_at_a_time == {name: value_label(name, getattr(experiment, name), t) for name in FIELDS}


def test_what_differs_is_one_line(stage: Open) -> None:
    page, t = stage(DESKTOP, TWO), texts("en")
    said = page.evaluate(
        """async ([fields, one, other]) => {
            const { change, apart } = await import("/base/runs.js");
            return [change(fields, { query: one }, { query: other }), apart(fields, { query: one }, { query: other })];
        }""",
        [settings(t), encode(Experiment(depth=5)), encode(Experiment(epsilon=1e-6, arms=("none", "after")))],
    )
    before, after = t("arm.before"), t("arm.after")
    assert said == [
        f"Depth 5 → 3 · Arms − {before}, + {after} · ε 0.001 → 1×10⁻⁶",
        f"Depth 5 · − {after}, + {before} · ε 0.001",
    ]


def test_runs_on_own_data_are_not_remembered(stage: Open) -> None:
    own = {"query": {"dataset": "own-0123456789abcdef-4-classification-dropped"}, "private": True}
    for run, remembered in ((own, []), (None, [1])):
        page = stage(DESKTOP, TWO, **({"run": run} if run else {}))
        wait_for_pictures(page)
        expect(page.locator(".bn-card")).to_have_count(1)
        assert page.evaluate(f"{REMEMBERED}.map(({{ length }}) => length)") == remembered
        assert "own-" not in page.evaluate("JSON.stringify(localStorage)")


REMEMBERED = """Object.entries(localStorage).filter(([name]) => name.endsWith(" runs")).map(([, text]) => JSON.parse(text))"""
"""Of the storage: [the list of runs], or nothing."""

KEEP = """async (names) => {
    for (const name of ["runs", "storage", "panel"]) window[name] = await import(`/base/${name}.js`);
    runs.keep({});
}"""


def kept(page: Page) -> list[dict[str, Any]]:
    """The runs, after what there is of the one on the stage was kept."""
    page.evaluate(KEEP)
    return list(page.evaluate("runs.all()"))


def test_what_was_cleared_is_not_remembered_again(stage: Open) -> None:
    page = stage(DESKTOP, TWO)
    assert len(kept(page)) == 1
    assert len(page.evaluate(REMEMBERED)) == 1
    page.evaluate("storage.clear()")
    assert len(kept(page)) == 1, "it is still on the stage"
    assert page.evaluate(REMEMBERED) == []
    page.evaluate("remount({ run: { query: { seed: '5' } } })")
    kept(page)
    assert len(page.evaluate(REMEMBERED)) == 1


def test_a_slide_remembers_no_runs(stage: Open) -> None:
    page = stage(DESKTOP, TWO, embed=True)
    kept(page)
    assert page.evaluate(REMEMBERED) == []


def test_the_losses_are_asked_for_where_no_picture_shows_them(stage: Open) -> None:
    page = stage(DESKTOP, TWO, hidden=["curves"])
    assert "curves.loss" in page.evaluate("Object.keys(store.wanted().parts)")


def test_a_run_that_is_on_its_way_to_a_moment_is_left_there(stage: Open) -> None:
    page = stage(DESKTOP, TWO, all_there=False)
    gives(page, TWO, stop=40)
    page.evaluate("store.seek(11)")
    assert [run["epoch"] for run in kept(page)] == [11]


def test_a_drawing_has_one_card_unless_it_is_pinned(stage: Open) -> None:
    page, t = stage(DESKTOP, PLANE, run={"query": {"seed": "3"}}), texts("en")
    cards = page.locator(".bn-card")

    def draw(points: str) -> None:
        page.evaluate("points => remount({ run: { query: { dataset: `drawn:${points}` } } })", points)
        kept(page)
        page.evaluate("remount({})")

    kept(page)
    for points in ("1,1,0:2,2,1", "1,1,0:2,2.5,1", "1,1,0:2,3,1"):
        draw(points)
        expect(cards).to_have_count(2)
    expect(page.locator(".bn-present .bn-card-pin")).to_be_enabled()
    page.locator(".bn-present .bn-card-pin").click()
    draw("1,1,0:2,4,1")
    expect(cards).to_have_count(3)
    change = f"{t('short.dataset')}: {t('runs.moved')}"
    expect(page.locator(".bn-change")).to_have_text(t("runs.change", change=change))
    loss = "document.querySelector('.bn-figure[data-name=loss] .js-plotly-plot')"
    count = f"{loss}.data.filter(({{ meta }}) => meta?.ghost).length"
    page.wait_for_function(f"() => {count} > 0")
    page.locator(".bn-stage > .bn-top .bn-present").click()
    page.wait_for_function(f"() => {count} === 0")  # nothing there says what it is
    page.keyboard.press("Escape")
    right, left = (page.locator(f".bn-card.bn-present .bn-card-{side}") for side in ("right", "left"))
    for _ in range(2):
        right.focus()
        page.keyboard.press("Enter")
    expect(right).to_be_disabled()
    expect(left).to_be_focused()


def test_what_another_page_makes_of_the_strip_is_taken_over(stage: Open) -> None:
    page = stage(DESKTOP, TWO)
    cards = page.locator(".bn-card")
    kept(page)
    other = opened(page.context)
    add = """async ([first, last, isPinned]) => {
        const [name] = Object.keys(localStorage).filter((each) => each.endsWith(" runs"));
        const [run] = JSON.parse(localStorage.getItem(name)), all = [];
        for (let seed = first; seed <= last; seed += 1) {
            const query = { seed: String(seed) };
            all.push({ ...run, query, key: JSON.stringify(Object.entries(query)), isPinned });
        }
        localStorage.setItem(name, JSON.stringify(all));
    }"""
    other.evaluate(add, [10, 12, False])
    expect(cards).to_have_count(4)
    assert [run["query"].get("seed") for run in kept(page)] == [None, "10", "11", "12"]
    other.evaluate(add, [11, 11, False])
    expect(cards).to_have_count(2)
    other.evaluate(add, [20, 34, True])
    expect(cards).to_have_count(16)
    expect(page.locator(".bn-card.bn-present .bn-card-pin")).to_be_disabled()
    page.locator(".bn-compare").click()
    (act,) = page.evaluate("acts")
    assert (len(act["runs"]), encode(TWO) in act["runs"]) == (8, True)
    page.evaluate("remount({ run: { query: { seed: '5' } } })")
    assert sum(run["isPinned"] for run in kept(page)) == 15, "none goes that is pinned"
    other.evaluate("localStorage.clear()")
    expect(cards).to_have_count(0)


def test_a_zoom_comes_back_where_it_means_the_same_and_only_then(stage: Open) -> None:
    page = stage(DESKTOP, TWO, open={"id": 1})
    wait_for_pictures(page)
    kept(page)
    x, y = (page.evaluate(f"JSON.parse(content.figures.loss).layout.{axis}.type ?? null") for axis in ("xaxis", "yaxis"))
    left = ["xaxis", [2, 5], x, None]
    for other in (["yaxis", [1, 2], "linear" if y == "log" else "log", None], ["yaxis", [1, 2], y, "another subject"]):
        page.evaluate("zoom => panel.zoomTo('r', zoom)", {"stage loss": [left, other]})
        assert page.evaluate("panel.zoomed()") == {"stage loss": [left]}
    for k, recording in enumerate("sr"):
        page.evaluate("([recording, id]) => remount({ recording, open: { id } })", [recording, k + 2])
    assert page.evaluate("panel.zoomed()") == {}

"""The tearsheet in a real browser: no complaint, nothing loaded, what is drawn and what the pointer reads follows the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_browser import Browser, browser_or_skip
from test_tearsheet import hostile, made, points_of

from neural_trader.result import Result

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(browser_or_skip(), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def base() -> Result:
    return made()


@pytest.fixture(scope="module")
def sheet(base: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base.tearsheet(tmp_path_factory.mktemp("sheet") / "sheet.html")


def box(browser: Browser, chart: str) -> dict[str, float]:
    """Where a chart's drawing is in the window, once it has been scrolled to."""
    found: dict[str, float] = browser.ask(
        f"(() => {{ const s = document.querySelector('#{chart} svg'); s.scrollIntoView({{block: 'center'}});"
        " const b = s.getBoundingClientRect(); return {x: b.x, y: b.y, width: b.width, height: b.height}; })()"
    )
    return found


def caption(browser: Browser, chart: str) -> str:
    text: str = browser.ask(f"document.querySelector('#{chart} figcaption').textContent")
    return text


def test_it_opens_without_a_complaint_and_loads_nothing(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    assert browser.ask("document.querySelectorAll('section').length") == 9
    assert browser.complaints == []
    assert browser.loaded == [sheet.as_uri()]


def test_every_drawing_has_room_and_ink(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    sizes = browser.ask(
        "[...document.querySelectorAll('svg .series, svg .bar, svg .buy, svg .sell')].map(e => e.getBoundingClientRect())"
        ".map(b => [b.width, b.height])"
    )
    assert len(sizes) > 10
    assert all(width > 0 for width, _ in sizes)
    inside = browser.ask(
        "[...document.querySelectorAll('svg')].every(s => { const o = s.getBoundingClientRect();"
        " return [...s.querySelectorAll('path, rect')].every(e => { const b = e.getBoundingClientRect();"
        " return b.left >= o.left - 1 && b.right <= o.right + 1 && b.top >= o.top - 1 && b.bottom <= o.bottom + 1; }); })"
    )
    assert inside is True
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth") is True


def test_the_pointer_reads_the_value_under_it(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    points = points_of(sheet.read_text(encoding="utf-8"), "equity-chart")
    resting = caption(browser, "equity-chart")
    at = box(browser, "equity-chart")
    seen = set()
    for place in (0, len(points["x"]) // 2, len(points["x"]) - 1):
        x = at["x"] + points["x"][place] / 960 * at["width"]
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=at["y"] + at["height"] / 2)
        assert caption(browser, "equity-chart") == points["text"][place]
        assert browser.ask("getComputedStyle(document.querySelector('#equity-chart .cross')).visibility") == "visible"
        seen.add(points["text"][place])
    assert len(seen) == 3
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert caption(browser, "equity-chart") == resting
    assert browser.complaints == []


def test_the_keys_step_from_value_to_value(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    points = points_of(sheet.read_text(encoding="utf-8"), "equity-chart")
    browser.ask("document.querySelector('#equity-chart svg').focus()")
    for place in (0, 1, 2):
        browser.call("Input.dispatchKeyEvent", type="rawKeyDown", key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
        assert caption(browser, "equity-chart") == points["text"][place]
    browser.call("Input.dispatchKeyEvent", type="rawKeyDown", key="ArrowLeft", code="ArrowLeft", windowsVirtualKeyCode=37)
    assert caption(browser, "equity-chart") == points["text"][1]


def test_other_runs_draw_other_lines(browser: Browser, sheet: Path, tmp_path: Path) -> None:
    drawn = []
    for page in (sheet, made(seed=2).tearsheet(tmp_path / "other.html")):
        browser.open(page)
        drawn.append(
            browser.ask(
                "[...document.querySelectorAll('svg .series, svg .buy, svg .sell')].map(e => [e.getTotalLength(), e.getBBox().height])"
            )
        )
    assert len(drawn[0]) == len(drawn[1]) >= 8
    assert all(one != other for one, other in zip(*drawn, strict=True))


def test_it_reads_the_same_without_scripts(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    whole = browser.ask("document.body.innerText")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(sheet)
        assert browser.ask("document.body.innerText") == whole
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "Sharpe ratio" in whole


def colours(browser: Browser, media: str, scheme: str) -> tuple[str, str]:
    browser.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
    style = "getComputedStyle(document.body)"
    return browser.ask(f"{style}.backgroundColor"), browser.ask(f"{style}.color")


def test_light_dark_and_paper(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    try:
        light, dark, paper = (colours(browser, *case) for case in (("screen", "light"), ("screen", "dark"), ("print", "dark")))
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])
    assert light[0] == paper[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    assert paper[1] == "rgb(0, 0, 0)"
    for back, text in (light, dark, paper):
        assert contrast(back, text) >= 7


def contrast(back: str, text: str) -> float:
    """Ratio of relative luminances, as the web content accessibility guidelines define it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(back), luminance(text)))
    return (high + 0.05) / (low + 0.05)


def test_it_prints(browser: Browser, sheet: Path) -> None:
    browser.open(sheet)
    printed = browser.printed()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") >= 2


def test_hostile_names_do_nothing(browser: Browser, tmp_path: Path) -> None:
    evil = hostile()
    page = evil.tearsheet(tmp_path / "evil.html", sensitivity=[evil])
    browser.open(page)
    assert browser.ask("typeof window.taken") == "undefined"
    assert browser.ask("document.querySelectorAll('script').length") == 1
    assert browser.ask("document.images.length") == 0
    assert "<script>window.taken=1</script>" in browser.ask("document.body.innerText")
    assert browser.complaints == []
    assert browser.loaded == [page.as_uri()]


def test_the_policy_holds_what_escapes(browser: Browser, sheet: Path, tmp_path: Path) -> None:
    """A script that somebody adds to the file is not run, and the browser says so."""
    page = tmp_path / "added.html"
    page.write_text(sheet.read_text(encoding="utf-8").replace("</body>", "<script>window.taken=1</script></body>"), encoding="utf-8")
    browser.open(page)
    assert browser.ask("typeof window.taken") == "undefined"
    assert any("Content Security Policy" in text for text in browser.complaints)


def test_a_missing_browser_fails_in_ci_and_is_skipped_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        browser_or_skip()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        browser_or_skip()
    kept = tmp_path / "chromium-1200" / "chrome-linux" / "chrome"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert browser_or_skip() == str(kept)

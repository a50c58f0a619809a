"""A person's browser: ask, read the answer, open the passage, drop a file, on a wide and on a narrow screen."""
import contextlib
import os
import pathlib
import re
import shutil

import pytest

from hearthd import wait_for

CHROMIUM = shutil.which("chromium")
SHOTS = pathlib.Path(os.environ.get("HEARTH_SCREENSHOTS", pathlib.Path(__file__).resolve().parents[2] / "build" / "screenshots"))


@contextlib.contextmanager
def browser_page(daemon):
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.problems = []
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.problems.append(str(e)))
        page.goto(daemon.url + "/")
        yield page
        browser.close()


@pytest.fixture
def page(samples):
    with browser_page(samples) as opened:
        yield opened


@pytest.fixture
def own_page(daemon):
    """On a daemon of its own: what is dropped there disturbs nobody."""
    with browser_page(daemon) as opened:
        yield opened


def ask(page, question):
    box = page.get_by_role("textbox", name=re.compile("ask", re.I))
    box.fill(question)
    box.press("Enter")


def test_ask_and_open_the_passage(page):
    ask(page, "How many days can I work from abroad?")
    chip = page.locator("main a, main button").filter(has_text=re.compile(r"^\[?1\]?$")).first
    chip.wait_for(timeout=120_000)
    page.screenshot(path=SHOTS / "answer.png")
    chip.click()
    mark = page.locator("mark").first
    mark.wait_for(timeout=30_000)
    assert "40 working days" in page.locator("body").inner_text()
    page.screenshot(path=SHOTS / "passage.png")
    assert page.problems == []


def test_not_found_is_shown_as_such(page):
    ask(page, "Who wrote Pride and Prejudice?")
    page.get_by_text(re.compile("not found in your documents", re.I)).first.wait_for(timeout=60_000)
    page.screenshot(path=SHOTS / "not-found.png")
    assert page.problems == []


def test_narrow_screen_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 360, "height": 740})
    ask(page, "Who approves flights?")
    page.get_by_text("Pieter").first.wait_for(timeout=120_000)
    page.screenshot(path=SHOTS / "narrow.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.problems == []


def test_dropped_file_can_be_asked_about(own_page, daemon):
    page = own_page
    page.locator(".status[data-state=ready]").wait_for(timeout=60_000)
    page.evaluate("""() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(['The key of the boathouse hangs behind the clock.'], 'boathouse.txt'));
        for (const type of ['dragenter', 'dragover', 'drop']) {
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }
    }""")
    page.locator(".file.indexed", has_text="boathouse.txt").wait_for(timeout=30_000)
    assert daemon.search("key of the boathouse")[0]["document"]["path"] == "boathouse.txt"
    assert page.problems == []


def test_stop_button_ends_the_generation(own_page, daemon):
    page = own_page
    page.get_by_text("From my files").click()
    ask(page, "Write a long story about a lighthouse keeper, with every detail.")
    page.wait_for_function("() => document.querySelector('.prose')?.innerText.length > 0", timeout=60_000)
    page.get_by_role("button", name="Stop the answer").click()
    page.get_by_text("Stopped before the end.").wait_for()
    wait_for("the engine is free", lambda: daemon.get("/v1/status")["generation"]["running"] == 0, 10)
    assert page.locator(".prose").inner_text()
    assert page.problems == []

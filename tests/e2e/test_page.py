"""A person's browser: ask, read the answer, open the passage, drop a file, on a wide and on a narrow screen."""
import os
import pathlib
import re
import shutil

import pytest

CHROMIUM = shutil.which("chromium")
SHOTS = pathlib.Path(os.environ.get("HEARTH_SCREENSHOTS", pathlib.Path(__file__).resolve().parents[2] / "build" / "screenshots"))


@pytest.fixture
def page(samples):
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
        page.goto(samples.url + "/")
        yield page
        browser.close()


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

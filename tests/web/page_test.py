#!/usr/bin/env python3
"""The chat page in a real browser over the fake server. Any console error, and so any CSP violation, fails a test.

Usage: page_test.py FAKE_SERVER_PROGRAM. Exits 77 (skipped) without playwright or chromium.
HEARTH_SCREENSHOTS names a folder to keep pictures in.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    print("playwright is not installed")
    sys.exit(77)
if not shutil.which("chromium"):
    print("chromium is not installed")
    sys.exit(77)


class Page(unittest.TestCase):
    options = []

    @classmethod
    def setUpClass(cls):
        cls.inbox = tempfile.TemporaryDirectory()
        cls.server = subprocess.Popen([sys.argv[1], "--pause", "20", "--inbox", cls.inbox.name, *cls.options],
                                      stdout=subprocess.PIPE, text=True)
        cls.url = cls.server.stdout.readline().strip()
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.server.terminate()
        cls.server.wait(10)
        cls.server.stdout.close()
        cls.inbox.cleanup()

    def setUp(self):
        self.context = self.browser.new_context(viewport={"width": 1280, "height": 860})
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("dialog", lambda d: self.problems.append(f"dialog {d.message}"))
        self.page.on("request", lambda r: r.url.startswith(self.url) or self.problems.append(f"request {r.url}"))
        self.page.goto(self.url + "/")

    def tearDown(self):
        folder = os.environ.get("HEARTH_SCREENSHOTS")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=pathlib.Path(folder) / f"{self.id().split('.')[-1]}.png")
        self.context.close()
        self.assertEqual(self.problems, [])

    def ready(self):
        self.page.locator(".status[data-state=ready]").wait_for()

    def ask(self, question):
        self.ready()
        box = self.page.get_by_role("textbox", name="Ask a question")
        box.fill(question)
        box.press("Enter")


class Conversation(Page):
    def test_citation_opens_the_marked_passage_and_escape_returns(self):
        self.ask("How fast?")
        chip = self.page.locator(".prose a.chip").first
        chip.click()
        expect(self.page.locator("mark")).to_have_text("at most 120 °C per hour")
        expect(self.page.get_by_text("exactly like this")).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.page.locator("#reader")).to_be_hidden()

    def test_not_found_shows_nearest_passages_without_quotes(self):
        self.ask("Is there a unicorn?")
        expect(self.page.get_by_text("Not found in your documents").first).to_be_visible()
        expect(self.page.get_by_role("heading", name="Nearest passages")).to_be_visible()
        expect(self.page.get_by_text("word for word")).to_have_count(0)

    def test_markup_of_the_model_stays_text(self):
        self.ask("Be evil")
        self.page.locator(".toolbar").wait_for()
        expect(self.page.locator(".prose")).to_contain_text("<img src=x onerror=alert(1)>")
        expect(self.page.locator(".prose img, .prose script, .prose a[href^=javascript]")).to_have_count(0)
        expect(self.page.locator(".prose li")).to_have_count(2)

    def test_stop_keeps_what_came_and_again_starts_over(self):
        self.ask("slow please")
        self.page.get_by_role("button", name="Stop the answer").click()
        expect(self.page.get_by_text("Stopped before the end.")).to_be_visible()
        expect(self.page.get_by_role("button", name="Answer again")).to_be_visible()

    def test_refusal_is_told_with_a_retry(self):
        self.ask("overload")
        expect(self.page.get_by_role("alert")).to_contain_text("busy")
        expect(self.page.get_by_role("button", name="Try again")).to_be_visible()
        self.problems.clear()  # the browser itself reports the 429

    def test_conversation_survives_a_reload_and_can_be_deleted(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        self.page.reload()
        expect(self.page.locator(".prose")).to_contain_text("at most 120 °C")
        self.page.locator("#history .tool").focus()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#history li")).to_have_count(0)
        expect(self.page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")

    def test_shift_enter_breaks_the_line(self):
        box = self.page.get_by_role("textbox", name="Ask a question")
        box.press_sequentially("a")
        box.press("Shift+Enter")
        box.press_sequentially("b")
        expect(box).to_have_value("a\nb")

    def test_fits_320_pixels(self):
        self.page.set_viewport_size({"width": 320, "height": 640})
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        self.assertLessEqual(self.page.evaluate("document.documentElement.scrollWidth"), 320)
        self.page.get_by_role("button", name="Open menu").click()
        expect(self.page.locator("#files-link")).to_be_visible()
        self.page.keyboard.press("Escape")

    def test_theme_is_remembered(self):
        self.page.get_by_role("radio", name="Dark").check()
        self.page.reload()
        self.assertEqual(self.page.evaluate("document.documentElement.dataset.theme"), "dark")


class Files(Page):
    def test_failures_say_why_and_what_to_do(self):
        self.page.locator("#files-link").click()
        row = self.page.locator(".file.failed")
        expect(row).to_contain_text("no text, only images")
        expect(row).to_contain_text("ocrmypdf")
        self.page.get_by_role("searchbox").fill("lease")
        expect(self.page.locator(".file")).to_have_count(1)

    def test_upload_appears_and_delete_asks_first(self):
        self.page.goto(self.url + "/#/files")
        self.page.locator("#file-input").set_input_files(
            {"name": "note.txt", "mimeType": "text/plain", "buffer": b"remember the milk"})
        row = self.page.locator(".file", has_text="note.txt")
        row.wait_for()
        self.assertEqual((pathlib.Path(self.inbox.name) / "note.txt").read_bytes(), b"remember the milk")
        row.get_by_role("link").click()
        expect(self.page.locator(".reader-body")).to_contain_text("remember the milk")
        self.page.keyboard.press("Escape")
        row.get_by_role("button", name="Delete note.txt").click()
        row.get_by_role("button", name="Keep").click()
        row.get_by_role("button", name="Delete note.txt").click()
        row.get_by_role("button", name="Delete", exact=True).click()
        expect(row).to_have_count(0)
        self.assertFalse((pathlib.Path(self.inbox.name) / "note.txt").exists())

    def test_document_address_opens_the_passage(self):
        self.page.goto(self.url + "/#/document/doc-kiln?start=57&end=81")
        expect(self.page.locator("mark")).to_have_text("at most 120 °C per hour")


class Starting(Page):
    options = ["--starting"]

    def test_progress_is_shown_and_sending_waits(self):
        expect(self.page.locator("#status-text")).to_have_text("Starting: loading model 41 %")
        self.page.get_by_role("textbox", name="Ask a question").fill("x")
        expect(self.page.get_by_role("button", name="Send question")).to_be_disabled()


class Keyed(Page):
    options = ["--key", "secret"]

    def test_key_is_asked_for_once(self):
        self.page.get_by_label("API key").fill("secret")
        self.page.get_by_role("button", name="Continue").click()
        self.ready()
        self.page.reload()
        self.ready()
        self.problems.clear()  # the browser itself reports the 401


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)

"""The chat page in a real browser over the fake server: what the suites beside this file stand on.

A suite is run as SUITE.py FAKE_SERVER_PROGRAM and exits 77 (skipped) without playwright or chromium. Any console error,
and so any CSP violation, any dialog and any request to another origin fails a test. HEARTH_SCREENSHOTS names a folder
to keep pictures in.
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
        cls.state = tempfile.TemporaryDirectory()
        cls.server = subprocess.Popen([sys.argv[1], "--pause", "20", "--inbox", cls.inbox.name, "--state", cls.state.name,
                                       *cls.options],
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
        cls.state.cleanup()

    def setUp(self):
        self.context = self.browser.new_context(viewport={"width": 1280, "height": 860})
        self.page = self.context.new_page()
        self.problems = []
        self.expected = []  # what the browser itself reports about a refused request
        self.watch(self.page)
        self.page.goto(self.url + "/")

    def watch(self, page):
        page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        page.on("pageerror", lambda e: self.problems.append(str(e)))
        page.on("dialog", lambda d: self.problems.append(f"dialog {d.message}"))
        page.on("request", lambda r: r.url.startswith(self.url) or self.problems.append(f"request {r.url}"))

    def tearDown(self):
        folder = os.environ.get("HEARTH_SCREENSHOTS")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=pathlib.Path(folder) / f"{self.id().split('.')[-1]}.png")
        self.context.close()
        self.assertEqual([problem for problem in self.problems if not any(part in problem for part in self.expected)], [])

    def ready(self):
        self.page.locator(".status[data-state=ready]").wait_for()

    def start_over(self):
        """The address changes at once, the view with the event that follows."""
        self.page.get_by_role("button", name="New question").click()
        expect(self.page.locator(".question")).to_have_count(0)

    def ask(self, question):
        self.ready()
        box = self.page.get_by_role("textbox", name="Ask a question")
        box.fill(question)
        box.press("Enter")


def run_suite():
    unittest.main(argv=sys.argv[:1], verbosity=1)

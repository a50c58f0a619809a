#!/usr/bin/env python3
"""The chat page for everybody: axe's rules of WCAG 2.2 A and AA in every view, and each task by the keyboard alone
(page_case.py says how to run it). Skipped without axe-playwright-python, whose copy of axe is used."""
import contextlib
import importlib.util
import pathlib
import sys

from page_case import Page, expect, run_suite

AXE = importlib.util.find_spec("axe_playwright_python")
if AXE is None:
    print("axe-playwright-python is not installed")
    sys.exit(77)
AXE_SOURCE = (pathlib.Path(AXE.origin).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# How people look at it: viewport, colours, contrast, zoom by a narrower viewport (200 % of 1280 pixels).
LOOKS = {
    "light": dict(color_scheme="light", reduced_motion="reduce"),
    "dark and narrow": dict(color_scheme="dark", viewport={"width": 360, "height": 740}),
    "zoomed": dict(viewport={"width": 640, "height": 430}, device_scale_factor=2),
    "forced colours": dict(forced_colors="active"),
}


class Access(Page):
    def violations(self):
        self.page.evaluate(AXE_SOURCE)
        found = self.page.evaluate("rules => axe.run({ runOnly: rules })", RULES)["violations"]
        return [f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
                for rule in found for node in rule["nodes"]]

    @contextlib.contextmanager
    def look(self, name):
        """The page as somebody has it set up, at its start."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **LOOKS[name]})
        before, self.page = self.page, context.new_page()
        self.watch(self.page)
        self.page.goto(self.url + "/")
        try:
            yield
        finally:
            context.close()
            self.page = before

    def check(self, view):
        """`view` brings the page into the state to be looked at, under every look; nothing is wider than the window."""
        for name in LOOKS:
            with self.subTest(name), self.look(name):
                view()
                self.assertEqual(self.violations(), [])
                self.assertLessEqual(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)


class Views(Access):
    def answered(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()

    def test_start(self):
        self.check(self.ready)

    def test_answer_with_its_sources(self):
        self.check(self.answered)

    def test_passage(self):
        def view():
            self.answered()
            self.page.locator(".prose a.chip").first.click()
            self.page.locator("mark").wait_for()
        self.check(view)

    def test_receipt(self):
        def view():
            self.answered()
            self.page.get_by_role("button", name="Why this answer").click()
            self.page.locator(".receipt-sources li").first.wait_for()
        self.check(view)

    def test_not_found_tools_and_an_error(self):
        self.expected = ["status of 429"]

        def view():
            for question in ["Is there a unicorn?", "use tools", "overload"]:
                self.ask(question)
                self.page.locator(".turns > *").last.locator(".toolbar, [role=alert]").first.wait_for()
            self.page.get_by_role("alert").wait_for()
        self.check(view)

    def test_streaming(self):
        def view():
            self.ask("lengthy answer")
            expect(self.page.locator(".prose")).to_contain_text("and so on")
        self.check(view)

    def test_editing(self):
        def view():
            self.answered()
            self.page.get_by_role("button", name="Edit question").first.click()
        self.check(view)

    def test_files(self):
        def view():
            self.page.goto(self.url + "/#/files")
            self.page.locator(".file").first.wait_for()
        self.check(view)

    def test_system(self):
        def view():
            self.page.goto(self.url + "/#/system")
            self.page.locator("#system-view h1, #system-view h2").first.wait_for()
        self.check(view)

    def test_document(self):
        def view():
            self.page.goto(self.url + "/#/document/doc-kiln?start=57&end=81")
            self.page.locator("mark").wait_for()
        self.check(view)

    def test_menu_of_narrow_windows(self):
        with self.look("dark and narrow"):
            self.answered()
            self.page.get_by_role("button", name="Open menu").click()
            self.assertEqual(self.violations(), [])


class Asleep(Access):
    options = ["--starting"]

    def test_starting(self):
        self.check(lambda: expect(self.page.locator("#status-text")).to_contain_text("Starting"))


class Locked(Access):
    options = ["--key", "secret"]

    def test_key_dialog(self):
        self.expected = ["status of 401"]
        self.check(self.page_asks_for_the_key)

    def page_asks_for_the_key(self):
        self.page.get_by_label("API key").fill("wrong")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("alert")).to_contain_text("not accepted")


class Keyboard(Access):
    """No mouse, no touch: Tab, Enter, Space, arrows and Escape."""

    def tab_to(self, selector, backwards=False):
        """Tab until what is focused matches; everything on the way must be seen to have the focus."""
        for _ in range(60):
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
            focused = self.page.evaluate("""(selector) => {
                const node = document.activeElement;
                if (node === document.body) return null;
                const box = node.getBoundingClientRect(), style = getComputedStyle(node);
                const around = node.matches('input[type=radio], input[type=checkbox]') ? getComputedStyle(node.nextElementSibling ?? node) : style;
                const ring = [style, around].some((s) => s.outlineStyle !== 'none' || s.boxShadow !== 'none');
                const label = node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent ?? node.textContent;
                const shown = box.width > 0 && box.height > 0;
                return { label: label.trim(), ring, shown, wanted: node.matches(selector) };
            }""", selector)
            if focused is None:
                continue
            self.assertTrue(focused["ring"], f"no ring around {focused['label']!r}")
            self.assertTrue(focused["shown"], f"focus on the hidden {focused['label']!r}")
            if focused["wanted"]:
                return
        self.fail(f"{selector} is not reached")

    def test_ask_read_the_evidence_and_return(self):
        self.ready()
        self.tab_to("#skip", backwards=True)
        self.page.keyboard.press("Enter")
        self.page.keyboard.type("How fast?")
        self.page.keyboard.press("Enter")
        self.page.locator(".toolbar").wait_for()
        expect(self.page.locator("#announce")).not_to_be_empty()
        self.tab_to(".prose a.chip", backwards=True)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("mark")).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.page.locator("#reader")).to_be_hidden()
        self.assertIn("chip", self.page.evaluate("document.activeElement.className"), "focus returns to where it was")

    def test_stop_an_answer(self):
        self.ask("slow please")
        expect(self.page.get_by_role("button", name="Stop the answer")).to_be_visible()
        self.tab_to("#stop")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_text("Stopped before the end.")).to_be_visible()
        self.assertNotEqual(self.page.evaluate("document.activeElement.tagName"), "BODY", "focus is not lost")

    def test_edit_a_question(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        self.tab_to("[aria-label='Edit question']", backwards=True)
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type("Is there a unicorn?")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".prose")).to_contain_text("Not found in your documents")
        self.assertNotEqual(self.page.evaluate("document.activeElement.tagName"), "BODY", "focus is not lost")

    def test_files_and_back(self):
        self.ready()
        self.tab_to("#files-link")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".file").first).to_be_visible()
        self.tab_to("[href='#/document/doc-kiln']")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".reader-body")).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.page.locator("#reader")).to_be_hidden()
        self.assertEqual(self.page.evaluate("document.activeElement.textContent"), "Kiln manual")

    def test_nothing_holds_the_focus(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        seen = []
        for _ in range(60):
            self.page.keyboard.press("Tab")
            seen.append(self.page.evaluate("document.activeElement === document.body ? '' : document.activeElement.outerHTML"))
            if seen[-1] == seen[0] and len(seen) > 5:
                break
        self.assertGreater(len(set(seen)), 8)
        self.assertEqual(seen[-1], seen[0], "Tab comes round")


if __name__ == "__main__":
    run_suite()

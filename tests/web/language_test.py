#!/usr/bin/env python3
"""The chat page in a language that is written from right to left (page_case.py says how to run it): every text has its
translation with the same places to fill, and every view is mirrored whole, without a word of English of its own."""
import pathlib
import re

from access_test import Access
from page_case import expect, run_suite

UI = pathlib.Path(__file__).resolve().parents[2] / "web/ui"
LITERAL = r"'((?:[^'\\\n]|\\.)*)'"
PLURAL_CATEGORIES = {"one", "two", "few", "many", "other"}


def arguments_at(code, start):
    """What stands between a call's parentheses."""
    depth, end = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        end += 1
    return code[start:end]


def texts_in_code():
    """(plain texts, texts for many) that the modules give to t() and plural()."""
    plain, counted = set(), set()
    for path in UI.glob("*.js"):
        code = path.read_text()
        plain |= set(re.findall(r"\bt\(" + LITERAL, code))
        for call in re.finditer(r"\bplural\(", code):
            counted |= set(re.findall(LITERAL, arguments_at(code, call.end()))[-1:])
    return plain, counted


def texts_in_markup():
    markup = (UI / "index.html").read_text()
    body = re.sub(r"<!--.*?-->", "", markup[markup.index("<body>"):], flags=re.DOTALL)
    found = {text.strip() for text in re.findall(r">([^<>]+)<", body)}
    found |= set(re.findall(r'(?:aria-label|placeholder|title)="([^"]+)"', body))
    return {text for text in found if re.search(r"[A-Za-z]{2}", text)} - {"hearth", "server.api_key_file"}


def places(text):
    return sorted(re.findall(r"\{\w+\}", text))


class Arabic(Access):
    def setUp(self):
        super().setUp()
        self.start(locale="ar-EG")

    def start(self, **options):
        self.context.close()
        self.context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        self.page = self.context.new_page()
        self.watch(self.page)
        self.page.goto(self.url + "/")

    def table(self):
        return self.page.evaluate("import('/ar.js').then((m) => ({ texts: m.texts, counted: m.counted }))")

    def ask(self, question):
        self.ready()
        self.page.locator("#composer-input").fill(question)
        self.page.locator("#composer-input").press("Enter")
        self.page.locator(".toolbar").wait_for()

    def test_every_text_is_translated_with_its_places(self):
        table = self.table()
        plain, counted = texts_in_code()
        dynamic = {"Searching your documents", "Asking the tables"}  # what the loop says, by way of stepText()
        self.assertGreater(len(plain), 150)
        self.assertEqual(plain | texts_in_markup() | dynamic, set(table["texts"]))
        self.assertEqual(counted, set(table["counted"]))
        for text, translation in table["texts"].items():
            self.assertEqual(places(text), places(translation), text)
        for text, forms in table["counted"].items():
            self.assertEqual(set(forms), PLURAL_CATEGORIES, text)
            for category in PLURAL_CATEGORIES - {"one", "two"}:
                self.assertEqual(places(text), places(forms[category]), text)

    def test_counts_take_the_form_of_their_category(self):
        said = self.page.evaluate("""import('/i18n.js').then(({ plural }) =>
            [1, 2, 3, 11, 100].map((n) => plural(n, '{n} file', '{n} files')))""")
        forms = self.table()["counted"]["{n} files"]
        three = self.page.evaluate("'\\u2068' + new Intl.NumberFormat('ar').format(3) + '\\u2069'")  # isolated
        self.assertEqual(said[:3], [forms["one"], forms["two"], forms["few"].replace("{n}", three)])
        self.assertNotEqual(said[3].split()[-1], said[4].split()[-1])

    def views(self):
        yield "start"
        self.ask("How fast?")
        yield "answer"
        self.page.locator(".source-link").first.click()
        expect(self.page.locator("mark")).to_be_visible()
        yield "passage"
        self.page.keyboard.press("Escape")
        for view in ["files", "system"]:
            self.page.goto(f"{self.url}/#/{view}")
            self.page.locator(f"#{view}-view h1, #{view}-view h2").first.wait_for()
            yield view

    def test_views_are_mirrored_and_keep_to_the_rules(self):
        for options in [{}, {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}]:
            self.start(locale="ar", reduced_motion="reduce", **options)
            expect(self.page.locator("html")).to_have_attribute("dir", "rtl")
            expect(self.page.locator("html")).to_have_attribute("lang", "ar")
            for name in self.views():
                with self.subTest(name, **options):
                    self.assertEqual(self.violations(), [])
                    self.assertLessEqual(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)

    def test_the_menu_is_at_the_right_and_code_runs_from_the_left(self):
        rail, stage = (self.page.locator(name).bounding_box() for name in ["#rail", ".stage"])
        self.assertGreater(rail["x"], stage["x"])
        self.start(locale="ar", viewport={"width": 400, "height": 740})
        self.page.locator("#rail-open").click()
        self.page.wait_for_timeout(400)
        box = self.page.locator("#rail").bounding_box()
        self.assertAlmostEqual(box["x"] + box["width"], 400, delta=1)

    def test_a_choice_outlives_the_browsers_language(self):
        self.page.locator("#language").select_option("en")
        expect(self.page.locator("html")).to_have_attribute("dir", "ltr")
        expect(self.page.get_by_role("button", name="New question")).to_be_visible()
        self.page.reload()
        expect(self.page.locator("html")).to_have_attribute("lang", "en")
        self.page.locator("#language").select_option("ar")
        expect(self.page.locator("html")).to_have_attribute("dir", "rtl")

    def test_an_unknown_language_is_english(self):
        self.start(locale="fr-FR")
        expect(self.page.locator("html")).to_have_attribute("lang", "en")


if __name__ == "__main__":
    run_suite()

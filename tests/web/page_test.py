#!/usr/bin/env python3
"""What the chat page does, in a real browser (page_case.py says how to run it)."""
import pathlib

from page_case import Page, expect, run_suite


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

    def test_what_was_computed_is_not_called_a_quote(self):
        self.ask("count the kilns")
        card = self.page.locator(".source").first
        expect(card).to_contain_text("computed from the table")
        expect(card).to_contain_text("count(*) 2")
        expect(card).not_to_contain_text("word for word")

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
        self.expected = ["status of 429"]
        self.ask("overload")
        expect(self.page.get_by_role("alert")).to_contain_text("busy")
        expect(self.page.get_by_role("button", name="Try again")).to_be_visible()

    def test_conversation_survives_a_reload_and_can_be_deleted(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        self.page.reload()
        expect(self.page.locator(".prose")).to_contain_text("at most 120 °C")
        self.page.get_by_role("button", name="Delete conversation How fast?").focus()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#history li")).to_have_count(0)
        expect(self.page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")
        self.page.reload()
        expect(self.page.locator("#history li")).to_have_count(0)

    def test_leaving_keeps_the_part_that_came(self):
        self.ask("lengthy answer")
        expect(self.page.locator(".prose")).to_contain_text("and so on")
        self.page.get_by_role("button", name="New question").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        expect(self.page.locator("#history a")).to_have_text(["lengthy answer"])
        self.page.locator("#history a").click()
        expect(self.page.locator(".prose")).to_contain_text("and so on")
        expect(self.page.get_by_text("Stopped before the end.")).to_be_visible()

    def test_focus_and_selection_survive_the_streaming(self):
        self.ask("lengthy answer")
        chip = self.page.locator(".prose a.chip").first
        chip.focus()
        self.page.evaluate("""() => {
            window.strong = document.querySelector('.prose strong');
            getSelection().selectAllChildren(window.strong);
        }""")
        before = self.page.locator(".prose").inner_text()
        self.page.wait_for_function("length => document.querySelector('.prose').innerText.length > length + 50", arg=len(before))
        expect(chip).to_be_focused()
        self.assertEqual(self.page.evaluate("getSelection().toString()"), "at most 120 °C per hour")
        self.page.keyboard.press("Enter")
        expect(self.page.locator("mark")).to_have_text("at most 120 °C per hour")

    def test_skip_link_leaves_the_answer_alone(self):
        self.ask("lengthy answer")
        expect(self.page.locator(".prose")).to_contain_text("and so on")
        self.page.locator("#skip").focus()
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("textbox", name="Ask a question")).to_be_focused()
        expect(self.page.get_by_role("button", name="Stop the answer")).to_be_visible()
        self.assertNotIn("composer", self.page.url)

    def test_back_closes_the_reader_and_stays_in_the_conversation(self):
        self.ask("How fast?")
        self.page.locator(".prose a.chip").first.click()
        expect(self.page.locator("mark")).to_be_visible()
        self.page.go_back()
        expect(self.page.locator("#reader")).to_be_hidden()
        expect(self.page.locator(".prose")).to_contain_text("at most 120 °C")

    def test_the_newest_passage_wins(self):
        held = []
        self.page.route("**/doc-kiln/passage*", lambda route: held.append(route))
        self.ask("How fast?")
        chips = self.page.locator(".prose a.chip")
        chips.first.click()
        self.page.wait_for_function("() => !document.getElementById('reader').hidden")
        chips.nth(1).click()
        expect(self.page.locator("mark")).to_have_text("three months' notice")
        with self.page.expect_response("**/doc-kiln/passage*"):
            held[0].continue_()
        self.page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
        expect(self.page.locator("mark")).to_have_text("three months' notice")

    def test_edited_question_is_asked_again_and_drops_what_followed(self):
        self.ask("How fast?")
        self.page.locator(".toolbar").wait_for()
        self.ask("And a second one?")
        expect(self.page.locator(".toolbar")).to_have_count(2)
        self.page.get_by_role("button", name="Edit question").first.click()
        field = self.page.get_by_role("textbox", name="Edit question")
        field.fill("Is there a unicorn?")
        field.press("Enter")
        expect(self.page.locator(".question")).to_have_text(["Is there a unicorn?"])
        expect(self.page.locator(".prose")).to_contain_text("Not found in your documents")
        expect(self.page.locator(".toolbar")).to_have_count(1)

    def test_tool_calls_are_shown_folded(self):
        self.ask("use tools")
        self.page.locator(".toolbar").wait_for()
        card = self.page.locator(".tools summary")
        expect(card).to_contain_text("Searched the documents")
        card.focus()
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".tools pre")).to_contain_text('{"query":"kiln"}')

    def test_receipt_says_why_and_can_be_replayed(self):
        self.ask("How fast?")
        self.page.get_by_role("button", name="Why this answer").click()
        panel = self.page.get_by_role("complementary", name="Why this answer")
        expect(panel.locator(".receipt-sources li")).to_have_count(2)
        expect(panel).to_contain_text("fake-0.5b-q4")
        self.assertEqual(panel.locator(".timeline rect").count(), 4)
        expect(panel.locator(".timeline-parts li", has_text="Reading the prompt")).to_contain_text("250 ms")
        panel.get_by_role("button", name="Replay").click()
        expect(panel.get_by_text("The same answer, byte for byte.")).to_be_visible()
        panel.get_by_role("link", name="kiln.md").click()
        expect(self.page.locator("mark")).to_contain_text("Raise the temperature")
        self.page.keyboard.press("Escape")
        expect(self.page.locator("#reader")).to_be_hidden()
        expect(self.page.locator(".question")).to_have_text("How fast?")

    def test_a_receipt_that_is_gone_is_told(self):
        self.expected = ["status of 404"]
        self.page.route("**/receipt", lambda route: route.fulfill(status=404, json={"error": {"message": "none"}}))
        self.ask("How fast?")
        self.page.get_by_role("button", name="Why this answer").click()
        expect(self.page.get_by_text("is not kept any more")).to_be_visible()

    def test_conversations_can_be_renamed_and_searched(self):
        for question in ["How fast?", "Is there a unicorn?"]:
            self.start_over()
            self.ask(question)
            self.page.locator(".toolbar").wait_for()
        self.page.get_by_role("button", name="Rename conversation How fast?").click()
        field = self.page.get_by_role("textbox", name="Title of the conversation")
        field.fill("Firing")
        field.press("Enter")
        expect(self.page.locator("#history a")).to_have_text(["Is there a unicorn?", "Firing"])
        self.page.reload()
        search = self.page.get_by_role("searchbox", name="Search conversations")
        search.fill("120 °C hour")
        expect(self.page.locator("#history a")).to_have_text(["Firing"])
        search.fill("nothing like it")
        expect(self.page.get_by_text("No conversation has these words.")).to_be_visible()

    def test_odd_addresses_lead_to_the_start(self):
        self.page.goto(self.url + "/#/chat/%")
        self.page.reload()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def test_unmatched_marks_are_rendered_in_one_pass(self):
        # Each of these would take 10^10 steps and more if every mark searched the whole rest again.
        for piece in ["**a ", "__a ", "*a ", "`a ``b ", "[", "[a](", "# #"]:
            length = self.page.evaluate("""async (piece) => {
                const { renderMarkdown } = await import('/markdown.js');
                return renderMarkdown(piece.repeat(200000)).textContent.length;
            }""", piece)
            self.assertGreater(length, 100000, piece)

    def test_markdown_of_answers(self):
        html = self.page.evaluate("""async () => {
            const { renderMarkdown } = await import('/markdown.js');
            const box = document.createElement('div');
            const cite = (number) => (number < 3 ? document.createTextNode(`<${number}>`) : null);
            box.append(renderMarkdown('# C# ##\\n\\na **b *c* d** `e*f` snake_case_name ![p](u) [x](y) [1, 2] [9] 2 * 3 * 4', cite));
            return box.innerHTML;
        }""")
        self.assertEqual(html, "<h3>C#</h3><p>a <strong>b <em>c</em> d</strong> <code>e*f</code> snake_case_name "
                               "p (u) x (y) &lt;1&gt;&lt;2&gt; [9] 2 * 3 * 4</p>")

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

    def test_a_dropped_file_is_uploaded(self):
        self.ready()
        self.page.evaluate("""() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['the badger sleeps'], 'dropped.txt', { type: 'text/plain' }));
            for (const type of ['dragenter', 'dragover', 'drop']) {
                document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
            }
        }""")
        expect(self.page.locator(".file", has_text="dropped.txt")).to_be_visible()
        self.assertEqual((pathlib.Path(self.inbox.name) / "dropped.txt").read_bytes(), b"the badger sleeps")
        expect(self.page.locator("#drop")).to_be_hidden()
        self.assertEqual(self.page.locator("#files-link").get_attribute("aria-current"), "page")

    def test_a_long_document_can_be_read_to_its_end(self):
        text = "".join(f"line {number} é\n" for number in range(8000))
        (pathlib.Path(self.inbox.name) / "long.txt").write_text(text)
        self.page.request.post(self.url + "/v1/ingest/rescan")
        self.page.goto(f"{self.url}/#/document/up-long.txt?start=60000&end=60010")
        body = self.page.locator(".reader-body")
        expect(body).to_contain_text("line")
        for name in ["Show earlier", "Show later"]:
            while (button := self.page.get_by_role("button", name=name)).count():
                before = body.evaluate("node => node.textContent.length")
                button.click()
                self.page.wait_for_function("length => document.querySelector('.reader-body').textContent.length > length", arg=before)
                self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.assertEqual(body.evaluate("node => node.textContent"), text)
        expect(self.page.get_by_text("The whole document")).to_be_visible()

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
        self.expected = ["status of 401"]
        self.page.get_by_label("API key").fill("wrong")
        self.page.get_by_role("button", name="Continue").click()
        expect(self.page.get_by_role("alert")).to_contain_text("not accepted")
        self.page.get_by_label("API key").fill("secret")
        self.page.get_by_role("button", name="Continue").click()
        self.ready()
        self.page.reload()
        self.ready()

    def test_works_without_the_storage_of_the_browser(self):
        self.expected = ["status of 401"]
        self.page.add_init_script("""for (const name of ['localStorage', 'sessionStorage']) {
            Object.defineProperty(window, name, { get() { throw new DOMException('off', 'SecurityError'); } });
        }""")
        self.page.reload()
        self.page.get_by_label("API key").fill("secret")
        self.page.get_by_role("button", name="Continue").click()
        self.ask("How fast?")
        expect(self.page.locator(".toolbar")).to_be_visible()


if __name__ == "__main__":
    run_suite()

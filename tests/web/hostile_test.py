#!/usr/bin/env python3
"""Hostile texts (hostile_texts.py) through every way into the page: what a model writes, what documents and their names
say, what tools return, what a person types, what an error tells (page_case.py says how to run it).

No script runs, nothing is requested, the content security policy has nothing to report, and nothing that could do
either is in the document."""
import itertools
import json

from hostile_texts import TEXTS
from page_case import Page, expect, run_suite

BATCHES = [TEXTS[first:first + 20] for first in range(0, len(TEXTS), 20)]
PASSAGE = "\n\n".join(TEXTS)

# What the page never makes out of a text.
FOUND = """() => {
    const bad = [];
    const strange = 'script:not([src="/theme.js"]):not([src="/app.js"]), iframe, object, embed, base, style, video, audio, '
        + 'img:not(.brand img), image, foreignObject, animate, link:not([href="/style.css"]):not([href="/flame.svg"]), '
        + 'meta[http-equiv], math, marquee, template, frame, portal, [style*=url], [srcdoc], [formaction], [action]';
    for (const node of document.querySelectorAll(strange)) bad.push(node.outerHTML.slice(0, 120));
    for (const node of document.querySelectorAll('*')) {
        for (const { name } of node.attributes) if (name.startsWith('on')) bad.push(node.outerHTML.slice(0, 120));
    }
    for (const node of document.querySelectorAll('[href], [src]')) {
        const address = new URL(node.getAttribute('href') ?? node.getAttribute('src'), location.href);
        if (address.origin !== location.origin || address.pathname.includes('canary')) bad.push(address.href);
    }
    if (window.hits) bad.push(`${window.hits} scripts ran`);
    return bad;
}"""


def source(number, texts):
    text = next(texts)
    return {"chunk": {"heading": text, "id": f"c{number}", "page": text, "span": {"start": 0, "end": 9}}, "cited": number == 1,
            "document": {"collection": text, "id": f"doc-{number}", "path": next(texts), "type": next(texts)},
            "number": number, "quote": next(texts), "quote_span": {"start": 0, "end": 9}, "score": 1,
            "scores": {"bm25": 1, "dense": 1, "fused": 1}, "text": next(texts), "verified": number % 2 == 1}


def answer_stream(batch):
    """An answer whose every string is hostile, cut at odd places."""
    texts = itertools.cycle(batch)
    sources = [source(number, texts) for number in range(1, 9)]

    def chunk(delta, finish=None, hearth=None):
        out = {"id": "chatcmpl-1", "model": next(texts), "object": "chat.completion.chunk", "created": 1,
               "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}
        return "data: " + json.dumps(out | ({"hearth": hearth} if hearth else {})) + "\n\n"
    yield chunk({}, hearth={"event": "step", "label": next(texts)})
    for text in batch:
        yield chunk({}, hearth={"event": "tool", "name": text, "arguments": json.dumps({text: text}), "result": text,
                                "failed": False, "seconds": 1})
    yield chunk({}, hearth={"event": "sources", "found": True, "sources": sources})
    answer = "\n\n".join(f"{text} [1]" for text in batch)
    for at in range(0, len(answer), 7):
        yield chunk({"content": answer[at:at + 7]})
    yield chunk({}, "stop", {"citations": [{"start": 0, "end": 3, "number": 1, "supported": True}], "found": True,
                             "gate_score": 1, "quoted": True, "sources": sources, "history_dropped": 0,
                             "evidence": {"best_sentence": 0, "weakest_word": 0}, "stop_reason": next(texts)})
    yield "data: [DONE]\n\n"


class Hostile(Page):
    def setUp(self):
        super().setUp()
        self.page.on("request", lambda r: r.url.startswith(self.url + "/canary") and self.problems.append(r.url))
        self.page.add_init_script("window.hits = 0")
        self.page.reload()

    def assert_harmless(self):
        self.assertEqual(self.page.evaluate(FOUND), [])
        self.assertEqual(self.page.url.split("#")[0], self.url + "/")

    def answer_with(self, status, body, kind="text/event-stream"):
        self.page.unroute_all()
        self.page.route("**/v1/chat/completions", lambda route: route.fulfill(status=status, content_type=kind, body=body))

    def test_rendered_markdown_of_each_text(self):
        """Alone, after every prefix of itself, and inside other markup."""
        self.page.evaluate("""async (texts) => {
            const { renderMarkdown } = await import('/markdown.js');
            const box = document.createElement('div');
            document.querySelector('main').append(box);
            for (const text of texts) {
                const cuts = text.length < 200 ? [...text].keys() : [0];
                for (const cut of cuts) box.append(renderMarkdown(text.slice(0, cut)));
                for (const around of [text, `**${text}**`, `- ${text}`, `> ${text}`, `[${text}](${text})`, `| ${text} |`, `\\`${text}`]) {
                    box.append(renderMarkdown(around, () => null));
                }
            }
        }""", TEXTS)
        self.assert_harmless()

    def test_answers_tools_and_sources(self):
        for batch in BATCHES:
            self.answer_with(200, "".join(answer_stream(batch)))
            self.start_over()
            self.ask(batch[0].replace("\x00", "") or "?")
            self.page.locator(".toolbar").wait_for()
            self.page.evaluate("() => document.querySelectorAll('details').forEach((node) => { node.open = true; })")
            self.assert_harmless()
        self.assertEqual(self.page.locator("#history li").count(), len(BATCHES))
        self.page.reload()
        self.page.locator("#history li").first.wait_for()
        self.assert_harmless()

    def test_typed_questions(self):
        self.answer_with(200, "data: [DONE]\n\n")
        for text in TEXTS[::6]:
            self.ask(text.replace("\x00", "").strip() or "?")
            self.page.locator("#send").wait_for()
        self.assert_harmless()

    def test_errors(self):
        self.expected = ["status of 400"]
        for text in TEXTS[::12]:
            error = json.dumps({"error": {"message": text, "type": text, "code": text}})
            for status, body, kind in [(400, error, "application/json"), (200, f"data: {error}\n\n", "text/event-stream"),
                                       (400, text, "text/html")]:
                self.answer_with(status, body, kind)
                self.start_over()
                self.ask("?")
                self.page.get_by_role("alert").wait_for()
                self.assert_harmless()

    def test_names_and_reasons_of_files(self):
        documents = [{"chunks": 1, "collection": text, "content_sha256": text, "id": f"d{number}", "indexed_at": 1,
                      "modified_at": 1, "path": f"{text}/{text}", "reason": text, "remedy": text, "size_bytes": 1,
                      "state": ["indexed", "failed", "waiting"][number % 3], "title": text, "type": text}
                     for number, text in enumerate(TEXTS)]
        self.page.route("**/v1/documents", lambda route: route.fulfill(json={"documents": documents}))
        self.page.goto(self.url + "/#/files")
        expect(self.page.locator(".file")).to_have_count(len(TEXTS))
        self.assert_harmless()

    def test_text_of_documents(self):
        size = len(PASSAGE.encode())
        for start in range(0, size, size // 8):
            body = {"document": {"collection": TEXTS[0], "id": "d", "path": TEXTS[1], "type": TEXTS[2]}, "title": TEXTS[3],
                    "document_bytes": size, "requested": {"start": start, "end": start + 50}, "text": PASSAGE,
                    "window": {"start": 0, "end": size}}
            self.page.unroute_all()
            self.page.route("**/passage?*", lambda route, _, body=body: route.fulfill(json=body))
            self.page.goto(f"{self.url}/#/document/d?start={start}&end={start + 50}")
            self.page.locator("mark").first.wait_for(state="attached")
            self.assert_harmless()

    def test_addresses(self):
        for text in TEXTS[::12]:
            self.page.evaluate("text => { location.hash = `#/document/${text}?start=${text}&end=${text}`; }", text)
            self.page.evaluate("text => { location.hash = `#/chat/${text}`; }", text)
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
            self.assert_harmless()
        self.expected = ["status of 404", "status of 400"]


if __name__ == "__main__":
    run_suite()

#!/usr/bin/env python3
"""The openai client library against the fake server: what real clients send and how they read what comes back.

Usage: openai_client_test.py FAKE_SERVER_PROGRAM. Exits 77 (skipped) when the library is not installed.
"""
import subprocess
import sys
import unittest

try:
    import openai
except ImportError:
    print("the openai package is not installed")
    sys.exit(77)

QUESTION = [{"role": "user", "content": "How fast may I heat the kiln?"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}}


class OpenAiClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([sys.argv[1], "--key", "secret"], stdout=subprocess.PIPE, text=True)
        cls.base = cls.server.stdout.readline().strip() + "/v1"
        cls.client = openai.OpenAI(base_url=cls.base, api_key="secret", max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(10)
        cls.server.stdout.close()

    def chat(self, **more):
        return self.client.chat.completions.create(**{"model": "hearth", "messages": QUESTION, **more})

    def test_answer_has_annotations_that_point_into_the_text(self):
        reply = self.chat()
        message = reply.choices[0].message
        citation = message.annotations[0].url_citation
        self.assertEqual(message.content[citation.start_index:citation.end_index], "[1]")
        self.assertEqual(citation.title, "manuals/kiln.md")
        self.assertTrue(message.model_extra["hearth"]["found"])
        self.assertEqual(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens)

    def test_stream_concatenates_to_the_answer(self):
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True}))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        self.assertEqual(text, self.chat().choices[0].message.content)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-1].choices, [])
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)
        self.assertEqual(len({c.id for c in chunks}), 1)

    def test_stream_helper_accumulates_content_and_tool_calls(self):
        with self.client.chat.completions.stream(model="hearth", messages=QUESTION) as stream:
            final = stream.get_final_completion()
        self.assertIn("[1]", final.choices[0].message.content)
        with self.client.chat.completions.stream(model="hearth", messages=QUESTION, tools=[TOOL]) as stream:
            final = stream.get_final_completion()
        call = final.choices[0].message.tool_calls[0]
        self.assertEqual((call.id, call.function.name), ("call_1", "weather"))
        self.assertEqual(call.function.arguments, '{"city":"Oslo"}')
        self.assertEqual(final.choices[0].finish_reason, "tool_calls")

    def test_tool_results_can_be_sent_back(self):
        first = self.chat(tools=[TOOL]).choices[0].message
        messages = QUESTION + [first.model_dump(exclude_none=True),
                               {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "rain"}]
        reply = self.chat(messages=messages, tools=[TOOL], tool_choice="none")
        self.assertEqual(reply.choices[0].finish_reason, "stop")

    def test_length_limit_is_reported(self):
        reply = self.chat(max_completion_tokens=2, extra_body={"hearth": {"retrieval": False}})
        self.assertEqual(reply.choices[0].finish_reason, "length")

    def test_choices_and_logprobs(self):
        reply = self.chat(n=2, logprobs=True, top_logprobs=2)
        self.assertEqual([c.index for c in reply.choices], [0, 1])
        for choice in reply.choices:
            self.assertEqual("".join(t.token for t in choice.logprobs.content), choice.message.content)
            self.assertEqual(len(choice.logprobs.content[0].top_logprobs), 2)
        with self.client.chat.completions.stream(model="hearth", messages=QUESTION, logprobs=True, n=2) as stream:
            final = stream.get_final_completion()
        for choice in final.choices:
            self.assertEqual("".join(t.token for t in choice.logprobs.content), choice.message.content)

    def test_embeddings_default_and_float_are_equal(self):
        coded = self.client.embeddings.create(model="fake-embedder", input=["a", "bcd"])
        plain = self.client.embeddings.create(model="fake-embedder", input=["a", "bcd"], encoding_format="float")
        for one, other in zip(coded.data, plain.data):
            for x, y in zip(one.embedding, other.embedding):
                self.assertAlmostEqual(x, y, places=6)
        self.assertEqual([d.index for d in plain.data], [0, 1])

    def test_models(self):
        self.assertEqual([m.id for m in self.client.models.list()], ["hearth", "fake-0.5b-q4"])
        self.assertEqual(self.client.models.retrieve("hearth").owned_by, "hearth")

    def test_errors_have_the_class_the_library_expects(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.chat(model="gpt-9")
        self.assertEqual(caught.exception.code, "model_not_found")
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(n=0)
        self.assertEqual(caught.exception.param, "n")
        with self.assertRaises(openai.RateLimitError):
            self.chat(messages=[{"role": "user", "content": "overload"}])
        with self.assertRaises(openai.AuthenticationError):
            openai.OpenAI(base_url=self.base, api_key="wrong", max_retries=0).models.list()
        self.assertTrue(caught.exception.request_id.startswith("req_"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)

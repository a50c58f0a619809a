"""Choices, log-probabilities and legacy completions by the openai library, rerank by cohere's, tokens by plain HTTP."""
import json

import cohere
import openai
import pytest

import hearthd as support

MODEL = support.SMALL.removesuffix(".gguf")
EMBEDDER = "all-MiniLM-L6-v2"
TEXTS = ["The invoice is due in March.", "Kilns must be heated slowly.", "Our cat sleeps all day."]


@pytest.fixture(scope="module")
def client(small):
    return openai.OpenAI(base_url=small.url + "/v1", api_key="unused", max_retries=0)


def post(daemon, path, body):
    status, reply = daemon.status_of(path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return status, json.loads(reply)


def test_rerank(small):
    ranker = cohere.ClientV2(api_key="unused", base_url=small.url)
    results = ranker.rerank(model=EMBEDDER, query="How do I heat a kiln?", documents=TEXTS, top_n=2).results
    assert [len(results), results[0].index] == [2, 1]
    assert 1 >= results[0].relevance_score > results[1].relevance_score >= 0
    status, reply = post(small, "/v1/rerank", {"query": "cat", "documents": [{"text": t} for t in TEXTS],
                                               "return_documents": True})
    assert status == 200 and reply["results"][0]["document"] == {"text": TEXTS[2]}
    with pytest.raises(cohere.errors.NotFoundError):
        ranker.rerank(model="other", query="x", documents=TEXTS)


def test_choices_and_logprobs(client):
    ask = {"model": MODEL, "messages": [{"role": "user", "content": "Say something about the sea."}],
           "max_completion_tokens": 8, "logprobs": True, "top_logprobs": 2, "n": 3, "temperature": 1, "seed": 4}
    reply = client.chat.completions.create(**ask)
    texts = [choice.message.content for choice in reply.choices]
    for choice in reply.choices:
        assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
        first = choice.logprobs.content[0]
        assert len(first.top_logprobs) == 2 and first.top_logprobs[0].logprob >= first.logprob - 1e-6
    assert reply.usage.completion_tokens <= 24
    streamed, scored = ["", "", ""], ["", "", ""]
    for chunk in client.chat.completions.create(**ask, stream=True):
        choice = chunk.choices[0]
        streamed[choice.index] += choice.delta.content or ""
        scored[choice.index] += "".join(token.token for token in choice.logprobs.content) if choice.logprobs else ""
    assert streamed == scored == texts
    shifted = client.chat.completions.create(**{**ask, "n": 1, "seed": 5})
    assert shifted.choices[0].message.content == texts[1]


def test_strict_tools_and_schemas(client):
    schema = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
              "required": ["city"], "additionalProperties": False}
    tool = {"type": "function", "function": {"name": "weather", "strict": True, "parameters": schema}}
    ask = [{"role": "user", "content": "How is the weather in Paris?"}]
    reply = client.chat.completions.create(model=MODEL, messages=ask, tools=[tool], tool_choice="required",
                                           parallel_tool_calls=False, max_completion_tokens=60)
    assert reply.choices[0].finish_reason == "tool_calls"
    assert json.loads(reply.choices[0].message.tool_calls[0].function.arguments)["city"] in ("Oslo", "Rome")


def test_an_overflow_has_its_code_on_every_way_to_the_engine(client):
    long = "x " * 40000
    turns = [{"role": "user", "content": long}]
    for ask in [lambda: client.chat.completions.create(model=MODEL, messages=turns, extra_body={"hearth": {"retrieval": False}}),
                lambda: client.chat.completions.create(model="hearth", messages=turns),
                lambda: client.responses.create(model=MODEL, input=long),
                lambda: client.responses.create(model="hearth", input=long)]:
        with pytest.raises(openai.BadRequestError) as caught:
            ask()
        assert caught.value.code == "context_length_exceeded" and "models.context_tokens" in str(caught.value)


def test_completions(client):
    whole = client.completions.create(model=MODEL, prompt="The sea is", max_tokens=8, logprobs=2)
    choice = whole.choices[0]
    assert "".join(choice.logprobs.tokens) == choice.text and choice.logprobs.text_offset[0] == 0
    assert whole.usage.completion_tokens <= 8
    chunks = list(client.completions.create(model=MODEL, prompt="The sea is", max_tokens=8, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == choice.text
    assert chunks[-1].choices[0].finish_reason == choice.finish_reason
    many = client.completions.create(model=MODEL, prompt=["The sea is", "A cat is"], max_tokens=4, n=2, echo=True)
    assert [c.index for c in many.choices] == [0, 1, 2, 3]
    assert [c.text.startswith("The sea is") for c in many.choices] == [True, True, False, False]
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=MODEL, prompt="x", suffix="y")
    assert caught.value.param == "suffix"


def test_tokens(small, client):
    tokens = post(small, "/tokenize", {"content": "The sea is"})[1]["tokens"]
    assert post(small, "/detokenize", {"tokens": tokens})[1] == {"content": "The sea is"}
    pieces = post(small, "/tokenize", {"content": "The sea is", "with_pieces": True})[1]["tokens"]
    assert "".join(piece["piece"] for piece in pieces) == "The sea is" and [p["id"] for p in pieces] == tokens
    by_text = client.completions.create(model=MODEL, prompt="The sea is", max_tokens=4).choices[0].text
    assert client.completions.create(model=MODEL, prompt=tokens, max_tokens=4).choices[0].text == by_text
    prompt = post(small, "/apply-template", {"messages": [{"role": "user", "content": "Hello"}]})[1]["prompt"]
    assert "Hello" in prompt and len(prompt) > len("Hello")
    assert post(small, "/detokenize", {"tokens": [10**9]})[0] == 400

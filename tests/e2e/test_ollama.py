"""The ollama client library, unmodified, against the real daemon."""
import json

import ollama
import pytest

import hearthd as support

MODEL = support.SMALL.removesuffix(".gguf")
ASK = [{"role": "user", "content": "Say something about the sea."}]
SHORT = {"num_predict": 12}


def get_weather(city: str) -> str:
    """Current weather of a city.

    Args:
      city: The city's name
    """
    return city


@pytest.fixture(scope="module")
def client(small):
    return ollama.Client(host=small.url)


def test_chat_whole_and_streamed(client):
    whole = client.chat(model=MODEL, messages=ASK, options=SHORT)
    assert whole.done and whole.message.role == "assistant" and whole.message.content
    assert whole.eval_count <= 12 and whole.prompt_eval_count > 0 and whole.total_duration > 0
    lines = list(client.chat(model=MODEL + ":latest", messages=ASK, options=SHORT, stream=True))
    assert "".join(line.message.content for line in lines) == whole.message.content
    assert [line.done for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1].done_reason == whole.done_reason


def test_generate_whole_streamed_and_raw(client):
    whole = client.generate(model=MODEL, prompt="The sea is", options=SHORT, raw=True)
    lines = list(client.generate(model=MODEL, prompt="The sea is", options=SHORT, raw=True, stream=True))
    assert "".join(line.response for line in lines) == whole.response != ""
    assert whole.prompt_eval_count < client.generate(model=MODEL, prompt="The sea is", options=SHORT).prompt_eval_count
    assert client.generate(model=MODEL, prompt="", keep_alive=0).done_reason == "load"


def test_format_is_enforced(client):
    schema = {"type": "object", "properties": {"depth": {"type": "integer"}}, "required": ["depth"],
              "additionalProperties": False}
    reply = client.chat(model=MODEL, messages=ASK, format=schema, options={"num_predict": 40})
    assert list(json.loads(reply.message.content)) == ["depth"]


def test_tools_round_trip(client):
    # Ollama has no way to demand a call: what must hold is that either kind of answer is in its shape.
    ask = [{"role": "user", "content": "How is the weather in Oslo?"}]
    reply = client.chat(model=MODEL, messages=ask, tools=[get_weather], options={"num_predict": 40})
    assert reply.message.tool_calls or reply.message.content
    ask += [{"role": "assistant", "content": "",
             "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]},
            {"role": "tool", "tool_name": "get_weather", "content": "rain"}]
    assert client.chat(model=MODEL, messages=ask, options=SHORT).message.content


def test_documents_answer(client):
    reply = client.chat(model="hearth", messages=[{"role": "user", "content": "How fast may the kiln be heated?"}])
    assert "120" in reply.message.content


def test_embeddings(client):
    embedder = "all-MiniLM-L6-v2"
    both = client.embed(model=embedder, input=["the sea", "a lake"]).embeddings
    assert [len(row) for row in both] == [384, 384]
    assert client.embeddings(model=embedder, prompt="the sea").embedding == pytest.approx(both[0], abs=1e-6)
    assert len(client.embed(model=embedder, input="sea " * 2000).embeddings) == 1
    with pytest.raises(ollama.ResponseError) as caught:
        client.embed(model=embedder, input="sea " * 2000, truncate=False)
    assert caught.value.status_code == 400


def test_models(client):
    names = [model.model for model in client.list().models]
    assert names[:2] == ["hearth", MODEL] and names[-1] == "all-MiniLM-L6-v2"  # between them: what else is there
    assert "completion" in client.show(MODEL).capabilities
    assert {model.model for model in client.ps().models} == {"hearth", MODEL, "all-MiniLM-L6-v2"}


def test_errors(client):
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model="llama3", messages=ASK)
    assert caught.value.status_code == 404 and "llama3" in caught.value.error
    with pytest.raises(ollama.ResponseError) as caught:
        client.generate(model=MODEL, prompt="x", suffix="y")
    assert "suffix" in caught.value.error
    with pytest.raises(ollama.ResponseError) as caught:
        client.pull("llama3")
    assert caught.value.status_code == 404

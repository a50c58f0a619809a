"""The anthropic client library, unmodified, against the real daemon."""
import anthropic
import pytest

import hearthd as support

MODEL = support.SMALL.removesuffix(".gguf")
TOOL = {"name": "get_weather", "description": "Current weather of a city", "input_schema": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}
ASK = [{"role": "user", "content": "Say something about the sea."}]


@pytest.fixture(scope="module")
def client(small):
    return anthropic.Anthropic(base_url=small.url, api_key="unused", max_retries=0)


def test_message(client):
    reply = client.messages.create(model=MODEL, max_tokens=12, messages=ASK, system="Be brief.")
    assert reply.type == "message" and reply.role == "assistant" and reply.content[0].text
    assert reply.stop_reason in ("end_turn", "max_tokens")
    assert reply.usage.input_tokens > 0 and 0 < reply.usage.output_tokens <= 12


def test_stream_accumulates_to_the_message(client):
    whole = client.messages.create(model=MODEL, max_tokens=12, messages=ASK)
    with client.messages.stream(model=MODEL, max_tokens=12, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == whole.content[0].text
    assert final.stop_reason == whole.stop_reason
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert (final.usage.input_tokens + final.usage.cache_read_input_tokens
            == whole.usage.input_tokens + whole.usage.cache_read_input_tokens)


def test_stop_sequences_are_reported(client):
    whole = client.messages.create(model=MODEL, max_tokens=24, messages=ASK).content[0].text
    stop = whole.split()[2]
    reply = client.messages.create(model=MODEL, max_tokens=24, messages=ASK, stop_sequences=[stop])
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", stop)
    assert reply.content[0].text == whole[:whole.index(stop)] if reply.content else whole.startswith(stop)


def test_tools_round_trip(client):
    ask = [{"role": "user", "content": "How is the weather in Oslo?"}]
    choice = {"type": "tool", "name": "get_weather"}
    with client.messages.stream(model=MODEL, max_tokens=64, messages=ask, tools=[TOOL], tool_choice=choice) as stream:
        final = stream.get_final_message()
    call = final.content[-1]
    assert final.stop_reason == "tool_use" and call.type == "tool_use" and isinstance(call.input["city"], str)
    ask += [{"role": "assistant", "content": final.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]}]
    reply = client.messages.create(model=MODEL, max_tokens=12, messages=ask, tools=[TOOL],
                                   tool_choice={"type": "none"})
    assert reply.content[0].type == "text"


def test_documents_are_cited(client):
    ask = [{"role": "user", "content": "How fast may the kiln be heated?"}]
    reply = client.messages.create(model="hearth", max_tokens=60, messages=ask)
    citation = reply.content[0].citations[0]
    assert citation.type == "search_result_location" and citation.title == "kiln.md"
    assert "120" in citation.cited_text
    with client.messages.stream(model="hearth", max_tokens=60, messages=ask) as stream:
        assert stream.get_final_message().content[0].citations[0].cited_text == citation.cited_text


def test_tokens_are_counted_as_they_are_used(client):
    counted = client.messages.count_tokens(model=MODEL, messages=ASK).input_tokens
    usage = client.messages.create(model=MODEL, max_tokens=1, messages=ASK).usage
    assert counted == usage.input_tokens + usage.cache_read_input_tokens


def test_errors_have_their_class(client, small):
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(model="claude", max_tokens=1, messages=ASK)
    assert caught.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model=MODEL, max_tokens=1, messages=[{"role": "user", "content": "x " * 40000}])
    assert "models.context_tokens" in str(caught.value)
    status, body = small.status_of("/v1/messages", method="DELETE", data=b"")
    assert status == 405 and b'"type":"error"' in body

"""Two real models in one daemon: loaded by name, answering side by side, unloaded again."""
import concurrent.futures

import ollama
import openai
import pytest

import hearthd as support

SMALL = support.SMALL.removesuffix(".gguf")
LARGE = support.CHAT.removesuffix(".gguf")
ASK = [{"role": "user", "content": "Name one colour."}]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A daemon with the small model by default and the other beside it."""
    for chat in (support.SMALL, support.CHAT):
        if reason := support.missing_models(chat):
            pytest.skip(reason)
    daemon = support.Hearthd(tmp_path_factory.mktemp("models"), chat=support.SMALL, config="context_tokens = 1024\n")
    with daemon:
        yield daemon


def states(daemon):
    return {m["id"]: m["hearth"] for m in daemon.get("/v1/models")["data"] if "hearth" in m}


def say(daemon, model):
    client = openai.OpenAI(base_url=daemon.url + "/v1", api_key="none")
    reply = client.chat.completions.create(model=model, messages=ASK, max_tokens=16,
                                           extra_body={"hearth": {"retrieval": False}})
    assert reply.model == model
    return reply.choices[0].message.content


def test_a_request_loads_the_model_it_names(both):
    assert states(both)[SMALL]["default"] and states(both)[LARGE]["state"] == "unloaded"
    free = both.get("/v1/status")["memory"]["used_bytes"]
    alone = say(both, LARGE)
    loaded = states(both)[LARGE]
    assert loaded["state"] == "loaded" and loaded["context_tokens"] == 1024 and loaded["expires_at"]
    assert both.get("/v1/status")["memory"]["used_bytes"] == free + loaded["memory_bytes"]
    assert f"loaded    {LARGE}" in both.cli("ps", check=0).stdout
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda model: say(both, model), [LARGE, SMALL] * 3))
    assert answers[0::2] == [alone] * 3 and len(set(answers[1::2])) == 1 and answers[1] != alone
    assert both.status_of(f"/v1/models/{LARGE}/unload", data=b"")[0] == 200
    assert both.get("/v1/status")["memory"]["used_bytes"] == free


def test_ollama_keeps_it_as_long_as_it_is_told(both):
    client = ollama.Client(host=both.url)
    assert client.generate(model=LARGE, prompt="", keep_alive="1h").done_reason == "load"
    assert LARGE in [model.model for model in client.ps().models]
    assert client.chat(model=LARGE, messages=ASK, options={"num_predict": 4}, keep_alive=0).done
    support.wait_for("unloaded", lambda: states(both)[LARGE]["state"] == "unloaded")
    assert LARGE not in [model.model for model in client.ps().models]
    assert LARGE in [model.model for model in client.list().models]

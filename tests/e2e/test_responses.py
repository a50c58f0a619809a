"""The openai library, unmodified, on the real daemon: responses, files, vector stores; then receipts, tools, keys."""
import json
import subprocess

import pytest

import hearthd as support
from hearthd import wait_for

openai = pytest.importorskip("openai")

BEES = "# Bees\n\nThe hive stands behind the orangery. Its colour is green. It is opened once a month, in the morning.\n"
TOOL = {"type": "function", "name": "weather", "description": "The weather in a city.", "strict": False,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                       "additionalProperties": False}}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    with support.Hearthd(tmp_path_factory.mktemp("responses"), chat=support.SMALL) as running:
        (running.inbox / "bees.md").write_text(BEES)
        running.wait_state("bees.md", "indexed")
        yield running


@pytest.fixture(scope="module")
def client(house):
    with openai.OpenAI(base_url=house.url + "/v1", api_key="unused", max_retries=0) as made:
        yield made


def test_answer_cites_files_and_is_kept(house, client):
    reply = client.responses.create(model="hearth", input="Where does the hive stand?")
    assert reply.status == "completed" and "orangery" in reply.output_text
    citation = reply.output[-1].content[0].annotations[0]
    assert citation.type == "file_citation" and citation.filename == "bees.md"
    assert client.files.content(citation.file_id).read() == BEES.encode()
    assert client.responses.retrieve(reply.id).output_text == reply.output_text
    items = client.responses.input_items.list(reply.id)
    assert items.data[0].content[0].text == "Where does the hive stand?"
    client.responses.delete(reply.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)


def test_stream_helper_follows_the_state_machine(client):
    search = {"type": "file_search", "vector_store_ids": [client.vector_stores.list().data[0].id]}
    with client.responses.stream(model="hearth", input="Where does the hive stand?", tools=[search],
                                 include=["file_search_call.results"]) as stream:
        seen = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in seen] == sorted(event.sequence_number for event in seen)
    assert seen[0].type == "response.created" and seen[-1].type == "response.completed"
    assert final.output[0].type == "file_search_call" and final.output[0].results[0].filename == "bees.md"
    text = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
    assert text == final.output_text


def test_conversation_continues_from_the_kept_response(client):
    first = client.responses.create(model="hearth", input="Where does the hive stand?")
    second = client.responses.create(model="hearth", input="What colour is the hive?", previous_response_id=first.id)
    assert second.previous_response_id == first.id and "green" in second.output_text
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="hearth", input="x", previous_response_id="resp_none")


def test_tools_and_schemas(client):
    call = client.responses.create(model="hearth", input="Weather in Oslo?", tools=[TOOL], tool_choice="required")
    item = call.output[-1]
    assert item.type == "function_call" and isinstance(json.loads(item.arguments)["city"], str)
    after = client.responses.create(
        model="hearth", previous_response_id=call.id, tools=[TOOL], tool_choice="none", max_output_tokens=32,
        input=[{"type": "function_call_output", "call_id": item.call_id, "output": "rain"}])
    assert after.status in ("completed", "incomplete")
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"],
              "additionalProperties": False}
    shaped = client.responses.create(
        model="hearth", input="Is water wet?",
        text={"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}})
    assert isinstance(json.loads(shaped.output_text)["ok"], bool)


def test_background_is_polled_and_cancelled(client):
    schema = {"type": "text"}
    begun = client.responses.create(model="hearth", input="Write a long story about a lighthouse.", background=True,
                                    extra_body={"hearth": {"retrieval": False}}, text={"format": schema})
    assert begun.status == "in_progress"
    assert client.responses.cancel(begun.id).status == "cancelled"
    wait_for("cancelled", lambda: client.responses.retrieve(begun.id).status == "cancelled")


def test_files_and_vector_stores(house, client):
    store = client.vector_stores.create(name="apiary")
    file = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=("honey.md", b"# Honey\n\nThe honey is spun in the washhouse in July.\n"))
    assert file.status == "completed", file
    assert (house.inbox / "apiary" / "honey.md").exists()
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 1
    found = client.vector_stores.search(store.id, query="Where is the honey spun?")
    assert found.data[0].file_id == file.id and 0 <= found.data[0].score <= 1
    assert [f.id for f in client.vector_stores.files.list(store.id)] == [file.id]
    assert file.id in [f.id for f in client.files.list()]
    answer = client.responses.create(model="hearth", input="Where is the honey spun?",
                                     tools=[{"type": "file_search", "vector_store_ids": [store.id]}])
    assert answer.output[-1].content[0].annotations[0].file_id == file.id
    with pytest.raises(openai.ConflictError):
        client.vector_stores.delete(store.id)
    assert client.files.delete(file.id).deleted
    wait_for("gone", lambda: client.vector_stores.retrieve(store.id).file_counts.total == 0)
    assert client.vector_stores.delete(store.id).deleted


def test_a_file_that_cannot_be_read_says_why(client):
    made = client.files.create(file=("broken.pdf", b"%PDF-1.4 this is no pdf"), purpose="assistants")
    wait_for("read", lambda: client.files.retrieve(made.id).status == "error")
    assert client.files.retrieve(made.id).status_details
    client.files.delete(made.id)


def test_receipt_replays_byte_for_byte_until_something_changes(house, client):
    (house.inbox / "kiln.md").write_text("# Kiln\n\nThe kiln is heated by 120 degrees an hour.\n")
    house.wait_state("kiln.md", "indexed")
    answer = client.responses.create(model="hearth", input="How fast is the kiln heated?")
    receipt = house.get(f"/v1/answers/{answer.id}/receipt")
    assert receipt["text"] == answer.output_text and receipt["documents"]
    status, body = house.status_of(f"/v1/answers/{answer.id}/replay", data=b"", method="POST")
    replayed = json.loads(body)
    assert status == 200 and replayed["reproduced"] and replayed["changes"] == [], replayed
    (house.inbox / "kiln.md").write_text("# Kiln\n\nThe kiln is heated by 90 degrees an hour.\n")
    before = receipt["index_generation"]
    wait_for("re-read", lambda: house.get("/v1/status")["counts"]["generation"] > before)
    replayed = json.loads(house.status_of(f"/v1/answers/{answer.id}/replay", data=b"", method="POST")[1])
    assert not replayed["reproduced"]
    assert "document kiln.md" in [change["what"] for change in replayed["changes"]]


def test_keys_open_and_close_the_door_while_it_runs(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    with support.Hearthd(tmp_path, chat=support.SMALL) as daemon:
        assert daemon.status_of("/v1/status")[0] == 200
        made = json.loads(daemon.cli("--json", "keys", "add", "ci", "--scope", "read", check=0).stdout)
        headers = {"Authorization": "Bearer " + made["key"]}
        assert daemon.status_of("/v1/status")[0] == 401
        assert daemon.status_of("/v1/status", headers=headers)[0] == 200
        assert daemon.status_of("/v1/ingest/rescan", data=b"", headers=headers)[0] == 403
        assert made["key"] not in (daemon.home / "keys.json").read_text()
        assert made["id"] in daemon.cli("keys", "list", check=0).stdout
        daemon.cli("keys", "add", "boss", "--scope", "admin", check=0)
        daemon.cli("keys", "revoke", made["id"], check=0)
        assert daemon.status_of("/v1/status", headers=headers)[0] == 401
        daemon.cli("keys", "revoke", "none", check=2)


def test_events_tell_what_changes(house):
    reading = subprocess.Popen(["curl", "-sN", house.url + "/v1/events"], stdout=subprocess.PIPE, text=True)
    try:
        seen = {}
        while len(seen) < 3:
            name = reading.stdout.readline().strip()
            if name.startswith("event: "):
                seen[name[7:]] = json.loads(reading.stdout.readline()[6:])
        assert set(seen) == {"ingest", "engine", "answers"} and seen["engine"]["ready"]
    finally:
        reading.kill()
        reading.wait()
        reading.stdout.close()

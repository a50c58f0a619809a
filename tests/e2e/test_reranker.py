"""A cross-encoder in the daemon: searches are read again, and Cohere's client ranks with it."""
import math

import cohere
import pytest

import hearthd as support

MODEL = support.ROOT / "tests/golden/reranker"
TEXTS = {"kiln.md": "Kilns are heated slowly.", "sea.md": "The sea is blue and deep.", "tower.md": "The tower has a bell."}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    reason = support.missing_models(support.SMALL)
    if reason:
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("reranker")
    with support.Hearthd(home, support.SMALL, config=f'reranker = "{MODEL}"\n') as house:
        for name, text in TEXTS.items():
            (house.inbox / name).write_text(text)
        for name in TEXTS:
            house.wait_state(name, "indexed")
        yield house


def test_searches_are_in_its_order(daemon):
    results = daemon.search("how is a kiln heated")
    assert {result["document"]["path"] for result in results} == set(TEXTS)
    scores = [result["scores"]["rerank"] for result in results]
    assert scores == sorted(scores, reverse=True) == [result["score"] for result in results]
    assert all(0 < score < 1 for score in scores)
    assert "rerank" in daemon.cli("search", "how is a kiln heated", check=0).stdout
    assert daemon.get("/v1/status")["reranker"] == {"id": "reranker"}


def test_by_cohere(daemon):
    client = cohere.ClientV2(api_key="unused", base_url=daemon.url)
    wanted = support.json.loads((MODEL / "logits.json").read_text())[0]
    found = client.rerank(model="reranker", query=wanted["query"], documents=[text for text in wanted["texts"] if text])
    logits = [logit for text, logit in zip(wanted["texts"], wanted["logits"]) if text]
    for result in found.results:
        # What five standard deviations of the fast path's rounding can do to a logit (tests/llm/reranker_test.cpp).
        assert abs(math.log(result.relevance_score / (1 - result.relevance_score)) - logits[result.index]) < 0.03


def test_a_folder_that_is_no_cross_encoder_is_told(tmp_path):
    house = support.Hearthd(tmp_path, support.SMALL, config='reranker = "all-MiniLM-L6-v2"\n')
    with pytest.raises(AssertionError, match="reranker .*BertForSequenceClassification of one label"):
        house.start()

#!/usr/bin/env python3
"""Measures the evidence gate's features through a real hearthd and writes gate_rows.json, which fit_gate.py fits.

    make_gate_rows.py            # HEARTH_BUILD and HEARTH_MODELS as for tests/e2e

Rows: the answerable and the near-miss questions of gate_training.json over its documents, and its answerable questions
once more over docs/samples, where they have no answer. tests/e2e/sample_questions.json is not used: it judges.
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

import hearthd as support  # noqa: E402


def features(daemon, question):
    body = {"model": "hearth", "max_tokens": 1, "messages": [{"role": "user", "content": question}]}
    status, reply = daemon.status_of("/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    assert status == 200, reply
    return json.loads(reply)["choices"][0]["message"]["hearth"]["evidence"]


def rows_over(files, labelled):
    """`files` {path: text or bytes}, `labelled` [(question, answerable)]."""
    with tempfile.TemporaryDirectory() as home:
        daemon = support.Hearthd(home, chat=support.SMALL, config="[agent]\ntools = \"never\"\n")
        for path, content in files.items():
            target = daemon.inbox / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        with daemon:
            daemon.wait_idle()
            return [{"answerable": answerable, **features(daemon, question)} for question, answerable in labelled]


def main():
    training = json.loads((HERE / "gate_training.json").read_text())
    answerable = [item["question"] for item in training["answerable"]]
    own = {d["path"]: d["text"].encode() for d in training["documents"]}
    samples = support.ROOT / "docs" / "samples"
    foreign = {str(f.relative_to(samples)): f.read_bytes() for f in samples.rglob("*") if f.is_file()}
    rows = rows_over(own, [(q, True) for q in answerable] + [(q, False) for q in training["unanswerable"]])
    rows += rows_over(foreign, [(q, False) for q in answerable])
    (HERE / "gate_rows.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()

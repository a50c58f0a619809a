"""What a table adds up to is computed when it is read, and questions find it."""
import csv
import decimal
import random

import pytest

import hearthd as support

ROWS = 400


def amounts():
    chance = random.Random(11)
    return [decimal.Decimal(chance.randint(100, 999999)).scaleb(-2) for _ in range(ROWS)]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    if reason := support.missing_models():
        pytest.skip(reason)
    daemon = support.Hearthd(tmp_path_factory.mktemp("tables"))
    with open(daemon.inbox / "orders.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order", "customer", "amount"])
        writer.writerows([f"A-{i}", f"customer {i % 37}", amount] for i, amount in enumerate(amounts()))
    cells = "".join(f"<tr><td>Well {i}<td>{amount}" for i, amount in enumerate(amounts()[:40]))
    (daemon.inbox / "wells.html").write_text(
        "<html><h1>Wells</h1><p>What the wells gave last year.<table><caption>Yield of the wells</caption>"
        f"<tr><th>well<th>litres{cells}</table><p>Measured by hand.")
    with daemon:
        daemon.wait_idle()
        yield daemon


@pytest.mark.parametrize("question, fact", [
    ("total amount", f"total amount (sum) {sum(amounts()).normalize():f},"),
    ("What is the highest amount?", f"highest {max(amounts()).normalize():f},"),
    ("What is the sum of the litres of all wells?", f"total litres (sum) {sum(amounts()[:40]).normalize():f},"),
])
def test_a_question_for_a_figure_finds_it(tables, question, fact):
    hits = tables.search(question)
    assert any(fact in hit["text"] for hit in hits[:3]), [hit["text"] for hit in hits]

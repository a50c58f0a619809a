"""What a table adds up to is computed when it is read, questions find it, and SQL over the tables is exact."""
import csv
import decimal
import json
import random
import zipfile
from xml.sax.saxutils import escape

import pytest

import hearthd as support

ROWS = 400


def amounts():
    chance = random.Random(11)
    return [decimal.Decimal(chance.randint(100, 999999)).scaleb(-2) for _ in range(ROWS)]


def write_xlsx(path, sheets):
    """A workbook as small as Excel takes it: {name: rows}, numbers as numbers, the rest as text."""
    def cell(value):
        if isinstance(value, (int, decimal.Decimal)):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
                     'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/'
                     'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>')
        out.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
                     f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        out.writestr("xl/workbook.xml", f'<workbook {space} xmlns:r="{relation}"><sheets>{names}</sheets></workbook>')
        out.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">' + "".join(
            f'<Relationship Id="r{i}" Type="{relation}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(sheets) + 1)) + "</Relationships>")
        for i, rows in enumerate(sheets.values(), 1):
            body = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
            out.writestr(f"xl/worksheets/sheet{i}.xml", f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>")


def call(daemon, tool, **arguments):
    status, body = daemon.status_of(f"/v1/tools/{tool}/call", json.dumps({"arguments": arguments}).encode(),
                                    {"content-type": "application/json"})
    assert status == 200, body
    return json.loads(body)


def query(daemon, sql, **arguments):
    reply = call(daemon, "query_table", sql=sql, **arguments)
    assert not reply["failed"], reply["text"]
    return reply["data"]["rows"]


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


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
    stock = [[f"part {i}", f"shelf {i % 5}", i * 7 % 101, decimal.Decimal(i * 37 % 9973).scaleb(-2)]
             for i in range(1, 300)]
    write_xlsx(daemon.inbox / "Stock 2024.xlsx", {
        "Parts": [["Part", "Shelf", "Count", "Price"], *stock],
        "Shelves": [["Shelf", "Room"], *[[f"shelf {i}", "cellar" if i % 2 else "attic"] for i in range(5)]]})
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


def test_sql_over_a_csv_is_exact(tables):
    rows = rows_of(tables.inbox / "orders.csv")
    total = sum(decimal.Decimal(row["amount"]) for row in rows)
    assert query(tables, "SELECT count(*), sum(amount) FROM orders") == [[len(rows), float(total)]]
    for customer in ("customer 3", "customer 36"):
        mine = [decimal.Decimal(row["amount"]) for row in rows if row["customer"] == customer]
        assert query(tables, f"SELECT count(*), sum(amount), max(amount) FROM orders WHERE customer = '{customer}'") \
            == [[len(mine), float(sum(mine)), float(max(mine))]]
    reply = call(tables, "query_table", sql="SELECT sum(amount) FROM orders")
    assert str(total.normalize()) in reply["text"]
    assert reply["data"]["tables"][0]["document_id"] == tables.documents()["orders.csv"]["id"]
    assert reply["passages"][0]["document"]["path"] == "orders.csv"
    assert f"Table: {ROWS} rows" in reply["passages"][0]["text"]


def test_sql_over_sheets_joins_them(tables):
    stock = [(i % 5, i * 7 % 101, decimal.Decimal(i * 37 % 9973).scaleb(-2)) for i in range(1, 300)]
    worth = sum(count * price for shelf, count, price in stock if shelf % 2)
    count = sum(count for shelf, count, _ in stock if shelf % 2)
    assert query(tables, 'SELECT sum(count), sum(count * price) FROM stock_2024_parts p'
                 " JOIN stock_2024_shelves s ON s.shelf = p.shelf WHERE room = 'cellar'") == [[count, float(worth)]]
    assert query(tables, "SELECT count(*) FROM stock_2024_parts WHERE price > 50") \
        == [[sum(price > 50 for *_, price in stock)]]


def test_tables_are_listed_with_their_columns(tables):
    listed = {table["name"]: table for table in call(tables, "list_tables")["data"]["tables"]}
    assert set(listed) == {"orders", "stock_2024_parts", "stock_2024_shelves", "wells"}
    assert [(c["name"], c["type"]) for c in listed["orders"]["columns"]] == [
        ("order_", "text"), ("customer", "text"), ("amount", "number")]
    assert listed["wells"]["title"] == "Yield of the wells" and listed["wells"]["row_count"] == 40
    assert listed["stock_2024_shelves"]["page"] == 2
    assert query(tables, "SELECT sum(litres) FROM wells") == [[float(sum(amounts()[:40]))]]


@pytest.mark.parametrize("sql, hint", [
    ("SELECT * FROM invoices", "the tables are: stock_2024_parts"),
    ("SELECT price FROM orders", "the columns of orders are: order_, customer, amount"),
    ("DROP TABLE orders", "only a SELECT"),
    ("ATTACH '/etc/passwd' AS p", "only a SELECT"),
    ("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c", "recursive"),
    ("SELECT count(*) FROM orders a, orders b, orders c, orders d WHERE a.amount + b.amount + c.amount < 0", "join"),
    ("SELECT sum(customer) FROM orders", "number(column)"),
])
def test_what_cannot_be_asked_says_what_can(tables, sql, hint):
    reply = call(tables, "query_table", sql=sql)
    assert reply["failed"] and hint in reply["text"], reply["text"]
    assert query(tables, "SELECT count(*) FROM orders") == [[ROWS]]


def test_a_removed_file_takes_its_tables_along(tables):
    (tables.inbox / "gone.csv").write_text("name,value\na,1\nb,2\nc,4\n")
    support.wait_for("the table", lambda: not call(tables, "query_table", sql="SELECT 1 FROM gone")["failed"])
    (tables.inbox / "gone.csv").write_text("name,value\na,10\nb,20\nc,40\n")
    support.wait_for("the new rows", lambda: query(tables, "SELECT sum(value) FROM gone") == [[70]])
    (tables.inbox / "gone.csv").unlink()
    support.wait_for("no table", lambda: call(tables, "query_table", sql="SELECT 1 FROM gone")["failed"])


@pytest.mark.parametrize("question, kept, compute", [
    ("How many orders did customer 36 place?", lambda row: row["customer"] == "customer 36", len),
    ("What is the highest amount of customer 5?", lambda row: row["customer"] == "customer 5", max),
    ("What is the total amount of the orders of customer 3?", lambda row: row["customer"] == "customer 3", sum),
])
def test_questions_are_answered_by_computing(tables, question, kept, compute):
    right = compute([decimal.Decimal(row["amount"]) for row in rows_of(tables.inbox / "orders.csv") if kept(row)])
    status, body = tables.status_of("/v1/chat/completions", json.dumps(
        {"model": "hearth", "messages": [{"role": "user", "content": question}]}).encode(),
        {"content-type": "application/json"})
    assert status == 200, body
    reply = json.loads(body)
    text = reply["choices"][0]["message"]["content"]
    assert text.startswith(f"{decimal.Decimal(right).normalize():f} [1].") and "SELECT" in text, text
    source = reply["hearth"]["sources"][0]
    assert source["document"]["path"] == "orders.csv" and source["computed"] and source["verified"]

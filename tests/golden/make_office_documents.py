#!/usr/bin/env python3
"""Writes tests/golden/documents/office: the same text, sheets and slides in every office format, by LibreOffice.

Needs libreoffice-writer-nogui, -calc-nogui and -impress-nogui. The sources are flat OpenDocument files made here, so
what a parser must find is known: office.json lists headings and cells.
"""
import json
import pathlib
import subprocess
import tempfile
from xml.sax.saxutils import escape

OUT = pathlib.Path(__file__).parent / "documents" / "office"
SPACES = " ".join(f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for prefix, name in [
    ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"),
    ("presentation", "presentation"), ("svg", "svg-compatible"), ("fo", "xsl-fo-compatible"), ("number", "datastyle")]) + ' xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"'

HEADINGS = [(1, "Pump manual"), (2, "Safety & care"), (3, "Daily checks"), (2, "Übersicht der Größen"), (1, "Appendix")]
ITEMS = ["Wear gloves", "Close the valve <first>", "Call +49 30 1234"]
TABLE = [["Part", "Material", "Weight"], ["Housing", "cast iron", "12.5 kg"], ["Rotor", "bronze", "3 kg"],
         ["Seal", "rubber & felt", "0.1 kg"]]
SHEETS = [
    ("Stock", False, [["Article", "Count", "Price", "Ordered", "Share"],
                      ["Ember 9", 12, 1499.5, ("date", "2024-03-01"), ("percent", 0.25)],
                      ["Frost, small", 7, 89.9, ("date", "1999-12-31"), ("percent", 0.125)],
                      ["Spare \"kit\"", 1030, 0.1, ("date", "2026-02-28"), ("percent", 1)],
                      ["Sum", ("formula", "of:=SUM([.B2:.B4])", 1049), "", "", ""]]),
    ("Old prices", True, [["Year", "Price"], [2022, 1399], [2023, 1449.25]]),
    ("Größen & Maße", False, [["Maß", "Wert"], ["Höhe", 42]]),
]
SLIDES = [("Ember 9 launch", ["Ready in May", "Three <colours>"], "Thank the team first.", None),
          ("Numbers", [], None, [["Region", "Units"], ["North", "120"], ["South", "95"]]),
          ("Questions?", ["Ask Ada"], "Close at noon.", None)]


def paragraph(text, style=""):
    return f'<text:p{style}>{escape(text)}</text:p>'


def table(rows, name="Table1"):
    columns = f'<table:table-column table:number-columns-repeated="{len(rows[0])}"/>'
    body = "".join("<table:table-row>" + "".join(
        f'<table:table-cell office:value-type="string">{paragraph(cell)}</table:table-cell>' for cell in row)
        + "</table:table-row>" for row in rows)
    return f'<table:table table:name="{name}">{columns}{body}</table:table>'


def flat(kind, body, styles="", masters="", named=""):
    return (f'<?xml version="1.0" encoding="UTF-8"?><office:document {SPACES} office:version="1.3" '
            f'office:mimetype="application/vnd.oasis.opendocument.{kind}">'
            f'<office:styles>{named}</office:styles><office:automatic-styles>{styles}</office:automatic-styles>{masters}<office:body><office:{kind}>{body}'
            f'</office:{kind}></office:body></office:document>')


def text_document():
    parts = []
    for index, (level, words) in enumerate(HEADINGS):
        parts.append(f'<text:h text:outline-level="{level}" text:style-name="Heading_20_{level}">{escape(words)}</text:h>')
        parts.append(paragraph(f"Paragraph {index} below it: a naïve reader costs 5 € more."))
    parts.append("<text:list>" + "".join(f"<text:list-item>{paragraph(item)}</text:list-item>" for item in ITEMS) + "</text:list>")
    parts.append(table(TABLE))
    parts.append(paragraph("Last words."))
    named = "".join(f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" style:family="paragraph" '
                    f'style:default-outline-level="{level}"/>' for level in (1, 2, 3))
    return flat("text", "".join(parts), named=named)


def cell(value):
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string">{paragraph(value)}</table:table-cell>' if value else "<table:table-cell/>"
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value}">{paragraph(str(value))}</table:table-cell>'
    kind = value[0]
    if kind == "date":
        return f'<table:table-cell table:style-name="day" office:value-type="date" office:date-value="{value[1]}"/>'
    if kind == "percent":
        return f'<table:table-cell table:style-name="share" office:value-type="percentage" office:value="{value[1]}"/>'
    return f'<table:table-cell table:formula="{value[1]}" office:value-type="float" office:value="{value[2]}"/>'


def spreadsheet():
    styles = ('<number:date-style style:name="iso"><number:year number:style="long"/><number:text>-</number:text>'
              '<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>'
              '<number:percentage-style style:name="pc"><number:number number:decimal-places="1" number:min-decimal-places="0" '
              'number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>'
              '<style:style style:name="day" style:family="table-cell" style:data-style-name="iso"/>'
              '<style:style style:name="share" style:family="table-cell" style:data-style-name="pc"/>'
              '<style:style style:name="gone" style:family="table"><style:table-properties table:display="false"/></style:style>')
    body = ""
    for name, hidden, rows in SHEETS:
        style = ' table:style-name="gone"' if hidden else ""
        body += f'<table:table table:name="{escape(name)}"{style}>' + "".join(
            "<table:table-row>" + "".join(cell(value) for value in row) + "</table:table-row>" for row in rows) + "</table:table>"
    return flat("spreadsheet", body, styles)


def presentation():
    body = ""
    for number, (title, items, notes, rows) in enumerate(SLIDES, 1):
        frames = (f'<draw:frame presentation:style-name="pr-title" presentation:class="title" svg:x="2cm" svg:y="1cm" svg:width="20cm" svg:height="2cm">'
                  f'<draw:text-box>{paragraph(title)}</draw:text-box></draw:frame>')
        if items:
            frames += ('<draw:frame presentation:style-name="pr-outline1" presentation:class="outline" svg:x="2cm" svg:y="4cm" svg:width="20cm" svg:height="8cm"><draw:text-box>'
                       + "<text:list>" + "".join(f"<text:list-item>{paragraph(item)}</text:list-item>" for item in items)
                       + "</text:list></draw:text-box></draw:frame>")
        if rows:
            frames += ('<draw:frame svg:x="2cm" svg:y="4cm" svg:width="20cm" svg:height="8cm">' + table(rows) + "</draw:frame>")
        if notes:
            frames += ('<presentation:notes><draw:frame presentation:style-name="pr-notes" presentation:class="notes" svg:x="2cm" svg:y="14cm" svg:width="16cm" '
                       f'svg:height="8cm"><draw:text-box>{paragraph(notes)}</draw:text-box></draw:frame></presentation:notes>')
        body += f'<draw:page draw:name="page{number}" draw:master-page-name="Default">{frames}</draw:page>'
    roles = ("title", "outline1", "notes")
    named = "".join(f'<style:style style:name="Default-{role}" style:family="presentation"/>' for role in roles)
    styles = '<style:page-layout style:name="PM1"/>' + "".join(
        f'<style:style style:name="pr-{role}" style:family="presentation" style:parent-style-name="Default-{role}"/>'
        for role in roles)
    masters = ('<office:master-styles><style:master-page style:name="Default" style:page-layout-name="PM1"/>'
               '</office:master-styles>')
    return flat("presentation", body, styles, masters, named)


def convert(source, endings):
    for ending in endings:
        subprocess.run(["soffice", "--headless", "--convert-to", ending, "--outdir", str(OUT), str(source)], check=True,
                       stdout=subprocess.DEVNULL)


OUT.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    for name, source, endings in [("manual", text_document(), ["odt", "docx", "rtf"]),
                                  ("stock", spreadsheet(), ["ods", "xlsx"]), ("launch", presentation(), ["odp", "pptx"])]:
        path = pathlib.Path(folder) / f"{name}.f{endings[0]}"
        path.write_text(source, encoding="utf-8")
        convert(path, endings)

#!/usr/bin/env python3
"""Writes the small PDF, Word, EPUB and archive files of tests/golden/documents. Needs python-docx; the others are put together
by hand."""
import gzip
import io
import pathlib
import tarfile
import zipfile
import docx

OUT = pathlib.Path(__file__).parent / "documents"


def pdf(pages, extra_trailer=b"", extra_objects=(), info=b"<< /Title (The Pump Manual) >>"):
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", info]
    kids = []
    for lines in pages:
        content = b"BT /F1 11 Tf 72 740 Td 14 TL " + b" ".join(
            b"(" + line.encode("latin-1").replace(b"(", b"\\(").replace(b")", b"\\)") + b") Tj T*" if line else b"T* T*"
            for line in lines) + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects))
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % k for k in kids), len(kids))
    objects += extra_objects
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<< /Size %d /Root 1 0 R /Info 4 0 R %s >>" % (len(objects) + 1, extra_trailer)
    return out + b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, xref)


def manual():
    body = [["1 Safety", "", "Wear gloves before you open the hous-", "ing of the pump."],
            ["2 Installation", "", "Place the pump on a level floor.", "", "2.1 Electrical connection", "",
             "The fuse is rated at 16 ampere."],
            ["3 Maintenance", "", "Replace the filter every 400 hours."],
            ["4 Disposal", "", "Return the battery to the dealer."]]
    return [["Pump Manual rev. 7", ""] + lines + ["", "Page %d of 4" % (i + 1)] for i, lines in enumerate(body)]


def word():
    document = docx.Document()
    document.core_properties.title = "Travel rules"
    document.add_heading("Booking", 1)
    document.add_paragraph("Book trains at least two weeks ahead.")
    document.add_heading("Limits", 2)
    document.add_paragraph("Hotel: 120 euro", style="List Bullet")
    document.add_paragraph("Meals: 28 euro", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("City", "Rate"), ("Paris", "160"))):
        for cell, text in zip(row.cells, cells):
            cell.text = text
    document.add_paragraph("Übernachtung nur mit Beleg.")
    document.save(OUT / "travel.docx")


def book():
    chapters = [("one", "<h1>The lighthouse</h1><p>The keeper counts <i>herring</i>.</p>"),
                ("two", "<h1>The storm</h1><h2>At night</h2><p>Nobody sleeps.</p>")]
    manifest = "".join(f'<item id="{name}" href="text/{name}%20.xhtml" media-type="application/xhtml+xml"/>' for name, _ in chapters)
    package = ('<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
               f'<dc:title>Herring &amp; light</dc:title></metadata><manifest>{manifest}<item id="nav" href="nav.xhtml" properties="nav" '
               'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="nav"/><itemref idref="two"/><itemref idref="one"/></spine>'
               '</package>')
    with zipfile.ZipFile(OUT / "book.epub", "w", zipfile.ZIP_DEFLATED) as archive:
        def add(name, text):
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
        add("mimetype", "application/epub+zip")
        add("META-INF/container.xml", '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
            'full-path="OEBPS/book.opf"/></rootfiles></container>')
        add("OEBPS/book.opf", package)
        add("OEBPS/nav.xhtml", "<html><body><nav>Contents</nav><p>Contents</p></body></html>")
        for name, body in chapters:
            add(f"OEBPS/text/{name} .xhtml", f"<html><head><title>{name}</title></head><body>{body}</body></html>")


def archives():
    files = [("docs/pump.md", b"# Pump\n\nOil it.\n"), ("docs/manual.pdf", pdf(manual()[:1])), ("__MACOSX/._pump.md", b"x"),
             ("rates.csv", b"city,rate\nParis,160\n"), ("inner.zip", None), ("photo.png", b"\x89PNG\r\n\x1a\n")]
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(zipfile.ZipInfo("deep.txt", (2024, 1, 1, 0, 0, 0)), "Deep words.")
    packed = io.BytesIO()
    with zipfile.ZipFile(OUT / "files.zip", "w", zipfile.ZIP_DEFLATED) as zipped, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files:
            content = inner.getvalue() if content is None else content
            zipped.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    (OUT / "files.tar.gz").write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(zipfile.ZipInfo("zeros.txt", (2024, 1, 1, 0, 0, 0)), b"0" * (16 << 20), zipfile.ZIP_DEFLATED)
    (OUT / "bomb.zip").write_bytes(bomb.getvalue())


OUT.mkdir(exist_ok=True)
book()
archives()
(OUT / "manual.pdf").write_bytes(pdf(manual()))
(OUT / "scanned.pdf").write_bytes(pdf([[], []]))
# No password opens it: the two password entries are not derived from any.
(OUT / "encrypted.pdf").write_bytes(pdf(
    manual()[:1], b"/Encrypt 7 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]",
    [b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"a5" * 32, b"5a" * 32)]))
(OUT / "damaged.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nnothing more")
word()

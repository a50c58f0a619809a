#!/usr/bin/env python3
"""Writes the two binary samples, warranty.pdf and dealers.docx, byte for byte the same on every run.

Plain Python on purpose: a PDF with two pages of Helvetica and a minimal DOCX need no library.
"""
import pathlib
import zipfile

HERE = pathlib.Path(__file__).parent / "samples"

WARRANTY = [
    ["Warranty of Larkfield stoves", "",
     "1. Duration", "The cast iron body is guaranteed for 12 years from the date of purchase.",
     "Door seals, grates and fire bricks are wearing parts: they are guaranteed for 1 year.",
     "The glass is guaranteed against heat cracks for 5 years.", "",
     "2. Registration", "Register the stove within 60 days at the dealer, or by post to",
     "Larkfield Stoves, Oudegracht 211, 3511 NK Utrecht.",
     "Without registration the warranty of the body is 5 years."],
    ["3. What is not covered", "Damage by wet wood, coal or household waste is not covered.",
     "Overheating is recognised by a blue discolouration of the steel.", "",
     "4. Claims", "Send a photograph of the type plate and the invoice to warranty@larkfield.example.",
     "We answer within 10 working days.", "A technician visits free of charge inside the Netherlands and Norway."],
]


def pdf_page(lines):
    parts = ["BT /F1 12 Tf 72 760 Td 18 TL"]
    for line in lines:
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts.append(f"({escaped}) Tj T*")
    return ("\n".join(parts) + "\nET").encode()


def write_pdf(path):
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", None,
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for lines in WARRANTY:
        stream = pdf_page(lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
                       b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects.append(b"<< /Title (Warranty of Larkfield stoves) >>")
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, len(objects), start)
    path.write_bytes(bytes(out))


DEALERS = [
    ("Heading1", "Dealer terms 2026"),
    ("Heading2", "Discount"),
    (None, "Dealers receive 22 percent on stoves and 35 percent on spare parts. Orders above 15,000 euros a quarter "
           "earn another 3 percent, paid out in January."),
    ("Heading2", "Delivery"),
    (None, "Stoves leave the Utrecht warehouse within 8 working days. Freight is free from three stoves on; below that "
           "it costs 95 euros a stove."),
    ("Heading2", "Returns"),
    (None, "Unused stoves in their original crate are taken back within 45 days. We keep 12 percent for handling."),
    ("Heading2", "Training"),
    (None, "Each dealer sends one person a year to the two-day installer course in Tromsø. The course costs nothing; "
           "travel is paid by the dealer."),
]

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def write_docx(path):
    body = ""
    for style, text in DEALERS:
        properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        body += f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>' for n in (1, 2))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    files = {
        "[Content_Types].xml": head + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
        '<Override PartName="/word/styles.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>',
        "_rels/.rels": head + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": head +
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" '
        'Target="styles.xml"/></Relationships>',
        "word/styles.xml": head + f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>',
        "word/document.xml": head + f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text.encode())


write_pdf(HERE / "products" / "warranty.pdf")
write_docx(HERE / "products" / "dealers.docx")

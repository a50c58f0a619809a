"""The folder is the truth: what is dropped, edited, renamed, deleted or broken shows in search and state."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

import hearthd as support
from hearthd import wait_for

SAMPLES = support.ROOT / "docs" / "samples"


@pytest.mark.parametrize("name, question", [
    ("handbook/remote-work.md", "internet allowance for remote employees"),
    ("handbook/leave.txt", "doctor's note for sick leave"),
    ("products/ember-9-manual.html", "maximum log length"),
    ("products/warranty.pdf", "glass guaranteed against heat cracks"),
    ("products/dealers.docx", "freight from the Utrecht warehouse"),
])
def test_every_format_becomes_searchable(daemon, name, question):
    started = time.monotonic()
    daemon.drop(SAMPLES / name, "x" + pathlib.Path(name).suffix)
    hit = wait_for("searchable", lambda: daemon.search(question), 30)[0]
    print(f"drop to searchable: {time.monotonic() - started:.2f} s for {name}")
    text = daemon.get(f"/v1/documents/{hit['document']['id']}/passage",
                      start=hit["chunk"]["span"]["start"], end=hit["chunk"]["span"]["end"], context=0)["text"]
    assert text == hit["text"]
    assert hit["document"]["path"] == "x" + pathlib.Path(name).suffix
    assert set(hit["scores"]) == {"bm25", "dense", "fused", "rerank"}
    if name.endswith(".pdf"):
        assert hit["chunk"]["page"] == 1


def test_edit_rename_and_delete_follow(daemon):
    file = daemon.inbox / "plan.md"
    file.write_text("# Plan\n\nThe zeppelin leaves from the northern quay on Tuesday.\n")
    first = daemon.wait_state("plan.md", "indexed")

    file.write_text("# Plan\n\nThe submarine leaves from the southern dock on Friday.\n")
    wait_for("new text", lambda: any("submarine" in hit["text"] for hit in daemon.search("submarine")))
    assert not any("zeppelin" in hit["text"] for hit in daemon.search("zeppelin"))

    file.rename(daemon.inbox / "renamed.md")
    renamed = daemon.wait_state("renamed.md", "indexed")
    assert renamed["id"] == first["id"], "a rename keeps the document's identity"
    wait_for("old path gone", lambda: "plan.md" not in daemon.documents())

    (daemon.inbox / "renamed.md").unlink()
    wait_for("deleted", lambda: not daemon.documents())
    assert not daemon.search("submarine")


def page_of_folder(daemon, wanted):
    page = daemon.inbox / ".hearth-status.md"
    text = page.read_text() if page.exists() else ""
    return text if wanted in text else None


def test_bad_files_are_listed_with_reason_and_remedy_and_harm_nobody(daemon):
    (daemon.inbox / "empty.md").write_bytes(b"")
    (daemon.inbox / "picture.txt").write_bytes(os.urandom(5000))
    (daemon.inbox / "broken.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<< garbage")
    (daemon.inbox / "broken.docx").write_bytes(b"PK\x03\x04 not really a zip")
    if shutil.which("qpdf"):
        subprocess.run(["qpdf", "--encrypt", "user", "owner", "256", "--", SAMPLES / "products" / "warranty.pdf",
                        daemon.inbox / "locked.pdf"], check=True)
    (daemon.inbox / "good.md").write_text("# Good\n\nThe lighthouse keeper counts herring.\n")
    os.symlink("/etc/passwd", daemon.inbox / "link.txt")
    daemon.wait_state("good.md", "indexed")
    names = ["empty.md", "picture.txt", "broken.pdf", "broken.docx"]
    if (daemon.inbox / "locked.pdf").exists():
        names.append("locked.pdf")
    for name in names:
        document = daemon.wait_state(name, "failed")
        assert document["reason"] and document["remedy"], document
    told = wait_for("the folder's own page", lambda: page_of_folder(daemon, "empty.md"))
    assert "What could not be read" in told
    assert ".hearth-status.md" not in daemon.documents()
    assert not daemon.search("root bin bash daemon nologin") or all(
        hit["document"]["path"] != "link.txt" for hit in daemon.search("root bin bash nologin"))
    shown = daemon.cli("status", check=0).stdout
    assert "remedy:" in shown and "empty.md" in shown


def test_other_encodings_are_read(daemon):
    (daemon.inbox / "latin.txt").write_bytes("Die Küche schließt um fünf Uhr, außer an Feiertagen. Größe: zwölf.".encode("latin-1"))
    (daemon.inbox / "utf16.txt").write_bytes("The caretaker waters the orchids at noon.".encode("utf-16"))
    daemon.wait_state("latin.txt", "indexed")
    daemon.wait_state("utf16.txt", "indexed")
    assert any("Küche schließt" in hit["text"] for hit in daemon.search("Küche"))
    assert any("orchids" in hit["text"] for hit in daemon.search("orchids"))


def test_filters_and_collections(daemon):
    for name in ("boats/a.md", "trains/b.md"):
        target = daemon.inbox / name
        target.parent.mkdir()
        target.write_text(f"# {name}\n\nThe timetable changes in December.\n")
    daemon.wait_state("boats/a.md", "indexed")
    daemon.wait_state("trains/b.md", "indexed")
    assert {hit["document"]["collection"] for hit in daemon.search("timetable")} == {"boats", "trains"}
    assert {hit["document"]["path"] for hit in daemon.search("timetable", collection="boats")} == {"boats/a.md"}
    assert {hit["document"]["path"] for hit in daemon.search("timetable", path="trains/*")} == {"trains/b.md"}
    assert daemon.search("timetable", type="pdf") == []


def test_debian_documentation(daemon):
    """Real HTML and a real book in PDF out of a Debian documentation package."""
    source = pathlib.Path("/usr/share/debian-reference")
    pages = sorted(source.glob("ch0*.en.html"))[:3]
    book = source / "debian-reference.en.pdf"
    if not pages or not book.exists():
        pytest.skip("debian-reference-en is not installed")
    for page in pages:
        daemon.drop(page)
    for page in pages:
        daemon.wait_state(page.name, "indexed", 300)
    hits = daemon.search("change the owner of a file")
    assert hits and hits[0]["chunk"]["heading"]
    started = time.monotonic()
    daemon.drop(book)
    chunks = daemon.wait_state(book.name, "indexed", 600)["chunks"]
    print(f"{book.stat().st_size >> 10} KiB of PDF became {chunks} chunks in {time.monotonic() - started:.1f} s")
    hit = daemon.search("recover from a forgotten root password", type="pdf")[0]
    assert hit["chunk"]["page"] > 1
    span = hit["chunk"]["span"]
    passage = daemon.get(f"/v1/documents/{hit['document']['id']}/passage", start=span["start"], end=span["end"], context=0)
    assert passage["text"] == hit["text"]

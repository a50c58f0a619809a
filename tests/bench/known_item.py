"""Known-item collections out of documentation that Debian packages: a section's heading is the question, the section
without its heading is what is to be found. Written in the form of the Cranfield files, for cranfield_bench:

    apt-get download postgresql-doc-15 && dpkg -x postgresql-doc-15_*.deb /tmp/pg
    python3 tests/bench/known_item.py /tmp/pg/usr/share/doc/postgresql-doc-15/html /tmp/pg-items
    HEARTH_MODELS=... build/release/cranfield_bench /tmp/pg-items

One section is right for each question, so others that answer it as well count as wrong: good for comparing two ways to
search, not as a figure of its own.
"""
import argparse
import collections
import html.parser
import pathlib
import random
import re

HEADINGS = {"h1", "h2", "h3", "h4", "h5"}
SKIPPED = {"script", "style", "head", "nav", "footer"}
LEAST_WORDS, MOST_WORDS = 40, 400


class Sections(html.parser.HTMLParser):
    """(heading, text) in order; text before the first heading is dropped."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.sections, self.skipping, self.in_heading = [], 0, False

    def handle_starttag(self, tag, attrs):
        if tag in SKIPPED:
            self.skipping += 1
        elif tag in HEADINGS:
            self.sections.append([[], []])
            self.in_heading = True

    def handle_endtag(self, tag):
        if tag in SKIPPED:
            self.skipping = max(self.skipping - 1, 0)
        elif tag in HEADINGS:
            self.in_heading = False
        elif self.sections and not self.in_heading:
            self.sections[-1][1].append(" ")

    def handle_data(self, data):
        if self.sections and not self.skipping:
            self.sections[-1][0 if self.in_heading else 1].append(data)


def heading_of(raw):
    text = re.sub(r"\s+", " ", raw).replace("¶", "").strip()
    return re.sub(r"^(chapter|appendix|part)?\s*[0-9A-Z]*(\.[0-9]+)*\.\s*", "", text, flags=re.IGNORECASE)


def read_folder(folder):
    found = []
    for path in sorted(pathlib.Path(folder).rglob("*.html")):
        parser = Sections()
        parser.feed(path.read_text(encoding="utf-8", errors="replace"))
        for heading, text in parser.sections:
            words = "".join(text).split()
            if len(words) >= LEAST_WORDS:
                found.append((heading_of("".join(heading)), " ".join(words[:MOST_WORDS])))
    return found


def questions_of(sections):
    """Headings of three words and more that no other section has."""
    counts = collections.Counter(heading.lower() for heading, _ in sections)
    return [(number, heading) for number, (heading, _) in enumerate(sections, 1)
            if len(re.findall(r"[A-Za-z]{2,}", heading)) >= 3 and counts[heading.lower()] == 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--sections", type=int, default=1500)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    chance = random.Random(1)
    sections = read_folder(options.folder)
    if len(sections) > options.sections:
        sections = [sections[i] for i in sorted(chance.sample(range(len(sections)), options.sections))]
    questions = questions_of(sections)
    if len(questions) > options.questions:
        questions = sorted(chance.sample(questions, options.questions))
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "cran.all.1400").write_text("".join(
        f".I {number}\n.T\nsection {number}\n.W\n {text}\n" for number, (_, text) in enumerate(sections, 1)))
    (out / "cran.qry").write_text("".join(
        f".I {i}\n.W\n {heading}\n" for i, (_, heading) in enumerate(questions, 1)))
    (out / "cranqrel").write_text("".join(f"{i} {number} 1\n" for i, (number, _) in enumerate(questions, 1)))
    print(f"{len(sections)} sections, {len(questions)} questions")


if __name__ == "__main__":
    main()

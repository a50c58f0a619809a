#!/usr/bin/env python3
"""The rules of the house as a test: who may include whom, who owns which library, how long things may be.

Prints every violation as file:line: text and exits 1 when there is one. `--self-test` feeds it offending samples.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 500
MAX_COLUMNS = 120

# What a folder may include of the others. "public" = the headers listed in PUBLIC.
KNOWS = {
    "core": set(),
    "llm": {"core"},
    "retrieval": {"core"},
    "ingest": {"core"},
    "agents": {"core", "llm", "retrieval"},
    "web": {"core", "llm", "retrieval", "ingest", "agents"},
    "daemon": {"core", "llm", "retrieval", "ingest", "agents", "web"},
}
PUBLIC = {
    "llm": {"engine.h", "model_pool.h", "adapters.h", "step_turns.h", "encoder.h", "reranker.h", "types.h", "bench.h", "grammar.h", "plan.h"},
    "retrieval": {"corpus.h", "embedder.h", "reranker.h", "query_syntax.h", "types.h"},
    "ingest": {"pipeline.h", "sink.h"},
    "agents": {"agent.h", "tools.h"},
    "web": {"server.h", "keys.h"},
}

# One external library, one owner: a header pattern and the paths that may include it.
OWNERS = [
    (r"sqlite3\.h", ("core/sqlite", "retrieval/fts_")),
    (r"openssl/", ("core/hash.cpp", "web/")),
    (r"faiss/", ("retrieval/",)),
    (r"boost/", ("web/",)),
    (r"curl/", ("daemon/download.cpp", "daemon/cli/client.cpp")),
    (r"toml\+\+/", ("daemon/config.cpp",)),
    (r"CLI/", ("daemon/main.cpp", "daemon/cli/main.cpp")),
    (r"systemd/", ("daemon/notify.cpp",)),
    (r"seccomp\.h", ("ingest/extract/sandbox",)),
    (r"gumbo\.h", ("ingest/extract/",)),
    (r"md4c\.h", ("ingest/extract/",)),
    (r"pugixml", ("ingest/extract/",)),
    (r"archive(_entry)?\.h", ("ingest/extract/",)),
    (r"uchardet", ("ingest/extract/",)),
    (r"unicode/", ("llm/", "ingest/", "retrieval/")),
    (r"cuda", ("llm/cuda/",)),
]

BANNED = [
    (r"#include <iostream>", "stdout and stderr have owners: core/log and the CLI's print"),
    (r"\bstd::endl\b", "flushes"),
    (r"\bstd::sto(i|l|ul|ll|ull|f|d)\b", "throws; use from_chars"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "finish it or file it"),
    (r"\bsleep_for\b|\busleep\b", "wait for an event"),
    (r"(?<![\w:])new [A-Za-z_:]+[({;]|\bdelete [a-z]", "ownership is a value or a unique_ptr"),
    (r"\bassert\(", "HEARTH_CHECK stays on in release"),
]
# Where a banned thing is right, with the reason.
ALLOWED = {
    ("llm/bpe_tokenizer.cpp", r"(?<![\w:])new [A-Za-z_:]+[({;]|\bdelete [a-z]"): "make_unique cannot reach a private constructor",
    ("daemon/cli/commands.cpp", r"\bsleep_for\b|\busleep\b"): "--wait polls for a person",
}


def sources():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cpp"], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout.split()
    return [name for name in names if name.split("/")[0] in set(KNOWS) | {"tests"} and (ROOT / name).exists()]


def strip(text):
    """The code with comments and literals blanked out, line structure kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    pattern = (r'R"(\w*)\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|'
               r"(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'")
    return re.sub(pattern, blank, text)


def functions(code):
    """(first line, line count) of each function body: a brace at namespace or class level that follows a ')'."""
    stack, start = [], 0
    line = 1
    found = []
    for place, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char in ";":
            if not any(kind == "function" for kind, _ in stack):
                start = place + 1
        elif char == "{":
            head = code[start:place]
            head = re.sub(r"^\s*#.*$", "", head, flags=re.M)
            if any(kind == "function" for kind, _ in stack):
                kind = "inner"
            elif re.search(r"\b(namespace|extern)\b", head) and "(" not in head:
                kind = "scope"
            elif re.search(r"\b(class|struct|union|enum)\b", head) and not re.search(r"\)\s*(const|noexcept|override|final|\s)*$", head):
                kind = "scope"
            elif ")" in head and not re.search(r"=\s*$", head):
                kind = "function"
            else:
                kind = "scope"
            stack.append((kind, line))
            start = place + 1
        elif char == "}":
            if stack:
                kind, first = stack.pop()
                if kind == "function":
                    found.append((first, line - first + 1))
            start = place + 1
    return found


def check_includes(name, text, report):
    folder = name.split("/")[0]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include [<"]([^>"]+)[>"]', line)
        if not match:
            continue
        header = match.group(1)
        other = header.split("/")[0]
        if folder != "tests":
            if other in KNOWS and other != folder and other not in KNOWS[folder]:
                report(name, number, f"{folder} must not know {other}")
            if other in PUBLIC and other != folder and header.split("/", 1)[1] not in PUBLIC[other]:
                report(name, number, f"{header} is not a public header of {other}")
            for pattern, owners in OWNERS:
                if re.match(pattern, header) and not name.startswith(owners):
                    report(name, number, f"{header} belongs to {', '.join(owners)}")


def check_text(name, text, report):
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES:
        report(name, 1, f"{len(lines)} lines; {MAX_FILE_LINES} is the limit: two ideas in one file?")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            report(name, number, f"{len(line)} columns; {MAX_COLUMNS} is the limit")
    if name.endswith(".h"):
        if not lines or not lines[0].startswith("//"):
            report(name, 1, "a header opens with a comment that says what it is")
        if re.search(r"^\s*using namespace ", text, flags=re.M):
            report(name, 1, "using namespace in a header")
        if "#pragma once" not in text:
            report(name, 1, "#pragma once is missing")
    code = strip(text)
    for number, line in enumerate(code.splitlines(), 1):
        if name.startswith("tests/"):
            break
        for pattern, reason in BANNED:
            if re.search(pattern, line) and (name, pattern) not in ALLOWED:
                report(name, number, f"{line.strip()[:60]}: {reason}")
    if re.search(r"\b(TODO|FIXME)\b", text) and not name.startswith("tests/"):
        report(name, 1, "an unfinished mark in a comment")
    for first, count in functions(code):
        if count > MAX_FUNCTION_LINES:
            report(name, first, f"a function of {count} lines; {MAX_FUNCTION_LINES} is the limit")


def self_test():
    seen = []
    report = lambda name, line, text: seen.append(text)  # noqa: E731
    check_includes("llm/x.cpp", '#include "retrieval/corpus.h"\n', report)
    check_includes("web/x.cpp", '#include "llm/gguf.h"\n#include <sqlite3.h>\n', report)
    check_text("llm/x.cpp", "void f() {\n" + "    g();\n" * 80 + "}\n", report)
    check_text("llm/x.h", "int x;\n", report)
    check_text("llm/x.cpp", "auto* p = new Thing();\n", report)
    expected = ["llm must not know retrieval", "not a public header of llm", "sqlite3.h belongs to", "a function of 82",
                "opens with a comment", "#pragma once", "ownership"]
    missing = [text for text in expected if not any(text in line for line in seen)]
    if missing:
        raise SystemExit(f"the tidy test misses: {missing}; it saw {seen}")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    violations = []
    names = sources()
    if len(names) < 20:
        raise SystemExit("found almost no sources: is this a git checkout?")
    for name in names:
        text = (ROOT / name).read_text()
        check_includes(name, text, lambda n, line, what: violations.append(f"{n}:{line}: {what}"))
        check_text(name, text, lambda n, line, what: violations.append(f"{n}:{line}: {what}"))
    print("\n".join(violations))
    if violations:
        raise SystemExit(f"{len(violations)} violations")


if __name__ == "__main__":
    main()

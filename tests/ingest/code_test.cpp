// Definitions of source files, and the passages cut at them.
#include <gtest/gtest.h>

#include "ingest/chunker.h"
#include "ingest/parsed.h"
#include "support/fake_sink.h"

namespace hearth::ingest {
namespace {

using test::block_text;
using test::document_of;
using test::extract;
using test::headings;
using Strings = std::vector<std::string>;

Strings definitions(const std::string& text, const std::string& name) {
    const auto extraction = extract(text, name);
    EXPECT_EQ(document_of(extraction).type, "code") << name;
    EXPECT_EQ(document_of(extraction).text, text);
    return headings(document_of(extraction));
}

TEST(ParseCode, Cpp) {
    const std::string text =
        "#include <map>\n#define X {\n\nnamespace a::b {\nnamespace {\n\n// Adds.\n// Twice.\ntemplate <typename T>\nT "
        "add(T x) {\n"
        "    if (x) { return '{'; }\n    return \"}\";\n}\n\n}  // namespace\n\nclass Pump : public Base {\n  public:\n"
        "    int run() const { return 1; }\n    int x = 0;\n};\n\nconst int kTable[] = {1, 2};\nenum class Kind { kA "
        "};\n}\n"
        "extern \"C\" {\nint main(int, char**)\n{\n    std::sort(a, b, [](int c) { return c; });\n}\n}\n";
    EXPECT_EQ(definitions(text, "a.cpp"),
              (Strings{"1 namespace a::b", "2 T add(T x)", "2 class Pump : public Base", "3 public: int run() const",
                       "2 enum class Kind", "1 int main(int, char**)"}));
}

TEST(ParseCode, OtherBraces) {
    EXPECT_EQ(definitions("package main\n\ntype P struct {\n\tx int\n}\n\n// Run runs.\nfunc (p *P) Run(f func() int) "
                          "error {\n\treturn nil\n}\n",
                          "a.go"),
              (Strings{"1 type P struct", "1 func (p *P) Run(f func() int) error"}));
    EXPECT_EQ(definitions("#[derive(Debug)]\npub(crate) struct P<'a> { x: &'a str }\nimpl<'a> P<'a> {\n    pub fn "
                          "run(&self, c: char) -> i32 { if c == '{' { 1 } else { 2 } }\n}\n",
                          "a.rs"),
              (Strings{"1 pub(crate) struct P<'a>", "1 impl<'a> P<'a>", "2 pub fn run(&self, c: char) -> i32"}));
    EXPECT_EQ(definitions("export class A extends B {\n  run() { return `{${x}`; }\n}\nconst f = async (x) => "
                          "{\n};\nfunction g() {}\nconst o = { a: 1 };\n",
                          "a.ts"),
              (Strings{"1 export class A extends B", "2 run()", "1 const f = async (x) =>", "1 function g()"}));
    EXPECT_EQ(definitions("package a;\n/** Doc. */\n@Test(x = 1)\npublic class A {\n  @Override public int run() "
                          "throws E {\n  }\n}\n",
                          "A.java"),
              (Strings{"1 public class A", "2 public int run() throws E"}));
}

TEST(ParseCode, Indents) {
    const std::string text =
        "import os\n\n# About.\n@dataclass\nclass Pump:\n    \"\"\"Doc.\ndef not_one():\n    \"\"\"\n\n    def "
        "run(self):\n"
        "        def inner():\n            pass\n\n    x = 1\n\nasync def main():\n    pass\n\nmain()\n";
    const auto extraction = extract(text, "pump.py");
    const Document& document = document_of(extraction);
    EXPECT_EQ(headings(document), (Strings{"1 class Pump", "2 def run(self)", "3 def inner()", "1 async def main()"}));
    EXPECT_EQ(block_text(document, 1), "# About.\n@dataclass\nclass Pump:\n");
    EXPECT_EQ(block_text(document, document.blocks.size() - 1), "main()\n");
    EXPECT_EQ(document.blocks.back().level, 1);
    EXPECT_EQ(document.title, "pump.py");
    EXPECT_EQ(definitions("module A\n  class B\n    def run\n      1\n    end\n  end\nend\nputs 1\n", "a.rb"),
              (Strings{"1 module A", "2 class B", "3 def run"}));
    EXPECT_EQ(definitions("#!/bin/sh\nrun() {\n  echo\n}\nfunction stop\n{\n  echo\n}\nrun\n", "tool"),
              (Strings{"1 run()", "1 function stop"}));
    EXPECT_EQ(definitions("create table a (\n  id int\n);\nCREATE VIEW b AS\nselect 1;\n", "a.sql"),
              (Strings{"1 create table a (", "1 CREATE VIEW b AS"}));
}

TEST(ParseCode, PassagesAreCutAtDefinitions) {
    std::string text = "class Pump:\n";
    for (const char* name : {"start", "stop", "drain"}) {
        text += std::string("    def ") + name + "(self):\n";
        for (int i = 0; i < 40; ++i) text += "        self.step(" + std::to_string(i) + ")\n";
    }
    const auto extraction = extract(text, "pump.py");
    const Document& document = document_of(extraction);
    const auto chunks = chunk_document(document, test::WordCounter(254), {50, 64, 8});
    ASSERT_EQ(chunks.size(), 3u);
    EXPECT_EQ(chunks[0].heading, "pump.py > class Pump > def start(self)");
    EXPECT_EQ(chunks[1].heading, "pump.py > class Pump > def stop(self)");
    EXPECT_EQ(chunks[2].heading, "pump.py > class Pump > def drain(self)");
}

TEST(Sniff, CodeIsKnownWithoutAnEnding) {
    EXPECT_EQ(sniff("#!/usr/bin/env python3\nprint(1)\n", "tool").kind, FileKind::kCode);
    EXPECT_EQ(sniff("#include <map>\n#include <set>\nint main() {\n}\n", "pasted.txt").kind, FileKind::kCode);
    EXPECT_EQ(
        sniff("import duties are due.\nimport them.\nSee the office\nfor more words\nand so on\n", "note.txt").kind,
        FileKind::kText);
}

}  // namespace
}  // namespace hearth::ingest

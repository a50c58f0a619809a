// reStructuredText, AsciiDoc, LaTeX, Org and RTF.
#include <gtest/gtest.h>

#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::block_text;
using test::document_of;
using test::extract;
using test::headings;
using Strings = std::vector<std::string>;

std::vector<std::string> of_kind(const Document& document, BlockKind kind) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < document.blocks.size(); ++i) {
        if (document.blocks[i].kind == kind) found.push_back(block_text(document, i));
    }
    return found;
}

TEST(ParseRst, SectionsLiteralsAndTables) {
    const std::string text =
        "=====\nPumps\n=====\n\nIntro::\n\n  literal == x\n\n  more\n\nCare\n====\n\n- oil\n- clean\n\nDaily\n-----\n\n"
        ".. code-block:: c\n\n   int x;\n\n==== ====\na    b\n==== ====\n1    2\n==== ====\n\n+---+\n| g "
        "|\n+---+\n\nEnd\n===\n";
    const auto extraction = extract(text, "a.rst");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text, text);
    EXPECT_EQ(document.title, "Pumps");
    EXPECT_EQ(headings(document), (Strings{"1 Pumps", "2 Care", "3 Daily", "2 End"}));
    EXPECT_EQ(of_kind(document, BlockKind::kTable),
              (Strings{"==== ====\na    b\n==== ====\n1    2\n==== ====\n", "+---+\n| g |\n+---+\n"}));
    EXPECT_EQ(of_kind(document, BlockKind::kListItem), (Strings{"- oil\n", "- clean\n"}));
    EXPECT_EQ(of_kind(document, BlockKind::kCode)[0], "  literal == x\n");
}

TEST(ParseAsciidoc, SectionsAndDelimitedBlocks) {
    const auto extraction = extract(
        "= Pumps\n\n== Care\n\n* oil\n** daily\n\n----\n== no heading\n\ncode\n----\n\n|===\n|a |b\n\n|1 "
        "|2\n|===\n\n=== Deep\ntext\n",
        "a.adoc");
    const Document& document = document_of(extraction);
    EXPECT_EQ(headings(document), (Strings{"1 Pumps", "2 Care", "3 Deep"}));
    EXPECT_EQ(of_kind(document, BlockKind::kCode), (Strings{"----\n== no heading\n\ncode\n----\n"}));
    EXPECT_EQ(of_kind(document, BlockKind::kTable), (Strings{"|===\n|a |b\n\n|1 |2\n|===\n"}));
    EXPECT_EQ(of_kind(document, BlockKind::kListItem).size(), 2u);
}

TEST(ParseLatex, SectionsWithoutTheirCommands) {
    const auto extraction = extract(
        "\\documentclass{article}\n\\title{On \\emph{Pumps}}\n\\begin{document}\n\\section[short]{Care \\& {Oil}}\n"
        "Text.\n\n\\subsection*{Daily}\n\\begin{itemize}\n\\item "
        "one\n\\end{itemize}\n\\begin{verbatim}\n\\section{no}\n"
        "\\end{verbatim}\n\\begin{tabular}{ll}\na & b\\\\\n\\end{tabular}\n\\end{document}\n",
        "paper");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "latex");
    EXPECT_EQ(document.title, "On Pumps");
    EXPECT_EQ(headings(document), (Strings{"3 Care & Oil", "4 Daily"}));
    EXPECT_EQ(of_kind(document, BlockKind::kCode), (Strings{"\\begin{verbatim}\n\\section{no}\n\\end{verbatim}\n"}));
    EXPECT_EQ(of_kind(document, BlockKind::kTable).size(), 1u);
}

TEST(ParseOrg, HeadlinesWithoutTagsAndSourceBlocks) {
    const auto extraction = extract(
        "#+TITLE: Plans\n* DONE Ring the baker  :errand:home:\n- flour\n** Notes\n#+begin_src sh\n,* not "
        "one\n#+end_src\n| a | b |\n",
        "a.org");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.title, "Plans");
    EXPECT_EQ(headings(document), (Strings{"1 DONE Ring the baker", "2 Notes"}));
    EXPECT_EQ(of_kind(document, BlockKind::kCode), (Strings{"#+begin_src sh\n,* not one\n#+end_src\n"}));
}

TEST(ParseRtf, HeadingsTablesAndCharacters) {
    const auto extraction = extract(
        "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\stylesheet{\\s0 Normal;}{\\s3\\outlinelevel1 Kop;}{\\s1 "
        "heading 1;}}"
        "{\\info{\\title Pump rules}{\\author Nobody}}\\pard\\s1 Care\\par\\pard\\s3 Daily\\par\\pard Gr\\'fcn "
        "\\u8364?5 "
        "\\ldblquote x\\rdblquote{\\*\\unknown hidden}{\\v secret}\\par"
        "\\trowd\\pard\\intbl a\\cell b\\cell\\row\\trowd\\pard\\intbl 1\\par 2\\cell \\cell\\row\\pard\\ls1 "
        "item\\par}",
        "a.doc");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "rtf");
    EXPECT_EQ(document.title, "Pump rules");
    EXPECT_EQ(headings(document), (Strings{"1 Care", "2 Daily"}));
    EXPECT_EQ(document.text, "Care\n\nDaily\n\nGr\u00FCn \u20AC5 \u201Cx\u201D\n\na | b\n1 2 |\n\n- item");
}

}  // namespace
}  // namespace hearth::ingest

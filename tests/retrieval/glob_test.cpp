#include "retrieval/glob.h"

#include <gtest/gtest.h>

namespace hearth::retrieval {
namespace {

bool match(const char* pattern, const char* path) {
    const auto glob = Glob::compile(pattern);
    return glob.ok() && glob->matches(path);
}

TEST(Glob, AStarStaysInsideOneFolder) {
    EXPECT_TRUE(match("manuals/*.pdf", "manuals/pump.pdf"));
    EXPECT_FALSE(match("manuals/*.pdf", "manuals/old/pump.pdf"));
    EXPECT_FALSE(match("manuals/*.pdf", "old/manuals/pump.pdf"));
    EXPECT_FALSE(match("*.pdf", "pump.pdf.txt"));
    EXPECT_TRUE(match("a*c*e", "abcde"));
    EXPECT_FALSE(match("a*c*e", "abcdef"));
}

TEST(Glob, TwoStarsCrossFoldersAndMayMatchNone) {
    EXPECT_TRUE(match("**/a.md", "a.md"));
    EXPECT_TRUE(match("**/a.md", "x/y/a.md"));
    EXPECT_FALSE(match("**/a.md", "x/ba.md"));
    EXPECT_TRUE(match("x/**", "x/y/z"));
    EXPECT_FALSE(match("x/**", "xy/z"));
    EXPECT_TRUE(match("x/**/z", "x/z"));
    EXPECT_TRUE(match("x/**/z", "x/1/2/z"));
    EXPECT_TRUE(match("**", ""));
    EXPECT_TRUE(match("x**z", "x/1/z"));
}

TEST(Glob, AQuestionMarkTakesOneCharacter) {
    EXPECT_TRUE(match("?.md", "a.md"));
    EXPECT_TRUE(match("?.md", "ü.md"));
    EXPECT_TRUE(match("?.md", "€.md"));
    EXPECT_FALSE(match("?.md", "ab.md"));
    EXPECT_FALSE(match("?.md", "üü.md"));
    EXPECT_FALSE(match("a?b", "a/b"));
}

TEST(Glob, LongPatternsAreRefusedAndHostileOnesStayFast) {
    EXPECT_FALSE(Glob::compile(std::string(1025, 'a')).ok());
    std::string hostile;
    for (int i = 0; i < 250; ++i) hostile += "*a";
    EXPECT_FALSE(Glob::compile(hostile + "b")->matches(std::string(4096, 'a')));
}

}  // namespace
}  // namespace hearth::retrieval

#include "core/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth {
namespace {

TEST(Glob, StarAndQuestionStayInsideOneFolder) {
    EXPECT_TRUE(glob_match("*.md", "a.md"));
    EXPECT_TRUE(glob_match("manuals/*.pdf", "manuals/x.pdf"));
    EXPECT_FALSE(glob_match("*.md", "a/b.md"));
    EXPECT_FALSE(glob_match("manuals/*.pdf", "manuals/old/x.pdf"));
    EXPECT_TRUE(glob_match("a?c", "abc"));
    EXPECT_FALSE(glob_match("a?c", "a/c"));
    EXPECT_TRUE(glob_match("?.md", "\xC3\xBC.md"));
    EXPECT_TRUE(glob_match("?.md", "\u20AC.md"));
    EXPECT_FALSE(glob_match("?.md", "\u00FC\u00FC.md"));
    EXPECT_FALSE(glob_match("?.md", "ab.md"));
    EXPECT_FALSE(glob_match("*.pdf", "pump.pdf.txt"));
    EXPECT_FALSE(glob_match("manuals/*.pdf", "old/manuals/pump.pdf"));
    EXPECT_TRUE(glob_match("a*c*e", "abcde"));
    EXPECT_FALSE(glob_match("a*c*e", "abcdef"));
}

TEST(Glob, DoubleStarCrossesFolders) {
    EXPECT_TRUE(glob_match("**", "a"));
    EXPECT_TRUE(glob_match("**", "a/b/c.md"));
    EXPECT_TRUE(glob_match("**/x", "x"));
    EXPECT_TRUE(glob_match("**/x", "a/b/x"));
    EXPECT_FALSE(glob_match("**/x", "ax"));
    EXPECT_FALSE(glob_match("**/x", "a/bx"));
    EXPECT_TRUE(glob_match("a/**", "a/b/c"));
    EXPECT_FALSE(glob_match("a/**", "ab/c"));
    EXPECT_TRUE(glob_match("a**z", "a/1/z"));
    EXPECT_TRUE(glob_match("**", ""));
    EXPECT_TRUE(glob_match("a/**/z.md", "a/z.md"));
    EXPECT_TRUE(glob_match("a/**/z.md", "a/b/c/z.md"));
    EXPECT_FALSE(glob_match("a/**/z.md", "b/z.md"));
    EXPECT_TRUE(glob_match("**/*.md", "n/m.md"));
    EXPECT_TRUE(glob_match("**/tmp/**", "x/tmp/y/z"));
    EXPECT_FALSE(glob_match("**/tmp/**", "x/tmpy/z"));
}

TEST(Glob, EmptyAndExactPatterns) {
    EXPECT_TRUE(glob_match("", ""));
    EXPECT_FALSE(glob_match("", "a"));
    EXPECT_TRUE(glob_match("a/b", "a/b"));
    EXPECT_FALSE(glob_match("a/b", "a/bc"));
    EXPECT_FALSE(glob_match("a/bc", "a/b"));
    EXPECT_TRUE(glob_match("*", ""));
}

TEST(Glob, ManyStarsDoNotExplode) {
    std::string pattern;
    for (int i = 0; i < 40; ++i) pattern += "*a";
    EXPECT_FALSE(glob_match(pattern + "b", std::string(2000, 'a')));
    EXPECT_FALSE(glob_match("**/" + pattern + "b", std::string(4095, 'a')));
}

}  // namespace
}  // namespace hearth

#include "ingest/ignore_rules.h"

#include <gtest/gtest.h>

#include "ingest/pipeline_fixture.h"

namespace hearth::ingest {
namespace {

IgnoreRules root_rules(std::string_view text) {
    IgnoreRules rules;
    rules.add("", IgnoreFile::parse(text));
    return rules;
}

TEST(IgnoreRules, ANameHoldsAtAnyDepthAndAPathFromTheFilesFolder) {
    const IgnoreRules rules = root_rules("*.log\n/build\ndocs/old.txt\n");
    EXPECT_TRUE(rules.ignores("a.log"));
    EXPECT_TRUE(rules.ignores("x/y/a.log"));
    EXPECT_TRUE(rules.ignores("build/out.txt"));
    EXPECT_FALSE(rules.ignores("x/build/out.txt")) << "anchored";
    EXPECT_TRUE(rules.ignores("docs/old.txt"));
    EXPECT_FALSE(rules.ignores("x/docs/old.txt")) << "a slash in the middle anchors too";
    EXPECT_FALSE(rules.ignores("a.log.txt"));
}

TEST(IgnoreRules, ASlashAtTheEndIsForFoldersOnly) {
    const IgnoreRules rules = root_rules("tmp/\n");
    EXPECT_TRUE(rules.ignores("tmp/a.txt"));
    EXPECT_TRUE(rules.ignores("x/tmp/a.txt"));
    EXPECT_FALSE(rules.ignores("x/tmp")) << "a file of that name";
}

TEST(IgnoreRules, TheLastLineThatMatchesDecides) {
    const IgnoreRules rules = root_rules("*.txt\n!keep.txt\nbad/keep.txt\n");
    EXPECT_TRUE(rules.ignores("a.txt"));
    EXPECT_FALSE(rules.ignores("keep.txt"));
    EXPECT_FALSE(rules.ignores("x/keep.txt"));
    EXPECT_TRUE(rules.ignores("bad/keep.txt"));
}

TEST(IgnoreRules, AFolderThatIsLeftOutKeepsEverythingBeneathOut) {
    const IgnoreRules rules = root_rules("private\n!private/public.txt\n");
    EXPECT_TRUE(rules.ignores("private/public.txt"));
}

TEST(IgnoreRules, TheNearestFileOverridesThoseAbove) {
    IgnoreRules rules = root_rules("*.md\n");
    rules.add("notes", IgnoreFile::parse("!*.md\n/draft.md\n"));
    EXPECT_TRUE(rules.ignores("a.md"));
    EXPECT_FALSE(rules.ignores("notes/a.md"));
    EXPECT_FALSE(rules.ignores("notes/deep/draft.md"));
    EXPECT_TRUE(rules.ignores("notes/draft.md"));
    EXPECT_TRUE(rules.ignores("notesother/a.md")) << "another folder with the same beginning";
}

TEST(IgnoreRules, CommentsBlanksAndEscapes) {
    const IgnoreRules rules = root_rules("# *.txt\n\n   \n\\#a\n\\!b\nc.txt  \r\n/\n!\n");
    EXPECT_FALSE(rules.ignores("a.txt"));
    EXPECT_TRUE(rules.ignores("#a"));
    EXPECT_TRUE(rules.ignores("!b"));
    EXPECT_TRUE(rules.ignores("c.txt"));
}

TEST(IgnoreRules, WhatIsBeyondTheLimitsIsTold) {
    std::string many;
    for (std::size_t i = 0; i <= kMaxIgnoreRules; ++i) many += "f" + std::to_string(i) + "\n";
    const IgnoreFile file = IgnoreFile::parse(many);
    EXPECT_EQ(file.problem(), "only its first 1000 lines count");
    EXPECT_EQ(file.verdict("f999", false), true);
    EXPECT_EQ(file.verdict("f1000", false), std::nullopt);

    const IgnoreFile wide = IgnoreFile::parse(std::string(kMaxIgnoreRuleBytes + 1, 'x') + "\ny\n");
    EXPECT_EQ(wide.problem(), "a line of more than 1024 bytes is left out");
    EXPECT_EQ(wide.verdict("y", false), true);

    std::string large(kMaxIgnoreBytes, '#');
    large[10] = '\n';
    const IgnoreFile cut = IgnoreFile::parse(large + "\nz\n");
    EXPECT_EQ(cut.problem(), "only its first 64 KiB are read");
    EXPECT_EQ(cut.verdict("z", false), std::nullopt);
}

TEST_F(PipelineTest, AnIgnoreFileTakesDocumentsOutAtOnceAndBackIn) {
    for (int i = 0; i < 12; ++i) write("drafts/" + std::to_string(i) + ".txt", "words " + std::to_string(i));
    write("kept.txt", "words");
    options_.rescan = seconds(3600);  // its own event brings the scan
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 13; }, seconds(60)));
    write(".hearthignore", "drafts/\n");
    EXPECT_TRUE(eventually([&] { return sink_.stored().size() == 1; }));
    EXPECT_TRUE(has_stored("kept.txt"));
    EXPECT_FALSE(pipeline_->counters().deletes_held) << "nobody lost a mount";
    write("drafts/new.txt", "words");
    ASSERT_TRUE(waits_idle());
    EXPECT_FALSE(has_stored("drafts/new.txt"));
    fs::remove(path(".hearthignore"));
    EXPECT_TRUE(eventually([&] { return sink_.stored().size() == 14; }, seconds(60)));
}

TEST_F(PipelineTest, AnIgnoreFileThatCannotBeUsedIsAProblemThatIsShown) {
    fs::create_directories(path("sub/.hearthignore"));
    write("sub/a.txt", "words");
    start();
    EXPECT_TRUE(eventually([&] { return has_stored("sub/a.txt"); }));
    EXPECT_TRUE(eventually([&] {
        return pipeline_->counters().problem == "sub/.hearthignore cannot be read: nothing is left out by it";
    }));
}

}  // namespace
}  // namespace hearth::ingest

#include "core/file.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "support/temp_dir.h"

namespace hearth {
namespace {

TEST(File, AtomicWriteReplacesAndLeavesNoTemporary) {
    const test::TempDir directory;
    ASSERT_TRUE(atomic_write_file(directory.path("f"), "one").ok());
    ASSERT_TRUE(atomic_write_file(directory.path("f"), "two").ok());
    EXPECT_EQ(*read_file(directory.path("f"), 100), "two");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(File, ReadRefusesMoreThanTheLimit) {
    const test::TempDir directory;
    ASSERT_TRUE(atomic_write_file(directory.path("f"), "12345").ok());
    EXPECT_EQ(read_file(directory.path("f"), 4).error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(read_file(directory.path("none"), 4).error().code, ErrorCode::kNotFound);
}

TEST(File, MapsAnEmptyFile) {
    const test::TempDir directory;
    ASSERT_TRUE(atomic_write_file(directory.path("f"), "").ok());
    auto mapped = MappedFile::open(directory.path("f"));
    ASSERT_TRUE(mapped.ok());
    EXPECT_TRUE(mapped->bytes().empty());
}

TEST(Hash, MatchesThePublishedVector) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace hearth

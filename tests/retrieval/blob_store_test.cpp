#include "retrieval/blob_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/file.h"
#include "core/hash.h"
#include "support/temp_dir.h"

namespace hearth::retrieval {
namespace {

struct Store {
    test::TempDir folder;
    BlobStore blobs = *BlobStore::open(folder.path("blobs"));
    std::string source = folder.path("source");

    UniqueFd open(const std::string& bytes) const {
        EXPECT_TRUE(atomic_write_file(source, bytes).ok());
        return UniqueFd(::open(source.c_str(), O_RDWR | O_CLOEXEC));
    }
    Result<KeptBlob> put(const std::string& bytes) const {
        return blobs.keep(open(bytes).get(), "source", SourceFile::kStill, {});
    }
    std::string blob(const std::string& sha256) const { return *read_file(blobs.path_of(sha256), 1 << 24); }
};

TEST(BlobStore, KeepsTheBytesUnderTheirHash) {
    const Store store;
    const std::string bytes(3'000'000, 'x');
    for (int i = 0; i < 2; ++i) {
        const auto kept = store.put(bytes);
        ASSERT_TRUE(kept.ok()) << kept.error().message;
        EXPECT_EQ(kept->sha256, sha256_hex(bytes));
        EXPECT_EQ(kept->size_bytes, 3'000'000);
    }
    EXPECT_TRUE(store.blobs.contains(sha256_hex(bytes)));
    EXPECT_EQ(store.blob(sha256_hex(bytes)), bytes);
    EXPECT_EQ(store.blobs.list()->size(), 1u);
}

TEST(BlobStore, HandsBackTheBlobAndNotTheSource) {
    const Store store;
    const UniqueFd source = store.open("the first bytes");
    const auto kept = store.blobs.keep(source.get(), "source", SourceFile::kStill, {});
    ASSERT_TRUE(kept.ok());
    ASSERT_EQ(::pwrite(source.get(), "THE", 3, 0), 3);
    char read[32] = {};
    ASSERT_EQ(::read(kept->fd.get(), read, sizeof read), 15);
    EXPECT_STREQ(read, "the first bytes");
}

TEST(BlobStore, RefusesWhatIsNotARegularFileAndStopsWhenAsked) {
    const Store store;
    const UniqueFd folder(::open(store.folder.path("blobs").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(store.blobs.keep(folder.get(), "folder", SourceFile::kStill, {}).error().code,
              ErrorCode::kInvalidArgument);
    std::stop_source stop;
    stop.request_stop();
    const UniqueFd source = store.open("bytes");
    EXPECT_EQ(store.blobs.keep(source.get(), "source", SourceFile::kStill, stop.get_token()).error().code,
              ErrorCode::kCancelled);
    EXPECT_TRUE(store.blobs.list()->empty());
}

TEST(BlobStore, ReplacesABlobThatWasCutShort) {
    const Store store;
    const std::string sha256 = store.put("whole bytes")->sha256;
    ASSERT_EQ(::truncate(store.blobs.path_of(sha256).c_str(), 3), 0);
    ASSERT_TRUE(store.put("whole bytes").ok());
    EXPECT_EQ(store.blob(sha256), "whole bytes");
}

TEST(BlobStore, AStoreThatCannotBeWrittenIsNotTheFilesFault) {
    const Store store;
    std::filesystem::rename(store.folder.path("blobs"), store.folder.path("elsewhere"));
    EXPECT_EQ(store.put("bytes").error().code, ErrorCode::kUnavailable);
}

TEST(BlobStore, OpeningSweepsWhatACrashLeft) {
    Store store;
    ASSERT_TRUE(store.put("kept").ok());
    const std::string leftover = store.folder.path("blobs/tmp.0123");
    ASSERT_TRUE(atomic_write_file(leftover, "half").ok());
    ASSERT_TRUE(BlobStore::open(store.folder.path("blobs")).ok());
    EXPECT_FALSE(std::filesystem::exists(leftover));
    EXPECT_TRUE(store.blobs.contains(sha256_hex(std::string("kept"))));
}

TEST(BlobStore, CollectsOnlyWhatIsUnreferencedAndOld) {
    Store store;
    for (const char* bytes : {"referenced", "young", "old"}) ASSERT_TRUE(store.put(bytes).ok());
    for (const char* bytes : {"referenced", "old"}) {
        const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, store.blobs.path_of(sha256_hex(std::string(bytes))).c_str(), times, 0), 0);
    }
    const auto removed = store.blobs.collect_garbage({sha256_hex(std::string("referenced"))}, std::chrono::hours(24));
    EXPECT_EQ(*removed, 1);
    EXPECT_FALSE(store.blobs.contains(sha256_hex(std::string("old"))));
    EXPECT_EQ(store.blobs.list()->size(), 2u);
}

}  // namespace
}  // namespace hearth::retrieval

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

    Status put(const std::string& bytes) {
        HEARTH_TRY_STATUS(atomic_write_file(source, bytes));
        return blobs.put(source, sha256_hex(bytes));
    }
};

TEST(BlobStore, KeepsTheBytesUnderTheirHash) {
    Store store;
    const std::string bytes(3'000'000, 'x');
    ASSERT_TRUE(store.put(bytes).ok());
    ASSERT_TRUE(store.put(bytes).ok());
    EXPECT_TRUE(store.blobs.contains(sha256_hex(bytes)));
    EXPECT_EQ(*read_file(store.blobs.path_of(sha256_hex(bytes)), 1 << 24), bytes);
    EXPECT_EQ(store.blobs.list()->size(), 1u);
}

TEST(BlobStore, RefusesBytesThatAreNotWhatWasPromised) {
    Store store;
    ASSERT_TRUE(atomic_write_file(store.source, "changed meanwhile").ok());
    EXPECT_EQ(store.blobs.put(store.source, sha256_hex(std::string("hashed before"))).error().code,
              ErrorCode::kUnavailable);
    EXPECT_EQ(store.blobs.put(store.source, "../../etc/passwd").error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(store.blobs.list()->empty());
}

TEST(BlobStore, RefusesLinksAndPipes) {
    Store store;
    ASSERT_TRUE(atomic_write_file(store.source, "secret").ok());
    const std::string link = store.folder.path("link");
    const std::string pipe = store.folder.path("pipe");
    ASSERT_EQ(::symlink(store.source.c_str(), link.c_str()), 0);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(store.blobs.put(link, sha256_hex(std::string("secret"))).ok());
    EXPECT_FALSE(store.blobs.put(pipe, sha256_hex(std::string("secret"))).ok());
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

#include "core/sqlite.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace hearth {
namespace {

TEST(Sqlite, AllowsOneWriterPerFile) {
    const test::TempDir directory;
    auto first = Database::open_writer(directory.path("a.db"));
    ASSERT_TRUE(first.ok()) << first.error().message;

    EXPECT_EQ(Database::open_writer(directory.path("a.db")).error().code, ErrorCode::kAlreadyExists);

    { Database gone = std::move(*first); }
    EXPECT_TRUE(Database::open_writer(directory.path("a.db")).ok());
}

TEST(Sqlite, RollsBackWhatWasNotCommitted) {
    const test::TempDir directory;
    auto database = Database::open_writer(directory.path("a.db"));
    ASSERT_TRUE(database->execute("CREATE TABLE t(x)").ok());
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction.ok());
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES(1)").ok());
    }
    auto count = database->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(*count->step());
    EXPECT_EQ(count->column_int(0), 0);
}

TEST(Sqlite, ReaderCannotWrite) {
    const test::TempDir directory;
    auto writer = Database::open_writer(directory.path("a.db"));
    ASSERT_TRUE(writer->execute("CREATE TABLE t(x)").ok());
    auto reader = Database::open_reader(directory.path("a.db"));
    ASSERT_TRUE(reader.ok());
    EXPECT_FALSE(reader->execute("INSERT INTO t VALUES(1)").ok());
}

TEST(Sqlite, BlobAndTextSurvive) {
    const test::TempDir directory;
    auto database = Database::open_writer(directory.path("a.db"));
    ASSERT_TRUE(database->execute("CREATE TABLE t(a TEXT, b BLOB)").ok());
    auto insert = database->prepare("INSERT INTO t VALUES(?1, ?2)");
    const std::string text("x\0y", 3);
    insert->bind(1, std::string_view(text)).bind(2, std::as_bytes(std::span(text)));
    ASSERT_TRUE(insert->run().ok());
    auto select = database->prepare("SELECT a, b FROM t");
    ASSERT_TRUE(*select->step());
    EXPECT_EQ(select->column_text(0), text);
    EXPECT_EQ(select->column_blob(1).size(), 3u);
}

}  // namespace
}  // namespace hearth

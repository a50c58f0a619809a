// Statements that a stranger might send: what computes is answered, everything else is refused within bounds.
#include "core/sqlite_guard.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

class SqlGuard : public ::testing::Test {
  protected:
    SqlGuard() : box_(std::move(SqlSandbox::create()).value()) {
        EXPECT_TRUE(box_.database()
                        .execute("CREATE TABLE orders (id NUMERIC, customer TEXT, amount NUMERIC);"
                                 "INSERT INTO orders VALUES (1, 'Ann', 0.1), (2, 'Bob', 0.2), (3, 'Ann', 0.7),"
                                 " (4, NULL, NULL);"
                                 "CREATE TABLE words (w TEXT); INSERT INTO words VALUES ('12'), ('n/a');"
                                 "CREATE TABLE many (n NUMERIC);")
                        .ok());
    }
    /// Ten thousand numbers.
    void fill() {
        std::string sql = "INSERT INTO many VALUES (0)";
        for (int i = 1; i < 10'000; ++i) sql += ",(" + std::to_string(i) + ")";
        ASSERT_TRUE(box_.database().execute(sql).ok());
    }
    std::string first(const std::string& sql) {
        const auto rows = box_.query(sql, {});
        if (!rows.ok()) return "error: " + rows.error().message;
        return rows->rows.empty() ? "nothing" : print_value(rows->rows.front().front());
    }
    Error refused(const std::string& sql, const SqlLimits& limits = {}) {
        const auto rows = box_.query(sql, limits);
        EXPECT_FALSE(rows.ok()) << sql;
        return rows.ok() ? Error(ErrorCode::kInternal, "it ran") : rows.error();
    }

    SqlSandbox box_;
};

TEST_F(SqlGuard, ComputesExactly) {
    EXPECT_EQ(first("SELECT sum(amount) FROM orders"), "1");
    EXPECT_EQ(first("SELECT sum(amount) FROM orders WHERE customer = 'Ann'"), "0.8");
    EXPECT_EQ(first("SELECT avg(amount) FROM orders WHERE id < 3"), "0.15");
    EXPECT_EQ(first("SELECT sum(id) FROM orders"), "10");
    EXPECT_EQ(first("SELECT count(*) FROM orders"), "4");
    EXPECT_EQ(first("SELECT count(DISTINCT customer) FROM orders"), "2");
    EXPECT_EQ(first("SELECT sum(amount) FROM orders WHERE id > 9"), "");
    EXPECT_EQ(first("SELECT total(amount) FROM orders WHERE id > 9"), "0");
    EXPECT_EQ(first("SELECT sum(amount * 1e-9) FROM orders WHERE id = 3"), "0.0000000007");
    EXPECT_EQ(first("SELECT sum(9007199254740993) FROM orders"), "36028797018963972");
    EXPECT_EQ(first("WITH a AS (SELECT customer, sum(amount) s FROM orders GROUP BY 1) SELECT max(s) FROM a"), "0.8");
    EXPECT_EQ(first("WITH a AS (SELECT 1 FROM orders) SELECT count(*) FROM a"), "4");
    EXPECT_EQ(first("SELECT sum(amount) OVER (ORDER BY id ROWS 1 PRECEDING) FROM orders ORDER BY id DESC LIMIT 1"),
              "0.7");
    EXPECT_EQ(first("select Customer from ORDERS where customer like 'b%' ;  "), "Bob");
}

TEST_F(SqlGuard, TextIsNeverAddedUpAsZero) {
    EXPECT_NE(refused("SELECT sum(w) FROM words").message.find("number(column)"), std::string::npos);
    EXPECT_EQ(first("SELECT sum(number(w)) FROM words"), "12");
    EXPECT_EQ(first("SELECT count(number(w)) FROM words"), "1");
}

TEST_F(SqlGuard, NamesTheTablesAStatementReads) {
    EXPECT_EQ(*box_.tables_read("SELECT count(*) FROM orders"), std::vector<std::string>{"orders"});
    EXPECT_EQ(*box_.tables_read("WITH a AS (SELECT * FROM words) SELECT a.w, o.id FROM a, Orders o"),
              (std::vector<std::string>{"orders", "words"}));
    EXPECT_EQ(box_.tables_read("SELECT 1 FROM nowhere").error().code, ErrorCode::kNotFound);
}

TEST_F(SqlGuard, RefusesWhatIsNoPlainSelect) {
    for (const char* sql : {"",
                            " ; ",
                            "-- nothing",
                            "DELETE FROM orders",
                            "INSERT INTO orders VALUES (1, 2, 3)",
                            "DROP TABLE orders",
                            "UPDATE orders SET id = 1",
                            "CREATE TABLE t (x)",
                            "CREATE TEMP TABLE t AS SELECT 1",
                            "ALTER TABLE orders ADD x",
                            "ATTACH 'x.db' AS x",
                            "ATTACH ':memory:' AS x",
                            "DETACH main",
                            "PRAGMA user_version",
                            "PRAGMA query_only = 0",
                            "VACUUM",
                            "VACUUM INTO 'copy.db'",
                            "REINDEX",
                            "ANALYZE",
                            "BEGIN",
                            "COMMIT",
                            "SAVEPOINT a",
                            "EXPLAIN SELECT 1",
                            "EXPLAIN QUERY PLAN SELECT 1",
                            "SELECT 1; SELECT 2",
                            "SELECT 1; DROP TABLE orders",
                            "SELECT load_extension('x')",
                            "SELECT * FROM sqlite_schema",
                            "SELECT count(*) FROM sqlite_master",
                            "SELECT * FROM pragma_database_list",
                            "SELECT count(*) FROM pragma_database_list",
                            "SELECT value FROM json_each('[1]')",
                            "SELECT readfile('x')",
                            "SELECT writefile('x', 'y')",
                            "SELECT randomblob(10)",
                            "SELECT zeroblob(1000000000)",
                            "SELECT printf('%*d', 1000000000, 1)",
                            "SELECT format('%1000000d', 1)",
                            "SELECT hex(zeroblob(9))",
                            "SELECT random()",
                            "SELECT ?1",
                            "SELECT :a",
                            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
                            "WITH c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
                            "SELECT \"a text\"",
                            "SELECT 1 WHERE customer = \"Ann\"",
                            "SELECT sqlite_version()",
                            "SELECT last_insert_rowid()"}) {
        const Error error = refused(sql);
        EXPECT_TRUE(error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kNotFound)
            << sql << ": " << error.message;
    }
    EXPECT_EQ(first("SELECT count(*) FROM orders"), "4");
}

TEST_F(SqlGuard, SaysWhatIsMissing) {
    EXPECT_EQ(refused("SELECT x FROM nowhere").code, ErrorCode::kNotFound);
    EXPECT_EQ(refused("SELECT price FROM orders").message, "no such column: price");
    EXPECT_EQ(refused("SELECT year(customer) FROM orders").message, "no such function: year");
    EXPECT_NE(refused("SELECT FROM orders").message.find("syntax error"), std::string::npos);
    EXPECT_NE(refused("DELETE FROM orders").message.find("only a SELECT"), std::string::npos);
}

TEST_F(SqlGuard, DeepAndLongStatementsEndAtTheirLimit) {
    std::string deep = "SELECT 1";
    for (int i = 0; i < 500; ++i) deep += "+(1";
    (void)refused(deep + std::string(500, ')'));
    std::string nested = "SELECT 1";
    for (int i = 0; i < 300; ++i) nested = "SELECT * FROM (" + nested + ")";
    (void)refused(nested);
    std::string wide = "SELECT 1";
    for (int i = 0; i < 3000; ++i) wide += ",1";
    (void)refused(wide);
    std::string unions = "SELECT 1";
    for (int i = 0; i < 20; ++i) unions += " UNION SELECT 1";
    (void)refused(unions);
    (void)refused("SELECT '" + std::string(kMaxSqlBytes, 'a') + "'");
    (void)refused(std::string("SELECT 1\0, 2", 12));
    (void)refused("SELECT 1 FROM orders WHERE customer LIKE '" + std::string(500, '%') + "'");
    std::string longer = "customer";
    for (int i = 0; i < 12; ++i) longer = "replace(" + longer + ", 'n', 'nnnnnnnnnn')";
    EXPECT_EQ(refused("SELECT length(" + longer + ") FROM orders").code, ErrorCode::kResourceExhausted);
}

TEST_F(SqlGuard, BombsEndAtTheirLimit) {
    fill();
    const std::string bomb = "SELECT count(*) FROM many a, many b, many c WHERE a.n + b.n + c.n < 0";
    EXPECT_EQ(refused(bomb, {.time = std::chrono::milliseconds(50)}).code, ErrorCode::kDeadlineExceeded);
    EXPECT_EQ(refused(bomb, {.steps = 100'000}).code, ErrorCode::kDeadlineExceeded);
    EXPECT_EQ(refused("SELECT a.n FROM many a, many b ORDER BY b.n, a.n", {.memory_bytes = 8 << 20}).code,
              ErrorCode::kResourceExhausted);
    EXPECT_EQ(refused("SELECT DISTINCT a.n * 100000 + b.n FROM many a, many b WHERE a.n + b.n < 0 OR a.n >= 0"
                      " ORDER BY 1",
                      {.memory_bytes = 8 << 20})
                  .code,
              ErrorCode::kResourceExhausted);
}

TEST_F(SqlGuard, ResultsAreCutAndSaySo) {
    fill();
    const auto rows = box_.query("SELECT n FROM many", {.rows = 10});
    ASSERT_TRUE(rows.ok());
    EXPECT_EQ(rows->rows.size(), 10u);
    EXPECT_TRUE(rows->cut);
    EXPECT_FALSE(box_.query("SELECT n FROM many LIMIT 10", {.rows = 10})->cut);
    const auto bytes = box_.query("SELECT group_concat(n) FROM many", {.result_bytes = 100});
    ASSERT_TRUE(bytes.ok());
    EXPECT_TRUE(bytes->cut);
    EXPECT_EQ(print_value(bytes->rows.at(0).at(0)).size(), 100u);
}

TEST(PrintValue, ShowsWhatADoubleKnows) {
    const std::pair<double, const char*> cases[] = {{0.0, "0"},
                                                    {728.0, "728"},
                                                    {0.1 + 0.2, "0.3"},
                                                    {947.2 / 3, "315.733333333333"},
                                                    {-1.0 / 7, "-0.142857142857143"},
                                                    {1e-5 / 3, "0.00000333333333333333"},
                                                    {12345678901234.56, "12345678901234.56"},
                                                    {1e14 / 7, "14285714285714.3"},
                                                    {1e16, "10000000000000000"},
                                                    {1e300, "1e+300"}};
    for (const auto& [value, text] : cases) EXPECT_EQ(print_value(value), text);
}

TEST_F(SqlGuard, OutputIsAlwaysUtf8) {
    EXPECT_EQ(first("SELECT CAST(x'ff41' AS TEXT)"), "\uFFFDA");
    EXPECT_EQ(first("SELECT x'c3b6'"), "\u00F6");
}

}  // namespace
}  // namespace hearth

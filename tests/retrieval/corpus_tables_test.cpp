// Tables of documents: they come and go with their document, and SQL over them says what is in the file.
#include <gtest/gtest.h>

#include "core/sqlite.h"
#include "support/corpus_fixture.h"

namespace hearth {
namespace {

using retrieval::TableInfo;
using test::table_of;
using Rows = std::vector<std::vector<std::string>>;

const std::vector<TableColumn> kOrders = {{"Customer", CellType::kText},
                                          {"Amount", CellType::kNumber},
                                          {"Order", CellType::kText},
                                          {"Paid", CellType::kBoolean},
                                          {"On", CellType::kDate}};

class CorpusTables : public ::testing::Test {
  protected:
    void put(const std::string& path, std::vector<PackedTable> tables) {
        auto version = test::version_of(folder_.embedder, path, "What " + path + " says.");
        version.type = "csv";
        version.tables = std::move(tables);
        const Status done = folder_.put(version);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    PackedTable orders() {
        return table_of(kOrders, {{"Ann", "0.1", "007", "TRUE", "2024-01-31"},
                                  {"Bob", "1,000.20", "", "false", "2024-02-01"},
                                  {"Ann", "", "a \"b\" | c", "", "2023-12-31"}});
    }
    std::vector<std::string> names(const retrieval::TableScope& scope = {}) {
        const auto tables = folder_.corpus->tables(scope);
        EXPECT_TRUE(tables.ok());
        std::vector<std::string> out;
        for (const TableInfo& table : *tables) out.push_back(table.name);
        return out;
    }
    /// Rows with their cells joined by ","; or the error.
    std::string ask(const std::string& sql, const retrieval::TableScope& scope = {}) {
        const auto answer = folder_.corpus->query_tables(sql, scope);
        if (!answer.ok()) return answer.error().message;
        std::string out;
        for (const auto& row : answer->rows.rows) {
            for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "," : "") + print_value(row[i]);
            out += ";";
        }
        return out;
    }

    test::CorpusFolder folder_;
};

TEST_F(CorpusTables, AreQueriedWithTheirKinds) {
    put("shop/Orders 2024.csv", {orders()});
    EXPECT_EQ(ask("SELECT sum(amount), count(*), count(amount) FROM orders_2024"), "1000.3,3,2;");
    EXPECT_EQ(ask("SELECT order_ FROM orders_2024 WHERE customer = 'Ann' ORDER BY 1"), "007;a \"b\" | c;");
    EXPECT_EQ(ask("SELECT count(*) FROM orders_2024 WHERE order_ IS NULL"), "1;");
    EXPECT_EQ(ask("SELECT customer FROM Orders_2024 WHERE paid"), "Ann;");
    EXPECT_EQ(ask("SELECT customer FROM orders_2024 WHERE amount = '0.1'"), "Ann;");
    EXPECT_EQ(ask("SELECT customer, strftime('%Y', on_) FROM orders_2024 WHERE on_ >= '2024-02-01'"), "Bob,2024;");
    EXPECT_EQ(ask("SELECT customer, sum(amount) s FROM orders_2024 GROUP BY 1 ORDER BY s DESC"), "Bob,1000.2;Ann,0.1;");
    const auto answer = folder_.corpus->query_tables("SELECT 1 FROM orders_2024", {});
    ASSERT_TRUE(answer.ok());
    ASSERT_EQ(answer->sources.size(), 1u);
    EXPECT_EQ(answer->sources[0].document.path, "shop/Orders 2024.csv");
    EXPECT_EQ(answer->sources[0].document.id, folder_.id_of("shop/Orders 2024.csv"));
    EXPECT_EQ(answer->sources[0].columns[2].title, "Order");
    EXPECT_EQ(folder_.verify(), "");
}

TEST_F(CorpusTables, SeveralAreJoinedAcrossDocuments) {
    put("a/orders.csv", {table_of({{"customer", CellType::kNumber}, {"amount", CellType::kNumber}},
                                  {{"1", "5"}, {"2", "7"}, {"1", "1"}})});
    PackedTable people = table_of({{"id", CellType::kNumber}, {"name", CellType::kText}}, {{"1", "Ann"}, {"2", "Bob"}});
    people.name = "People";
    people.page = 1;
    PackedTable other = people;
    other.name = "People";
    other.page = 2;
    put("b/book.xlsx", {people, other});
    EXPECT_EQ(names(), (std::vector<std::string>{"orders", "book_people", "book_people_2"}));
    EXPECT_EQ(ask("SELECT name, sum(amount) FROM orders JOIN book_people p ON p.id = customer GROUP BY 1"),
              "Ann,6;Bob,7;");
    EXPECT_EQ(folder_.corpus->tables({})->at(2).page, 2);
}

TEST_F(CorpusTables, ScopeBindsWhatCanBeSeenAndRead) {
    put("a/orders.csv", {orders()});
    put("b/secret.csv", {orders()});
    EXPECT_EQ(names({.collection = "a"}), std::vector<std::string>{"orders"});
    EXPECT_EQ(names({.path = "b/*"}), std::vector<std::string>{"secret"});
    EXPECT_TRUE(names({.type = "xlsx"}).empty());
    EXPECT_EQ(ask("SELECT count(*) FROM secret", {.collection = "a"}), "no such table: secret; the tables are: orders");
}

TEST_F(CorpusTables, ErrorsSayWhatThereIs) {
    EXPECT_EQ(ask("SELECT * FROM orders"), "no such table: orders; there are no tables here");
    put("orders.csv", {orders()});
    EXPECT_EQ(ask("SELECT * FROM bills"), "no such table: bills; the tables are: orders");
    EXPECT_EQ(ask("SELECT price FROM orders"),
              "no such column: price; the columns of orders are: customer, amount, order_, paid, on_");
    EXPECT_EQ(ask("SELECT 1"), "the statement reads no table; the tables are: orders");
    EXPECT_NE(ask("SELECT sum(customer) FROM orders").find("number(column)"), std::string::npos);
    EXPECT_NE(ask("DROP TABLE orders").find("only a SELECT"), std::string::npos);
    EXPECT_NE(ask("SELECT * FROM documents").find("no such table"), std::string::npos);
    EXPECT_EQ(ask("SELECT count(*) FROM orders"), "3;");
}

TEST_F(CorpusTables, ComeAndGoWithTheirDocument) {
    put("orders.csv", {orders()});
    put("b/orders.csv", {orders()});
    EXPECT_EQ(names(), (std::vector<std::string>{"orders_2", "orders"}));
    put("b/orders.csv", {table_of({{"n", CellType::kNumber}}, {{"1"}})});  // its name stays
    EXPECT_EQ(names(), (std::vector<std::string>{"orders_2", "orders"}));
    EXPECT_EQ(ask("SELECT n FROM orders_2"), "1;");
    ASSERT_TRUE(folder_.corpus->rename_document("orders.csv", "Bills.csv", {}).ok());
    EXPECT_EQ(names(), (std::vector<std::string>{"bills", "orders_2"}));
    ASSERT_TRUE(folder_.corpus->rename_document("b/orders.csv", "c/orders.csv", {}).ok());
    EXPECT_EQ(names(), (std::vector<std::string>{"bills", "orders_2"}));
    ASSERT_TRUE(folder_.corpus->put_failure({.path = "Bills.csv", .type = "csv", .reason = "r", .remedy = "m"}).ok());
    EXPECT_EQ(names(), std::vector<std::string>{"orders_2"});
    ASSERT_TRUE(folder_.corpus->remove_document("c/orders.csv").ok());
    EXPECT_TRUE(names().empty());
    EXPECT_EQ(folder_.verify(), "");
}

TEST_F(CorpusTables, OnesTooLargeAreNamedAndRefused) {
    PackedTable large = table_of({{"n", CellType::kNumber}}, {});
    large.row_count = 5'000'000;
    large.too_large = true;
    put("big.csv", {large});
    EXPECT_TRUE(folder_.corpus->tables({})->at(0).too_large);
    EXPECT_EQ(ask("SELECT count(*) FROM big"),
              "the table big (5000000 rows) is too large to be queried: split the file big.csv");
}

TEST_F(CorpusTables, QueriesStayWithinTheMemoryBudget) {
    put("orders.csv", {orders()});
    folder_.corpus.reset();
    for (const std::size_t budget : {std::size_t{1} << 20, std::size_t{64} << 20}) {
        MemoryLedger ledger(budget);
        const auto corpus = retrieval::Corpus::open({folder_.directory.path("data"), &ledger}, folder_.embedder);
        ASSERT_TRUE(corpus.ok());
        const auto answer = (*corpus)->query_tables("SELECT count(*) FROM orders", {});
        EXPECT_EQ(answer.ok(), budget > (32u << 20));
        if (!answer.ok()) {
            EXPECT_EQ(answer.error().code, ErrorCode::kResourceExhausted);
        }
        EXPECT_EQ(ledger.used_bytes(), 0u);
    }
}

TEST_F(CorpusTables, BrokenOnesAreNotStored) {
    auto version = test::version_of(folder_.embedder, "a.csv", "Text.");
    version.tables = {orders()};
    version.tables[0].rows.pop_back();
    EXPECT_EQ(folder_.put(version).error().code, ErrorCode::kInvalidArgument);
    version.tables = {orders()};
    version.tables[0].end = 100;
    EXPECT_EQ(folder_.put(version).error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(names().empty());
}

TEST_F(CorpusTables, DamageIsSeenAndNeverAddedUp) {
    put("orders.csv", {orders()});
    folder_.corpus.reset();
    {
        auto record = Database::open_writer(folder_.directory.path("data/record.db"));
        ASSERT_TRUE(record->execute("UPDATE data_tables SET rows = replace(rows, '0.1', '9.1')").ok());
    }
    folder_.reopen();
    EXPECT_NE(ask("SELECT sum(amount) FROM orders").find("hearth reindex orders.csv"), std::string::npos);
    EXPECT_NE(folder_.verify().find("damaged"), std::string::npos);
}

TEST_F(CorpusTables, ARecordOfBeforeGetsThemWhenItsFilesAreReadAgain) {
    put("orders.csv", {orders()});
    folder_.corpus.reset();
    {
        auto record = Database::open_writer(folder_.directory.path("data/record.db"));
        ASSERT_TRUE(record->execute("DROP TABLE data_tables; PRAGMA user_version = 2").ok());
    }
    folder_.reopen();
    EXPECT_TRUE(names().empty());
    EXPECT_TRUE(folder_.finds("says"));
    EXPECT_EQ(folder_.verify(), "");
    put("orders.csv", {orders()});
    EXPECT_EQ(ask("SELECT count(*) FROM orders"), "3;");
    EXPECT_EQ(folder_.verify(), "");
}

}  // namespace
}  // namespace hearth

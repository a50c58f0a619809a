// A stranger's SQL: it ends within its limits, answers in UTF-8, and leaves the tables as they were.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.h"
#include "core/sqlite_guard.h"
#include "core/utf8.h"

namespace {

hearth::SqlSandbox make_box() {
    auto box = hearth::SqlSandbox::create();
    HEARTH_CHECK(box.ok());
    HEARTH_CHECK(box->database()
                     .execute("CREATE TABLE orders (id NUMERIC, customer TEXT, amount NUMERIC, on_ TEXT);"
                              "INSERT INTO orders VALUES (1, 'Ann', 0.1, '2024-01-31'), (2, 'Bob', 1000.2, NULL),"
                              " (3, NULL, -7, '2024-02-01'), (4, 'n/a', 1e300, '');"
                              "CREATE TABLE people (name TEXT, active NUMERIC); INSERT INTO people VALUES ('Ann', 1)")
                     .ok());
    return std::move(box).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static hearth::SqlSandbox box = make_box();
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    const hearth::SqlLimits limits{.rows = 50,
                                   .result_bytes = 4096,
                                   .time = std::chrono::milliseconds(200),
                                   .steps = 1'000'000,
                                   .memory_bytes = 64 << 20};
    const auto read = box.tables_read(sql);
    const auto answer = box.query(sql, limits);
    if (!answer.ok()) HEARTH_CHECK(hearth::is_valid_utf8(answer.error().message));
    if (answer.ok()) {
        HEARTH_CHECK(read.ok());
        HEARTH_CHECK(answer->rows.size() <= limits.rows);
        for (const std::string& column : answer->columns) HEARTH_CHECK(hearth::is_valid_utf8(column));
        for (const auto& row : answer->rows) {
            HEARTH_CHECK(row.size() <= answer->columns.size());
            for (const auto& value : row) HEARTH_CHECK(hearth::is_valid_utf8(hearth::print_value(value)));
        }
    }
    const auto intact = box.query(
        "SELECT (SELECT count(*) || sum(id) || group_concat(customer) FROM orders) || (SELECT max(name) FROM people)",
        {});
    HEARTH_CHECK(intact.ok() && hearth::print_value(intact->rows.at(0).at(0)) == "410Ann,Bob,n/aAnn");
    return 0;
}

// Names made of what a file says can be written in SQL as they are, never quoted, and stay apart.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/check.h"
#include "core/sqlite_guard.h"
#include "core/utf8.h"
#include "retrieval/table_names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hearth;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t half = text.size() / 2;
    std::set<std::string> taken;
    const std::string table = retrieval::table_name(text.substr(0, half), text.substr(half), size % 2 == 0, size);
    const std::string first = retrieval::unique_name(retrieval::sql_name(text.substr(half), "field"), taken);
    const std::string second = retrieval::unique_name(retrieval::sql_name(text.substr(half), "field"), taken);
    HEARTH_CHECK(first != second && is_valid_utf8(table) && is_valid_utf8(first));
    auto box = SqlSandbox::create();
    HEARTH_CHECK(box.ok());
    HEARTH_CHECK(
        box->database().execute("CREATE TABLE \"" + table + "\" (\"" + first + "\", \"" + second + "\")").ok());
    const auto answer = box->query("SELECT " + first + ", max(" + second + ") FROM " + table, {});
    HEARTH_CHECK(answer.ok());
    return 0;
}

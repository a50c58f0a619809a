// Whatever a person types is a valid full-text expression, and any path pattern ends.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/glob.h"
#include "core/sqlite.h"
#include "retrieval/fts_rank.h"
#include "retrieval/lexical.h"
#include "tests/support/temp_dir.h"

namespace {

constexpr std::size_t kMaxQueryBytes = 4096;

struct Fixture {
    hearth::test::TempDir folder;
    hearth::Database database = hearth::Database::open_writer(folder.path("words.db")).value();

    Fixture() {
        HEARTH_CHECK(hearth::retrieval::register_rank_function(database).ok());
        HEARTH_CHECK(database
                         .execute("CREATE VIRTUAL TABLE chunk_text USING fts5 (title, heading, body, content = '',"
                                  " tokenize = 'porter unicode61 remove_diacritics 2');"
                                  "CREATE TABLE chunks (chunk INTEGER PRIMARY KEY, document INTEGER);"
                                  "INSERT INTO chunks VALUES (1, 1);"
                                  "INSERT INTO chunk_text (rowid, title, heading, body)"
                                  " VALUES (1, 'pump', 'manual', 'the pressure of the pump')")
                         .ok());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    const std::string text(reinterpret_cast<const char*>(data), size < kMaxQueryBytes ? size : kMaxQueryBytes);
    const auto terms = hearth::retrieval::lexical_terms(text);
    if (!terms.empty()) {
        const auto hits = hearth::retrieval::lexical_search(fixture.database, terms, 10, nullptr);
        HEARTH_CHECK(hits.ok());
    }
    const auto middle = text.size() / 2;
    (void)hearth::glob_match(std::string_view(text).substr(0, middle), std::string_view(text).substr(middle));
    return 0;
}

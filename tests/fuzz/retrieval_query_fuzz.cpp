// Whatever a person types is a query or a refusal with a reason, a valid full-text expression, and any path pattern
// ends.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/glob.h"
#include "core/sqlite.h"
#include "retrieval/admission.h"
#include "retrieval/fts_rank.h"
#include "retrieval/lexical.h"
#include "retrieval/query_syntax.h"
#include "tests/support/temp_dir.h"

namespace {

using hearth::retrieval::kMaxQueryBytes;

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

void search(hearth::Database& database, const std::string& words) {
    const auto terms = hearth::retrieval::lexical_terms(words);
    if (terms.empty()) return;
    HEARTH_CHECK(hearth::retrieval::lexical_search(database, terms, 10, nullptr).ok());
}

/// Words and left-out words go into expressions, filters meet a document.
void search_as_typed(hearth::Database& database, const std::string& typed) {
    const auto query = hearth::retrieval::parse_query(typed);
    if (!query.ok()) {
        HEARTH_CHECK(!query.error().message.empty());
        return;
    }
    HEARTH_CHECK(!query->text.empty() && query->text.size() <= typed.size());
    search(database, query->text);
    search(database, query->filter.without);
    (void)hearth::retrieval::passes(query->filter, {"id", "manuals/pump.md", "markdown", "manuals"}, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    const std::string text(reinterpret_cast<const char*>(data), size < kMaxQueryBytes ? size : kMaxQueryBytes);
    search(fixture.database, text);
    search_as_typed(fixture.database, text);
    const auto middle = text.size() / 2;
    (void)hearth::glob_match(std::string_view(text).substr(0, middle), std::string_view(text).substr(middle));
    return 0;
}

#include "retrieval/fts_words.h"

#include <sqlite3.h>

#include <new>

namespace hearth::retrieval {
namespace {

constexpr std::size_t kMaxCachedStems = 50'000;  // a few megabytes

/// What the tokenizer's callback fills: "stem\tsurface\n" for each word.
struct Words {
    std::string_view text;
    std::string out;
};

int add_word(void* context, int flags, const char* stem, int stem_bytes, int start, int end) {
    if ((flags & FTS5_TOKEN_COLOCATED) != 0) return SQLITE_OK;
    auto& words = *static_cast<Words*>(context);
    try {
        words.out.append(stem, static_cast<std::size_t>(stem_bytes)).push_back('\t');
        words.out.append(words.text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)));
        words.out.push_back('\n');
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

void words_function(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* result, int count,
                    sqlite3_value** values) {
    if (count != 1) return sqlite3_result_error(result, "hearth_words() takes one text", -1);
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    const int bytes = sqlite3_value_bytes(values[0]);
    if (text == nullptr) return sqlite3_result_text(result, "", 0, SQLITE_STATIC);
    Words words{{text, static_cast<std::size_t>(bytes)}, {}};
    const int code = api->xTokenize(context, text, bytes, &words, add_word);
    if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
    sqlite3_result_text64(result, words.out.data(), words.out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

Status register_word_functions(Database& reader) {
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(reader.handle(), "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (api == nullptr || api->xCreateFunction(api, "hearth_words", nullptr, words_function, nullptr) != SQLITE_OK)
        return Error(ErrorCode::kInternal, "could not register the word function with SQLite");
    // A view of the index in the connection's own temporary schema; the file stays read-only.
    return reader.execute(
        "PRAGMA query_only=OFF;"
        "CREATE VIRTUAL TABLE temp.indexed_stems USING fts5vocab('main', 'chunk_text', 'row');"
        "PRAGMA query_only=ON;");
}

Result<std::vector<IndexedWord>> indexed_words(Database& reader, const std::string& expression, std::string_view text) {
    HEARTH_TRY(Statement statement,
               reader.prepare("SELECT hearth_words(chunk_text, ?2) FROM chunk_text WHERE chunk_text MATCH ?1 LIMIT 1"));
    statement.bind(1, expression).bind(2, std::string(text));
    std::vector<IndexedWord> out;
    HEARTH_TRY(const bool found, statement.step());
    if (!found) return out;
    const std::string lines(statement.column_text(0));
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t tab = lines.find('\t', at);
        const std::size_t end = tab == std::string::npos ? std::string::npos : lines.find('\n', tab);
        if (end == std::string::npos) break;
        out.push_back({lines.substr(at, tab - at), lines.substr(tab + 1, end - tab - 1)});
        at = end + 1;
    }
    return out;
}

std::optional<std::int64_t> StemCountCache::find(std::int64_t generation, const std::string& stem) {
    const std::lock_guard lock(mutex_);
    if (generation != generation_) return std::nullopt;
    const auto found = counts_.find(stem);
    return found == counts_.end() ? std::nullopt : std::optional(found->second);
}

void StemCountCache::insert(std::int64_t generation, const std::string& stem, std::int64_t count) {
    const std::lock_guard lock(mutex_);
    if (generation < generation_) return;
    if (generation > generation_ || counts_.size() >= kMaxCachedStems) counts_.clear();
    generation_ = generation;
    counts_.emplace(stem, count);
}

Result<StemCounts> StemCounts::open(Database& reader, std::int64_t generation, StemCountCache& cache) {
    HEARTH_TRY(Statement statement, reader.prepare("SELECT doc FROM temp.indexed_stems WHERE term = ?1"));
    return StemCounts(std::move(statement), generation, cache);
}

Result<std::int64_t> StemCounts::of(const std::string& stem) {
    if (const auto known = cache_->find(generation_, stem)) return *known;
    statement_.reset();
    statement_.bind(1, stem);
    HEARTH_TRY(const bool found, statement_.step());
    const std::int64_t count = found ? statement_.column_int(0) : 0;
    cache_->insert(generation_, stem, count);
    return count;
}

}  // namespace hearth::retrieval

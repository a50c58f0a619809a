#include "retrieval/admission.h"

#include <algorithm>

#include "core/glob.h"
#include "retrieval/lexical.h"

namespace hearth::retrieval {
namespace {

/// A pattern without wildcards matches where it stands anywhere in the path, in any case.
bool path_matches(const std::string& pattern, const std::string& path) {
    if (pattern.find_first_of("*?") != std::string::npos) return glob_match(pattern, path);
    return lower_ascii(path).find(lower_ascii(pattern)) != std::string::npos;
}

/// The format's name, or the ending of the file's.
bool type_matches(const std::string& wanted, const DocumentRef& document) {
    const std::string low = lower_ascii(wanted);
    return lower_ascii(document.type) == low || lower_ascii(document.path).ends_with('.' + low);
}

template <typename Matches>
bool field_passes(const FieldFilter& field, Matches matches) {
    if (std::any_of(field.none_of.begin(), field.none_of.end(), matches)) return false;
    return field.any_of.empty() || std::any_of(field.any_of.begin(), field.any_of.end(), matches);
}

bool names_documents(const Query& query) {
    SearchFilter filter = query.filter;
    filter.without.clear();
    return !query.collection.empty() || !query.path.empty() || !query.type.empty() || filter != SearchFilter{};
}

Status allow_documents(Database& reader, const Query& query, Admission& admission) {
    HEARTH_TRY(Statement statement,
               reader.prepare("SELECT document, path, type, collection, modified_ns FROM documents"
                              " WHERE (?1 = '' OR collection = ?1) AND (?2 = '' OR type = ?2) AND state = 'indexed'"));
    statement.bind(1, query.collection).bind(2, query.type);
    admission.refuse_other_documents();
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return {};
        const DocumentRef document{{},
                                   std::string(statement.column_text(1)),
                                   std::string(statement.column_text(2)),
                                   std::string(statement.column_text(3))};
        if (!query.path.empty() && !glob_match(query.path, document.path)) continue;
        if (passes(query.filter, document, statement.column_int(4))) admission.allow_document(statement.column_int(0));
    }
}

Status refuse_chunks(Database& reader, const std::string& without, Admission& admission) {
    const std::vector<LexicalTerm> terms = lexical_terms(without);
    if (terms.empty()) return {};
    HEARTH_TRY(Statement statement, reader.prepare("SELECT rowid FROM chunk_text WHERE chunk_text MATCH ?1"));
    statement.bind(1, fts_expression(terms));
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return {};
        admission.refuse_chunk(statement.column_int(0));
    }
}

}  // namespace

void RowSet::insert(std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    if (at >= bits_.size()) bits_.resize(std::max(at + 1, bits_.size() * 2));
    bits_[at] = true;
}

bool passes(const SearchFilter& filter, const DocumentRef& document, std::int64_t modified_ns) {
    if (filter.modified_from_ns && modified_ns < *filter.modified_from_ns) return false;
    if (filter.modified_before_ns && modified_ns >= *filter.modified_before_ns) return false;
    return field_passes(filter.path, [&](const std::string& one) { return path_matches(one, document.path); }) &&
           field_passes(filter.type, [&](const std::string& one) { return type_matches(one, document); }) &&
           field_passes(filter.collection, [&](const std::string& one) { return one == document.collection; });
}

Result<std::unique_ptr<Admission>> admission_of(Database& reader, const Query& query) {
    const bool by_document = names_documents(query);
    if (!by_document && query.filter.without.empty()) return std::unique_ptr<Admission>();
    auto admission = std::make_unique<Admission>();
    if (by_document) HEARTH_TRY_STATUS(allow_documents(reader, query, *admission));
    HEARTH_TRY_STATUS(refuse_chunks(reader, query.filter.without, *admission));
    return admission;
}

}  // namespace hearth::retrieval

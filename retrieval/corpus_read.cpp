#include <algorithm>
#include <map>

#include "retrieval/corpus_impl.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kMaxContextBytes = 1 << 20;
/// The start of a document when no span was asked for.
constexpr std::size_t kOpeningBytes = 2000;

Error no_document(const std::string& id) {
    return Error(ErrorCode::kNotFound, "no document with id \"" + id + "\"; it may have been removed from the folder");
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

}  // namespace

Result<std::vector<DocumentStatus>> CorpusImpl::documents(const std::string& collection) const {
    std::map<std::string, DocumentState> in_work;
    {
        const std::lock_guard lock(work_mutex_);
        in_work = in_work_;
    }
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(const auto rows, list_documents(*reader, collection));
    std::vector<DocumentStatus> out;
    for (const DocumentRow& row : rows) {
        out.push_back(row.status);
        const auto work = in_work.find(row.status.document.path);
        if (work == in_work.end()) continue;
        out.back().state = work->second;
        in_work.erase(work);
    }
    for (const auto& [path, state] : in_work) {
        if (!collection.empty() && collection_of(path) != collection) continue;
        DocumentStatus status;
        status.document.path = path;
        status.document.collection = collection_of(path);
        status.state = state;
        out.push_back(std::move(status));
    }
    std::sort(out.begin(), out.end(),
              [](const DocumentStatus& a, const DocumentStatus& b) { return a.document.path < b.document.path; });
    return out;
}

Result<DocumentStatus> CorpusImpl::document(const std::string& id) const {
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(auto row, find_document_by_id(*reader, id));
    if (!row) return no_document(id);
    const std::lock_guard lock(work_mutex_);
    const auto work = in_work_.find(row->status.document.path);
    if (work != in_work_.end()) row->status.state = work->second;
    return std::move(row->status);
}

Result<Passage> CorpusImpl::passage(const std::string& document_id, Span span, std::size_t context_bytes) const {
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(const auto row, find_document_by_id(*reader, document_id));
    if (!row) return no_document(document_id);
    const std::size_t size = row->text_bytes;
    if (span.start > span.end || span.end > size) {
        return Error(ErrorCode::kInvalidArgument, "the span [" + std::to_string(span.start) + ", " +
                                                      std::to_string(span.end) + ") is not inside the document's " +
                                                      std::to_string(size) + " bytes of text");
    }
    const std::size_t context = std::min(context_bytes, kMaxContextBytes);
    Passage passage;
    passage.document = row->status.document;
    passage.title = row->status.title;
    passage.document_bytes = size;
    passage.requested = span;
    const std::size_t end = span.end == 0 ? std::max(context, kOpeningBytes) : span.end + context;
    passage.window = {span.start - std::min(span.start, context), std::min(end, size)};
    HEARTH_TRY(passage.text, read_text(*reader, row->version, passage.window));
    // Inwards to whole characters, but never into what was asked for.
    std::size_t head = 0;
    while (passage.window.start + head < span.start && is_continuation(passage.text[head])) ++head;
    passage.text.erase(0, head);
    passage.window.start += head;
    if (passage.window.end < size) {
        const Span one_more{passage.window.end, passage.window.end + 1};
        HEARTH_TRY(const std::string next, read_text(*reader, row->version, one_more));
        bool cut = is_continuation(next.front());
        while (cut && passage.window.end > span.end) {
            cut = is_continuation(passage.text.back());
            passage.text.pop_back();
            --passage.window.end;
        }
    }
    return passage;
}

Result<Hit> CorpusImpl::chunk(const std::string& chunk_id) const {
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(auto row, find_chunk_by_id(*reader, chunk_id));
    if (!row) {
        return Error(ErrorCode::kNotFound,
                     "no passage with id \"" + chunk_id + "\"; its document may have changed since it was cited");
    }
    Hit hit;
    HEARTH_TRY(hit.text, read_text(*reader, row->version, row->ref.span));
    hit.document = std::move(row->document_ref);
    hit.chunk = std::move(row->ref);
    return hit;
}

Result<CorpusCounts> CorpusImpl::counts() const {
    CorpusCounts counts;
    {
        const std::lock_guard lock(work_mutex_);
        counts.documents_queued = static_cast<std::int64_t>(in_work_.size());
    }
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(counts.documents_indexed,
               read_integer(*reader, "SELECT count(*) FROM documents WHERE state = 'indexed'"));
    HEARTH_TRY(counts.documents_failed, read_integer(*reader, "SELECT count(*) FROM documents WHERE state = 'failed'"));
    HEARTH_TRY(counts.chunks, read_integer(*reader, "SELECT coalesce(sum(chunk_count), 0) FROM documents"));
    HEARTH_TRY(counts.generation, read_generation(*reader));
    return counts;
}

}  // namespace hearth::retrieval

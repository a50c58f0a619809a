#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <set>

#include "core/hash.h"
#include "core/log.h"
#include "core/utf8.h"
#include "retrieval/corpus_impl.h"
#include "retrieval/record_tables.h"
#include "retrieval/schema.h"
#include "retrieval/unit_vectors.h"

namespace hearth::retrieval {
namespace {

constexpr off_t kCheckpointBytes = 16 << 20;
constexpr std::size_t kDocumentIdBytes = 8;
constexpr std::chrono::hours kBlobGrace{24};
const std::string kNotePrefix = "note.";

Error invalid(std::string message) {
    return Error(ErrorCode::kInvalidArgument, std::move(message));
}

Status check_path(const std::string& path) {
    if (path.empty() || path.front() == '/') {
        return invalid("a document's path is relative to the watched folder: \"" + path + "\"");
    }
    return {};
}

bool is_boundary(const std::string& text, std::size_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

Error not_in_record(const std::string& path) {
    return Error(ErrorCode::kNotFound, "no document \"" + path + "\" in the record");
}

}  // namespace

Status CorpusImpl::check_version(const NewVersion& version) const {
    HEARTH_TRY_STATUS(check_path(version.path));
    const auto width = static_cast<std::size_t>(embedder_.dimensions());
    if (version.vectors.size() != version.chunks.size() * width) {
        return invalid(version.path + ": " + std::to_string(version.chunks.size()) + " chunks need " +
                       std::to_string(version.chunks.size() * width) + " vector values, not " +
                       std::to_string(version.vectors.size()));
    }
    if (!is_valid_utf8(version.text)) return invalid(version.path + ": the extracted text is not UTF-8");
    for (const NewChunk& chunk : version.chunks) {
        const Span& span = chunk.span;
        if (span.start >= span.end || span.end > version.text.size() || !is_boundary(version.text, span.start) ||
            !is_boundary(version.text, span.end)) {
            return invalid(version.path + ": chunk [" + std::to_string(span.start) + ", " + std::to_string(span.end) +
                           ") is empty, outside the text or cuts a character");
        }
    }
    for (const PackedTable& table : version.tables) {
        const Status whole = check_table(table);
        if (!whole.ok()) return invalid(version.path + ": " + whole.error().message);
        if (table.end > version.text.size() || !is_boundary(version.text, table.start) ||
            !is_boundary(version.text, table.end))
            return invalid(version.path + ": a table's place is outside the text or cuts a character");
    }
    const auto odd = first_not_of_unit_length(version.vectors, width);
    if (odd) return invalid(version.path + ": vector " + std::to_string(*odd) + " does not have length 1");
    return {};
}

Status CorpusImpl::commit(Transaction& transaction) {
    Status committed = transaction.commit();
    if (committed.ok() || committed.error().code == ErrorCode::kResourceExhausted) return committed;
    if (committed.error().code == ErrorCode::kUnavailable) return committed;
    // After a failed fsync nobody knows what the disk holds, and a later fsync may claim success. Writing on would
    // acknowledge changes that can vanish; the next start reads what is really there.
    writer_failure_ = "the record's disk failed (" + committed.error().message +
                      "): nothing more is written; check the disk and restart hearthd";
    HEARTH_LOG(kError, "retrieval", "commit_failed", {{"reason", committed.error().message}});
    return committed;
}

Status CorpusImpl::apply(const IndexChange& change) {
    auto next = index();
    for (const std::int64_t document : change.removed_documents) next = next->without_document(document);
    HEARTH_TRY(next, next->with_added(change.added, change.vectors));
    const std::lock_guard lock(index_mutex_);
    index_ = std::move(next);
    return {};
}

void CorpusImpl::checkpoint_when_large() {
    struct stat info {};
    if (::stat((directory_ + "/record.db-wal").c_str(), &info) != 0 || info.st_size < kCheckpointBytes) return;
    const Status done = writer_.checkpoint();
    // A reader in the way is no error: the next write tries again.
    if (!done.ok()) HEARTH_LOG(kDebug, "retrieval", "checkpoint_put_off", {{"reason", done.error().message}});
}

Status CorpusImpl::write(const std::function<Status(Database&, std::int64_t, IndexChange&)>& body) {
    const std::lock_guard lock(write_mutex_);
    if (!writer_failure_.empty()) return Error(ErrorCode::kUnavailable, writer_failure_);
    IndexChange change;
    {
        HEARTH_TRY(Transaction transaction, Transaction::begin(writer_));
        HEARTH_TRY(const std::int64_t generation, bump_generation(writer_));
        HEARTH_TRY_STATUS(body(writer_, generation, change));
        HEARTH_TRY_STATUS(commit(transaction));
    }
    const Status applied = apply(change);
    if (!applied.ok()) {
        // The record has it and the index does not: the only honest way on is to start again from the record.
        writer_failure_ =
            "the search index could not take a committed change (" + applied.error().message + "): restart hearthd";
        return applied;
    }
    if (changed_) changed_();
    checkpoint_when_large();
    return {};
}

Result<KeptBlob> CorpusImpl::keep_blob(int source_fd, const std::string& name, SourceFile source,
                                       std::stop_token stop) {
    return blobs_.keep(source_fd, name, source, std::move(stop));
}

void CorpusImpl::set_in_work(const std::string& path, DocumentState state) {
    const std::lock_guard lock(work_mutex_);
    in_work_[path] = state;
}

void CorpusImpl::clear_in_work(const std::string& path) {
    const std::lock_guard lock(work_mutex_);
    in_work_.erase(path);
}

Status CorpusImpl::put_version(const NewVersion& version) {
    HEARTH_TRY_STATUS(check_version(version));
    return write([&](Database& database, std::int64_t generation, IndexChange& change) -> Status {
        // Under the lock that collect_blobs takes: what is seen here is not collected before the commit.
        if (!blobs_.contains(version.content_sha256)) {
            return Error(ErrorCode::kNotFound, version.path + ": its bytes are not in the blob store; keep_blob first");
        }
        HEARTH_TRY(const auto old, find_document_by_path(database, version.path));
        if (old) {
            HEARTH_TRY(const bool removed, remove_content(database, *old));
            if (removed) change.removed_documents.push_back(old->document);
        }
        DocumentStatus status;
        const std::string id = old ? old->status.document.id : random_hex(kDocumentIdBytes);
        status.document = {id, version.path, version.type, {}};
        status.state = DocumentState::kIndexed;
        status.title = version.title;
        status.content_sha256 = version.content_sha256;
        status.file = version.file;
        status.indexed_at = std::time(nullptr);
        status.chunks = static_cast<int>(version.chunks.size());
        HEARTH_TRY(const std::int64_t document, upsert_document(database, status, generation));
        HEARTH_TRY(change.added, insert_content(database, document, status.document.id, version, generation));
        change.vectors = version.vectors;
        return {};
    });
}

Status CorpusImpl::put_failure(const FailedFile& failure) {
    HEARTH_TRY_STATUS(check_path(failure.path));
    return write([&](Database& database, std::int64_t generation, IndexChange& change) -> Status {
        HEARTH_TRY(const auto old, find_document_by_path(database, failure.path));
        DocumentStatus status;
        status.document = {random_hex(kDocumentIdBytes), failure.path, failure.type, {}};
        if (old) {
            // The file no longer says what the old text said: it must not be found.
            HEARTH_TRY(const bool removed, remove_content(database, *old));
            if (removed) change.removed_documents.push_back(old->document);
            status.document.id = old->status.document.id;
            status.title = old->status.title;
        }
        status.state = DocumentState::kFailed;
        status.reason = failure.reason;
        status.remedy = failure.remedy;
        status.content_sha256 = failure.content_sha256;
        status.file = failure.file;
        HEARTH_TRY_STATUS(upsert_document(database, status, generation));
        return {};
    });
}

Status CorpusImpl::rename_document(const std::string& old_path, const std::string& new_path, const FileState& file) {
    HEARTH_TRY_STATUS(check_path(new_path));
    return write([&](Database& database, std::int64_t generation, IndexChange& change) -> Status {
        HEARTH_TRY(const auto moved, find_document_by_path(database, old_path));
        if (!moved) return not_in_record(old_path);
        if (old_path == new_path) return {};
        HEARTH_TRY(const auto replaced, find_document_by_path(database, new_path));
        if (replaced) {
            HEARTH_TRY_STATUS(remove_content(database, *replaced));
            HEARTH_TRY_STATUS(delete_document(database, replaced->document));
            change.removed_documents.push_back(replaced->document);
        }
        HEARTH_TRY(Statement statement,
                   database.prepare("UPDATE documents SET path = ?2, collection = ?3, generation = ?4"
                                    " WHERE document = ?1"));
        statement.bind(1, moved->document).bind(2, new_path).bind(3, collection_of(new_path)).bind(4, generation);
        HEARTH_TRY_STATUS(statement.run());
        HEARTH_TRY_STATUS(rename_tables(database, moved->version, old_path, new_path));
        return update_file_state(database, moved->document, file, generation);
    });
}

Status CorpusImpl::touch_document(const std::string& path, const FileState& file) {
    return write([&](Database& database, std::int64_t generation, IndexChange&) -> Status {
        HEARTH_TRY(const auto touched, find_document_by_path(database, path));
        if (!touched) return not_in_record(path);
        return update_file_state(database, touched->document, file, generation);
    });
}

Status CorpusImpl::remove_document(const std::string& path) {
    return write([&](Database& database, std::int64_t, IndexChange& change) -> Status {
        HEARTH_TRY(const auto old, find_document_by_path(database, path));
        if (!old) return not_in_record(path);
        HEARTH_TRY_STATUS(remove_content(database, *old));
        HEARTH_TRY_STATUS(delete_document(database, old->document));
        change.removed_documents.push_back(old->document);
        return {};
    });
}

Result<std::string> CorpusImpl::note(const std::string& key) const {
    HEARTH_TRY(const auto reader, readers_.borrow());
    return meta_value(*reader, kNotePrefix + key);
}

Status CorpusImpl::set_note(const std::string& key, const std::string& value) {
    return write(
        [&](Database& database, std::int64_t, IndexChange&) { return set_meta(database, kNotePrefix + key, value); });
}

void CorpusImpl::on_change(std::function<void()> callback) {
    const std::lock_guard lock(write_mutex_);
    changed_ = std::move(callback);
}

Status CorpusImpl::write_index_snapshot() {
    std::shared_ptr<const VectorIndex> current;
    std::int64_t generation = 0;
    std::vector<SnapshotInfo> existing;
    {
        const std::lock_guard lock(write_mutex_);
        HEARTH_TRY(generation, read_generation(writer_));
        HEARTH_TRY(existing, list_snapshots(writer_));
        current = index();
    }
    if (!existing.empty() && existing.front().generation == generation) return {};
    const std::string folder = directory_ + "/index";
    HEARTH_TRY(const SnapshotInfo info, write_snapshot(*current, generation, folder));
    std::vector<std::string> keep{info.file};
    if (!existing.empty()) keep.push_back(existing.front().file);
    const std::lock_guard lock(write_mutex_);
    {
        HEARTH_TRY(Transaction transaction, Transaction::begin(writer_));
        HEARTH_TRY(Statement insert, writer_.prepare("INSERT INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5)"));
        insert.bind(1, info.generation).bind(2, info.count).bind(3, info.sha256).bind(4, info.file);
        HEARTH_TRY_STATUS(insert.bind(5, static_cast<std::int64_t>(std::time(nullptr))).run());
        HEARTH_TRY(Statement forget, writer_.prepare("DELETE FROM snapshots WHERE file NOT IN (?1, ?2)"));
        HEARTH_TRY_STATUS(forget.bind(1, keep.front()).bind(2, keep.back()).run());
        HEARTH_TRY_STATUS(commit(transaction));
    }
    return sweep_snapshots(folder, keep);
}

Status CorpusImpl::collect_blobs() {
    const std::lock_guard lock(write_mutex_);
    HEARTH_TRY(Statement statement, writer_.prepare("SELECT content_sha256 FROM versions"));
    std::set<std::string> referenced;
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) break;
        referenced.emplace(statement.column_text(0));
    }
    HEARTH_TRY(const int removed, blobs_.collect_garbage(referenced, kBlobGrace));
    if (removed > 0) HEARTH_LOG(kInfo, "retrieval", "blobs_collected", {{"count", removed}});
    return {};
}

Status CorpusImpl::maintain() {
    const std::lock_guard alone(maintain_mutex_);
    HEARTH_TRY_STATUS(write_index_snapshot());
    HEARTH_TRY_STATUS(collect_blobs());
    const std::lock_guard lock(write_mutex_);
    return writer_.checkpoint();
}

}  // namespace hearth::retrieval

#include "daemon/adapters.h"

#include <utility>

namespace hearth::daemon {
namespace {

// About 1,600 tokens: a few tens of milliseconds up to 200 on two cores, the longest a chat waits for them.
constexpr std::size_t kChunksPerBatch = 8;
/// How long chats in a row can keep one batch waiting.
constexpr std::chrono::seconds kLongestWait{2};

retrieval::FileState file_state(const ingest::FileStamp& stamp, const std::string& read_with) {
    return {stamp.size_bytes, stamp.modified_ns, stamp.changed_ns, stamp.inode, read_with};
}

/// What the embedder reads of a chunk: where it stands, then what it says. Searching "installation" finds a chunk
/// under that heading even when its own words differ.
std::string embedding_text(const ingest::IngestedFile& file, const ingest::Chunk& chunk) {
    std::string text = chunk.heading;
    if (!text.empty()) text += "\n";
    text.append(file.text, chunk.span.start, chunk.span.end - chunk.span.start);
    return text;
}

}  // namespace

void YieldGate::set_busy(bool busy) {
    {
        const std::lock_guard lock(mutex_);
        busy_ = busy;
    }
    free_.notify_all();
}

void YieldGate::wait_until_free(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    free_.wait_for(lock, stop, kLongestWait, [&] { return !busy_; });
}

Result<std::vector<float>> EmbedderAdapter::embed(std::span<const std::string> texts, const std::stop_token& stop) {
    wait_for_turn();
    auto vectors = model_.embed(texts, stop);
    end_turn();
    return vectors;
}

void EmbedderAdapter::wait_for_turn() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_ticket_++;
    turn_ended_.wait(lock, [&] { return serving_ == ticket; });
}

void EmbedderAdapter::end_turn() {
    {
        const std::lock_guard lock(mutex_);
        ++serving_;
    }
    turn_ended_.notify_all();
}

Result<std::vector<float>> RerankerAdapter::score(const std::string& question, std::span<const std::string> passages) {
    HEARTH_TRY(auto read, model_.score(question, passages));
    for (float& score : read.logits) score = llm::relevance(score);
    return std::move(read.logits);
}

std::vector<ingest::TextSpan> TokenCounterAdapter::token_spans(std::string_view text) const {
    const std::vector<llm::TokenSpan> tokens = model_.token_spans(text);
    std::vector<ingest::TextSpan> spans;
    spans.reserve(tokens.size());
    for (const llm::TokenSpan& token : tokens) spans.push_back({token.start, token.end});
    return spans;
}

Result<std::vector<ingest::KnownFile>> CorpusSink::known_files() {
    HEARTH_TRY(const auto documents, corpus_.documents());
    std::vector<ingest::KnownFile> known;
    known.reserve(documents.size());
    for (const retrieval::DocumentStatus& document : documents) {
        const bool in_record = !document.content_sha256.empty() ||
                               document.state == retrieval::DocumentState::kFailed || document.indexed_at != 0;
        if (!in_record) continue;  // only queued: the record does not know it yet
        known.push_back({.path = document.document.path,
                         .content_sha256 = document.content_sha256,
                         .stamp = {document.file.size_bytes, document.file.modified_ns, document.file.changed_ns,
                                   document.file.inode},
                         .read_with = document.file.read_with,
                         .title = document.title,
                         .failed = document.state == retrieval::DocumentState::kFailed});
    }
    return known;
}

Result<std::vector<float>> CorpusSink::embed_chunks(const ingest::IngestedFile& file, const std::stop_token& stop) {
    std::vector<float> vectors;
    vectors.reserve(file.chunks.size() * static_cast<std::size_t>(embedder_.dimensions()));
    for (std::size_t first = 0; first < file.chunks.size(); first += kChunksPerBatch) {
        gate_.wait_until_free(stop);
        if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while embedding " + file.path);
        const std::size_t last = std::min(first + kChunksPerBatch, file.chunks.size());
        std::vector<std::string> texts;
        for (std::size_t i = first; i < last; ++i) texts.push_back(embedding_text(file, file.chunks[i]));
        HEARTH_TRY(const std::vector<float> batch, embedder_.embed(texts, stop));
        vectors.insert(vectors.end(), batch.begin(), batch.end());
    }
    return vectors;
}

std::size_t CorpusSink::bytes_per_chunk() const {
    // The vector as it is made, as it is committed and as the index takes it over; the rest is headings and rows.
    return 3 * sizeof(float) * static_cast<std::size_t>(embedder_.dimensions()) + 1024;
}

Result<ingest::KeptFile> CorpusSink::keep(int file_fd, const std::string& path, bool growing, std::stop_token stop) {
    const auto source = growing ? retrieval::SourceFile::kGrowing : retrieval::SourceFile::kStill;
    HEARTH_TRY(retrieval::KeptBlob blob, corpus_.keep_blob(file_fd, path, source, std::move(stop)));
    return ingest::KeptFile{std::move(blob.sha256), blob.size_bytes, std::move(blob.fd)};
}

Status CorpusSink::store(const ingest::IngestedFile& file, std::stop_token stop) {
    HEARTH_TRY(std::vector<float> vectors, embed_chunks(file, stop));
    retrieval::NewVersion version{.path = file.path,
                                  .type = file.type,
                                  .title = file.title,
                                  .content_sha256 = file.content_sha256,
                                  .file = file_state(file.stamp, file.read_with),
                                  .text = file.text,
                                  .chunks = {},
                                  .vectors = std::move(vectors),
                                  .tables = file.tables};
    version.chunks.reserve(file.chunks.size());
    for (const ingest::Chunk& chunk : file.chunks) {
        version.chunks.push_back({.heading = chunk.heading,
                                  .page = chunk.page,
                                  .span = {chunk.span.start, chunk.span.end},
                                  .tokens = chunk.tokens});
    }
    if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "stopped before storing " + file.path);
    return corpus_.put_version(version);
}

Status CorpusSink::reject(const ingest::RejectedFile& file) {
    return corpus_.put_failure({.path = file.path,
                                .type = file.type,
                                .content_sha256 = file.content_sha256,
                                .file = file_state(file.stamp, file.read_with),
                                .reason = file.reason,
                                .remedy = file.remedy});
}

Status CorpusSink::rename(const std::string& old_path, const std::string& new_path, const ingest::FileStamp& stamp,
                          const std::string& read_with) {
    return corpus_.rename_document(old_path, new_path, file_state(stamp, read_with));
}

Status CorpusSink::touch(const std::string& path, const ingest::FileStamp& stamp, const std::string& read_with) {
    return corpus_.touch_document(path, file_state(stamp, read_with));
}

Status CorpusSink::remove(const std::string& path) {
    return corpus_.remove_document(path);
}

void CorpusSink::work_state(const std::string& path, ingest::WorkState state) {
    switch (state) {
        case ingest::WorkState::kQueued:
            return corpus_.set_in_work(path, retrieval::DocumentState::kQueued);
        case ingest::WorkState::kProcessing:
            return corpus_.set_in_work(path, retrieval::DocumentState::kProcessing);
        case ingest::WorkState::kIdle:
            return corpus_.clear_in_work(path);
    }
}

}  // namespace hearth::daemon

// A corpus in a temporary folder, and documents to put into it without the ingest pipeline.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "retrieval/corpus.h"
#include "support/fake_embedder.h"
#include "support/temp_dir.h"

namespace hearth::test {

/// `text` cut into chunks at blank lines; every chunk's heading is the title.
inline retrieval::NewVersion version_of(const FakeEmbedder& embedder, const std::string& path,
                                        const std::string& text) {
    retrieval::NewVersion version;
    version.path = path;
    version.type = "markdown";
    version.title = path.substr(path.rfind('/') + 1);
    version.content_sha256 = sha256_hex(text);
    version.file = {static_cast<std::int64_t>(text.size()), 1'700'000'000'000'000'000, 1, 1, "test"};
    version.text = text;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find("\n\n", start), text.size());
        if (end > start) {
            version.chunks.push_back({version.title, std::nullopt, {start, end}, 1});
            const auto row = embedder.vector_of(text.substr(start, end - start));
            version.vectors.insert(version.vectors.end(), row.begin(), row.end());
        }
        start = end + 2;
    }
    return version;
}

/// Writes `bytes` as a file and keeps it as a blob.
inline Status keep_bytes(retrieval::Corpus& corpus, const std::string& file, const std::string& bytes) {
    HEARTH_TRY_STATUS(atomic_write_file(file, bytes));
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", file, errno);
    HEARTH_TRY(const auto kept, corpus.keep_blob(fd.get(), file, retrieval::SourceFile::kStill, {}));
    if (kept.sha256 == sha256_hex(bytes)) return {};
    return Error(ErrorCode::kDataLoss, "the blob has another hash than the bytes");
}

/// A table without a name of its own, as ingest would keep it of `text`.
inline PackedTable table_of(std::vector<TableColumn> columns, const std::vector<std::vector<std::string>>& rows) {
    PackedTable table;
    table.columns = std::move(columns);
    PackedRows packed(table.rows);
    for (const auto& row : rows) {
        packed.begin_row(row.size());
        for (const std::string& cell : row) packed.add_cell(cell);
    }
    table.row_count = rows.size();
    table.end = 1;
    return table;
}

class CorpusFolder {
  public:
    explicit CorpusFolder(int dimensions = 64) : embedder(dimensions) { reopen(); }

    void reopen() {
        corpus.reset();
        auto opened = retrieval::Corpus::open({directory.path("data")}, embedder);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        corpus = std::move(*opened);
    }

    /// Writes the bytes as a file, stores its blob and commits it.
    Status put(const std::string& path, const std::string& text) { return put(version_of(embedder, path, text)); }
    Status put(const retrieval::NewVersion& version) {
        HEARTH_TRY_STATUS(keep_bytes(*corpus, directory.path("source"), version.text));
        return corpus->put_version(version);
    }

    std::vector<retrieval::Hit> search(const std::string& text, int k = 10) {
        auto hits = corpus->search({.text = text, .k = k});
        EXPECT_TRUE(hits.ok()) << hits.error().message;
        return hits.ok() ? *hits : std::vector<retrieval::Hit>();
    }

    /// Any hit whose text holds `word`: what "it can be found" means.
    bool finds(const std::string& word) {
        const auto hits = search(word, 50);
        return std::any_of(hits.begin(), hits.end(),
                           [&](const auto& hit) { return hit.text.find(word) != std::string::npos; });
    }

    std::string id_of(const std::string& path) {
        const auto documents = corpus->documents();
        if (!documents.ok()) return {};
        for (const auto& status : *documents) {
            if (status.document.path == path) return status.document.id;
        }
        return {};
    }

    std::string verify() {
        const auto mismatches = corpus->verify();
        if (!mismatches.ok()) return mismatches.error().message;
        std::string all;
        for (const std::string& line : *mismatches) all += line + "\n";
        return all;
    }

    TempDir directory;
    FakeEmbedder embedder;
    std::unique_ptr<retrieval::Corpus> corpus;
};

}  // namespace hearth::test

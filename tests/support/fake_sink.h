// An ingest::Sink that keeps everything in memory, and a TokenCounter that counts words.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "ingest/sink.h"

namespace hearth::test {

class FakeSink : public ingest::Sink {
  public:
    Result<std::vector<ingest::KnownFile>> known_files() override {
        const std::lock_guard lock(mutex_);
        return known;
    }

    Result<ingest::KeptFile> keep(int file_fd, const std::string& path, bool, std::stop_token) override {
        if (on_keep) {
            if (const Status status = on_keep(path); !status.ok()) return status.error();
        }
        UniqueFd copy(::memfd_create("kept", MFD_CLOEXEC));
        std::string bytes;
        std::array<char, 65536> buffer;
        for (ssize_t n = 0; (n = ::pread(file_fd, buffer.data(), buffer.size(), static_cast<off_t>(bytes.size()))) > 0;)
            bytes.append(buffer.data(), static_cast<std::size_t>(n));
        HEARTH_TRY_STATUS(write_all(copy.get(), std::as_bytes(std::span(bytes))));
        if (on_kept) std::exchange(on_kept, nullptr)(path);
        return ingest::KeptFile{sha256_hex(bytes), static_cast<std::int64_t>(bytes.size()), std::move(copy)};
    }
    Status store(const ingest::IngestedFile& file, std::stop_token stop) override {
        if (on_store) {
            const Status status = on_store(file, stop);
            if (!status.ok()) return status;
        }
        const std::lock_guard lock(mutex_);
        rejected_.erase(file.path);
        stored_[file.path] = file;
        log_.push_back("store " + file.path);
        return {};
    }
    Status reject(const ingest::RejectedFile& file) override {
        const std::lock_guard lock(mutex_);
        stored_.erase(file.path);
        rejected_[file.path] = file;
        log_.push_back("reject " + file.path);
        return {};
    }
    Status rename(const std::string& old_path, const std::string& new_path, const ingest::FileStamp&,
                  const std::string&) override {
        const std::lock_guard lock(mutex_);
        log_.push_back("rename " + old_path + " " + new_path);
        if (auto node = stored_.extract(old_path)) {
            node.key() = new_path;
            stored_.insert(std::move(node));
        }
        return {};
    }
    Status touch(const std::string& path, const ingest::FileStamp&, const std::string&) override {
        const std::lock_guard lock(mutex_);
        log_.push_back("touch " + path);
        return {};
    }
    Status remove(const std::string& path) override {
        const std::lock_guard lock(mutex_);
        log_.push_back("remove " + path);
        stored_.erase(path);
        rejected_.erase(path);
        return {};
    }
    void work_state(const std::string&, ingest::WorkState) override {}
    Result<std::string> note(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        return notes[name];
    }
    Status set_note(const std::string& name, const std::string& value) override {
        const std::lock_guard lock(mutex_);
        notes[name] = value;
        return {};
    }
    std::size_t bytes_per_chunk() const override { return bytes_a_chunk; }

    std::map<std::string, ingest::IngestedFile> stored() const {
        const std::lock_guard lock(mutex_);
        return stored_;
    }
    std::map<std::string, ingest::RejectedFile> rejected() const {
        const std::lock_guard lock(mutex_);
        return rejected_;
    }
    /// Every durable call in order: "store PATH", "rename OLD NEW", ...
    std::vector<std::string> log() const {
        const std::lock_guard lock(mutex_);
        return log_;
    }
    bool has_logged(const std::string& line) const {
        const auto lines = log();
        return std::find(lines.begin(), lines.end(), line) != lines.end();
    }

    std::vector<ingest::KnownFile> known;  ///< set before the pipeline starts
    std::map<std::string, std::string> notes;
    std::size_t bytes_a_chunk = 2048;
    std::function<Status(const std::string& path)> on_keep;
    std::function<void(const std::string& path)> on_kept;  ///< once, after the first copy
    std::function<Status(const ingest::IngestedFile&, std::stop_token)> on_store;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, ingest::IngestedFile> stored_;
    std::map<std::string, ingest::RejectedFile> rejected_;
    std::vector<std::string> log_;
};

/// A token is a run of non-blank bytes.
class WordCounter : public ingest::TokenCounter {
  public:
    explicit WordCounter(int max_chunk_tokens = 254) : max_(max_chunk_tokens) {}
    std::vector<ingest::TextSpan> token_spans(std::string_view text) const override {
        std::vector<ingest::TextSpan> spans;
        const auto blank = [&](std::size_t i) { return std::isspace(static_cast<unsigned char>(text[i])) != 0; };
        for (std::size_t i = 0; i < text.size();) {
            while (i < text.size() && blank(i)) ++i;
            const std::size_t start = i;
            while (i < text.size() && !blank(i)) ++i;
            if (i > start) spans.push_back({start, i});
        }
        return spans;
    }
    int max_chunk_tokens() const override { return max_; }

  private:
    int max_;
};

}  // namespace hearth::test

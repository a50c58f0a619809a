#include "ingest/file_worker.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <span>
#include <vector>

#include "core/hash.h"
#include "core/log.h"

namespace hearth::ingest {
namespace {

Result<std::string> hash_of(int fd, const std::string& path, const std::stop_token& stop) {
    Sha256 hash;
    std::vector<std::byte> buffer(1 << 20);
    for (off_t at = 0;;) {
        if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while hashing " + path);
        const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), at);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno_error("read", path, errno);
        if (size == 0) return hash.finish_hex();
        hash.update({buffer.data(), static_cast<std::size_t>(size)});
        at += size;
    }
}

struct OpenedFile {
    UniqueFd fd;
    FileStamp stamp;
};

Result<OpenedFile> open_file(const std::string& root, const std::string& path) {
    HEARTH_TRY(const UniqueFd root_fd, open_root(root));
    HEARTH_TRY(UniqueFd fd, open_beneath(root_fd.get(), path));
    HEARTH_TRY(const FileStamp stamp, stamp_of(fd.get(), path));
    return OpenedFile{std::move(fd), stamp};
}

/// Parsers hold the file, its tree and the text; past that they run into their own limit.
std::size_t bytes_to_extract(const ExtractorOptions& options, std::int64_t file_bytes) {
    return static_cast<std::size_t>(std::min<std::int64_t>(options.memory_bytes, (16 << 20) + 8 * file_bytes));
}

/// The text as it came, as it is stored, and what lies between.
constexpr std::size_t kTextCopies = 4;

/// A small file may unpack to a long text, whose chunks take minutes.
constexpr std::size_t kHurriedTextBytes = 1 << 20;

class OneFile {
  public:
    OneFile(const FileContext& context, const ScannedFile& file, std::stop_token stop)
        : context_(context), file_(file), stamp_(file.stamp), stop_(std::move(stop)) {}

    FileOutcome run(const std::optional<KnownFile>& recorded) {
        if (!file_.reason.empty()) return reject({"unknown", file_.reason, file_.remedy});
        auto opened = open_file(context_.root, file_.path);
        if (!opened.ok()) return judge_open(opened.error());
        if (!file_.growing && opened->stamp != file_.stamp) return {};
        stamp_ = opened->stamp;
        if (recorded && may_be_the_same(*recorded)) {
            auto hash = hash_of(opened->fd.get(), file_.path, stop_);
            if (!hash.ok()) return judge_read(hash.error());
            sha256_ = std::move(hash).value();
            title_ = recorded->title;
            if (sha256_ == recorded->content_sha256) return touch();
        }
        auto kept = context_.sink.keep(opened->fd.get(), file_.path, file_.growing, stop_);
        if (!kept.ok()) return judge_keep(kept.error());
        sha256_ = kept->content_sha256;
        stamp_.size_bytes = kept->size_bytes;
        return read(kept->fd.get());
    }

    /// Also for what nobody could foresee: a file never takes the daemon down.
    FileOutcome out_of_memory() const { return reject(memory_refusal("unknown", "there is not enough memory for it")); }

  private:
    FileOutcome cancelled() const { return {Outcome::kCancelled, {}, {}}; }

    FileOutcome done(Outcome outcome, bool failed) const {
        return {outcome, {file_.path, sha256_, stamp_, context_.read_with, title_, failed}, {}};
    }

    /// A failed file that was touched is read again: somebody followed the remedy.
    bool may_be_the_same(const KnownFile& recorded) const {
        return !recorded.failed && !recorded.read_with.empty() && recorded.stamp.size_bytes == stamp_.size_bytes;
    }

    FileOutcome judge_open(const Error& error) const {
        switch (error.code) {
            case ErrorCode::kPermissionDenied:
                return reject(
                    {"unknown", "no permission to read the file", "Let the user hearth runs as read it (chmod a+r)."});
            case ErrorCode::kResourceExhausted:  // descriptors, kernel memory
                return {Outcome::kBlocked, {}, error.message};
            case ErrorCode::kNotFound:
            case ErrorCode::kUnsupported:
                return {};  // gone, or replaced by something that is not a regular file
            default:
                return reject(unreadable(error));
        }
    }

    FileOutcome judge_read(const Error& error) const {
        if (error.code == ErrorCode::kCancelled) return cancelled();
        return stood_still() ? reject(unreadable(error)) : FileOutcome{};
    }

    FileOutcome judge_keep(const Error& error) const {
        if (error.code == ErrorCode::kCancelled || !stood_still()) return judge_read(error);
        const bool blocks = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kResourceExhausted;
        return blocks ? FileOutcome{Outcome::kBlocked, {}, error.message} : judge_read(error);
    }

    Refusal unreadable(const Error& error) const {
        return {"unknown", "the file cannot be read (" + error.message + ")",
                "Check the disk or the network share; every rescan tries again."};
    }

    /// Still true of a growing file: it is there under its name.
    bool stood_still() const {
        const auto named = open_file(context_.root, file_.path);
        return named.ok() && (file_.growing || named->stamp == file_.stamp);
    }

    FileOutcome settle(const Status& status, Outcome outcome, bool failed) const {
        return status.ok() ? done(outcome, failed) : judge_sink(status.error());
    }

    FileOutcome judge_sink(const Error& error) const {
        switch (error.code) {
            case ErrorCode::kCancelled:
                return cancelled();
            case ErrorCode::kUnavailable:
            case ErrorCode::kResourceExhausted:
                return {Outcome::kBlocked, {}, error.message};
            default:
                return {Outcome::kRetry, {}, error.message};
        }
    }

    FileOutcome touch() const {
        return settle(context_.sink.touch(file_.path, stamp_, context_.read_with), Outcome::kTouched, false);
    }

    FileOutcome reject(const Refusal& refusal) const {
        const RejectedFile rejected{file_.path,         refusal.type,   sha256_,       stamp_,
                                    context_.read_with, refusal.reason, refusal.remedy};
        HEARTH_LOG(kInfo, "ingest", "file_rejected", {{"path", file_.path}, {"reason", refusal.reason}});
        return settle(context_.sink.reject(rejected), Outcome::kRejected, true);
    }

    Refusal memory_refusal(std::string type, std::string reason) const {
        return {std::move(type), std::move(reason),
                "Split the file, or raise [memory] budget_mib and restart hearthd."};
    }

    FileOutcome read(int kept_fd) {
        auto lease = context_.ledger.reserve("ingest", bytes_to_extract(context_.extractor, stamp_.size_bytes));
        if (!lease.ok()) return reject(memory_refusal("unknown", lease.error().message));
        auto extraction = run_extractor(context_.extractor, kept_fd, file_.path, stop_);
        if (!extraction.ok()) {
            const ErrorCode code = extraction.error().code;
            if (code == ErrorCode::kCancelled) return cancelled();
            return {code == ErrorCode::kDataLoss ? Outcome::kRetry : Outcome::kBlocked, {}, extraction.error().message};
        }
        lease = MemoryLedger::Lease();
        if (!stood_still()) return {};
        if (const auto* refusal = std::get_if<Refusal>(&*extraction)) {
            if (context_.hurried && refusal->by_limit) return {Outcome::kTooLong, {}, {}};
            return reject(*refusal);
        }
        auto& document = std::get<Document>(*extraction);
        if (context_.hurried && document.text.size() > kHurriedTextBytes) return {Outcome::kTooLong, {}, {}};
        return store(std::move(document));
    }

    FileOutcome store(Document document) {
        std::size_t bytes = document.text.size();
        for (const PackedTable& table : document.tables) bytes += table.rows.size();
        const auto text = context_.ledger.reserve("ingest", kTextCopies * bytes);
        if (!text.ok()) return reject(memory_refusal(document.type, text.error().message));
        std::vector<Chunk> chunks = chunk_document(document, context_.tokens, context_.chunks);
        const auto vectors = context_.ledger.reserve("ingest", chunks.size() * context_.sink.bytes_per_chunk());
        if (!vectors.ok()) return reject(memory_refusal(document.type, vectors.error().message));
        title_ = document.title;
        const IngestedFile ingested{file_.path,
                                    document.type,
                                    std::move(document.title),
                                    sha256_,
                                    stamp_,
                                    context_.read_with,
                                    std::move(document.text),
                                    std::move(chunks),
                                    std::move(document.tables)};
        const Status status = context_.sink.store(ingested, stop_);
        if (status.ok() || status.error().code != ErrorCode::kInvalidArgument)
            return settle(status, Outcome::kStored, false);
        return reject({document.type, status.error().message, "Save the file in another format; see hearthd's log."});
    }

    const FileContext& context_;
    const ScannedFile& file_;
    FileStamp stamp_;  ///< of the bytes that are read
    const std::stop_token stop_;
    std::string sha256_;
    std::string title_;
};

}  // namespace

FileOutcome process_file(const FileContext& context, const ScannedFile& file, const std::optional<KnownFile>& recorded,
                         std::stop_token stop) {
    OneFile one(context, file, std::move(stop));
    try {
        return one.run(recorded);
    } catch (const std::bad_alloc&) {
        return one.out_of_memory();
    }
}

Result<std::string> hash_beneath(const std::string& root, const std::string& path, std::stop_token stop) {
    HEARTH_TRY(const OpenedFile opened, open_file(root, path));
    return hash_of(opened.fd.get(), path, stop);
}

}  // namespace hearth::ingest

#include "ingest/file_worker.h"

#include <unistd.h>

#include <cerrno>
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

FileOutcome retry(const Error& error) {
    return {Outcome::kRetry, {}, error.message};
}

class OneFile {
  public:
    OneFile(const FileContext& context, const ScannedFile& file, std::stop_token stop)
        : context_(context), file_(file), stop_(std::move(stop)) {}

    FileOutcome run(const std::string& recorded_sha256) {
        if (!file_.reason.empty()) return reject({"unknown", file_.reason, file_.remedy});
        auto opened = open_file(context_.root, file_.path);
        if (!opened.ok()) return judge_open(opened.error());
        if (opened->stamp != file_.stamp) return {};
        auto hash = hash_of(opened->fd.get(), file_.path, stop_);
        if (!hash.ok()) return hash.error().code == ErrorCode::kCancelled ? cancelled() : retry(hash.error());
        sha256_ = std::move(hash).value();
        // Also for a file that failed before: the same bytes fail the same way.
        if (sha256_ == recorded_sha256) return touch();
        auto extraction = run_extractor(context_.extractor, opened->fd.get(), file_.path, stop_);
        if (!extraction.ok())
            return extraction.error().code == ErrorCode::kCancelled ? cancelled() : retry(extraction.error());
        if (!stood_still(opened->fd.get())) return {};
        if (const auto* refusal = std::get_if<Refusal>(&*extraction)) return reject(*refusal);
        return store(std::get<Document>(std::move(extraction).value()));
    }

  private:
    FileOutcome cancelled() const { return {Outcome::kCancelled, {}, {}}; }

    FileOutcome done(Outcome outcome, bool failed) const {
        return {outcome, {file_.path, sha256_, file_.stamp.size_bytes, file_.stamp.modified_ns, failed}, {}};
    }

    FileOutcome judge_open(const Error& error) const {
        if (error.code == ErrorCode::kPermissionDenied) {
            return reject(
                {"unknown", "no permission to read the file", "Let the user hearth runs as read it (chmod a+r)."});
        }
        if (error.code == ErrorCode::kResourceExhausted) return retry(error);
        return {};  // gone, or replaced by something that is not a regular file
    }

    bool stood_still(int fd) const {
        const auto read = stamp_of(fd, file_.path);
        const auto named = open_file(context_.root, file_.path);
        return read.ok() && named.ok() && *read == file_.stamp && named->stamp == file_.stamp;
    }

    FileOutcome settle(const Status& status, Outcome outcome, bool failed) const {
        if (status.ok()) return done(outcome, failed);
        return status.error().code == ErrorCode::kCancelled ? cancelled() : retry(status.error());
    }

    FileOutcome touch() const {
        return settle(context_.sink.touch(file_.path, file_.stamp.size_bytes, file_.stamp.modified_ns),
                      Outcome::kTouched, false);
    }

    FileOutcome reject(const Refusal& refusal) const {
        const RejectedFile rejected{
            file_.path,     refusal.type,  sha256_, file_.stamp.size_bytes, file_.stamp.modified_ns,
            refusal.reason, refusal.remedy};
        HEARTH_LOG(kInfo, "ingest", "file_rejected", {{"path", file_.path}, {"reason", refusal.reason}});
        return settle(context_.sink.reject(rejected), Outcome::kRejected, true);
    }

    FileOutcome store(Document document) const {
        std::vector<Chunk> chunks = chunk_document(document, context_.tokens, context_.chunks);
        IngestedFile ingested{context_.root + "/" + file_.path,
                              file_.path,
                              document.type,
                              std::move(document.title),
                              sha256_,
                              file_.stamp.size_bytes,
                              file_.stamp.modified_ns,
                              std::move(document.text),
                              std::move(chunks)};
        const Status status = context_.sink.store(ingested, stop_);
        if (status.ok()) return done(Outcome::kStored, false);
        const Error& error = status.error();
        switch (error.code) {
            case ErrorCode::kCancelled:
                return cancelled();
            case ErrorCode::kUnavailable:
            case ErrorCode::kResourceExhausted:
                return retry(error);
            default:
                break;
        }
        if (const auto named = open_file(context_.root, file_.path); !named.ok() || named->stamp != file_.stamp)
            return {};
        return reject(
            {document.type, error.message, "Drop the file again; if it fails again, see the log of hearthd."});
    }

    const FileContext& context_;
    const ScannedFile& file_;
    const std::stop_token stop_;
    std::string sha256_;
};

}  // namespace

FileOutcome process_file(const FileContext& context, const ScannedFile& file, const std::string& recorded_sha256,
                         std::stop_token stop) {
    return OneFile(context, file, std::move(stop)).run(recorded_sha256);
}

Result<std::string> hash_beneath(const std::string& root, const std::string& path, std::stop_token stop) {
    HEARTH_TRY(const OpenedFile opened, open_file(root, path));
    return hash_of(opened.fd.get(), path, stop);
}

}  // namespace hearth::ingest

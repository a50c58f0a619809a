#include "daemon/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>

#include "core/file.h"
#include "core/hash.h"

namespace hearth::daemon {
namespace {

// A server that sends a little and breaks off, again and again, must end too.
constexpr int kMaxConnections = 100;

struct CurlCloser {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCloser>;

struct Transfer {
    int fd = -1;
    std::uint64_t start = 0;     // bytes already there
    std::uint64_t received = 0;  // in this connection
    Status written;
    const DownloadProgress* progress = nullptr;
    const std::stop_token* cancel = nullptr;
    CURL* curl = nullptr;
};

std::uint64_t total_bytes(const Transfer& transfer) {
    curl_off_t length = -1;
    curl_easy_getinfo(transfer.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length < 0 ? 0 : static_cast<std::uint64_t>(length) + transfer.start;
}

std::size_t on_bytes(char* data, std::size_t one, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::size_t size = one * count;
    transfer.written = write_all(transfer.fd, std::as_bytes(std::span(data, size)));
    if (!transfer.written.ok()) return 0;
    transfer.received += size;
    if (*transfer.progress) (*transfer.progress)(transfer.start + transfer.received, total_bytes(transfer));
    return size;
}

int on_tick(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->cancel->stop_requested() ? 1 : 0;
}

void configure(CURL* curl, const DownloadRequest& request, Transfer& transfer) {
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 15L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_seconds));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "hearth/" HEARTH_VERSION);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.start));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

/// What one connection came to.
struct Outcome {
    bool complete = false;
    bool progressed = false;
    Status failure;  ///< final when it is an error and not kUnavailable
};

Outcome judge(CURLcode result, const Transfer& transfer, const DownloadRequest& request) {
    Outcome outcome;
    outcome.progressed = transfer.received > 0;
    long code = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &code);
    if (!transfer.written.ok()) {
        outcome.failure = transfer.written;
    } else if (result == CURLE_OK || code == 416) {  // 416: nothing beyond what is already here
        outcome.complete = true;
    } else if (result == CURLE_RANGE_ERROR && ::ftruncate(transfer.fd, 0) == 0) {
        outcome.failure = Error(ErrorCode::kUnavailable, request.url + " cannot continue a download; starting over");
    } else if (result == CURLE_ABORTED_BY_CALLBACK) {
        outcome.failure = Error(ErrorCode::kCancelled, "download stopped; run it again to continue");
    } else if (code == 404 || code == 401 || code == 403) {
        outcome.failure = Error(ErrorCode::kNotFound, request.url + " answered " + std::to_string(code) +
                                                          "; check the name, or whether the file needs a login");
    } else {
        outcome.failure = Error(ErrorCode::kUnavailable, request.url + ": " + curl_easy_strerror(result) +
                                                             "; run it again to continue where it stopped");
    }
    return outcome;
}

Outcome fetch_once(const DownloadRequest& request, const std::string& partial, const DownloadProgress& progress,
                   const std::stop_token& cancel) {
    Outcome outcome;
    const UniqueFd fd(::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) {
        outcome.failure = errno_error("open", partial, errno);
        return outcome;
    }
    const Curl curl(curl_easy_init());
    HEARTH_CHECK(curl != nullptr);
    Transfer transfer;
    transfer.fd = fd.get();
    transfer.start = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_END));
    transfer.progress = &progress;
    transfer.cancel = &cancel;
    transfer.curl = curl.get();
    configure(curl.get(), request, transfer);
    const CURLcode result = curl_easy_perform(curl.get());
    outcome = judge(result, transfer, request);
    if (outcome.complete && ::fsync(fd.get()) != 0) {
        outcome.complete = false;
        outcome.failure = errno_error("fsync", partial, errno);
    }
    return outcome;
}

Result<std::string> accept(const DownloadRequest& request, const std::string& partial) {
    HEARTH_TRY(std::string sha256, sha256_hex_of_file(partial));
    if (!request.sha256.empty() && sha256 != request.sha256) {
        ::unlink(partial.c_str());
        return Error(ErrorCode::kDataLoss, request.url + " has SHA-256 " + sha256 + ", expected " + request.sha256 +
                                               "; the download was thrown away");
    }
    if (::rename(partial.c_str(), request.target.c_str()) != 0) return errno_error("rename", request.target, errno);
    HEARTH_TRY_STATUS(sync_directory(std::filesystem::path(request.target).parent_path().string()));
    return sha256;
}

}  // namespace

Result<std::string> download(const DownloadRequest& request, const DownloadProgress& progress, std::stop_token cancel) {
    HEARTH_TRY_STATUS(make_directories(std::filesystem::path(request.target).parent_path().string()));
    const std::string partial = request.target + ".part";
    int failures = 0;
    for (int connection = 1;; ++connection) {
        Outcome outcome = fetch_once(request, partial, progress, cancel);
        if (outcome.complete) return accept(request, partial);
        if (outcome.failure.error().code != ErrorCode::kUnavailable) return std::move(outcome.failure).error();
        failures = outcome.progressed ? 1 : failures + 1;
        if (failures >= request.attempts || connection == kMaxConnections) return std::move(outcome.failure).error();
    }
}

Result<std::string> resolve_model_url(const std::string& reference) {
    if (reference.rfind("https://", 0) == 0 || reference.rfind("http://", 0) == 0) return reference;
    if (reference.rfind("hf:", 0) != 0) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + reference + "' is neither a catalog name, nor hf:owner/repository:file, nor a URL");
    }
    const std::string rest = reference.substr(3);
    const std::size_t slash = rest.find('/');
    const std::size_t second = slash == std::string::npos ? slash : rest.find_first_of(":/", slash + 1);
    if (second == std::string::npos || second + 1 == rest.size()) {
        return Error(ErrorCode::kInvalidArgument, "'" + reference + "' lacks the file: hf:owner/repository:file");
    }
    return "https://huggingface.co/" + rest.substr(0, second) + "/resolve/main/" + rest.substr(second + 1);
}

}  // namespace hearth::daemon

#include "daemon/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>

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

struct HeaderListCloser {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderListCloser>;

/// Where a download waits for its end. Named after the address too: another source of the same file never continues it.
struct Part {
    explicit Part(const DownloadRequest& request)
        : path(request.target + "." + sha256_hex(request.url).substr(0, 16) + ".part"), etag_path(path + ".etag") {}
    void remove() const {
        ::unlink(path.c_str());
        ::unlink(etag_path.c_str());
    }
    std::string path;
    std::string etag_path;  // the strong ETag of the response that the bytes came from
};

struct Transfer {
    int fd = -1;
    const Part* part = nullptr;
    std::string etag;            // of the last response
    std::string content_range;   // of the last response
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
    const bool first = transfer.start == 0 && transfer.received == 0;
    if (first && !transfer.etag.empty()) transfer.written = atomic_write_file(transfer.part->etag_path, transfer.etag);
    if (!transfer.written.ok()) return 0;
    transfer.written = write_all(transfer.fd, std::as_bytes(std::span(data, size)));
    if (!transfer.written.ok()) return 0;
    transfer.received += size;
    if (*transfer.progress) (*transfer.progress)(transfer.start + transfer.received, total_bytes(transfer));
    return size;
}

/// The value when `line` is the header `name` (lower case, with its colon).
std::optional<std::string> header_value(std::string_view line, std::string_view name) {
    if (line.size() < name.size()) return std::nullopt;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(line[i])) != name[i]) return std::nullopt;
    }
    line.remove_prefix(name.size());
    const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
    const std::size_t end = line.find_last_not_of(" \t\r\n");
    return begin >= line.size() ? std::string() : std::string(line.substr(begin, end + 1 - begin));
}

std::size_t on_header(char* data, std::size_t one, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::string_view line(data, one * count);
    if (line.starts_with("HTTP/")) {  // the next response of a chain of redirects
        transfer.etag.clear();
        transfer.content_range.clear();
    }
    if (const auto etag = header_value(line, "etag:"); etag && etag->starts_with('"')) transfer.etag = *etag;
    if (const auto range = header_value(line, "content-range:")) transfer.content_range = *range;
    return line.size();
}

int on_tick(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->cancel->stop_requested() ? 1 : 0;
}

void configure(CURL* curl, const DownloadRequest& request, Transfer& transfer) {
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    const bool secure = request.url.starts_with("https://");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 15L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_seconds));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "hearth/" HEARTH_VERSION);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.start));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
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

/// The server has no bytes beyond ours (416): complete only when it says that its file is as long as our part.
bool is_whole(const Transfer& transfer) {
    return transfer.content_range == "bytes */" + std::to_string(transfer.start);
}

Outcome judge(CURLcode result, const Transfer& transfer, const DownloadRequest& request) {
    Outcome outcome;
    outcome.progressed = transfer.received > 0;
    long code = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &code);
    if (!transfer.written.ok()) {
        outcome.failure = transfer.written;
    } else if (result == CURLE_OK || (code == 416 && is_whole(transfer))) {
        outcome.complete = true;
    } else if (result == CURLE_RANGE_ERROR || code == 416) {
        transfer.part->remove();
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

/// What is there may be continued only when a mix of two versions would show: by the ETag, or by the hash at the end.
std::string etag_to_continue(const DownloadRequest& request, const Part& part) {
    const auto etag = read_file(part.etag_path, 4096);
    if (!etag.ok() && request.sha256.empty()) part.remove();
    return etag.ok() ? *etag : std::string();
}

Outcome fetch_once(const DownloadRequest& request, const Part& part, const DownloadProgress& progress,
                   const std::stop_token& cancel) {
    Outcome outcome;
    const std::string etag = etag_to_continue(request, part);
    const UniqueFd fd(::open(part.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) {
        outcome.failure = errno_error("open", part.path, errno);
        return outcome;
    }
    const Curl curl(curl_easy_init());
    HEARTH_CHECK(curl != nullptr);
    Transfer transfer;
    transfer.fd = fd.get();
    transfer.part = &part;
    transfer.start = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_END));
    transfer.progress = &progress;
    transfer.cancel = &cancel;
    transfer.curl = curl.get();
    configure(curl.get(), request, transfer);
    HeaderList headers;
    if (transfer.start > 0 && !etag.empty()) headers.reset(curl_slist_append(nullptr, ("If-Range: " + etag).c_str()));
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    const CURLcode result = curl_easy_perform(curl.get());
    outcome = judge(result, transfer, request);
    if (outcome.complete && ::fsync(fd.get()) != 0) {
        outcome.complete = false;
        outcome.failure = errno_error("fsync", part.path, errno);
    }
    return outcome;
}

Result<std::string> accept(const DownloadRequest& request, const Part& part) {
    HEARTH_TRY(std::string sha256, sha256_hex_of_file(part.path));
    if (!request.sha256.empty() && sha256 != request.sha256) {
        part.remove();
        return Error(ErrorCode::kDataLoss, request.url + " has SHA-256 " + sha256 + ", expected " + request.sha256 +
                                               "; the download was thrown away");
    }
    if (::chmod(part.path.c_str(), 0644) != 0) return errno_error("chmod", part.path, errno);
    ::unlink(part.etag_path.c_str());
    if (::rename(part.path.c_str(), request.target.c_str()) != 0) return errno_error("rename", request.target, errno);
    HEARTH_TRY_STATUS(sync_directory(std::filesystem::path(request.target).parent_path().string()));
    return sha256;
}

}  // namespace

Result<std::string> download(const DownloadRequest& request, const DownloadProgress& progress, std::stop_token cancel) {
    // Not make_directories(), which closes new folders to others: the service's user must read what root fetched.
    std::error_code failed;
    const std::filesystem::path folder = std::filesystem::path(request.target).parent_path();
    std::filesystem::create_directories(folder, failed);
    if (failed) return errno_error("create", folder.string(), failed.value());
    const Part part(request);
    int failures = 0;
    for (int connection = 1;; ++connection) {
        Outcome outcome = fetch_once(request, part, progress, cancel);
        if (outcome.complete) return accept(request, part);
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

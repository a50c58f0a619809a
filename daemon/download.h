// Fetching one file over HTTP(S) with resume, a hash and progress. The only file pair that includes libcurl.
//
// Crash story: bytes arrive in `<target>.<hash of the URL>.part`; a later run continues there with a Range request,
// with If-Range when the server gave an ETag, and not at all when neither ETag nor hash would show a mix of two
// versions. Only a file whose length and SHA-256 are right is renamed to its name (after fsync), so a model that exists
// is whole. A redirect never leads from https to http.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "core/result.h"

namespace hearth::daemon {

struct DownloadRequest {
    std::string url;         ///< http:// or https://
    std::string target;      ///< final path
    std::string sha256;      ///< empty = not checked (the caller warns)
    int attempts = 5;        ///< connections tried before giving up; progress resets the count
    int stall_seconds = 30;  ///< under 1 KiB/s for this long counts as a broken connection
};

/// `total` is 0 while unknown.
using DownloadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Returns the file's SHA-256. kDataLoss for a wrong hash (the partial file is removed), kUnavailable for a server
/// that cannot be reached or keeps breaking off (the partial file stays for the next try), kNotFound for 404.
Result<std::string> download(const DownloadRequest& request, const DownloadProgress& progress,
                             std::stop_token cancel = {});

/// "hf:owner/repository:file" (or "hf:owner/repository/file") as its URL; other text unchanged.
Result<std::string> resolve_model_url(const std::string& reference);

}  // namespace hearth::daemon

#include "ingest/extract/zip.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace hearth::ingest {
namespace {

struct FreeArchive {
    void operator()(archive* handle) const noexcept { ::archive_read_free(handle); }
};

Error damaged() {
    return Error(ErrorCode::kInvalidArgument, "the archive is damaged or encrypted");
}

Result<std::string> read_entry(archive* handle, std::size_t max_bytes) {
    std::string bytes;
    std::vector<char> buffer(256 << 10);
    for (;;) {
        const la_ssize_t size = ::archive_read_data(handle, buffer.data(), buffer.size());
        if (size == ARCHIVE_RETRY) continue;
        if (size < 0) return damaged();
        if (size == 0) return bytes;
        if (static_cast<std::size_t>(size) > max_bytes - bytes.size()) {
            return Error(ErrorCode::kResourceExhausted,
                         "the archive unpacks to more than " + std::to_string(max_bytes) + " bytes");
        }
        bytes.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

using Archive = std::unique_ptr<archive, FreeArchive>;

Result<ZipEntries> read_entries(archive* handle, std::size_t packed, const WantEntry& wanted, const ZipLimits& limits) {
    ZipEntries found;
    std::size_t left = std::max(limits.ratio_floor, packed * limits.ratio);
    for (int count = 0;; ++count) {
        archive_entry* entry = nullptr;
        const int status = ::archive_read_next_header(handle, &entry);
        if (status == ARCHIVE_EOF) return found;
        if (status == ARCHIVE_RETRY) continue;
        if (status < ARCHIVE_WARN) return damaged();
        if (count >= limits.entries) {
            return Error(ErrorCode::kResourceExhausted,
                         "the archive has more than " + std::to_string(limits.entries) + " entries");
        }
        const char* raw_name = ::archive_entry_pathname(entry);
        if (raw_name == nullptr) continue;
        const std::string name = raw_name;
        found.names.insert(name);
        if (!wanted(name) || found.bytes.contains(name)) continue;
        HEARTH_TRY(std::string content, read_entry(handle, std::min(left, limits.entry_bytes)));
        left -= content.size();
        found.bytes.emplace(name, std::move(content));
    }
}

}  // namespace

Result<ZipEntries> read_zip(std::string_view bytes, const WantEntry& wanted, const ZipLimits& limits) {
    const Archive handle(::archive_read_new());
    if (!handle || ::archive_read_support_format_zip_seekable(handle.get()) != ARCHIVE_OK ||
        ::archive_read_open_memory(handle.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
        return damaged();
    }
    return read_entries(handle.get(), bytes.size(), wanted, limits);
}

Result<ZipEntries> read_tar(std::string_view bytes, const WantEntry& wanted, const ZipLimits& limits) {
    const Archive handle(::archive_read_new());
    if (!handle) return damaged();
    // Compression that the library was built without is one it will call damaged.
    ::archive_read_support_filter_gzip(handle.get());
    ::archive_read_support_filter_bzip2(handle.get());
    ::archive_read_support_filter_xz(handle.get());
    ::archive_read_support_filter_zstd(handle.get());
    ::archive_read_support_format_tar(handle.get());
    ::archive_read_support_format_raw(handle.get());
    if (::archive_read_open_memory(handle.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) return damaged();
    return read_entries(handle.get(), bytes.size(), wanted, limits);
}

}  // namespace hearth::ingest

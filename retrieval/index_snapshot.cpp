#include "retrieval/index_snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/file.h"
#include "core/hash.h"
#include "retrieval/unit_vectors.h"

namespace hearth::retrieval {
namespace {

static_assert(std::endian::native == std::endian::little, "the snapshot format is little-endian");

constexpr char kMagic[8] = {'H', 'E', 'A', 'R', 'T', 'H', 'V', '1'};
constexpr std::size_t kHeaderBytes = 24;
constexpr std::uint64_t kMaxRows = 1ull << 32;
constexpr std::size_t kWriteBytes = 1 << 20;
constexpr std::size_t kRowsPerAdd = 16384;

/// Buffers, hashes and writes.
class HashingWriter {
  public:
    explicit HashingWriter(int fd) : fd_(fd) {}
    /// A failure is kept for flush() to report.
    template <typename T, std::size_t N>
    void put(std::span<const T, N> values) {
        const auto bytes = std::as_bytes(values);
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
        if (buffer_.size() >= kWriteBytes) (void)flush().ok();
    }
    Status flush() {
        if (status_.ok() && !buffer_.empty()) {
            hash_.update(buffer_);
            status_ = write_all(fd_, buffer_);
        }
        buffer_.clear();
        return status_;
    }
    std::string sha256() { return hash_.finish_hex(); }

  private:
    int fd_;
    Sha256 hash_;
    Status status_;
    std::vector<std::byte> buffer_;
};

Status write_rows(const VectorIndex& index, HashingWriter& out) {
    const std::uint32_t dimensions[2] = {static_cast<std::uint32_t>(index.dimensions()), 0};
    const std::uint64_t rows = index.size();
    out.put(std::span(kMagic));
    out.put(std::span(dimensions));
    out.put(std::span(&rows, 1));
    index.for_each([&](const VectorRow& row, std::span<const float>) { out.put(std::span(&row.chunk, 1)); });
    index.for_each([&](const VectorRow& row, std::span<const float>) { out.put(std::span(&row.document, 1)); });
    index.for_each([&](const VectorRow&, std::span<const float> vector) { out.put(vector); });
    return out.flush();
}

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

Error malformed(const std::string& path) {
    return Error(ErrorCode::kDataLoss, path + " is not a vector index snapshot of this corpus; it will be rebuilt");
}

}  // namespace

Result<SnapshotInfo> write_snapshot(const VectorIndex& index, std::int64_t generation, const std::string& directory) {
    SnapshotInfo info;
    info.generation = generation;
    info.count = static_cast<std::int64_t>(index.size());
    info.file = "vectors-" + std::to_string(generation) + "-" + random_hex(4) + ".bin";
    const std::string path = directory + "/" + info.file;
    const std::string temporary = path + ".tmp";
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return errno_error("create", temporary, errno);
    HashingWriter out(fd.get());
    Status written = write_rows(index, out);
    if (written.ok() && ::fsync(fd.get()) != 0) written = errno_error("fsync", temporary, errno);
    if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
        written = errno_error("rename", temporary, errno);
    }
    if (!written.ok()) {
        ::unlink(temporary.c_str());
        return std::move(written).error();
    }
    HEARTH_TRY_STATUS(sync_directory(directory));
    info.sha256 = out.sha256();
    return info;
}

Result<std::shared_ptr<const VectorIndex>> read_snapshot(const SnapshotInfo& info, const std::string& directory,
                                                         int dimensions,
                                                         const std::function<bool(const VectorRow&)>& keep) {
    const std::string path = directory + "/" + info.file;
    HEARTH_TRY(const MappedFile file, MappedFile::open(path));
    const auto bytes = file.bytes();
    if (sha256_hex(bytes) != info.sha256) {
        return Error(ErrorCode::kDataLoss, path + " does not have the SHA-256 in the record; it will be rebuilt");
    }
    if (bytes.size() < kHeaderBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return malformed(path);
    const auto rows = load<std::uint64_t>(bytes, 16);
    const auto width = static_cast<std::uint64_t>(dimensions) * sizeof(float);
    if (load<std::uint32_t>(bytes, 8) != static_cast<std::uint32_t>(dimensions) || rows > kMaxRows) {
        return malformed(path);
    }
    if (bytes.size() != kHeaderBytes + rows * (16 + width)) return malformed(path);
    auto index = VectorIndex::empty(dimensions);
    std::vector<VectorRow> batch;
    std::vector<float> vectors;
    std::int64_t previous = -1;
    for (std::uint64_t i = 0; i < rows; ++i) {
        const VectorRow row{load<std::int64_t>(bytes, kHeaderBytes + i * 8),
                            load<std::int64_t>(bytes, kHeaderBytes + (rows + i) * 8)};
        if (row.chunk <= previous) return malformed(path);
        previous = row.chunk;
        if (keep(row)) {
            batch.push_back(row);
            vectors.resize(vectors.size() + static_cast<std::size_t>(dimensions));
            std::memcpy(vectors.data() + vectors.size() - static_cast<std::size_t>(dimensions),
                        bytes.data() + kHeaderBytes + rows * 16 + i * width, width);
        }
        if (batch.size() == kRowsPerAdd || i + 1 == rows) {
            if (first_not_of_unit_length(vectors, static_cast<std::size_t>(dimensions))) return malformed(path);
            HEARTH_TRY(index, index->with_added(batch, vectors));
            batch.clear();
            vectors.clear();
        }
    }
    return index;
}

Status sweep_snapshots(const std::string& directory, const std::vector<std::string>& keep) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename().string();
        if (std::find(keep.begin(), keep.end(), name) == keep.end()) ::unlink(entry.path().c_str());
    }
    if (error) return Error(ErrorCode::kInternal, "list " + directory + ": " + error.message());
    return {};
}

}  // namespace hearth::retrieval

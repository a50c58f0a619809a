// The vector index on disk: a cache of the vectors in the record, read only after its SHA-256 was checked.
//
// Layout, little-endian: "HEARTHV1", uint32 dimensions, uint32 zero, uint64 rows, then rows x int64 chunk,
// rows x int64 document, rows x dimensions x float32.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

struct SnapshotInfo {
    std::int64_t generation = 0;
    std::int64_t count = 0;
    std::string sha256;
    std::string file;  ///< name inside the index folder
};

/// Writes `index` as a new file in `directory`: temporary file, fsync, rename, fsync of the folder.
Result<SnapshotInfo> write_snapshot(const VectorIndex& index, std::int64_t generation, const std::string& directory);

/// Rows of a snapshot whose bytes hash to what `info` says; kDataLoss when they do not, or are malformed.
/// `keep` says which rows are still in the record.
Result<std::shared_ptr<const VectorIndex>> read_snapshot(const SnapshotInfo& info, const std::string& directory,
                                                         int dimensions,
                                                         const std::function<bool(const VectorRow&)>& keep);

/// Removes every file of `directory` that is not in `keep`: leftovers of a crash and snapshots grown old.
Status sweep_snapshots(const std::string& directory, const std::vector<std::string>& keep);

}  // namespace hearth::retrieval

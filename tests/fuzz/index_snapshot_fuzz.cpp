// A snapshot whose hash is right but whose bytes are hostile is refused or read, never trusted.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/file.h"
#include "core/hash.h"
#include "retrieval/index_snapshot.h"
#include "tests/support/temp_dir.h"

namespace {

constexpr int kDimensions = 4;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const hearth::test::TempDir folder;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    HEARTH_CHECK(hearth::atomic_write_file(folder.path("snapshot"), bytes).ok());
    const hearth::retrieval::SnapshotInfo info{1, 1, hearth::sha256_hex(bytes), "snapshot"};
    std::size_t kept = 0;
    const auto index = hearth::retrieval::read_snapshot(info, folder.path(), kDimensions,
                                                        [&](const hearth::retrieval::VectorRow& row) {
                                                            kept += row.chunk % 2 == 0 ? 1 : 0;
                                                            return row.chunk % 2 == 0;
                                                        });
    if (index.ok()) HEARTH_CHECK((*index)->size() == kept);
    return 0;
}

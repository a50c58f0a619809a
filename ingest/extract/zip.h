// Chosen entries of a zip or tar archive in memory, with limits against bombs. The only file pair that includes
// libarchive.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/result.h"

namespace hearth::ingest {

struct ZipLimits {
    int entries = 10'000;
    std::size_t entry_bytes = 256u << 20;
    std::size_t ratio = 100;             ///< unpacked bytes per packed byte, over all chosen entries
    std::size_t ratio_floor = 4u << 20;  ///< below this size the ratio does not matter
};

struct ZipEntries {
    std::set<std::string> names;               ///< all of them
    std::map<std::string, std::string> bytes;  ///< the wanted ones that exist
};

/// Errors: kInvalidArgument (damaged or encrypted), kResourceExhausted (a limit; the message says which).
using WantEntry = std::function<bool(std::string_view name)>;
Result<ZipEntries> read_zip(std::string_view archive, const WantEntry& wanted, const ZipLimits& limits = {});
/// The same of a tar archive, compressed or not. A compressed file that is no archive has one entry, kOnlyEntry.
inline constexpr const char* kOnlyEntry = "data";
Result<ZipEntries> read_tar(std::string_view archive, const WantEntry& wanted, const ZipLimits& limits = {});

}  // namespace hearth::ingest

// Runs hearth-extract for one file: a child per file, so that a hostile file costs only itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "ingest/document.h"

namespace hearth::ingest {

struct ExtractorOptions {
    std::string program;  ///< hearth-extract
    std::chrono::seconds timeout{120};
    std::int64_t memory_bytes = 1ll << 30;
    std::int64_t max_text_bytes = 200ll << 20;
};

/// Extracts the open file, whatever its offset. `name` only hints at the type and gives the default title.
/// A file that cannot be read is a Refusal. Errors are not the file's fault: kCancelled (stopped, the child is dead),
/// kUnavailable (the program could not be started or could not confine itself), kDataLoss (the disk failed).
Result<Extraction> run_extractor(const ExtractorOptions& options, int file_fd, const std::string& name,
                                 std::stop_token stop);

}  // namespace hearth::ingest

// One file from the folder to the sink: open, hash, extract, check that it stood still, chunk, store.
#pragma once

#include <stop_token>
#include <string>

#include "ingest/chunker.h"
#include "ingest/extractor.h"
#include "ingest/scanner.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct FileContext {
    std::string root;
    ExtractorOptions extractor;
    ChunkLimits chunks;
    Sink& sink;
    const TokenCounter& tokens;
};

enum class Outcome {
    kStored,
    kRejected,
    kTouched,  ///< the recorded bytes under a new mtime
    kChanged,  ///< it changed or vanished while being read: the next scan decides
    kRetry,    ///< not the file's fault; `message` says what stands in the way
    kCancelled,
};

struct FileOutcome {
    Outcome outcome = Outcome::kChanged;
    KnownFile known;  ///< what the record holds now; kStored, kRejected, kTouched
    std::string message;
};

/// `recorded_sha256` is what the record has for this path; empty for a new one.
FileOutcome process_file(const FileContext& context, const ScannedFile& file, const std::string& recorded_sha256,
                         std::stop_token stop);

/// SHA-256 of a file beneath the root. kCancelled when stopped.
Result<std::string> hash_beneath(const std::string& root, const std::string& path, std::stop_token stop);

}  // namespace hearth::ingest

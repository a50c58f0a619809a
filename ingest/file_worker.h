// One file from the folder to the sink: open, keep its bytes, extract from what was kept, check that the file stood
// still, chunk, store.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "core/memory_ledger.h"
#include "ingest/chunker.h"
#include "ingest/extractor.h"
#include "ingest/scanner.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct FileContext {
    std::string root;
    ExtractorOptions extractor;
    ChunkLimits chunks;
    std::string read_with;
    bool hurried = false;  ///< give up as kTooLong instead of refusing what a limit of `extractor` stopped
    Sink& sink;
    const TokenCounter& tokens;
    MemoryLedger& ledger;
};

enum class Outcome {
    kStored,
    kRejected,
    kTouched,  ///< the recorded bytes under a new stamp
    kChanged,  ///< it changed or vanished while being read: the next scan decides
    kTooLong,  ///< only when hurried
    kRetry,    ///< this file could not be done now; `message` says why
    kBlocked,  ///< no file can be done now; `message` says why
    kCancelled,
};

struct FileOutcome {
    Outcome outcome = Outcome::kChanged;
    KnownFile known;  ///< what the record holds now; kStored, kRejected, kTouched
    std::string message;
};

/// `recorded` is what the record has for this path, if anything.
FileOutcome process_file(const FileContext& context, const ScannedFile& file, const std::optional<KnownFile>& recorded,
                         std::stop_token stop);

/// SHA-256 of a file beneath the root. kCancelled when stopped.
Result<std::string> hash_beneath(const std::string& root, const std::string& path, std::stop_token stop);

}  // namespace hearth::ingest

// hearthd's settings: one TOML file < command-line flags. Each setting is declared once (name, range, help) in
// config.cpp; loading, checking and printing all walk that list. Immutable after load.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace hearth::daemon {

struct Config {
    std::string home = ".hearth";  ///< everything hearth keeps; relative to the working directory
    std::string inbox;             ///< the watched folder; empty = home/inbox

    std::string address = "127.0.0.1";
    std::int64_t port = 4327;
    std::string socket;                      ///< a UNIX socket's path; empty = none
    std::string tls_certificate;             ///< PEM; empty = plain HTTP
    std::string tls_key;                     ///< PEM
    std::string api_key_file;                ///< first line is the key; required off the loopback
    std::vector<std::string> allowed_hosts;  ///< names the Host header may carry besides localhost and IP addresses
    std::string ui_directory;                ///< empty = found beside the program or in share/hearth/ui

    std::string chat_model = "qwen2.5-coder-0.5b-instruct";
    std::string fallback_chat_model = "smollm2-135m-instruct";
    std::string embedding_model = "all-MiniLM-L6-v2";
    std::string reranker;  ///< empty = none
    std::int64_t context_tokens = 8192;
    std::string adapters;                    ///< LoRA adapters; empty = home/adapters
    std::int64_t keep_loaded_seconds = 300;  ///< of models that a request names; -1 = until the room is needed
    std::int64_t threads = 0;                ///< 0 = every usable core
    std::int64_t parallel = 8;
    std::int64_t kv_bits = 16;
    std::int64_t kv_tokens = 0;  ///< 0 = twice context_tokens

    std::vector<std::string> include = {"**"};
    std::vector<std::string> exclude;
    std::int64_t max_file_mib = 200;
    std::int64_t settle_ms = 700;
    std::int64_t rescan_seconds = 60;
    std::int64_t extract_timeout_seconds = 120;
    std::int64_t extract_memory_mib = 1024;
    std::int64_t chunk_tokens = 200;
    std::int64_t chunk_overlap_tokens = 32;
    std::string status_file = "on";

    std::int64_t passages = 4;
    std::int64_t evidence_sentences = 5;
    std::int64_t max_steps = 4;
    std::string tools = "when_asked";
    std::int64_t max_answer_tokens = 256;

    std::int64_t memory_budget_mib = 0;  ///< 0 = three quarters of what is available at start
    std::int64_t drain_seconds = 10;
    std::string log_level = "info";

    std::string adapters_path() const { return adapters.empty() ? home + "/adapters" : adapters; }
    std::string inbox_path() const { return inbox.empty() ? home + "/inbox" : inbox; }
};

/// Reads `path` over the defaults. Errors carry file, line and column and name the nearest valid key.
Result<Config> load_config(const std::string& path);

/// The effective values as a commented TOML file.
std::string print_config(const Config& config);

}  // namespace hearth::daemon

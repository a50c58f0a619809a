// What `hearth SUBCOMMAND` does: one function each, printing for a person or, with --json, for a program.
// Each returns the process's exit status: 0 done, 1 the answer is no (nothing found, a check failed), 2 an error.
// (main adds 64 for wrong arguments.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/cli/client.h"

namespace hearth::cli {

struct Output {
    bool json = false;
};

struct SearchArguments {
    std::string query;
    int k = 10;
    std::string collection;
    std::string path;
    std::string type;
};

struct EvalArguments {
    std::string file;
    int k = 10;  ///< of recall
    std::string collection;
};

struct AskArguments {
    std::string question;
    std::string collection;
    int max_tokens = 0;
    bool wait = false;  ///< until nothing is queued, so that an answer sees every file
};

struct BenchArguments {
    std::string model;
    int threads = 0;
    int prefill = 512;
    int decode = 64;
    int kv_bits = 16;
    bool serving = false;
};

struct PlanArguments {
    std::string model;
    std::string models_directory;
    int context = 8192;
    int kv_bits = 16;
    int threads = 0;
    bool run = false;  ///< load it and measure what was predicted
};

struct KeyArguments {
    std::string name;
    std::string scope = "read";
    int days = 0;  ///< 0 = never expires
    std::int64_t requests_per_minute = 0;
    std::int64_t generations = 0;
};

int run_status(const Client& client, const Output& output);
/// The models that can chat, and what of them is in memory.
int run_ps(const Client& client, const Output& output);
int run_ask(const Client& client, const AskArguments& arguments, const Output& output);
int run_search(const Client& client, const SearchArguments& arguments, const Output& output);
/// Recall, nDCG and MRR of BM25, vectors and both on the questions of a file (daemon/cli/eval.h).
int run_eval(const Client& client, const EvalArguments& arguments, const Output& output);
/// pause, resume, scan, reindex and confirm-deletes: what the folder's pipeline is told.
struct IngestCommands {
    std::string path;        ///< glob of what is read again
    std::string collection;  ///< or one of these
    bool all = false;        ///< or everything
};
int run_ingest(const Client& client, const std::string& command, const IngestCommands& arguments, const Output& output);

int run_documents(const Client& client, const std::string& collection, const Output& output);
int run_doctor(const Client& client, const std::string& home, const Output& output);
int run_model_list(const std::string& models_directory, const Output& output);
int run_model_pull(const std::string& name, const std::string& sha256, const std::string& models_directory,
                   const Output& output);
/// 1 when the model does not fit into the memory that is available now.
int run_plan(const PlanArguments& arguments, const Output& output);
int run_keys_add(const KeyArguments& arguments, const std::string& home, const Output& output);
int run_keys_list(const std::string& home, const Output& output);
int run_keys_revoke(const std::string& id, const std::string& home, const Output& output);
int run_bench(const BenchArguments& arguments, const Output& output);

/// Prints to stderr (or as JSON to stdout) and returns 2.
int report(const Error& error, const Output& output);

}  // namespace hearth::cli

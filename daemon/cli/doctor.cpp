// hearth doctor: what this machine, the models, the record and the daemon look like, with a remedy for what is wrong.
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/cpu.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/memory_ledger.h"
#include "core/sqlite.h"
#include "daemon/adapters.h"
#include "daemon/catalog.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"
#include "daemon/config.h"
#include "daemon/home.h"
#include "daemon/paths.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kNeededBytes = 1ull << 30;
constexpr std::size_t kMaxShownMismatches = 5;

/// One line of the report.
struct Finding {
    std::string what;
    bool good = true;
    std::string detail;
    std::string remedy;
};

/// Empty when every file of the entry is there and right, else what is not.
std::string faults_of(const daemon::CatalogEntry& entry, const std::string& models) {
    std::string faults;
    for (const daemon::CatalogFile& file : entry.files) {
        const auto sha256 = sha256_hex_of_file(models + "/" + file.name);
        if (!sha256.ok()) faults += " " + std::string(file.name) + " (missing)";
        if (sha256.ok() && *sha256 != file.sha256) faults += " " + std::string(file.name) + " (wrong content)";
    }
    return faults;
}

/// The default models of the configuration; without the fallback hearth works as long as the first one does.
void check_models(const std::string& models, std::vector<Finding>& findings) {
    const daemon::Config defaults;
    for (const std::string& name : {defaults.chat_model, defaults.embedding_model, defaults.fallback_chat_model}) {
        const std::string faults = faults_of(*daemon::find_in_catalog(name), models);
        const bool optional = name == defaults.fallback_chat_model;
        const std::string fine = faults.empty() ? "matches its hash" : "not installed; only a fallback";
        const bool good = faults.empty() || (optional && faults.find("wrong content") == std::string::npos);
        findings.push_back({"model " + name, good, good ? fine : "not right:" + faults,
                            "scripts/models, or hearth model pull " + name});
    }
}

std::string record_remedy(ErrorCode code) {
    if (code == ErrorCode::kPermissionDenied)
        return "give the key with --api-key, or run it as the user of the service";
    if (code == ErrorCode::kDataLoss) {
        return "stop hearthd and move record.db, blobs and index out of the home: it reads the folder anew";
    }
    return "mend what the message names, then run hearth doctor again";
}

Finding record_finding(const Result<std::vector<std::string>>& mismatches) {
    if (!mismatches.ok()) return {"record", false, mismatches.error().message, record_remedy(mismatches.error().code)};
    if (mismatches->empty()) return {"record", true, "documents, chunks, vectors and blobs agree", ""};
    std::string detail = std::to_string(mismatches->size()) + " mismatches:";
    for (std::size_t i = 0; i < std::min(kMaxShownMismatches, mismatches->size()); ++i) {
        detail += " " + (*mismatches)[i] + ";";
    }
    return {"record", false, detail, record_remedy(ErrorCode::kDataLoss)};
}

/// Without a daemon the record is opened here, under the daemon's own lock.
Result<std::vector<std::string>> verify_here(const std::string& home) {
    HEARTH_TRY(const UniqueFd lock, daemon::lock_home(home));
    MemoryLedger ledger(available_memory_bytes());
    HEARTH_TRY(const std::string directory, daemon::resolve_model(daemon::Config().embedding_model, home + "/models"));
    HEARTH_TRY(const auto model, llm::open_embedding_model({.model_directory = directory}, ledger));
    daemon::EmbedderAdapter embedder(*model);
    HEARTH_TRY(const auto corpus, retrieval::Corpus::open({.directory = home}, embedder));
    return corpus->verify();
}

Result<std::vector<std::string>> verify_there(const Client& client) {
    HEARTH_TRY(const json reply, client.get("/v1/verify"));
    std::vector<std::string> mismatches;
    for (const json& line : reply.value("mismatches", json::array())) mismatches.push_back(line.get<std::string>());
    return mismatches;
}

Finding check_record(const Client& client, const std::string& home, bool daemon_answers) {
    if (daemon_answers) return record_finding(verify_there(client));
    std::error_code ignored;
    if (!std::filesystem::exists(home + "/record.db", ignored)) return {"record", true, "none yet in " + home, ""};
    return record_finding(verify_here(home));
}

void check_machine(const std::string& home, std::vector<Finding>& findings) {
    const CpuFeatures& cpu = cpu_features();
    const std::string isa = cpu.avx512_vnni ? "AVX-512 VNNI" : cpu.avx2 ? "AVX2" : "baseline only";
    findings.push_back(
        {"processor", true, cpu.name + ", " + std::to_string(usable_cpus().size()) + " cores, " + isa, ""});
    const std::size_t available = available_memory_bytes();
    findings.push_back({"memory", available > kNeededBytes, human_bytes(static_cast<double>(available)) + " available",
                        "1 GiB is needed for the default models; stop other programs"});
    std::error_code failed;
    const auto space = std::filesystem::space(home, failed);
    findings.push_back(
        {"disk", !failed && space.available > kNeededBytes,
         failed ? home + ": " + failed.message() : human_bytes(static_cast<double>(space.available)) + " free",
         "create " + home + " or free at least 1 GiB"});
    const auto extractor = daemon::sibling_program("hearth-extract");
    findings.push_back(
        {"extractor", extractor.ok(), extractor.ok() ? *extractor : extractor.error().message, "reinstall hearth"});
    const bool poppler = ::access("/usr/bin/pdftotext", X_OK) == 0;
    findings.push_back(
        {"pdf", poppler, poppler ? "pdftotext is there" : "pdftotext is missing", "apt-get install poppler-utils"});
    findings.push_back({"sqlite", true, sqlite_version(), ""});
}

std::vector<Finding> examine(const Client& client, const std::string& home) {
    std::vector<Finding> findings;
    check_machine(home, findings);
    check_models(home + "/models", findings);
    const auto ready = client.get("/readyz");
    findings.push_back(check_record(client, home, ready.ok()));
    findings.push_back({"daemon", ready.ok(), ready.ok() ? "ready at " + client.url() : ready.error().message,
                        "systemctl status hearthd, or scripts/run"});
    return findings;
}

}  // namespace

int run_doctor(const Client& client, const std::string& home, const Output& output) {
    bool good = true;
    json list = json::array();
    for (const Finding& finding : examine(client, home)) {
        good = good && finding.good;
        list.push_back({{"check", finding.what},
                        {"ok", finding.good},
                        {"detail", finding.detail},
                        {"remedy", finding.good ? "" : finding.remedy}});
        if (output.json) continue;
        print_line((finding.good ? "ok    " : "FAIL  ") + finding.what + ": " + escape_control(finding.detail));
        if (!finding.good) print_line("      remedy: " + finding.remedy);
    }
    if (output.json) print_json({{"ok", good}, {"checks", list}});
    return good ? 0 : 1;
}

}  // namespace hearth::cli

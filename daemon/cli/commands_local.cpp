// Commands that work on this machine without a running daemon: the models.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "daemon/catalog.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"
#include "daemon/download.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

bool is_there(const daemon::CatalogEntry& entry, const std::string& models_directory) {
    for (const daemon::CatalogFile& file : entry.files) {
        std::error_code ignored;
        if (!std::filesystem::exists(models_directory + "/" + file.name, ignored)) return false;
    }
    return true;
}

daemon::DownloadProgress progress_line(const std::string& name) {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    return [name, terminal, last = -1](std::uint64_t done, std::uint64_t total) mutable {
        const int percent = total == 0 ? 0 : static_cast<int>(done * 100 / total);
        if (percent == last || (!terminal && percent / 10 == last / 10 && last >= 0)) return;
        last = percent;
        std::fprintf(stderr, terminal ? "\r%s  %s  %d %%" : "%s  %s  %d %%\n", name.c_str(),
                     human_bytes(static_cast<double>(done)).c_str(), percent);
        if (terminal && done == total) std::fputc('\n', stderr);
    };
}

Status pull_one(const std::string& reference, const std::string& sha256, const std::string& target) {
    HEARTH_TRY(const std::string url, daemon::resolve_model_url(reference));
    HEARTH_TRY(const std::string got,
               daemon::download({.url = url, .target = target, .sha256 = sha256}, progress_line(target)));
    if (sha256.empty()) print_error_line("the file was not checked; pin it with --sha256 " + got);
    return {};
}

Status pull(const std::string& name, const std::string& sha256, const std::string& models_directory) {
    const daemon::CatalogEntry* entry = daemon::find_in_catalog(name);
    if (entry == nullptr) {
        if (sha256.empty()) print_error_line("warning: no --sha256 and no catalog entry: any content is accepted");
        const std::string file = name.substr(name.find_last_of("/:") + 1);
        return pull_one(name, sha256, models_directory + "/" + file);
    }
    for (const daemon::CatalogFile& file : entry->files) {
        const std::string target = models_directory + "/" + file.name;
        const auto have = sha256_hex_of_file(target);
        if (have.ok() && *have == file.sha256) continue;
        if (*file.url == '\0') {
            return Error(ErrorCode::kUnsupported,
                         std::string(file.name) + " has no upstream address of its own; scripts/models installs it");
        }
        HEARTH_TRY_STATUS(pull_one(file.url, file.sha256, target));
    }
    return {};
}

}  // namespace

int run_model_list(const std::string& models_directory, const Output& output) {
    json list = json::array();
    for (const daemon::CatalogEntry& entry : daemon::catalog()) {
        list.push_back({{"name", entry.name},
                        {"role", entry.role},
                        {"upstream", entry.upstream},
                        {"licence", entry.licence},
                        {"installed", is_there(entry, models_directory)}});
    }
    if (output.json) {
        print_json({{"models", list}});
        return 0;
    }
    for (const json& model : list) {
        print_line((model["installed"].get<bool>() ? "installed  " : "-          ") + model["name"].get<std::string>() +
                   "  (" + model["role"].get<std::string>() + ", " + model["licence"].get<std::string>() + ", " +
                   model["upstream"].get<std::string>() + ")");
    }
    return 0;
}

int run_model_pull(const std::string& name, const std::string& sha256, const std::string& models_directory,
                   const Output& output) {
    const Status pulled = pull(name, sha256, models_directory);
    if (!pulled.ok()) return report(pulled.error(), output);
    if (output.json) {
        print_json({{"pulled", name}, {"directory", models_directory}});
    } else {
        print_line(name + " is in " + models_directory);
    }
    return 0;
}

}  // namespace hearth::cli

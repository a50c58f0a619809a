#include "daemon/config.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <variant>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "core/file.h"
#include "llm/engine.h"

namespace hearth::daemon {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

using Target = std::variant<std::string*, std::int64_t*, std::vector<std::string>*>;

struct Setting {
    const char* name;  // "table.key"
    Target target;
    const char* help;
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::vector<std::string> choices = {};  // as text; empty = any
};

std::vector<Setting> settings_of(Config& c) {
    return {
        {"paths.home", &c.home, "record, blobs, index, models, inbox and logs live here"},
        {"paths.inbox", &c.inbox, "the watched folder; empty = home/inbox"},
        {"server.address", &c.address, "anything but loopback needs a key: hearth keys add, or api_key_file"},
        {"server.port", &c.port, "TCP port", 0, 65535},
        {"server.socket", &c.socket, "a UNIX socket to listen on too, mode 0660, as trusted as the loopback"},
        {"server.tls_certificate", &c.tls_certificate, "PEM file with its chain: HTTPS instead of HTTP on the port"},
        {"server.tls_key", &c.tls_key, "PEM file with the certificate's key, without passphrase"},
        {"server.api_key_file", &c.api_key_file, "file whose first line clients send as Bearer token"},
        {"server.allowed_hosts", &c.allowed_hosts, "host names besides localhost and IP addresses, as behind a proxy"},
        {"server.ui_directory", &c.ui_directory, "the chat page's files; empty = found by itself"},
        {"server.drain_seconds", &c.drain_seconds, "how long running answers may finish at stop", 0, 600},
        {"models.chat", &c.chat_model, "catalog name, file name in home/models, or absolute path"},
        {"models.fallback_chat", &c.fallback_chat_model, "used, with a warning, when models.chat is not there"},
        {"models.embedding", &c.embedding_model, "directory in home/models, or absolute path"},
        {"models.reranker", &c.reranker,
         "cross-encoder that reads the best passages again, a directory in home/models or absolute path; empty: none"},
        {"models.context_tokens", &c.context_tokens, "longest prompt plus answer", 512, 1 << 20},
        {"models.adapters", &c.adapters,
         "folder of LoRA adapters (NAME.gguf, or PEFT's folder); empty = home/adapters"},
        {"models.keep_loaded_seconds", &c.keep_loaded_seconds,
         "models that a request names stay so long after their last use; -1 = until the room is needed", -1, 1 << 30},
        {"engine.threads", &c.threads, "0 = every usable core", 0, 1024},
        {"engine.parallel", &c.parallel, "answers computed together; more of them wait", 1, llm::kMaxParallel},
        {"engine.kv_bits",
         &c.kv_bits,
         "of keys and values: 16, or 8 for twice as many tokens in the same memory",
         8,
         16,
         {"8", "16"}},
        {"engine.kv_tokens", &c.kv_tokens, "tokens of all answers and remembered beginnings; 0 = twice the context", 0,
         1 << 24},
        {"ingest.include", &c.include, "globs on the path below the inbox; ** crosses folders"},
        {"ingest.exclude", &c.exclude, "globs that win over include"},
        {"ingest.max_file_mib", &c.max_file_mib, "larger files are listed as failed", 1, 1 << 20},
        {"ingest.settle_ms", &c.settle_ms, "a file is read once it stood still this long", 50, 600000},
        {"ingest.rescan_seconds", &c.rescan_seconds, "full comparison of folder and record", 1, 86400},
        {"ingest.extract_timeout_seconds", &c.extract_timeout_seconds, "per file", 1, 3600},
        {"ingest.extract_memory_mib", &c.extract_memory_mib, "per parser process", 128, 1 << 16},
        {"ingest.chunk_tokens", &c.chunk_tokens, "target size in the embedder's tokens", 32, 4096},
        {"ingest.chunk_overlap_tokens", &c.chunk_overlap_tokens, "when one long block is split", 0, 1024},
        {"ingest.status_file",
         &c.status_file,
         "the folder's own page .hearth-status.md: on or off",
         0,
         0,
         {"on", "off"}},
        {"agent.passages", &c.passages, "behind an answer", 1, 20},
        {"agent.evidence_sentences", &c.evidence_sentences, "of them, shown to the model; 0 = whole passages", 0, 64},
        {"agent.max_steps", &c.max_steps, "model turns per answer", 1, 32},
        {"agent.tools",
         &c.tools,
         "whether the model may call tools: never, when_asked or always",
         0,
         0,
         {"never", "when_asked", "always"}},
        {"agent.max_answer_tokens", &c.max_answer_tokens, "per answer", 16, 8192},
        {"memory.budget_mib", &c.memory_budget_mib, "0 = three quarters of MemAvailable at start", 0, 1 << 24},
        {"log.level", &c.log_level, "debug, info, warn or error", 0, 0, {"debug", "info", "warn", "error"}},
    };
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0u);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

std::string nearest_name(const std::vector<Setting>& settings, const std::string& name) {
    const auto best = std::min_element(settings.begin(), settings.end(), [&](const Setting& a, const Setting& b) {
        return edit_distance(a.name, name) < edit_distance(b.name, name);
    });
    return best->name;
}

/// Where the text went wrong and what to write instead.
Error config_error(const std::string& path, const toml::source_region& place, const std::string& message) {
    return Error(ErrorCode::kInvalidArgument, path + ":" + std::to_string(place.begin.line) + ":" +
                                                  std::to_string(place.begin.column) + ": " + message);
}

/// "a, b or c".
std::string listed(const std::vector<std::string>& choices) {
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) text += i + 1 == choices.size() ? " or " : ", ";
        text += choices[i];
    }
    return text;
}

bool is_choice(const Setting& setting, const std::string& chosen) {
    const auto& choices = setting.choices;
    return choices.empty() || std::find(choices.begin(), choices.end(), chosen) != choices.end();
}

/// Empty when the value fits, else what is wrong with it.
std::string assign(const Setting& setting, const toml::node& value) {
    if (auto* const* text = std::get_if<std::string*>(&setting.target)) {
        if (!value.is_string()) return "must be a string";
        const std::string chosen = value.as_string()->get();
        if (!is_choice(setting, chosen)) return "must be " + listed(setting.choices);
        **text = chosen;
        return {};
    }
    if (auto* const* number = std::get_if<std::int64_t*>(&setting.target)) {
        if (!value.is_integer()) return "must be a whole number";
        const std::int64_t n = value.as_integer()->get();
        if (!is_choice(setting, std::to_string(n))) return "must be " + listed(setting.choices);
        if (n < setting.min || n > setting.max) {
            return "must be between " + std::to_string(setting.min) + " and " + std::to_string(setting.max);
        }
        **number = n;
        return {};
    }
    auto* list = std::get<std::vector<std::string>*>(setting.target);
    const toml::array* array = value.as_array();
    if (array == nullptr || !(array->empty() || array->is_homogeneous<std::string>())) {
        return "must be an array of strings";
    }
    list->clear();
    for (const auto& item : *array) list->push_back(item.as_string()->get());
    return {};
}

Status apply(const std::string& path, const toml::table& table, const std::string& prefix,
             const std::vector<Setting>& settings) {
    for (const auto& [key, value] : table) {
        const std::string name = prefix + std::string(key.str());
        if (prefix.empty() && value.is_table()) {
            HEARTH_TRY_STATUS(apply(path, *value.as_table(), name + ".", settings));
            continue;
        }
        const auto setting =
            std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return name == s.name; });
        if (setting == settings.end()) {
            return config_error(path, key.source(),
                                "unknown key '" + name + "'; did you mean '" + nearest_name(settings, name) + "'?");
        }
        const std::string problem = assign(*setting, value);
        if (!problem.empty()) return config_error(path, value.source(), "'" + name + "' " + problem);
    }
    return {};
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string value_text(const Target& target) {
    if (auto* const* text = std::get_if<std::string*>(&target)) return quoted(**text);
    if (auto* const* number = std::get_if<std::int64_t*>(&target)) return std::to_string(**number);
    std::string out = "[";
    for (const std::string& item : *std::get<std::vector<std::string>*>(target)) {
        if (out.size() > 1) out += ", ";
        out += quoted(item);
    }
    return out + "]";
}

}  // namespace

Result<Config> load_config(const std::string& path) {
    HEARTH_TRY(const std::string text, read_file(path, kMaxConfigBytes));
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        return config_error(path, parsed.error().source(), std::string(parsed.error().description()));
    }
    Config config;
    HEARTH_TRY_STATUS(apply(path, parsed.table(), "", settings_of(config)));
    return config;
}

std::string print_config(const Config& config) {
    Config copy = config;
    std::string out;
    std::string open_table;
    for (const Setting& setting : settings_of(copy)) {
        const std::string name = setting.name;
        const std::string table = name.substr(0, name.find('.'));
        if (table != open_table) {
            if (!out.empty()) out += '\n';
            out += "[" + table + "]\n";
            open_table = table;
        }
        out += name.substr(table.size() + 1) + " = " + value_text(setting.target) + "  # " + setting.help + "\n";
    }
    return out;
}

}  // namespace hearth::daemon

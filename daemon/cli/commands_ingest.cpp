#include <nlohmann/json.hpp>

#include "core/log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

/// One of the three ways to say which files.
Result<std::string> glob_of(const IngestCommands& arguments) {
    const int ways =
        (arguments.path.empty() ? 0 : 1) + (arguments.collection.empty() ? 0 : 1) + (arguments.all ? 1 : 0);
    if (ways != 1) {
        return Error(ErrorCode::kInvalidArgument,
                     "say which files to read again: a PATH or glob, --collection NAME, or --all");
    }
    if (arguments.all) return std::string("**");
    if (!arguments.path.empty()) return arguments.path;
    return arguments.collection == "default" ? std::string("*") : arguments.collection + "/**";
}

int run_reindex(const Client& client, const IngestCommands& arguments, const Output& output) {
    const auto glob = glob_of(arguments);
    if (!glob.ok()) return report(glob.error(), output);
    const auto reply = client.post("/v1/ingest/reindex", {{"path", *glob}});
    if (!reply.ok()) return report(reply.error(), output);
    const int count = reply->value("documents", 0);
    if (output.json)
        print_json(*reply);
    else
        print_line(count == 0 ? "no document matches " + escape_control(*glob)
                              : std::to_string(count) + (count == 1 ? " document is" : " documents are") +
                                    " read again; 'hearth status' shows how far it is");
    return count == 0 ? 1 : 0;
}

const char* done_text(const std::string& command) {
    if (command == "pause") return "files wait until 'hearth resume'";
    if (command == "resume") return "files are read again";
    if (command == "scan") return "the folder is compared with the record now";
    return "held deletions go through";
}

}  // namespace

int run_ingest(const Client& client, const std::string& command, const IngestCommands& arguments,
               const Output& output) {
    if (command == "reindex") return run_reindex(client, arguments, output);
    const auto reply = client.post("/v1/ingest/" + (command == "scan" ? "rescan" : command), json::object());
    if (!reply.ok()) return report(reply.error(), output);
    if (output.json)
        print_json(*reply);
    else
        print_line(done_text(command));
    return 0;
}

}  // namespace hearth::cli

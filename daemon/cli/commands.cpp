#include "daemon/cli/commands.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/log.h"
#include "core/utf8.h"
#include "daemon/cli/print.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

std::string scores_text(const json& scores) {
    const auto part = [&](const char* name) {
        char text[32] = "-";
        if (scores.contains(name) && scores[name].is_number()) {
            std::snprintf(text, sizeof text, "%.3f", scores[name].get<double>());
        }
        return std::string(name) + " " + text;
    };
    const std::string parts = part("bm25") + "  " + part("dense") + "  " + part("fused");
    return scores.contains("rerank") && scores["rerank"].is_number() ? parts + "  " + part("rerank") : parts;
}

Query query_of(const SearchArguments& arguments) {
    Query query{{"q", arguments.query}, {"k", std::to_string(arguments.k)}};
    if (!arguments.collection.empty()) query.emplace("collection", arguments.collection);
    if (!arguments.path.empty()) query.emplace("path", arguments.path);
    if (!arguments.type.empty()) query.emplace("type", arguments.type);
    return query;
}

void print_document(const json& document) {
    const std::string state = document.value("state", "");
    std::string line = state + std::string(state.size() < 11 ? 11 - state.size() : 1, ' ') +
                       escape_control(document.value("path", ""));
    if (state == "indexed") {
        const int chunks = document.value("chunks", 0);
        line += "  (" + std::to_string(chunks) + (chunks == 1 ? " chunk)" : " chunks)");
    }
    print_line(line);
    if (state == "failed") {
        print_line("           why:    " + escape_control(document.value("reason", "")));
        print_line("           remedy: " + escape_control(document.value("remedy", "")));
    }
}

/// "loaded    smollm2-135m-instruct-q4_1  (512 MiB, in use by 1)".
void print_model(const json& model) {
    const json& state = model["hearth"];
    const std::string name = state.value("state", "");
    std::string line =
        name + std::string(name.size() < 10 ? 10 - name.size() : 1, ' ') + escape_control(model.value("id", ""));
    std::vector<std::string> notes;
    if (state.value("default", false)) notes.push_back("answers by default");
    if (state["memory_bytes"].is_number()) {
        notes.push_back(std::to_string(state["memory_bytes"].get<std::uint64_t>() >> 20) + " MiB");
    }
    if (state.value("in_use", 0) > 0) notes.push_back("in use by " + std::to_string(state["in_use"].get<int>()));
    if (state["expires_at"].is_string()) notes.push_back("until " + state["expires_at"].get<std::string>());
    for (std::size_t i = 0; i < notes.size(); ++i) line += (i == 0 ? "  (" : ", ") + notes[i];
    print_line(notes.empty() ? line : line + ")");
    if (state["problem"].is_string())
        print_line("          why: " + escape_control(state["problem"].get<std::string>()));
}

/// Polls until nothing is queued: a person typed --wait and watches.
Status wait_until_indexed(const Client& client) {
    using namespace std::chrono_literals;
    for (;;) {
        HEARTH_TRY(const json status, client.get("/v1/status"));
        if (status.value("/pipeline/idle"_json_pointer, false)) return {};
        std::this_thread::sleep_for(200ms);
    }
}

void print_sources(const json& hearth) {
    const bool found = hearth.value("found", false);
    const json sources = hearth.value("sources", json::array());
    if (sources.empty()) return;
    const bool any_cited =
        std::any_of(sources.begin(), sources.end(), [](const json& source) { return source.value("cited", false); });
    print_line(found ? "\nSources" : "\nNearest passages");
    for (const json& source : sources) {
        const bool cited = source.value("cited", false);
        if (found && any_cited && !cited) continue;
        print_line("  [" + std::to_string(source.value("number", 0)) + "] " + place_of(source));
        const std::string quote = source.value("quote", "");
        const std::string shown = quote.empty() ? source.value("text", "") : quote;
        const bool verified = source.value("verified", false);
        print_line("      " + std::string(quote.empty() || verified ? "" : "(unverified) ") + "\"" +
                   one_line(shown, 240) + "\"");
    }
}

/// `places` are code points of `text`.
void print_places(const std::string& label, const std::string& text, const json& places) {
    for (const json& place : places) {
        std::size_t at = 0;
        std::size_t start = 0;
        for (std::size_t point = 0; at < text.size() && point < place.value("end", 0u); ++point) {
            if (point == place.value("start", 0u)) start = at;
            at += decode_utf8(text, at).length;
        }
        print_line(label + " \"" + one_line(text.substr(start, at - start), 240) + "\"");
    }
}

void print_doubts(const std::string& text, const json& hearth) {
    print_places("\nNot in the passages word for word:", text, hearth.value("unverified_quotes", json::array()));
    print_places("\nNo passage says this:", text, hearth.value("unsupported", json::array()));
}

}  // namespace

int report(const Error& error, const Output& output) {
    if (output.json) {
        print_json({{"error", {{"code", error_code_name(error.code)}, {"message", error.message}}}});
    } else {
        print_error_line("hearth: " + escape_control(error.message));
    }
    return 2;
}

int run_status(const Client& client, const Output& output) {
    const auto status = client.get("/v1/status");
    if (!status.ok()) return report(status.error(), output);
    const auto documents = client.get("/v1/documents");
    if (!documents.ok()) return report(documents.error(), output);
    const json list = documents->value("documents", json::array());
    if (output.json) {
        json all = *status;
        all["documents"] = list;
        print_json(all);
        return 0;
    }
    const json counts = status->value("counts", json::object());
    print_line("hearth " + status->value("version", "") + " at " + client.url());
    print_line("engine     " + status->value("/engine/model"_json_pointer, std::string("loading")) + " (" +
               status->value("/engine/isa"_json_pointer, std::string("-")) + ")");
    print_line("folder     " + escape_control(status->value("inbox", "")));
    print_line("documents  " + std::to_string(counts.value("documents_indexed", 0)) + " indexed, " +
               std::to_string(counts.value("documents_queued", 0)) + " in work, " +
               std::to_string(counts.value("documents_failed", 0)) + " failed; " +
               std::to_string(counts.value("chunks", 0)) + " chunks");
    if (status->value("/pipeline/paused"_json_pointer, false))
        print_line("paused     files wait until 'hearth resume'");
    if (status->value("/pipeline/deletes_held"_json_pointer, false)) {
        print_line("held       many files vanished at once: bring them back, or 'hearth confirm-deletes'");
    }
    const std::string problem = status->value("/pipeline/problem"_json_pointer, std::string());
    if (!problem.empty()) print_line("problem    " + escape_control(problem));
    for (const json& document : list) print_document(document);
    return 0;
}

int run_ps(const Client& client, const Output& output) {
    const auto models = client.get("/v1/models");
    if (!models.ok()) return report(models.error(), output);
    if (output.json) {
        print_json(*models);
        return 0;
    }
    for (const json& model : models->value("data", json::array())) {
        if (model.contains("hearth")) print_model(model);
    }
    return 0;
}

int run_documents(const Client& client, const std::string& collection, const Output& output) {
    const Query query = collection.empty() ? Query() : Query{{"collection", collection}};
    const auto documents = client.get("/v1/documents", query);
    if (!documents.ok()) return report(documents.error(), output);
    if (output.json) {
        print_json(*documents);
        return 0;
    }
    for (const json& document : documents->value("documents", json::array())) print_document(document);
    return 0;
}

int run_search(const Client& client, const SearchArguments& arguments, const Output& output) {
    const auto reply = client.get("/v1/search", query_of(arguments));
    if (!reply.ok()) return report(reply.error(), output);
    const json results = reply->value("results", json::array());
    if (output.json) {
        print_json(*reply);
        return results.empty() ? 1 : 0;
    }
    int number = 0;
    for (const json& result : results) {
        print_line(std::to_string(++number) + ". " + place_of(result));
        print_line("   " + scores_text(result.value("scores", json::object())));
        print_line("   " + one_line(result.value("text", ""), 240));
    }
    if (results.empty()) print_line("nothing found");
    return results.empty() ? 1 : 0;
}

int run_ask(const Client& client, const AskArguments& arguments, const Output& output) {
    if (arguments.wait) {
        const Status waited = wait_until_indexed(client);
        if (!waited.ok()) return report(waited.error(), output);
    }
    json body = {{"model", "hearth"},
                 {"stream", true},
                 {"messages", json::array({{{"role", "user"}, {"content", arguments.question}}})}};
    if (arguments.max_tokens > 0) body["max_completion_tokens"] = arguments.max_tokens;
    if (!arguments.collection.empty()) body["hearth"] = {{"collection", arguments.collection}};
    std::string text;
    std::string problem;
    json hearth = json::object();
    const Status streamed = client.stream("/v1/chat/completions", body, [&](const json& event) {
        if (event.contains("error")) problem = event["error"].value("message", "the answer broke off");
        const json extra = event.value("hearth", json::object());  // with an "event" name: news on the way, no verdict
        if (extra.contains("found") && !extra.contains("event")) hearth = extra;
        const json choices = event.value("choices", json::array());
        if (choices.empty()) return true;
        const json delta = choices[0].value("delta", json::object());
        if (delta.contains("content") && delta["content"].is_string()) {
            const std::string piece = delta["content"].get<std::string>();
            text += piece;
            if (!output.json) print_piece(piece);
        }
        return true;
    });
    if (!output.json && !text.empty()) print_line("");
    if (!problem.empty()) return report(Error(ErrorCode::kInternal, problem), output);
    if (!streamed.ok()) return report(streamed.error(), output);
    if (output.json) {
        print_json({{"answer", text}, {"hearth", hearth}});
    } else {
        print_doubts(text, hearth);
        print_sources(hearth);
    }
    return hearth.value("found", false) ? 0 : 1;
}

}  // namespace hearth::cli

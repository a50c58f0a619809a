#include "agents/tools.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "agents/prompt.h"
#include "agents/words.h"
#include "core/json.h"
#include "core/utf8.h"
#include "llm/grammar.h"

namespace hearth::agents {
namespace {

constexpr int kSearchDefault = 4;
constexpr std::size_t kReadBytes = 2000;
constexpr std::size_t kListedDocuments = 40;

constexpr std::string_view kSearchSchema =
    R"({"type":"object","properties":{"query":{"type":"string","minLength":1,"maxLength":400},)"
    R"("k":{"type":"integer","minimum":1,"maximum":8},"collection":{"type":"string","maxLength":200}},)"
    R"("required":["query"],"additionalProperties":false})";
constexpr std::string_view kReadSchema =
    R"({"type":"object","properties":{"document_id":{"type":"string","minLength":1,"maxLength":200},)"
    R"("start":{"type":"integer","minimum":0,"maximum":1000000000}},)"
    R"("required":["document_id"],"additionalProperties":false})";
constexpr std::string_view kListSchema =
    R"({"type":"object","properties":{"collection":{"type":"string","maxLength":200}},"additionalProperties":false})";
constexpr std::string_view kTimeSchema = R"({"type":"object","properties":{},"additionalProperties":false})";

ToolResult failure(std::string text) {
    return {std::move(text), true, {}};
}

ToolResult search_documents(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope,
                            int first_number) {
    retrieval::Query query;
    query.text = arguments.at("query").get<std::string>();
    query.k = arguments.value("k", kSearchDefault);
    query.collection = scope.collection.empty() ? arguments.value("collection", std::string()) : scope.collection;
    query.path = scope.path;
    query.type = scope.type;
    auto hits = corpus.search(query);
    if (!hits.ok()) return failure("The search failed: " + hits.error().message);
    ToolResult result;
    for (retrieval::Hit& hit : hits.value()) {
        const std::string line = passage_line(first_number + static_cast<int>(result.passages.size()), hit);
        if (result.text.size() + line.size() + 1 > kToolResultBytes) break;
        result.text += line + "\n";
        result.passages.push_back(std::move(hit));
    }
    if (result.text.empty()) result.text = "No passage matches.";
    return result;
}

bool in_scope(const retrieval::DocumentRef& document, const ToolScope& scope) {
    return (scope.collection.empty() || document.collection == scope.collection) &&
           (scope.type.empty() || document.type == scope.type);
}

/// A model writes the file's path as often as its id: both are taken.
Result<retrieval::DocumentStatus> find_document(const std::string& name, const retrieval::Corpus& corpus) {
    auto by_id = corpus.document(name);
    if (by_id.ok()) return by_id;
    HEARTH_TRY(const std::vector<retrieval::DocumentStatus> documents, corpus.documents());
    for (const retrieval::DocumentStatus& document : documents) {
        if (document.document.path == name) return document;
    }
    return Error(ErrorCode::kNotFound, "There is no document \"" + name + "\": take an id from list_documents.");
}

ToolResult read_document(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope,
                         int first_number) {
    auto document = find_document(arguments.at("document_id").get<std::string>(), corpus);
    if (!document.ok()) return failure(document.error().message);
    if (!in_scope(document->document, scope)) return failure("This document is outside what this question may read.");
    const std::size_t start = arguments.value("start", std::size_t{0});
    auto passage = corpus.passage(document->document.id, {start, start + kReadBytes}, 0);
    if (!passage.ok()) return failure("The document cannot be read: " + passage.error().message);
    retrieval::Hit hit;
    hit.document = passage->document;
    hit.chunk.id = document->document.id;
    hit.chunk.heading = passage->title;
    hit.text = passage->text.substr(0, utf8_floor(passage->text, kReadBytes));
    hit.chunk.span = {passage->window.start, passage->window.start + hit.text.size()};
    if (hit.text.empty()) return failure("The document ends before byte " + std::to_string(start) + ".");
    ToolResult result;
    result.text = passage_line(first_number, hit) + "\n";
    if (hit.chunk.span.end < passage->document_bytes) {
        result.text += "(bytes " + std::to_string(hit.chunk.span.start) + " to " + std::to_string(hit.chunk.span.end) +
                       " of " + std::to_string(passage->document_bytes) + "; go on with start)";
    }
    result.passages.push_back(std::move(hit));
    return result;
}

ToolResult list_documents(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope) {
    auto documents =
        corpus.documents(scope.collection.empty() ? arguments.value("collection", std::string()) : scope.collection);
    if (!documents.ok()) return failure("The list cannot be read: " + documents.error().message);
    std::erase_if(*documents, [&](const retrieval::DocumentStatus& d) { return !in_scope(d.document, scope); });
    ToolResult result;
    result.text = std::to_string(documents->size()) + " documents\n";
    std::size_t listed = 0;
    for (const retrieval::DocumentStatus& document : *documents) {
        const std::string line = document.document.path + " (id " + document.document.id + ")" +
                                 (document.state == retrieval::DocumentState::kFailed ? ", could not be read" : "");
        if (listed == kListedDocuments || result.text.size() + line.size() + 1 > kToolResultBytes) break;
        result.text += line + "\n";
        ++listed;
    }
    if (listed < documents->size()) {
        result.text += "and " + std::to_string(documents->size() - listed) + " more\n";
    }
    return result;
}

ToolResult current_time() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    if (localtime_r(&now, &local) == nullptr) return failure("The clock cannot be read.");
    std::array<char, 80> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%A, %d %B %Y, %H:%M %Z", &local);
    return {std::string(text.data(), size), false, {}};
}

const llm::ToolDefinition* find_tool(const std::string& name) {
    for (const llm::ToolDefinition& tool : tool_definitions()) {
        if (tool.name == name) return &tool;
    }
    return nullptr;
}

}  // namespace

const std::vector<llm::ToolDefinition>& tool_definitions() {
    static const std::vector<llm::ToolDefinition> kTools = {
        {"search_documents", "Find passages in the user's documents.", std::string(kSearchSchema)},
        {"read_document", "Read one document from byte `start` on.", std::string(kReadSchema)},
        {"list_documents", "List the documents in the folder.", std::string(kListSchema)},
        {"current_time", "The date and time now.", std::string(kTimeSchema)},
    };
    return kTools;
}

std::string tool_asked_for(std::string_view question) {
    const std::vector<Word> words = words_of(question);
    std::unordered_set<std::string> said;
    bool other = false;  // a word about some subject: then the documents are to be searched, not listed
    static const std::unordered_set<std::string> kFolder = {"document", "documents", "docum",
                                                            "file",     "folder",    "collection"};
    static const std::unordered_set<std::string> kClock = {"time", "date", "day", "today", "clock"};
    static const std::unordered_set<std::string> kAround = {"list",  "show", "hav",   "there",   "name",
                                                            "see",   "now",  "right", "current", "current",
                                                            "index", "read", "know",  "it"};
    bool folder = false;
    bool clock = false;
    bool now = false;
    for (const Word& word : words) {
        if (!word.content) continue;
        folder = folder || kFolder.contains(word.stem);
        clock = clock || kClock.contains(word.stem);
        now = now || word.stem == "now" || word.stem == "today" || word.stem.starts_with("current");
        other = other || (!kFolder.contains(word.stem) && !kClock.contains(word.stem) && !kAround.contains(word.stem));
    }
    if (other || (folder && clock)) return {};
    if (folder) return "list_documents";
    const bool bare_clock = clock && words.size() <= 5;  // "what time is it", "what is the date"
    return clock && (now || bare_clock) ? "current_time" : "";
}

ToolResult run_tool(const llm::ToolCall& call, const retrieval::Corpus& corpus, const ToolScope& scope,
                    int first_number) {
    const llm::ToolDefinition* tool = find_tool(call.name);
    if (tool == nullptr) {
        std::string names;
        for (const llm::ToolDefinition& known : tool_definitions()) names += (names.empty() ? "" : ", ") + known.name;
        return failure("There is no tool \"" + call.name + "\". The tools are: " + names + ".");
    }
    const std::string text = call.arguments.empty() ? "{}" : call.arguments;
    if (const Status valid = llm::validate_json(text, tool->parameters); !valid.ok()) {
        return failure("The arguments of " + call.name + " are wrong: " + valid.error().message);
    }
    auto arguments = parse_json(text);
    if (!arguments.ok()) return failure("The arguments of " + call.name + " are no JSON: " + arguments.error().message);
    if (call.name == "search_documents") return search_documents(*arguments, corpus, scope, first_number);
    if (call.name == "read_document") return read_document(*arguments, corpus, scope, first_number);
    if (call.name == "list_documents") return list_documents(*arguments, corpus, scope);
    return current_time();
}

}  // namespace hearth::agents

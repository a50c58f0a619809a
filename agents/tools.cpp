#include "agents/tools.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agents/prompt.h"
#include "agents/table_tools.h"
#include "agents/tool_parts.h"
#include "agents/words.h"
#include "core/glob.h"
#include "core/json.h"
#include "core/utf8.h"
#include "llm/grammar.h"

namespace hearth::agents {
namespace {

constexpr std::string_view kQueryTable = "query_table";
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
constexpr std::string_view kTablesSchema =
    R"({"type":"object","properties":{"collection":{"type":"string","maxLength":200},)"
    R"("path":{"type":"string","maxLength":400}},"additionalProperties":false})";
constexpr std::string_view kQuerySchema =
    R"({"type":"object","properties":{"sql":{"type":"string","minLength":1,"maxLength":8192},)"
    R"("collection":{"type":"string","maxLength":200},"path":{"type":"string","maxLength":400}},)"
    R"("required":["sql"],"additionalProperties":false})";
constexpr std::string_view kTimeSchema = R"({"type":"object","properties":{},"additionalProperties":false})";

ToolResult search_documents(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope,
                            int first_number) {
    retrieval::Query query;
    query.text = arguments.at("query").get<std::string>();
    query.k = arguments.value("k", kSearchDefault);
    auto collection = collection_of(arguments, corpus, scope);
    if (!collection.ok()) return failure("The search failed: " + collection.error().message);
    query.collection = collection->name;
    query.path = scope.path;
    query.type = scope.type;
    auto hits = corpus.search(query);
    if (!hits.ok()) return failure("The search failed: " + hits.error().message);
    ToolResult result;
    result.text = collection->note;
    for (retrieval::Hit& hit : hits.value()) {
        const std::string line = passage_line(first_number + static_cast<int>(result.passages.size()), hit);
        if (result.text.size() + line.size() + 1 > kToolResultBytes) break;
        result.text += line + "\n";
        result.passages.push_back(std::move(hit));
    }
    if (result.passages.empty()) result.text += "No passage matches.";
    return result;
}

bool in_scope(const retrieval::DocumentRef& document, const ToolScope& scope) {
    return (scope.collection.empty() || document.collection == scope.collection) &&
           (scope.type.empty() || document.type == scope.type) &&
           (scope.path.empty() || glob_match(scope.path, document.path));
}

/// A model writes the file's path, or its name, as often as its id: all are taken.
Result<retrieval::DocumentStatus> find_document(const std::string& name, const retrieval::Corpus& corpus) {
    auto by_id = corpus.document(name);
    if (by_id.ok()) return by_id;
    HEARTH_TRY(const std::vector<retrieval::DocumentStatus> documents, corpus.documents());
    for (const retrieval::DocumentStatus& document : documents) {
        const std::string& path = document.document.path;
        const bool file_name =
            path.size() > name.size() && path.ends_with(name) && path[path.size() - name.size() - 1] == '/';
        if (path == name || file_name) return document;
    }
    return Error(ErrorCode::kNotFound, "There is no document \"" + name + "\": take a path from list_documents.");
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
    auto collection = collection_of(arguments, corpus, scope);
    if (!collection.ok()) return failure("The list cannot be read: " + collection.error().message);
    auto documents = corpus.documents(collection->name);
    if (!documents.ok()) return failure("The list cannot be read: " + documents.error().message);
    std::erase_if(*documents, [&](const retrieval::DocumentStatus& d) { return !in_scope(d.document, scope); });
    ToolResult result;
    result.text = collection->note + std::to_string(documents->size()) +
                  (documents->size() == 1 ? " document\n" : " documents\n");
    std::size_t listed = 0;
    for (const retrieval::DocumentStatus& document : *documents) {
        const std::string line = "- " + document.document.path +
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
    ToolResult result;
    result.text.assign(text.data(), size);
    return result;
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
        {"list_tables", "List the tables of the documents (CSV, sheets, pages) with their columns.",
         std::string(kTablesSchema)},
        {std::string(kQueryTable),
         "Exact counts, sums, averages and lookups by one SQL SELECT (SQLite) over the tables of the documents.",
         std::string(kQuerySchema)},
    };
    return kTools;
}

std::vector<llm::ToolDefinition> offered_tools(const retrieval::Corpus& corpus, const ToolScope& scope) {
    const auto tables = corpus.tables({scope.collection, scope.path, scope.type});
    std::vector<llm::ToolDefinition> offered;
    for (const llm::ToolDefinition& tool : tool_definitions()) {
        if (tool.name != "list_tables" && tool.name != kQueryTable) offered.push_back(tool);
        if (tool.name != kQueryTable || !tables.ok() || tables->empty()) continue;
        const llm::ToolDefinition query = query_table_over(tool, *tables);
        if (query.description.find("list_tables") != std::string::npos) offered.push_back(*find_tool("list_tables"));
        offered.push_back(query);
    }
    return offered;
}

std::string tool_asked_for(std::string_view question) {
    const std::vector<std::string> stems = content_stems(question);
    const auto has = [&](const std::vector<std::string>& any) {
        return std::any_of(any.begin(), any.end(), [&](const std::string& stem) {
            return std::find(stems.begin(), stems.end(), stem) != stems.end();
        });
    };
    const auto only = [&](const std::vector<std::string>& known) {
        return std::all_of(stems.begin(), stems.end(), [&](const std::string& stem) {
            return std::find(known.begin(), known.end(), stem) != known.end();
        });
    };
    // A word about some other subject: then the documents are to be searched, not listed.
    static const std::vector<std::string> kFolder = content_stems("document file folder collection");
    static const std::vector<std::string> kClock = content_stems("time date day today clock weekday");
    static const std::vector<std::string> kNow = content_stems("now today current currently");
    static const std::vector<std::string> kAround = content_stems(
        "list show have name see now right current currently indexed index know available exist stored hold contain "
        "count number read today week");
    static const std::vector<std::string> kRead = content_stems("read open summarise summarize");
    static const std::vector<std::string> kSearch = content_stems("search find look");
    const std::string first = stems.empty() ? std::string() : stems.front();
    const std::size_t dot = question.find('.');
    const bool names_file = dot != std::string_view::npos && dot + 1 < question.size();  // "leave.txt", no full stop
    if (std::find(kRead.begin(), kRead.end(), first) != kRead.end() && names_file) return "read_document";
    if (std::find(kSearch.begin(), kSearch.end(), first) != kSearch.end() && stems.size() > 1)
        return "search_documents";
    std::vector<std::string> known = kAround;
    known.insert(known.end(), kFolder.begin(), kFolder.end());
    if (has(kFolder) && only(known)) return "list_documents";
    known = kAround;
    known.insert(known.end(), kClock.begin(), kClock.end());
    constexpr std::size_t kBareClockWords = 5;  // "what time is it", "what is the date"
    const bool bare = words_of(question).size() <= kBareClockWords && !has(content_stems("have read list"));
    return has(kClock) && only(known) && (has(kNow) || bare) ? "current_time" : "";
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
    if (call.name == "list_tables") return list_tables(*arguments, corpus, scope);
    if (call.name == kQueryTable) return query_table(*arguments, corpus, scope, first_number);
    return current_time();
}

}  // namespace hearth::agents

#include "web/wire.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/utf8.h"
#include "web/http.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json optional_json(const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
}

json to_json(const retrieval::Span& span) {
    return {{"start", span.start}, {"end", span.end}};
}

const char* state_name(retrieval::DocumentState state) {
    switch (state) {
        case retrieval::DocumentState::kQueued:
            return "queued";
        case retrieval::DocumentState::kProcessing:
            return "processing";
        case retrieval::DocumentState::kIndexed:
            return "indexed";
        case retrieval::DocumentState::kFailed:
            break;
    }
    return "failed";
}

const agents::Source* source_of(const agents::Answer& answer, int number) {
    const auto found = std::find_if(answer.sources.begin(), answer.sources.end(),
                                    [&](const agents::Source& source) { return source.number == number; });
    return found == answer.sources.end() ? nullptr : &*found;
}

/// Code point offsets, as annotations have them.
json places_json(const agents::Answer& answer, const std::vector<retrieval::Span>& places) {
    json out = json::array();
    for (const retrieval::Span& place : places) {
        out.push_back({{"start", code_points(answer.text, place.start)}, {"end", code_points(answer.text, place.end)}});
    }
    return out;
}

}  // namespace

std::size_t code_points(std::string_view text, std::size_t bytes) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < std::min(bytes, text.size()); ++count) at += decode_utf8(text, at).length;
    return count;
}

json to_json(const retrieval::DocumentRef& document) {
    return {{"id", document.id}, {"path", document.path}, {"type", document.type}, {"collection", document.collection}};
}

json to_json(const retrieval::Hit& hit) {
    return {{"document", to_json(hit.document)},
            {"chunk",
             {{"id", hit.chunk.id},
              {"heading", hit.chunk.heading},
              {"page", hit.chunk.page ? json(*hit.chunk.page) : json(nullptr)},
              {"span", to_json(hit.chunk.span)}}},
            {"text", hit.text},
            {"score", hit.score},
            {"scores",
             {{"bm25", optional_json(hit.scores.bm25)},
              {"dense", optional_json(hit.scores.dense)},
              {"fused", hit.scores.fused},
              {"rerank", optional_json(hit.scores.rerank)}}}};
}

json to_json(const retrieval::DocumentStatus& status) {
    json out = to_json(status.document);
    out["state"] = state_name(status.state);
    out["reason"] = status.reason;
    out["remedy"] = status.remedy;
    out["chunks"] = status.chunks;
    out["size_bytes"] = status.file.size_bytes;
    out["title"] = status.title;
    out["content_sha256"] = status.content_sha256;
    out["modified_at"] = status.file.modified_ns / 1'000'000'000;
    out["indexed_at"] = status.indexed_at;
    return out;
}

json to_json(const retrieval::Passage& passage) {
    return {
        {"document", to_json(passage.document)}, {"title", passage.title}, {"requested", to_json(passage.requested)},
        {"window", to_json(passage.window)},     {"text", passage.text},   {"document_bytes", passage.document_bytes}};
}

json to_json(const agents::Source& source) {
    json out = to_json(source.hit);
    out["number"] = source.number;
    out["quote"] = source.quote;
    out["quote_span"] = to_json(source.quote_span);
    out["verified"] = source.verified;
    out["cited"] = source.cited;
    if (!source.computed.empty()) out["computed"] = source.computed;
    return out;
}

json to_json(const agents::ToolTrace& trace) {
    return {{"name", trace.name},
            {"arguments", trace.arguments},
            {"result", trace.result},
            {"seconds", trace.seconds},
            {"failed", trace.failed}};
}

json sources_json(const std::vector<agents::Source>& sources) {
    json out = json::array();
    for (const agents::Source& source : sources) out.push_back(to_json(source));
    return out;
}

json answer_json(const agents::Answer& answer) {
    json citations = json::array();
    for (const agents::CitationMark& mark : answer.citations) {
        citations.push_back({{"start", code_points(answer.text, mark.start)},
                             {"end", code_points(answer.text, mark.end)},
                             {"number", mark.number},
                             {"supported", mark.supported}});
    }
    json tools = json::array();
    for (const agents::ToolTrace& trace : answer.tools) tools.push_back(to_json(trace));
    return {{"found", answer.found},
            {"gate_score", answer.gate_score},
            {"evidence",
             {{"best_sentence", answer.evidence.best_sentence}, {"weakest_word", answer.evidence.weakest_word}}},
            {"sources", sources_json(answer.sources)},
            {"citations", std::move(citations)},
            {"unverified_quotes", places_json(answer, answer.unverified_quotes)},
            {"unsupported", places_json(answer, answer.unsupported)},
            {"quoted", answer.quoted},
            {"history_dropped", answer.history_dropped},
            {"tools", std::move(tools)},
            {"timings",
             {{"search_seconds", answer.timings.search_seconds},
              {"first_token_seconds", answer.timings.first_token_seconds},
              {"total_seconds", answer.timings.total_seconds},
              {"queue_seconds", answer.usage.queue_seconds},
              {"prefill_seconds", answer.usage.prefill_seconds},
              {"decode_seconds", answer.usage.decode_seconds}}}};
}

std::string passage_url(const agents::Source& source, const std::string& base) {
    const retrieval::Span& span = source.quote.empty() ? source.hit.chunk.span : source.quote_span;
    return base + "/#/document/" + percent_encode(source.hit.document.id) + "?start=" + std::to_string(span.start) +
           "&end=" + std::to_string(span.end);
}

json annotations_json(const agents::Answer& answer, const std::string& base) {
    json out = json::array();
    for (const agents::CitationMark& mark : answer.citations) {
        const agents::Source* source = source_of(answer, mark.number);
        if (source == nullptr) continue;
        out.push_back({{"type", "url_citation"},
                       {"url_citation",
                        {{"start_index", code_points(answer.text, mark.start)},
                         {"end_index", code_points(answer.text, mark.end)},
                         {"url", passage_url(*source, base)},
                         {"title", source->hit.document.path}}}});
    }
    return out;
}

}  // namespace hearth::web

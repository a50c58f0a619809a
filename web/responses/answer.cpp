#include "web/responses/answer.h"

#include <ctime>

#include "web/answer_meter.h"
#include "web/answering.h"
#include "web/model_use.h"
#include "web/receipts/receipt.h"
#include "web/stores/file_ids.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

ApiError stopped_error() {
    return {503, "the answer was stopped before it was complete", "overloaded", {}, "cancelled", {}};
}

const std::string& question_of(const ResponsesRequest& request) {
    const auto& messages = request.chat.generate.messages;
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (message->role == llm::Role::kUser) return message->content;
    }
    return messages.back().content;
}

json search_results_json(App& app, const std::vector<retrieval::Hit>& hits) {
    const FileIds ids(app.store());
    json out = json::array();
    for (const retrieval::Hit& hit : hits) {
        out.push_back({{"file_id", ids.id_of(hit.document.path)},
                       {"filename", hit.document.path},
                       {"score", hit.score},
                       {"text", hit.text},
                       {"attributes", json::object()}});
    }
    return out;
}

std::vector<retrieval::Hit> hits_of(const std::vector<agents::Source>& sources) {
    std::vector<retrieval::Hit> out;
    for (const agents::Source& source : sources) out.push_back(source.hit);
    return out;
}

agents::AskRequest ask_request(const ResponsesRequest& request, const ModelUse& model) {
    const ChatRequest& chat = request.chat;
    agents::AskRequest ask;
    ask.model = model;
    ask.messages = chat.generate.messages;
    ask.collection = chat.collection;
    ask.path = chat.path;
    ask.type = chat.type;
    ask.sampling = chat.generate.sampling;
    settle_seed(ask.sampling);
    ask.max_tokens = chat.generate.max_tokens;
    return ask;
}

std::optional<ApiError> answer_from_documents(App& app, const ResponsesRequest& request, const ModelUse& model,
                                              ResponseReply& reply, const std::stop_token& cancel, AnswerMeter& meter) {
    bool searching = request.file_search.has_value();
    const auto end_search = [&](const std::vector<agents::Source>& sources) {
        if (!searching) return true;
        searching = false;
        return reply.file_search_end(question_of(request),
                                     request.include_results ? search_results_json(app, hits_of(sources)) : json());
    };
    if (searching && !reply.file_search_begin()) return stopped_error();
    const agents::EventSink sink = [&](const agents::Event& event) {
        if (cancel.stop_requested()) return false;
        if (const auto* sources = std::get_if<agents::SourcesEvent>(&event)) return end_search(sources->sources);
        const auto* delta = std::get_if<agents::DeltaEvent>(&event);
        if (delta == nullptr) return true;
        meter.text();
        return end_search({}) && reply.text(delta->text);
    };
    const agents::AskRequest ask = ask_request(request, model);
    auto answer = app.services().agent->ask(ask, sink, cancel);
    if (!answer.ok()) return engine_error(answer.error(), request.chat.generate, *model);
    if (answer->finish_reason == llm::FinishReason::kCancelled || cancel.stop_requested()) return stopped_error();
    meter.done(answer->usage);
    keep_receipt(app, reply.object()["id"], ask, *answer);
    end_search(answer->sources);
    reply.end_text(file_citations_json(app, *answer), true);
    reply.complete(answer->finish_reason, answer->usage, answer_json(*answer));
    return std::nullopt;
}

/// With tools of the client or a format of its own the engine answers; a file search then goes before, as a message.
std::optional<ApiError> search_before(App& app, const ResponsesRequest& request, llm::GenerateRequest& generate,
                                      ResponseReply& reply) {
    retrieval::Query query;
    query.text = question_of(request);
    query.k = request.file_search->max_results;
    query.collection = request.chat.collection;
    if (!reply.file_search_begin()) return stopped_error();
    const auto hits = app.services().corpus->search(query);
    if (!hits.ok()) return api_error(hits.error());
    if (!reply.file_search_end(query.text, request.include_results ? search_results_json(app, *hits) : json())) {
        return stopped_error();
    }
    std::string passages = "Passages from the user's documents:";
    for (const retrieval::Hit& hit : *hits) passages += "\n" + hit.document.path + ": " + hit.text;
    generate.messages.insert(generate.messages.begin(), {llm::Role::kSystem, passages, {}, {}, {}});
    return std::nullopt;
}

std::optional<ApiError> answer_plainly(App& app, const ResponsesRequest& request, llm::TextModel& model,
                                       ResponseReply& reply, const std::stop_token& cancel, AnswerMeter& meter) {
    llm::GenerateRequest generate = request.chat.generate;
    if (request.file_search) {
        if (auto error = search_before(app, request, generate, reply)) return error;
    }
    const auto sink = [&](std::string_view delta) {
        meter.text();
        return reply.text(delta) && !cancel.stop_requested();
    };
    const auto completion = model.generate(generate, sink, cancel);
    if (!completion.ok()) return engine_error(completion.error(), generate, model);
    if (completion->finish_reason == llm::FinishReason::kCancelled) return stopped_error();
    meter.done(completion->usage);
    reply.end_text(json::array(), completion->tool_calls.empty());
    for (const llm::ToolCall& call : completion->tool_calls) reply.call(call);
    reply.complete(completion->finish_reason, completion->usage, nullptr);
    return std::nullopt;
}

}  // namespace

json file_citations_json(App& app, const agents::Answer& answer) {
    const FileIds ids(app.store());
    json out = json::array();
    for (const agents::CitationMark& mark : answer.citations) {
        for (const agents::Source& source : answer.sources) {
            if (source.number != mark.number) continue;
            const std::string& path = source.hit.document.path;
            out.push_back({{"type", "file_citation"},
                           {"index", code_points(answer.text, mark.start)},
                           {"file_id", ids.id_of(path)},
                           {"filename", path},
                           {"hearth", to_json(source)}});
        }
    }
    return out;
}

std::optional<ApiError> make_response(App& app, const ResponsesRequest& request, ResponseReply& reply,
                                      std::stop_token cancel) {
    if (app.services().model == nullptr || cancel.stop_requested()) return stopped_error();
    const App::BusyScope busy(app);
    AnswerMeter meter(app.metrics(), cancel);
    const auto used = use_model(app.services(), request.chat.model, cancel);
    if (cancel.stop_requested()) return stopped_error();
    if (const auto* error = std::get_if<ApiError>(&used)) return *error;
    const ModelUse& model = std::get<ModelUse>(used);
    return request.chat.from_documents ? answer_from_documents(app, request, model, reply, cancel, meter)
                                       : answer_plainly(app, request, *model, reply, cancel, meter);
}

}  // namespace hearth::web

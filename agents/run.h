// One question's way through the loop: retrieve, gate, generate with tools in bounds, check. Lives as long as the call.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agents/agent.h"
#include "agents/citations.h"
#include "agents/evidence_gate.h"
#include "agents/history.h"
#include "agents/tools.h"

namespace hearth::agents {

struct RunParts {
    const AgentOptions& options;
    llm::TextModel& model;
    llm::EmbeddingModel& embedder;
    const retrieval::Corpus& corpus;
};

class Run {
  public:
    Run(const RunParts& parts, const AskRequest& request, const EventSink& sink, std::stop_token cancel);
    Result<Answer> answer();

  private:
    Result<Answer> answer_question();
    Status check_length();
    Status retrieve();
    Status decide();
    Result<Answer> refuse();
    Result<Answer> answer_from_tool(const std::string& tool);
    Result<Answer> generate(std::vector<llm::Message> messages, const std::string& first_tool);
    Status take_step(std::vector<llm::Message>& messages, const std::string& required_tool, bool last, bool& again);
    void offer_tools(llm::GenerateRequest& request, const std::string& required_tool, bool last) const;
    void call_tools(std::vector<llm::Message>& messages, const llm::Completion& step);
    std::string call_tool(const llm::ToolCall& call) { return run_call(call).text; }
    ToolResult run_call(const llm::ToolCall& call);
    /// A statement and what came out.
    struct TableResult {
        std::string sql;
        SqlRows rows;
    };
    std::vector<retrieval::TableInfo> tables_near() const;
    Result<std::optional<TableResult>> compute(const std::vector<retrieval::TableInfo>& tables);
    Result<bool> answer_from_tables();
    void add_usage(const llm::Usage& step);
    double seconds_since_start() const;
    bool is_repeated(const llm::ToolCall& call);
    void rebuild_writer();
    bool deliver(const std::string& text);
    bool send(const Event& event);
    bool over_time() const { return std::chrono::steady_clock::now() >= deadline_; }
    bool stopped() const { return cancel_.stop_requested() || sink_closed_; }
    void say_without_model();
    Result<Answer> finish();

    const RunParts& parts_;
    const AskRequest& request_;
    const EventSink& sink_;
    std::stop_token cancel_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point deadline_;
    bool sink_closed_ = false;
    bool tools_begun_ = false;  ///< the model has been shown tools: what it writes may be a call
    Conversation conversation_;
    Answer answer_;
    std::vector<retrieval::Hit> passages_;
    Evidence evidence_;
    std::unique_ptr<SupportIndex> support_;
    std::unique_ptr<CitationWriter> writer_;
    std::vector<std::string> calls_made_;
};

}  // namespace hearth::agents

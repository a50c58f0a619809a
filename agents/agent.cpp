#include "agents/agent.h"

#include "agents/run.h"

namespace hearth::agents {
namespace {

class LoopAgent final : public Agent {
  public:
    LoopAgent(const AgentOptions& options, llm::TextModel& model, llm::EmbeddingModel& embedder,
              const retrieval::Corpus& corpus)
        : options_(options), model_(model), embedder_(embedder), corpus_(corpus) {}

    Result<Answer> ask(const AskRequest& request, const EventSink& sink, std::stop_token cancel) override {
        llm::TextModel& model = request.model != nullptr ? *request.model : model_;
        const RunParts parts{options_, model, embedder_, corpus_};
        return Run(parts, request, sink, std::move(cancel)).answer();
    }

  private:
    const AgentOptions options_;
    llm::TextModel& model_;
    llm::EmbeddingModel& embedder_;
    const retrieval::Corpus& corpus_;
};

}  // namespace

std::unique_ptr<Agent> Agent::create(const AgentOptions& options, llm::TextModel& model, llm::EmbeddingModel& embedder,
                                     const retrieval::Corpus& corpus) {
    return std::make_unique<LoopAgent>(options, model, embedder, corpus);
}

}  // namespace hearth::agents

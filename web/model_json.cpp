#include "web/model_json.h"

#include <array>
#include <ctime>

namespace hearth::web {
namespace {

using nlohmann::json;

const char* state_name(llm::ModelState state) {
    switch (state) {
        case llm::ModelState::kUnloaded:
            return "unloaded";
        case llm::ModelState::kLoading:
            return "loading";
        case llm::ModelState::kLoaded:
            break;
    }
    return "loaded";
}

}  // namespace

std::vector<llm::PooledModel> chat_models(const Services& services) {
    if (services.models != nullptr) return services.models->list();
    const llm::ModelInfo& info = services.model->info();
    return {{.id = info.id,
             .state = llm::ModelState::kLoaded,
             .pinned = true,
             .file_bytes = info.weight_bytes,
             .info = info}};
}

json model_state_json(const llm::PooledModel& model) {
    return {{"state", state_name(model.state)},
            {"default", model.pinned},
            {"in_use", model.in_use},
            {"file_bytes", model.file_bytes},
            {"memory_bytes", model.memory_bytes > 0 ? json(model.memory_bytes) : json()},
            {"context_tokens", model.info ? json(model.info->context_tokens) : json()},
            {"expires_at", model.expires_at ? json(rfc3339(*model.expires_at)) : json()},
            {"problem", model.problem.empty() ? json() : json(model.problem)}};
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 48> text{};
    const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text.data(), n);
}

}  // namespace hearth::web

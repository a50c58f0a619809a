#include "web/model_use.h"

#include "web/chat_request.h"

namespace hearth::web {
namespace {

/// "hearth:ADAPTER" is the default model with it.
std::string model_name(const Services& services, const std::string& name) {
    const std::string prefix = std::string(kAgentModel) + ":";
    if (!name.starts_with(prefix)) return name;
    return services.model->info().id + ":" + name.substr(prefix.size());
}

bool is_default(const Services& services, const std::string& name) {
    return name == kAgentModel || name == services.model->info().id;
}

ApiError no_such_model(const Services& services, const std::string& name) {
    return {404,
            "there is no model '" + name + "'; use '" + std::string(kAgentModel) + "' or '" +
                services.model->info().id + "', or another of /v1/models",
            "invalid_request_error",
            "model",
            "model_not_found",
            {}};
}

}  // namespace

std::optional<ApiError> check_model_name(const Services& services, const std::string& name) {
    if (is_default(services, name)) return std::nullopt;
    if (services.models != nullptr && services.models->knows(model_name(services, name))) return std::nullopt;
    if (name == services.embedder->id()) {
        return bad_request("'" + name + "' is an embedding model; it answers on /v1/embeddings", "model");
    }
    return no_such_model(services, name);
}

std::variant<ModelUse, ApiError> use_model(const Services& services, const std::string& name,
                                           const std::stop_token& cancel, std::optional<std::chrono::seconds> keep) {
    if (is_default(services, name)) return ModelUse(std::shared_ptr<void>(), services.model);
    if (auto error = check_model_name(services, name)) return *error;
    auto used = services.models->use(model_name(services, name), cancel, keep);
    if (used.ok()) return std::move(*used);
    // Its file went since it was looked for.
    if (used.error().code == ErrorCode::kNotFound) return no_such_model(services, name);
    return api_error(used.error());
}

}  // namespace hearth::web

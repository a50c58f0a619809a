#include "llm/adapters.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "llm/lora_files.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kMaxAdapters = 256;

/// Name to path.
std::map<std::string, std::string> adapters_in(const std::string& directory) {
    std::map<std::string, std::string> out;
    if (directory.empty()) return out;
    std::error_code failed;
    for (std::filesystem::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed)) {
        const std::filesystem::path& path = at->path();
        std::error_code ignored;
        const bool peft = std::filesystem::exists(path / kPeftConfig, ignored);
        if (!peft && path.extension() != ".gguf") continue;
        out.emplace(peft ? path.filename().string() : path.stem().string(), path.string());
        if (out.size() == kMaxAdapters) break;
    }
    return out;
}

class AdaptedModel : public TextModel {
  public:
    AdaptedModel(std::shared_ptr<TextModel> base, std::string adapter)
        : base_(std::move(base)), adapter_(std::move(adapter)), info_(base_->info()) {
        info_.id += ":" + adapter_;
    }

    const ModelInfo& info() const override { return info_; }
    Result<Completion> generate(const GenerateRequest& request, const TextSink& sink, std::stop_token cancel) override {
        GenerateRequest adapted = request;
        adapted.adapter = adapter_;
        return base_->generate(adapted, sink, std::move(cancel));
    }
    Result<int> count_prompt_tokens(const GenerateRequest& request) override {
        return base_->count_prompt_tokens(request);
    }
    Result<std::string> render_prompt(const GenerateRequest& request) const override {
        return base_->render_prompt(request);
    }
    std::vector<int> tokenize(std::string_view text, bool allow_special) const override {
        return base_->tokenize(text, allow_special);
    }
    Result<std::string> detokenize(std::span<const int> ids) const override { return base_->detokenize(ids); }
    EngineStats stats() const override { return base_->stats(); }

  private:
    const std::shared_ptr<TextModel> base_;
    const std::string adapter_;
    ModelInfo info_;
};

}  // namespace

std::vector<std::string> list_adapters(const std::string& directory) {
    std::vector<std::string> out;
    for (const auto& [name, path] : adapters_in(directory)) out.push_back(name);
    return out;
}

Result<std::string> find_adapter(const std::string& directory, const std::string& name) {
    const auto known = adapters_in(directory);
    const auto found = known.find(name);
    if (found != known.end()) return found->second;
    std::string names;
    for (const auto& [other, path] : known) names += (names.empty() ? "" : ", ") + other;
    return Error(ErrorCode::kNotFound, "there is no adapter '" + name + "'" +
                                           (names.empty() ? "; put one into models.adapters" : "; there is " + names));
}

std::shared_ptr<TextModel> with_adapter(std::shared_ptr<TextModel> base, std::string adapter) {
    return std::make_shared<AdaptedModel>(std::move(base), std::move(adapter));
}

}  // namespace hearth::llm

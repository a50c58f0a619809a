// PUBLIC. LoRA adapters by name: which there are, and a model that answers with one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "llm/engine.h"

namespace hearth::llm {

/// Names of what lies in the folder: NAME.gguf, or PEFT's folder NAME with an adapter_config.json; in order, at most
/// 256. Whether one fits a model shows when it is used.
std::vector<std::string> list_adapters(const std::string& directory);

/// Its path. kNotFound lists what there is.
Result<std::string> find_adapter(const std::string& directory, const std::string& name);

/// `base`, whose every answer is made with the adapter; its id is "base:adapter".
std::shared_ptr<TextModel> with_adapter(std::shared_ptr<TextModel> base, std::string adapter);

}  // namespace hearth::llm

// Adapter files: GGUF as llama.cpp's convert_lora_to_gguf writes it, and PEFT's folder of adapter_config.json and
// adapter_model.safetensors. Nothing in the files is trusted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/decoder_config.h"
#include "llm/gguf.h"
#include "llm/lora.h"
#include "llm/safetensors.h"

namespace hearth::llm {

inline constexpr const char* kPeftConfig = "adapter_config.json";
inline constexpr const char* kPeftWeights = "adapter_model.safetensors";

/// Asked once for the bytes that the adapter will take, before they are read; an error refuses it.
using ReserveMemory = std::function<Status(std::size_t bytes)>;

/// The pairs of an adapter, checked against the decoder that it is for. kInvalidArgument, naming the tensor, for one
/// that was made for another model; kUnsupported, naming the tensor or setting, for what is not a plain LoRA of
/// attention and feed-forward projections; kDataLoss for broken files.
Result<std::vector<LoraPair>> read_lora(const GgufFile& file, const DecoderConfig& config,
                                        const ReserveMemory& reserve);
Result<std::vector<LoraPair>> read_lora(std::string_view peft_config, const SafetensorsFile& file,
                                        const DecoderConfig& config, const ReserveMemory& reserve);

/// `path` is a GGUF file or a PEFT folder.
Result<std::vector<LoraPair>> read_lora(const std::string& path, const DecoderConfig& config,
                                        const ReserveMemory& reserve);

}  // namespace hearth::llm

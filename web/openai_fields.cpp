#include "web/openai_fields.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

void read_logit_bias(FieldReader& fields, llm::SamplingOptions& sampling) {
    const json* bias = fields.object("logit_bias");
    if (bias == nullptr) return;
    if (bias->size() > kMaxLogitBias) return fields.fail("logit_bias", "has more than 300 entries");
    for (const auto& [key, value] : bias->items()) {
        int token = -1;
        const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token);
        const bool whole = parsed.ec == std::errc() && parsed.ptr == key.data() + key.size() && token >= 0;
        const double number = value.is_number() ? value.get<double>() : 1000.0;
        if (!whole || !(number >= -100 && number <= 100)) {
            return fields.fail("logit_bias", "must map token ids to numbers from -100 to 100");
        }
        sampling.logit_bias[token] = static_cast<float>(number);
    }
}

void read_sampling(FieldReader& fields, llm::GenerateRequest& out) {
    llm::SamplingOptions& sampling = out.sampling;
    sampling.temperature = static_cast<float>(fields.number("temperature", 0, 2).value_or(0));
    sampling.top_p = static_cast<float>(fields.number("top_p", 0, 1).value_or(1));
    sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1'000'000).value_or(0));
    sampling.min_p = static_cast<float>(fields.number("min_p", 0, 1).value_or(0));
    sampling.frequency_penalty = static_cast<float>(fields.number("frequency_penalty", -2, 2).value_or(0));
    sampling.presence_penalty = static_cast<float>(fields.number("presence_penalty", -2, 2).value_or(0));
    if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX))
        sampling.seed = static_cast<std::uint64_t>(*seed);
    if (sampling.top_p <= 0) {  // the limit of a shrinking nucleus: only the best token
        sampling.top_p = 1;
        sampling.top_k = 1;
    }
    read_logit_bias(fields, sampling);
    const auto deprecated = fields.integer("max_tokens", 1, INT32_MAX);
    const auto limit = fields.integer("max_completion_tokens", 1, INT32_MAX);
    out.max_tokens = static_cast<int>(limit.value_or(deprecated.value_or(0)));
}

void read_stop(FieldReader& fields, llm::GenerateRequest& out) {
    const json* stop = fields.any("stop");
    if (stop == nullptr) return;
    const auto add = [&](const json& item) {
        if (!item.is_string() || item.get_ref<const std::string&>().empty() ||
            item.get_ref<const std::string&>().size() > kMaxStopBytes) {
            return fields.fail("stop", "must be strings of 1 to 256 bytes");
        }
        out.stop.push_back(item.get<std::string>());
    };
    if (stop->is_array()) {
        if (stop->size() > kMaxStopStrings) return fields.fail("stop", "has more than 4 strings");
        for (const json& item : *stop) add(item);
    } else {
        add(*stop);
    }
}

void read_stream(FieldReader& fields, ChatRequest& out) {
    out.stream = fields.boolean("stream").value_or(false);
    const json* options = fields.object("stream_options");
    if (options == nullptr) return;
    FieldReader inner(*options, "stream_options.");
    out.include_usage = inner.boolean("include_usage").value_or(false);
    if (inner.error()) fields.fail("stream_options", inner.error()->message);
    if (!out.stream) fields.fail("stream_options", "is only possible with stream=true");
}

}  // namespace

void read_shared_fields(FieldReader& fields, ChatRequest& out) {
    out.model = fields.text("model", 256).value_or("");
    if (!fields.error() && out.model.empty()) fields.fail("model", "is missing; /v1/models lists what there is");
    read_stream(fields, out);
    out.choices = static_cast<int>(fields.integer("n", 1, kMaxChoices).value_or(1));
    read_sampling(fields, out.generate);
    read_stop(fields, out.generate);
}

bool read_token_ids(const json& list, std::vector<int>& out) {
    for (const json& id : list) {
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() > INT32_MAX) return false;
        out.push_back(id.get<int>());
    }
    return true;
}

}  // namespace hearth::web

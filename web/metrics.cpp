#include "web/metrics.h"

#include <charconv>
#include <cmath>

namespace hearth::web {
namespace {

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return std::string(buffer.data(), end);
}

double edge(int bucket) {
    return 0.01 * std::ldexp(1.0, bucket);
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(std::string_view name, std::string_view labels, double value) {
    text_.append(name);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(number(value)).append("\n");
}

std::string PrometheusText::label(std::string_view name, std::string_view value) {
    std::string out(name);
    out += "=\"";
    for (const char c : value) {
        if (c == '\\' || c == '"') out.push_back('\\');
        if (c == '\n') {
            out += "\\n";
        } else {
            out.push_back(c);
        }
    }
    return out + "\"";
}

void Histogram::observe(double seconds) noexcept {
    int bucket = 0;
    while (bucket < kBuckets && seconds > edge(bucket)) ++bucket;
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += seconds;
}

void Histogram::write(PrometheusText& out, const std::string& name, const std::string& labels) const {
    const std::string prefix = labels.empty() ? "" : labels + ",";
    std::uint64_t total = 0;
    for (int bucket = 0; bucket <= kBuckets; ++bucket) {
        total += counts_[static_cast<std::size_t>(bucket)];
        const std::string le = bucket == kBuckets ? "+Inf" : number(edge(bucket));
        out.sample(name + "_bucket", prefix + PrometheusText::label("le", le), static_cast<double>(total));
    }
    out.sample(name + "_sum", labels, sum_);
    out.sample(name + "_count", labels, static_cast<double>(total));
}

void Metrics::request_done(std::string_view route, std::string_view method, int status, double seconds) {
    const std::string labels = PrometheusText::label("route", route) + "," + PrometheusText::label("method", method);
    const std::lock_guard lock(mutex_);
    ++requests_[labels + "," + PrometheusText::label("code", std::to_string(status))];
    request_seconds_[labels].observe(seconds);
}

void Metrics::refused_busy() {
    const std::lock_guard lock(mutex_);
    ++refused_;
}

void Metrics::generation_started() {
    const std::lock_guard lock(mutex_);
    ++generation_.running;
    ++generation_.requests_total;
    progressed_at_ = std::chrono::steady_clock::now();
}

void Metrics::generation_done(const llm::Usage& usage, double first_token_seconds, double total_seconds) {
    const std::lock_guard lock(mutex_);
    --generation_.running;
    progressed_at_ = std::chrono::steady_clock::now();
    prompt_tokens_ += static_cast<std::uint64_t>(usage.prompt_tokens);
    cached_tokens_ += static_cast<std::uint64_t>(usage.cached_tokens);
    completion_tokens_ += static_cast<std::uint64_t>(usage.completion_tokens);
    first_token_seconds_.observe(first_token_seconds);
    answer_seconds_.observe(total_seconds);
    queue_seconds_.observe(usage.queue_seconds);
    if (usage.decode_seconds > 0 && usage.completion_tokens > 0) {
        generation_.last_tokens_per_second = usage.completion_tokens / usage.decode_seconds;
    }
}

void Metrics::generation_failed() {
    const std::lock_guard lock(mutex_);
    --generation_.running;
    ++failed_generations_;
    progressed_at_ = std::chrono::steady_clock::now();
}

void Metrics::generation_cancelled() {
    const std::lock_guard lock(mutex_);
    --generation_.running;
    ++cancelled_generations_;
    progressed_at_ = std::chrono::steady_clock::now();
}

void Metrics::generation_progressed() {
    const std::lock_guard lock(mutex_);
    progressed_at_ = std::chrono::steady_clock::now();
}

std::chrono::seconds Metrics::generation_silent_for() const {
    const std::lock_guard lock(mutex_);
    if (generation_.running == 0) return std::chrono::seconds(0);
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - progressed_at_);
}

GenerationFigures Metrics::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

void Metrics::write(PrometheusText& out) const {
    const std::lock_guard lock(mutex_);
    out.family("hearth_http_requests_total", "counter", "Requests answered, by route, method and status.");
    for (const auto& [labels, count] : requests_) {
        out.sample("hearth_http_requests_total", labels, static_cast<double>(count));
    }
    out.family("hearth_http_request_duration_seconds", "histogram", "From the whole request to the whole reply.");
    for (const auto& [labels, histogram] : request_seconds_) {
        histogram.write(out, "hearth_http_request_duration_seconds", labels);
    }
    const auto single = [&out](const char* name, const char* type, const char* help, double value) {
        out.family(name, type, help);
        out.sample(name, "", value);
    };
    single("hearth_http_refused_total", "counter", "Requests refused because a queue was full.",
           static_cast<double>(refused_));
    single("hearth_generation_running", "gauge", "Answers being made.", static_cast<double>(generation_.running));
    single("hearth_generation_requests_total", "counter", "Answers begun.",
           static_cast<double>(generation_.requests_total));
    single("hearth_generation_failures_total", "counter", "Answers that ended in an error.",
           static_cast<double>(failed_generations_));
    single("hearth_generation_cancelled_total", "counter", "Answers whose client left, or that a stop ended.",
           static_cast<double>(cancelled_generations_));
    single("hearth_prompt_tokens_total", "counter", "Prompt tokens.", static_cast<double>(prompt_tokens_));
    single("hearth_prompt_cached_tokens_total", "counter", "Prompt tokens taken from the prefix cache.",
           static_cast<double>(cached_tokens_));
    single("hearth_completion_tokens_total", "counter", "Generated tokens.", static_cast<double>(completion_tokens_));
    const auto histogram = [&out](const char* name, const char* help, const Histogram& values) {
        out.family(name, "histogram", help);
        values.write(out, name, "");
    };
    histogram("hearth_time_to_first_token_seconds", "From the request to the first text.", first_token_seconds_);
    histogram("hearth_answer_duration_seconds", "From the request to the last text.", answer_seconds_);
    histogram("hearth_generation_queue_seconds", "Waiting for the engine.", queue_seconds_);
}

}  // namespace hearth::web

// A small furnished house of fakes: three documents, an agent that answers from them, and what else hearth_web needs.
#pragma once

#include <string>

#include "tests/support/fake_services.h"

namespace hearth::test {

/// Answers every question with two cited sentences; "unicorn" is not found, "overload" is refused, "slow" takes long,
/// "evil" answers with markup that must stay text, "lengthy" says much after its citations, "tools" uses one first.
class FakeHouse {
  public:
    FakeHouse() {
        add_document("doc-kiln", "manuals/kiln.md", "markdown", "Kiln manual", kKiln,
                     {{"c1", "Kiln manual > First firing", {}, span_of(kKiln, "Raise the", "590 °C.")},
                      {"c2", "Kiln manual > Faults", {}, span_of(kKiln, "If the display", "qualified person.")}});
        add_document("doc-lease", "contracts/lease 2024.pdf", "pdf", "Lease agreement", kLease,
                     {{"c3", "Lease agreement > 4. Notice", 3, span_of(kLease, "Either party", "last rent.")}});
        add_failed();
        agent.script = [this](const auto& request, const auto& sink, const auto& cancel) {
            return answer(request, sink, cancel);
        };
    }

    web::Services services() {
        return {.model = &model,
                .embedder = &embedder,
                .corpus = &corpus,
                .agent = &agent,
                .pipeline = &pipeline,
                .ledger = &ledger};
    }

    ScriptedModel model;
    ScriptedEmbedder embedder;
    MemoryCorpus corpus;
    ScriptedAgent agent;
    CountingPipeline pipeline;
    MemoryLedger ledger{4u << 30};
    std::chrono::milliseconds pause{0};
    std::atomic<int> cancelled_answers{0};

    static constexpr const char* kKiln =
        "# Kiln manual\n\n## First firing\n\nRaise the temperature by at most 120 °C per hour up to 590 °C. Hold it "
        "there for one hour so that the water bound in the clay can leave. Only then go on to 1040 °C at full power.\n"
        "\n"
        "## Faults\n\nIf the display shows E4, the thermocouple is broken or not connected. Switch the kiln off at the "
        "wall, let it cool below 50 °C and have the thermocouple replaced by a qualified person.\n";
    static constexpr const char* kLease =
        "LEASE AGREEMENT\n\n3. Rent\nThe rent is due on the third working day of each month.\n\n4. Notice\nEither "
        "party may end this agreement with three months' notice in writing, to the end of a calendar month. The "
        "deposit of two rents is paid back within six weeks of the last rent.\n";

  private:
    static retrieval::Span span_of(const std::string& text, const std::string& first, const std::string& last) {
        const std::size_t start = text.find(first);
        return {start, text.find(last, start) + last.size()};
    }

    void add_document(const std::string& id, const std::string& path, const std::string& type, const std::string& title,
                      const std::string& text, std::vector<retrieval::ChunkRef> chunks) {
        MemoryCorpus::Entry entry;
        entry.status.document = {id, path, type, path.substr(0, path.find('/'))};
        entry.status.state = retrieval::DocumentState::kIndexed;
        entry.status.file.size_bytes = static_cast<std::int64_t>(text.size());
        entry.status.file.modified_ns = 1'790'000'000ll * 1'000'000'000;
        entry.status.indexed_at = 1'790'000'060;
        entry.status.chunks = static_cast<int>(chunks.size());
        entry.status.title = title;
        entry.text = text;
        entry.chunks = std::move(chunks);
        corpus.add(std::move(entry));
    }

    void add_failed() {
        MemoryCorpus::Entry entry;
        entry.status.document = {"doc-scan", "scans/receipt.pdf", "pdf", "scans"};
        entry.status.state = retrieval::DocumentState::kFailed;
        entry.status.reason = "the PDF has no text, only images of pages";
        entry.status.remedy = "run it through OCR (ocrmypdf receipt.pdf receipt.pdf) and drop it in again";
        entry.status.file.size_bytes = 482'113;
        corpus.add(std::move(entry));
    }

    static agents::Source source(int number, retrieval::Hit hit, const std::string& quote) {
        agents::Source out;
        out.number = number;
        out.quote = quote;
        out.quote_span.start = hit.chunk.span.start + hit.text.find(quote);
        out.quote_span.end = out.quote_span.start + quote.size();
        out.verified = true;
        out.hit = std::move(hit);
        return out;
    }

    Result<agents::Answer> answer(const agents::AskRequest& request, const agents::EventSink& sink,
                                  const std::stop_token& cancel) {
        const std::string& question = request.messages.back().content;
        const auto has = [&](const char* word) { return question.find(word) != std::string::npos; };
        if (has("overload")) return Error(ErrorCode::kResourceExhausted, "64 requests wait for the engine already");
        const auto wait = has("slow") ? std::chrono::milliseconds(10'000) : pause;
        agents::Answer out;
        const auto hits = corpus.search({.text = question, .k = 3}).value();
        out.sources = {source(1, hits.at(0), "at most 120 °C per hour"), source(2, hits.at(2), "three months' notice")};
        out.found = !has("unicorn");
        if (has("count")) out.sources.front().computed = "count(*)\n2";
        out.gate_score = out.found ? 0.91 : 0.07;
        if (!sink(agents::StepEvent{"searching"})) return gone(out);
        if (!sink(agents::SourcesEvent{out.sources, out.found})) return gone(out);
        if (has("tools") &&
            !sink(agents::ToolEvent{{"search_documents", R"({"query":"kiln"})", "2 passages", 0.25, false}})) {
            return gone(out);
        }
        std::vector<std::string> words;
        if (out.found) {
            words = {"Raise the ",
                     "temperature ",
                     "by **at most ",
                     "120 °C per hour** ",
                     "[1]",
                     ". ",
                     "The lease ",
                     "ends with ",
                     "three months' ",
                     "notice ",
                     "[2]",
                     "."};
        } else {
            words = {"Not found ", "in your documents."};
        }
        if (has("evil")) {
            words = {"<img src=x onerror=alert(1)>\n\n", "[click](javascript:alert(1)) ", "<script>alert(1)</script> ",
                     "![pic](http://evil.example/x.png)\n\n", "- item\n- `<b>`\n"};
        }
        if (has("lengthy")) words.insert(words.end(), 300, "and so on ");
        for (const std::string& word : words) {
            if (wait.count() > 0) wait_or_cancel(wait, cancel);
            if (cancel.stop_requested() || !sink(agents::DeltaEvent{word})) return gone(out);
            if (word == "[1]" || word == "[2]") {
                const int number = word[1] - '0';
                out.citations.push_back({out.text.size(), out.text.size() + 3, number});
                out.sources[static_cast<std::size_t>(number - 1)].cited = true;
            }
            out.text += word;
        }
        out.usage.prompt_tokens = 321;
        out.usage.completion_tokens = static_cast<int>(words.size());
        out.usage.decode_seconds = 0.5;
        out.usage.prefill_seconds = 0.25;
        out.timings = {.search_seconds = 0.05, .first_token_seconds = 0.3, .total_seconds = 0.9};
        return out;
    }

    Result<agents::Answer> gone(agents::Answer& out) {
        ++cancelled_answers;
        out.finish_reason = llm::FinishReason::kCancelled;
        return std::move(out);
    }
};

}  // namespace hearth::test

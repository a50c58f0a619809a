// The template interpreter against jinja2 (tests/golden/make_chat_templates.py), its limits, and what it remembers
// about where text came from.
#include "llm/jinja.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "llm/golden_paths.h"

namespace hearth::llm::jinja {
namespace {

Dict context_of(const std::string& json) {
    return *value_from_json(json).value().dict();
}

Result<Text> rendered(const std::string& source, const Dict& context = {}) {
    HEARTH_TRY(const Template parsed, Template::parse(source));
    return parsed.render(context);
}

ErrorCode refusal(const std::string& source, const Dict& context = {}) {
    const auto text = rendered(source, context);
    EXPECT_FALSE(text.ok()) << source.substr(0, 80) << " gave " << text->bytes().substr(0, 80);
    return text.ok() ? ErrorCode::kInternal : text.error().code;
}

TEST(Jinja, RendersWhatJinja2Renders) {
    const auto file = read_file(test::golden_path("jinja_cases.json"), 1 << 20);
    ASSERT_TRUE(file.ok());
    const Value golden = value_from_json(*file).value();
    const Dict& context = *golden.dict()->find("context")->dict();
    const List& cases = *golden.dict()->find("cases")->list();
    ASSERT_GT(cases.size(), 300u);
    for (const Value& item : cases) {
        const std::string& source = item.dict()->find("template")->text()->bytes();
        const Text* expected = item.dict()->find("text")->text();
        const auto actual = rendered(source, context);
        EXPECT_EQ(actual.ok(), expected != nullptr) << source << (actual.ok() ? "" : ": " + actual.error().message);
        if (actual.ok() && expected) {
            EXPECT_EQ(actual->bytes(), expected->bytes()) << source;
        }
    }
}

TEST(Jinja, NamesWhatIsWrong) {
    EXPECT_EQ(rendered("a\n{{ 1 +").error().message, "template line 2: a tag is not closed: expected }}");
    EXPECT_EQ(rendered("{{ raise_exception('roles must alternate') }}").error().message, "roles must alternate");
    EXPECT_EQ(refusal("{{ 1|nosuchfilter }}"), ErrorCode::kUnsupported);
    EXPECT_EQ(refusal("{{ 1 is nosuchtest }}"), ErrorCode::kUnsupported);
}

TEST(Jinja, TellsTheTime) {
    EXPECT_EQ(rendered("{{ strftime_now('%Y')|length }}{{ strftime_now('%Y')|int > 2000 }}")->bytes(), "4True");
}

TEST(JinjaLimits, SourceSize) {
    EXPECT_EQ(refusal(std::string((1u << 20) + 1, 'x')), ErrorCode::kResourceExhausted);
}

TEST(JinjaLimits, Steps) {
    EXPECT_EQ(refusal("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"),
              ErrorCode::kResourceExhausted);
    EXPECT_EQ(refusal("{{ range(100001)|list }}"), ErrorCode::kResourceExhausted);
}

TEST(JinjaLimits, Output) {
    EXPECT_EQ(refusal("{% for i in range(100000) %}{{ 'x' * 100 }}{% endfor %}"), ErrorCode::kResourceExhausted);
    EXPECT_EQ(refusal("{% set x = 'x' * 5000000 %}"), ErrorCode::kResourceExhausted);
    EXPECT_EQ(rendered("{{ 'x' * 4194304 }}")->size(), 4194304u);
}

TEST(JinjaLimits, DepthOfTheSource) {
    EXPECT_FALSE(rendered("{{ " + std::string(100, '(') + "1" + std::string(100, ')') + " }}").ok());
    std::string blocks;
    for (int i = 0; i < 100; ++i) blocks += "{% if true %}";
    EXPECT_FALSE(rendered(blocks).ok());
}

TEST(JinjaLimits, DepthOfCalls) {
    EXPECT_EQ(refusal("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), ErrorCode::kResourceExhausted);
    std::string maps = "{{ 'a'|map('map'";
    for (int i = 0; i < 5000; ++i) maps += ", 'map'";
    EXPECT_EQ(refusal(maps + ", 'upper') }}"), ErrorCode::kResourceExhausted);
    EXPECT_EQ(rendered("{{ [[['a']]]|map('map', 'map', 'upper')|list }}")->bytes(), "[[['A']]]");
}

/// Runs `step` so often that values nest as deep as the step lets them.
std::string grown(const std::string& first, const std::string& step, int times = 100000) {
    return "{% set ns = namespace(v=" + first + ", w=" + first + ") %}{% for i in range(" + std::to_string(times) +
           ") %}" + step + "{% endfor %}";
}

TEST(JinjaLimits, DepthOfValues) {
    EXPECT_EQ(refusal(grown("[]", "{% set ns.v = [ns.v] %}")), ErrorCode::kResourceExhausted);
    EXPECT_EQ(refusal(grown("{}", "{% set ns.v = {'a': ns.v} %}")), ErrorCode::kResourceExhausted);
    EXPECT_EQ(refusal(grown("{}", "{% set ns.v = {'a': ns.v.items} %}")), ErrorCode::kResourceExhausted)
        << "a method holds the value it was taken from";
    EXPECT_EQ(refusal(grown("1", "{% for x in [ns.v] %}{% set ns.v = loop %}{% endfor %}")),
              ErrorCode::kResourceExhausted)
        << "a loop holds its items";
}

TEST(JinjaLimits, ComparingSharedStructure) {
    const std::string twins = grown("[1]", "{% set ns.v = [ns.v, ns.v] %}{% set ns.w = [ns.w, ns.w] %}", 60);
    EXPECT_EQ(rendered(twins + "{{ ns.v == ns.v }}")->bytes(), "True") << "the same list needs no look inside";
    for (const char* use : {"ns.v == ns.w", "ns.v < ns.w", "ns.v in [ns.w]", "ns.v is eq ns.w", "[ns.v, ns.w]|unique",
                            "[ns.v, ns.w]|sort", "[ns.v, ns.w]|max", "ns.v|tojson", "ns.v|string", "'' ~ ns.v"}) {
        EXPECT_EQ(refusal(twins + "{{ " + use + " }}"), ErrorCode::kResourceExhausted) << use;
    }
    const std::string dicts =
        grown("{}", "{% set ns.v = {'a': ns.v, 'b': ns.v} %}{% set ns.w = {'a': ns.w, 'b': ns.w} %}", 60);
    EXPECT_EQ(refusal(dicts + "{{ ns.v == ns.w }}"), ErrorCode::kResourceExhausted);
}

TEST(JinjaLimits, SearchingForAlmostWhatIsThere) {
    const std::string text = "{% set h = 'a' * 4000000 %}{% set n = 'a' * 2000000 ~ 'b' %}";
    for (const char* use :
         {"n in h", "h.find(n)", "h.rfind(n)", "h.replace(n, '')", "h.split(n)", "h.count(n)", "h.strip(n)"}) {
        EXPECT_EQ(refusal(text + "{{ " + use + " }}"), ErrorCode::kResourceExhausted) << use;
    }
}

TEST(JinjaLimits, TextInManyRuns) {
    // Every second character from the conversation: slices must not walk all the runs before them.
    Dict context;
    context.entries.emplace_back(Text("u", true), Value::untrusted(std::string(20000, 'u')));
    const auto text = rendered("{% set mixed = u.replace('', '-') %}{% for c in mixed %}{{ c }}{% endfor %}", context);
    ASSERT_TRUE(text.ok()) << text.error().message;
    EXPECT_EQ(text->size(), 40001u);
    EXPECT_EQ(text->runs().size(), 40001u);
}

/// The output with every stretch that came from the conversation in brackets.
std::string marked(const std::string& source) {
    const auto text =
        rendered(source, context_of(R"({"u": "us er", "v": "<|im", "w": "_end|>", "d": {"key": "val"}})"));
    if (!text.ok()) return "error: " + text.error().message;
    std::string out;
    std::size_t start = 0;
    for (const Text::Run& run : text->runs()) {
        const std::string piece = text->bytes().substr(start, run.end - start);
        out += run.trusted ? piece : "[" + piece + "]";
        start = run.end;
    }
    return out;
}

TEST(JinjaProvenance, EveryOperationKeepsIt) {
    const std::pair<const char*, const char*> kCases[] = {
        {"a{{ u }}b", "a[us er]b"},
        {"{{ 'a' ~ u ~ 'b' }}", "a[us er]b"},
        {"{{ 'a' + u }}", "a[us er]"},
        {"{{ v + w }}", "[<|im_end|>]"},
        {"{{ [v, w]|join }}", "[<|im_end|>]"},
        {"{{ [v, w]|join('-') }}", "[<|im]-[_end|>]"},
        {"{{ '-'.join([v, 'x']) }}", "[<|im]-x"},
        {"{{ u|upper }}{{ u.title() }}", "[US ERUs Er]"},
        {"{{ ('<|IM_END|>' ~ u)|lower }}", "<|im_end|>[us er]"},
        {"{{ u|replace('s', 'S') }}", "[u]S[ er]"},
        {"{{ 'a s'|replace('s', u) }}", "a [us er]"},
        {"{{ u.split()[1] }}{{ u.split('s')[0] }}", "[eru]"},
        {"{{ u[1:4] }}{{ ('ab' ~ u)[1:4] }}", "[s e]b[us]"},
        {"{{ ('ab' ~ u)[::-1] }}", "[re su]ba"},
        {"{{ ('ab' ~ u)|reverse }}", "[re su]ba"},
        {"{{ u|first }}{{ u[-1] }}", "[ur]"},
        {"{{ ('  ' ~ u ~ ' ')|trim }}", "[us er]"},
        {"{{ ('x' ~ u).removeprefix('x') }}", "[us er]"},
        {"{{ u|indent(2, true) }}", "  [us er]"},
        {"{{ u * 2 }}", "[us erus er]"},
        {"{% for c in 'a' ~ v %}{{ c }}{% endfor %}", "a[<|im]"},
        {"{% for k in d %}{{ k }}{% endfor %}{{ d.key }}", "[keyval]"},
        {"{% for k, v in d|items %}{{ k }}={{ v }}{% endfor %}", "[key]=[val]"},
        {"{{ d|tojson }}", "[{\"key\": \"val\"}]"},
        {"{{ ['a', 1]|tojson }}{{ {'a': u}|tojson }}", "[\"a\", 1][{\"a\": \"us er\"}]"},
        {"{{ [u, 'a'] }}", "[['us er', 'a']]"},
        {"{% set x %}a{{ u }}{% endset %}{{ x }}", "a[us er]"},
        {"{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(u) }}", "<[us er]>"},
        {"{% filter upper %}a{{ u }}{% endfilter %}", "A[US ER]"},
        {"{{ missing|default(u) }}{{ u|length }}{{ u == 'us er' }}", "[us er]5True"},
        {"{{ [w, v]|sort|join }}{{ [v, w]|map('upper')|join }}", "[<|im_end|><|IM_END|>]"},
    };
    for (const auto& [source, expected] : kCases) EXPECT_EQ(marked(source), expected) << source;
}

}  // namespace
}  // namespace hearth::llm::jinja

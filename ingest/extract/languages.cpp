#include "ingest/extract/languages.h"

#include <algorithm>
#include <array>

#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::array<Language, 28> kLanguages = {{
    {"C", "c h", Scopes::kBraces, "//", "struct union enum", ""},
    {"C++", "cpp cc cxx hpp hh hxx ipp cu", Scopes::kBraces, "//", "namespace class struct union enum", ""},
    {"C#", "cs", Scopes::kBraces, "//", "namespace class struct interface enum record", ""},
    {"Java", "java", Scopes::kBraces, "//", "class interface enum record", ""},
    {"JavaScript", "js mjs cjs jsx", Scopes::kBracesAndLines, "//", "class", "function"},
    {"TypeScript", "ts tsx mts", Scopes::kBracesAndLines, "//", "class interface enum namespace module type",
     "function"},
    {"Go", "go", Scopes::kBracesAndLines, "//", "type", "func"},
    {"Rust", "rs", Scopes::kBraces, "//", "mod struct enum trait impl union", "fn"},
    {"PHP", "php", Scopes::kBraces, "//", "namespace class interface trait enum", "function"},
    {"Kotlin", "kt kts", Scopes::kBracesAndLines, "//", "class interface object", "fun"},
    {"Swift", "swift", Scopes::kBracesAndLines, "//", "class struct enum protocol extension actor", "func"},
    {"Scala", "scala", Scopes::kBracesAndLines, "//", "class object trait package", "def"},
    {"Dart", "dart", Scopes::kBraces, "//", "class mixin enum extension", ""},
    {"Groovy", "groovy gradle", Scopes::kBracesAndLines, "//", "class interface enum trait", "def"},
    {"Objective-C", "m mm", Scopes::kBraces, "//", "struct enum", ""},
    {"Protocol Buffers", "proto", Scopes::kBraces, "//", "message service enum", "rpc"},
    {"Zig", "zig", Scopes::kBraces, "//", "struct enum union", "fn"},
    {"Python", "py pyi pyw", Scopes::kIndents, "#", "class", "def"},
    {"Ruby", "rb rake", Scopes::kIndents, "#", "class module", "def"},
    {"Lua", "lua", Scopes::kIndents, "--", "", "function"},
    {"Julia", "jl", Scopes::kIndents, "#", "module struct", "function macro"},
    {"Elixir", "ex exs", Scopes::kIndents, "#", "defmodule", "def defp defmacro"},
    {"Haskell", "hs", Scopes::kIndents, "--", "class instance", "data newtype type"},
    {"SQL", "sql", Scopes::kIndents, "--", "", "create alter"},
    {"Shell", "sh bash zsh ksh", Scopes::kIndents, "#", "", "function"},
    {"Perl", "pl pm", Scopes::kIndents, "#", "package", "sub"},
    {"PowerShell", "ps1 psm1", Scopes::kIndents, "#", "class", "function filter"},
    {"CMake", "cmake", Scopes::kIndents, "#", "", "function macro"},
}};

struct Sign {
    std::string_view language;
    std::string_view text;
};

// Two lines that begin with signs of one language are not prose.
constexpr std::array<Sign, 14> kSigns = {{{"C++", "#include <"},
                                          {"C++", "namespace "},
                                          {"C++", "#include \""},
                                          {"Python", "import "},
                                          {"Python", "def "},
                                          {"Python", "from __future__"},
                                          {"Go", "package "},
                                          {"Go", "func "},
                                          {"Java", "import java"},
                                          {"Java", "public class "},
                                          {"Rust", "pub fn "},
                                          {"Rust", "use std::"},
                                          {"PHP", "<?php"},
                                          {"PHP", "function "}}};

const Language* by_name(std::string_view name) {
    const auto found =
        std::find_if(kLanguages.begin(), kLanguages.end(), [&](const auto& language) { return language.name == name; });
    return found == kLanguages.end() ? nullptr : &*found;
}

const Language* by_interpreter(std::string_view bytes) {
    if (!bytes.starts_with("#!")) return nullptr;
    const std::string_view line = bytes.substr(0, std::min(bytes.find('\n'), std::size_t{200}));
    struct Interpreter {
        std::string_view program;
        std::string_view language;
    };
    constexpr std::array<Interpreter, 8> kInterpreters = {{{"python", "Python"},
                                                           {"bash", "Shell"},
                                                           {"/sh", "Shell"},
                                                           {"perl", "Perl"},
                                                           {"ruby", "Ruby"},
                                                           {"node", "JavaScript"},
                                                           {"lua", "Lua"},
                                                           {"zsh", "Shell"}}};
    for (const auto& [program, language] : kInterpreters) {
        if (line.find(program) != std::string_view::npos) return by_name(language);
    }
    return nullptr;
}

/// The language two of whose signs begin lines, and whose lines are not Markdown's or a mail's.
const Language* by_signs(std::string_view bytes) {
    const std::string_view sample = bytes.substr(0, 64 << 10);
    std::array<std::size_t, kSigns.size()> seen{};
    std::size_t statements = 0;
    std::size_t lines = 0;
    for (std::size_t at = 0; at < sample.size();) {
        const std::size_t end = next_line(sample, at, sample.size());
        const TextSpan span = trim_blanks(sample, {at, end});
        const std::string_view line = sample.substr(at, end - at);
        for (std::size_t i = 0; i < kSigns.size(); ++i) seen[i] += line.starts_with(kSigns[i].text) ? 1 : 0;
        lines += span.start < span.end ? 1 : 0;
        statements +=
            span.start < span.end && std::string_view(";{}:,(").find(sample[span.end - 1]) != std::string_view::npos
                ? 1
                : 0;
        at = end;
    }
    if (statements * 4 < lines) return nullptr;
    for (std::size_t i = 0; i < kSigns.size(); ++i) {
        std::size_t count = 0;
        for (std::size_t other = i; other < kSigns.size(); ++other)
            count += kSigns[other].language == kSigns[i].language ? seen[other] : 0;
        if (seen[i] > 0 && count >= 2) return by_name(kSigns[i].language);
    }
    return nullptr;
}

}  // namespace

bool has_word(std::string_view list, std::string_view word) {
    if (word.empty()) return false;
    for (auto at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
    }
    return false;
}

const Language* find_language(std::string_view bytes, std::string_view ending) {
    for (const Language& language : kLanguages) {
        if (has_word(language.endings, ending)) return &language;
    }
    if (const Language* language = by_interpreter(bytes)) return language;
    return ending.empty() || ending == "txt" ? by_signs(bytes) : nullptr;
}

}  // namespace hearth::ingest

// LaTeX: sections, verbatim environments, tables and items. The text is the file itself, commands included.
#include <array>
#include <cctype>
#include <string>

#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/text_builder.h"

namespace hearth::ingest {
namespace {

struct Section {
    std::string_view command;
    int level;
};
constexpr std::array<Section, 8> kSections = {{{"\\part", 1},
                                               {"\\chapter", 2},
                                               {"\\section", 3},
                                               {"\\subsection", 4},
                                               {"\\subsubsection", 5},
                                               {"\\paragraph", 6},
                                               {"\\subparagraph", 6},
                                               {"\\frametitle", 4}}};

struct Environment {
    std::string_view name;
    BlockKind kind;
};
constexpr std::array<Environment, 8> kEnvironments = {{{"verbatim", BlockKind::kCode},
                                                       {"lstlisting", BlockKind::kCode},
                                                       {"minted", BlockKind::kCode},
                                                       {"alltt", BlockKind::kCode},
                                                       {"Verbatim", BlockKind::kCode},
                                                       {"tabular", BlockKind::kTable},
                                                       {"longtable", BlockKind::kTable},
                                                       {"tabularx", BlockKind::kTable}}};

/// What stands in the braces behind a command at `at`; where they close in `end`.
std::string_view argument(std::string_view text, std::size_t at, std::size_t& end) {
    constexpr std::size_t kMaxArgument = 2000;
    if (at < text.size() && text[at] == '*') ++at;
    if (at < text.size() && text[at] == '[') at = text.substr(0, at + kMaxArgument).find(']', at) + 1;
    if (at == 0 || at >= text.size() || text[at] != '{') return {};
    int depth = 0;
    for (std::size_t i = at; i < text.size() && i < at + kMaxArgument; ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '{') {
            ++depth;
        } else if (text[i] == '}' && --depth == 0) {
            end = i + 1;
            return text.substr(at + 1, i - at - 1);
        }
    }
    return {};
}

/// "The \emph{best} way~home" without its commands.
std::string plain(std::string_view words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool command =
            words[i] == '\\' && i + 1 < words.size() && std::isalpha(static_cast<unsigned char>(words[i + 1])) != 0;
        if (command) {
            while (i + 1 < words.size() && std::isalpha(static_cast<unsigned char>(words[i + 1])) != 0) ++i;
        } else if (words[i] == '~') {
            text += ' ';
        } else if (words[i] != '{' && words[i] != '}' && words[i] != '\\') {
            text += words[i];
        }
    }
    return collapse_blanks(text);
}

class LatexOutline {
  public:
    explicit LatexOutline(Document& document) : document_(document), blocks_(document) {}

    std::size_t take(const Line& line) {
        const std::string_view text = document_.text;
        const std::size_t start = static_cast<std::size_t>(line.words.data() - text.data());
        if (!closing_.empty()) {
            blocks_.add(kind_, line.span);
            if (line.words.find(closing_) == std::string_view::npos) return line.span.end;
            closing_.clear();
            blocks_.close();
            return line.span.end;
        }
        if (line.words.empty()) {
            blocks_.close();
            return line.span.end;
        }
        if (const std::size_t end = section(text, line, start); end > 0) return end;
        if (line.words.starts_with("\\title") && document_.title.empty()) {
            std::size_t end = 0;
            document_.title = plain(argument(text, start + 6, end));
        }
        if (open_environment(line)) return line.span.end;
        const bool item = line.words.starts_with("\\item");
        blocks_.add(item ? BlockKind::kListItem : BlockKind::kParagraph, line.span);
        return line.span.end;
    }

  private:
    std::size_t section(std::string_view text, const Line& line, std::size_t start) {
        for (const Section& kind : kSections) {
            if (!line.words.starts_with(kind.command)) continue;
            std::size_t end = 0;
            const std::string words = plain(argument(text, start + kind.command.size(), end));
            if (words.empty()) continue;
            end = read_line(text, end - 1).span.end;
            blocks_.heading({line.span.start, end}, kind.level, words);
            return end;
        }
        return 0;
    }

    bool open_environment(const Line& line) {
        for (const Environment& environment : kEnvironments) {
            const std::string begin = "\\begin{" + std::string(environment.name);
            const auto at = line.words.find(begin);
            if (at == std::string_view::npos) continue;
            if (line.words.substr(at + begin.size(), 1) != "}" && line.words.substr(at + begin.size(), 2) != "*}")
                continue;
            const std::string end = "\\end{" + std::string(environment.name);
            blocks_.close();
            blocks_.add(environment.kind, line.span);
            if (line.words.find(end, at) == std::string_view::npos) {
                closing_ = end;
                kind_ = environment.kind;
            } else {
                blocks_.close();
            }
            return true;
        }
        return false;
    }

    Document& document_;
    SourceBlocks blocks_;
    std::string closing_;
    BlockKind kind_ = BlockKind::kCode;
};

}  // namespace

Extraction parse_latex(std::string_view bytes) {
    Extraction extraction = source_document("latex", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    LatexOutline outline(*document);
    for (std::size_t at = 0; at < document->text.size();) at = outline.take(read_line(document->text, at));
    title_from_heading(*document);
    return extraction;
}

}  // namespace hearth::ingest

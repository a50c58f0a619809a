#include "ingest/chunker.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/utf8.h"
#include "ingest/sentences.h"
#include "ingest/token_windows.h"

namespace hearth::ingest {
namespace {

using HeadingPath = std::vector<std::string>;
/// Hundreds of thousands of units stand under a few headings.
using SharedPath = std::shared_ptr<const HeadingPath>;

/// A block, or text that no block claimed, with the headings above it.
struct Unit {
    TextSpan span;
    BlockKind kind = BlockKind::kParagraph;
    std::optional<int> page;
    SharedPath path;
    const std::string* columns = nullptr;  ///< of a table that names them
};

/// The headings above a place, as the blocks go by.
class Outline {
  public:
    void pass(const Block& block) {
        const std::size_t before = path_.size();
        while (block.level > 0 && !levels_.empty() && levels_.back() >= block.level) {
            levels_.pop_back();
            path_.pop_back();
        }
        const bool heading = block.kind == BlockKind::kHeading;
        if (heading) {
            levels_.push_back(block.level);
            path_.push_back(block.heading);
        }
        if (heading || path_.size() != before) shared_ = std::make_shared<const HeadingPath>(path_);
    }
    const SharedPath& path() const { return shared_; }

  private:
    HeadingPath path_;
    std::vector<int> levels_;
    SharedPath shared_ = std::make_shared<const HeadingPath>();
};

std::vector<Unit> build_units(const Document& document) {
    const std::string_view text = document.text;
    std::vector<Unit> units;
    Outline outline;
    std::optional<int> page;
    std::size_t covered = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    const auto add = [&](TextSpan span, BlockKind kind) {
        span = trim_blanks(text, span);
        if (span.start < span.end) units.push_back({span, kind, page, outline.path()});
    };
    for (const Block& block : document.blocks) {
        const TextSpan span{std::max(block.span.start, covered), std::min(block.span.end, text.size())};
        if (span.start >= span.end) continue;
        add({covered, span.start}, BlockKind::kParagraph);
        page = block.page;
        outline.pass(block);
        add(span, block.kind);
        if (block.kind == BlockKind::kTable && !block.heading.empty() && !units.empty())
            units.back().columns = &block.heading;
        covered = span.end;
    }
    add({covered, text.size()}, BlockKind::kParagraph);
    return units;
}

SharedPath common_prefix(const SharedPath& a, const SharedPath& b) {
    const auto ends = std::mismatch(a->begin(), a->end(), b->begin(), b->end());
    if (ends.first == a->end()) return a;
    return std::make_shared<const HeadingPath>(a->begin(), ends.first);
}

/// The chunk being filled.
struct Draft {
    TextSpan span;
    std::optional<int> page;
    SharedPath label;      ///< what all of it stands under
    SharedPath last_path;  ///< what its last unit stands under
    BlockKind last_kind = BlockKind::kParagraph;
    bool has_body = false;
    const std::string* columns = nullptr;  ///< of its last table
    TextSpan table;
};

class Cutter {
  public:
    Cutter(const Document& document, const TokenCounter& counter, const ChunkLimits& limits)
        : document_(document), text_(document.text), counter_(counter), tokens_(text_, counter), limits_(limits) {
        limits_.max_tokens = std::max(limits_.max_tokens, 1);
        limits_.target_tokens = std::clamp(limits_.target_tokens, 1, limits_.max_tokens);
        limits_.max_bytes = std::max<std::size_t>(limits_.max_bytes, 16);
    }

    std::vector<Chunk> run(const std::vector<Unit>& units) {
        for (const Unit& unit : units) {
            if (draft_ && !joins(unit)) close();
            if (!draft_) draft_ = Draft{unit.span, unit.page, unit.path, unit.path, unit.kind, false, nullptr, {}};
            extend(unit);
        }
        if (draft_) close();
        return std::move(chunks_);
    }

  private:
    bool fits(TextSpan span, int budget) {
        return span.end - span.start <= limits_.max_bytes && tokens_.count(span.start, span.end) <= budget;
    }

    bool tiny(TextSpan span) { return fits(span, limits_.target_tokens / 8); }

    bool joins(const Unit& unit) {
        const TextSpan joined{draft_->span.start, unit.span.end};
        // A heading belongs to what it heads, even when that has to be split.
        if (!draft_->has_body) return unit.kind != BlockKind::kHeading || fits(joined, limits_.target_tokens);
        if (!fits(joined, limits_.target_tokens)) {
            return unit.kind != BlockKind::kHeading && *unit.path == *draft_->last_path && unit.page == draft_->page &&
                   tiny(unit.span) && fits(joined, limits_.max_tokens);
        }
        const bool same_place = *unit.path == *draft_->last_path && unit.page == draft_->page;
        return same_place || tiny(draft_->span);
    }

    void extend(const Unit& unit) {
        const bool heading = unit.kind == BlockKind::kHeading;
        // Headings in a row label the chunk by the deepest; a body followed by another section only by what both share.
        draft_->label = draft_->has_body ? common_prefix(draft_->label, unit.path) : unit.path;
        draft_->span.end = unit.span.end;
        draft_->last_path = unit.path;
        draft_->last_kind = unit.kind;
        draft_->has_body = draft_->has_body || !heading;
        if (unit.columns != nullptr) {
            draft_->columns = unit.columns;
            draft_->table = unit.span;
        }
    }

    void close() {
        const bool keep_together = draft_->last_kind == BlockKind::kTable || draft_->last_kind == BlockKind::kCode;
        int heading_tokens = label_heading(*draft_->label, heading_);
        if (draft_->columns != nullptr) {
            HeadingPath path = *draft_->label;
            path.push_back(*draft_->columns);
            heading_tokens = std::max(heading_tokens, label_heading(std::move(path), table_heading_));
        }
        // The embedder reads heading and body as one.
        const int most = std::max(limits_.max_tokens - heading_tokens, 1);
        target_ = std::min(limits_.target_tokens, most);
        split(draft_->span, std::min(most, keep_together ? most : limits_.target_tokens * 5 / 4), keep_together);
        draft_.reset();
    }

    /// The heading of the draft's chunks; returns its tokens: a quarter of what the embedder reads at most. A longer
    /// path loses its middle first, then the title's end.
    int label_heading(HeadingPath path, std::string& heading) {
        if (path.empty() || path.front() != document_.title) path.insert(path.begin(), document_.title);
        const auto most = static_cast<std::size_t>(limits_.max_tokens / 4);
        for (;;) {
            heading.clear();
            for (const auto& part : path) heading += (heading.empty() || part.empty() ? "" : " > ") + part;
            const auto tokens = counter_.token_spans(heading);
            if (tokens.size() <= most) return static_cast<int>(tokens.size());
            if (path.size() > 2) {
                path.erase(path.begin() + 1);
            } else if (path.size() == 2) {
                path.erase(path.begin());
            } else {
                heading.resize(most == 0 ? 0 : tokens[most - 1].end);
                return static_cast<int>(most);
            }
        }
    }

    void emit(TextSpan span) {
        span = trim_blanks(text_, span);
        if (span.start >= span.end) return;
        const bool cut_off =
            draft_->columns != nullptr && span.start > draft_->table.start && span.start < draft_->table.end;
        chunks_.push_back(
            {cut_off ? table_heading_ : heading_, draft_->page, span, tokens_.count(span.start, span.end)});
    }

    using NextBoundary = std::size_t (*)(std::string_view, std::size_t, std::size_t) noexcept;

    /// Last boundary in (start, limit]; `start` when there is none.
    std::size_t last_boundary(NextBoundary next, std::size_t start, std::size_t limit) const {
        std::size_t best = start;
        // One byte of look-ahead tells a boundary at the limit from text that merely ended there.
        const std::size_t scan_end = std::min(limit + 1, text_.size());
        for (std::size_t at = next(text_, start, scan_end); at <= limit; at = next(text_, at, scan_end)) {
            best = at;
            if (at >= scan_end) break;
        }
        return best;
    }

    std::size_t choose_cut(std::size_t start, std::size_t end, bool by_lines) {
        std::size_t limit = tokens_.reach(start, target_, std::min(end, start + limits_.max_bytes));
        limit = utf8_floor(text_, limit);
        const int enough = target_ / 4;
        std::size_t cut = start;
        if (!by_lines) cut = last_boundary(next_sentence, start, limit);
        if (cut == start || tokens_.count(start, cut) < enough) {
            const std::size_t line = last_boundary(next_line, start, limit);
            if (tokens_.count(start, line) >= enough) cut = line;
        }
        if (cut == start || tokens_.count(start, cut) < enough)
            cut = std::max(cut, last_boundary(next_word, start, limit));
        if (cut > start) return cut;
        if (limit > start) return limit;
        return start + decode_utf8(text_, start).length;
    }

    /// Where the next part starts so that it repeats at most `overlap_tokens` of whole sentences before `cut`.
    std::size_t overlap_start(std::size_t start, std::size_t cut) {
        for (std::size_t at = next_sentence(text_, start, cut); at < cut; at = next_sentence(text_, at, cut)) {
            if (tokens_.count(at, cut) <= std::min(limits_.overlap_tokens, target_ / 2)) return at;
        }
        return cut;
    }

    void split(TextSpan span, int whole, bool by_lines) {
        std::size_t start = span.start;
        std::size_t reached = span.start;
        while (reached < span.end) {
            if (fits({start, span.end}, whole)) return emit({start, span.end});
            const std::size_t cut = choose_cut(start, span.end, by_lines);
            if (cut <= reached) {
                start = reached;  // the repeated sentences left no room for new text
                continue;
            }
            emit({start, cut});
            reached = cut;
            start = by_lines ? cut : overlap_start(start, cut);
        }
    }

    const Document& document_;
    const std::string_view text_;
    const TokenCounter& counter_;
    TokenWindows tokens_;
    ChunkLimits limits_;
    int target_ = 0;             ///< of the draft, beside its heading
    std::string heading_;        ///< of the draft
    std::string table_heading_;  ///< of its chunks that begin inside its table
    std::optional<Draft> draft_;
    std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<Chunk> chunk_document(const Document& document, const TokenCounter& tokens, const ChunkLimits& limits) {
    return Cutter(document, tokens, limits).run(build_units(document));
}

}  // namespace hearth::ingest

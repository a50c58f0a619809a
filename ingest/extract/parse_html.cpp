// The only file that includes gumbo. The walk keeps its own stack: nesting as deep as the file likes cannot overflow
// ours.
#include <gumbo.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/table.h"
#include "ingest/extract/text_builder.h"
#include "ingest/worker_reply.h"

namespace hearth::ingest {
namespace {

// gumbo frees its tree by recursion; deeper trees are left to the end of the process.
constexpr std::size_t kMaxFreedDepth = 2000;

enum class Role { kInline, kBlock, kHeading, kItem, kPre, kTable, kRow, kCell, kBreak, kSkip, kFurniture };

bool is_block(GumboTag tag) {
    switch (tag) {
        case GUMBO_TAG_HTML:
        case GUMBO_TAG_BODY:
        case GUMBO_TAG_P:
        case GUMBO_TAG_DIV:
        case GUMBO_TAG_SECTION:
        case GUMBO_TAG_ARTICLE:
        case GUMBO_TAG_MAIN:
        case GUMBO_TAG_BLOCKQUOTE:
        case GUMBO_TAG_UL:
        case GUMBO_TAG_OL:
        case GUMBO_TAG_DL:
        case GUMBO_TAG_DT:
        case GUMBO_TAG_FIGURE:
        case GUMBO_TAG_FIGCAPTION:
        case GUMBO_TAG_HR:
        case GUMBO_TAG_FORM:
        case GUMBO_TAG_FIELDSET:
        case GUMBO_TAG_ADDRESS:
        case GUMBO_TAG_DETAILS:
        case GUMBO_TAG_SUMMARY:
        case GUMBO_TAG_CAPTION:
        case GUMBO_TAG_THEAD:
        case GUMBO_TAG_TBODY:
        case GUMBO_TAG_TFOOT:
        case GUMBO_TAG_CENTER:
            return true;
        default:
            return false;
    }
}

Role role_of(GumboTag tag) {
    switch (tag) {
        case GUMBO_TAG_SCRIPT:
        case GUMBO_TAG_STYLE:
        case GUMBO_TAG_NOSCRIPT:
        case GUMBO_TAG_TEMPLATE:
        case GUMBO_TAG_IFRAME:
        case GUMBO_TAG_SVG:
        case GUMBO_TAG_OBJECT:
        case GUMBO_TAG_SELECT:
        case GUMBO_TAG_TEXTAREA:
        case GUMBO_TAG_HEAD:
            return Role::kSkip;
        case GUMBO_TAG_NAV:
        case GUMBO_TAG_ASIDE:
        case GUMBO_TAG_FOOTER:
        case GUMBO_TAG_HEADER:
        case GUMBO_TAG_BUTTON:
            return Role::kFurniture;
        case GUMBO_TAG_H1:
        case GUMBO_TAG_H2:
        case GUMBO_TAG_H3:
        case GUMBO_TAG_H4:
        case GUMBO_TAG_H5:
        case GUMBO_TAG_H6:
            return Role::kHeading;
        case GUMBO_TAG_LI:
        case GUMBO_TAG_DD:
            return Role::kItem;
        case GUMBO_TAG_PRE:
        case GUMBO_TAG_LISTING:
        case GUMBO_TAG_XMP:
            return Role::kPre;
        case GUMBO_TAG_TABLE:
            return Role::kTable;
        case GUMBO_TAG_TR:
            return Role::kRow;
        case GUMBO_TAG_TD:
        case GUMBO_TAG_TH:
            return Role::kCell;
        case GUMBO_TAG_BR:
            return Role::kBreak;
        default:
            return is_block(tag) ? Role::kBlock : Role::kInline;
    }
}

std::string_view attribute(const GumboElement& element, const char* name) {
    const GumboAttribute* found = ::gumbo_get_attribute(&element.attributes, name);
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

bool is_hidden(const GumboElement& element) {
    return ::gumbo_get_attribute(&element.attributes, "hidden") != nullptr ||
           attribute(element, "aria-hidden") == "true";
}

bool has_furniture_role(const GumboElement& element) {
    const std::string_view role = attribute(element, "role");
    return role == "navigation" || role == "banner" || role == "contentinfo" || role == "complementary" ||
           role == "search";
}

const GumboVector* children_of(const GumboNode& node) {
    if (node.type == GUMBO_NODE_ELEMENT) return &node.v.element.children;
    if (node.type == GUMBO_NODE_DOCUMENT) return &node.v.document.children;
    return nullptr;
}

const GumboNode& child(const GumboVector& children, unsigned index) {
    return *static_cast<const GumboNode*>(children.data[index]);
}

/// A table used to place things on the page: it holds headings or other tables.
bool is_layout(const GumboNode& table) {
    std::vector<const GumboNode*> open = {&table};
    while (!open.empty()) {
        const GumboNode& node = *open.back();
        open.pop_back();
        if (&node != &table && node.type == GUMBO_NODE_ELEMENT) {
            const Role role = role_of(node.v.element.tag);
            if (role == Role::kTable || role == Role::kHeading) return true;
        }
        const GumboVector* children = children_of(node);
        for (unsigned i = 0; children != nullptr && i < children->length; ++i) open.push_back(&child(*children, i));
    }
    return false;
}

class Reader {
  public:
    Reader(Document& document, bool keep_furniture) : builder_(document), keep_furniture_(keep_furniture) {}

    void read(const GumboNode& root) {
        std::vector<Place> stack = {{&root, 0, Role::kBlock}};
        while (!stack.empty()) {
            Place& place = stack.back();
            const GumboVector* children = children_of(*place.node);
            if (children == nullptr || place.next >= children->length) {
                leave(place);
                stack.pop_back();
                continue;
            }
            const GumboNode& node = child(*children, place.next++);
            if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE || node.type == GUMBO_NODE_CDATA) {
                pending_ += node.v.text.text;
            } else if (node.type == GUMBO_NODE_ELEMENT) {
                const Role role = enter(node);
                if (role != Role::kSkip) stack.push_back({&node, 0, role});
            }
        }
        flush();
    }

  private:
    struct Place {
        const GumboNode* node;
        unsigned next;
        Role role;
    };

    Role enter(const GumboNode& node) {
        const GumboElement& element = node.v.element;
        Role role = role_of(element.tag);
        if (role == Role::kSkip || is_hidden(element)) return Role::kSkip;
        if (element.tag == GUMBO_TAG_ARTICLE || element.tag == GUMBO_TAG_MAIN) ++in_article_;
        const bool own_header = element.tag == GUMBO_TAG_HEADER && in_article_ > 0;
        if (role == Role::kFurniture || has_furniture_role(element)) {
            if (!keep_furniture_ && !own_header) return Role::kSkip;
            if (role == Role::kFurniture) role = Role::kBlock;
        }
        const bool in_data_table = tables_ > 0;
        if (role == Role::kTable && is_layout(node)) role = Role::kBlock;
        if ((role == Role::kRow || role == Role::kCell) && !in_data_table) role = Role::kBlock;
        if (role == Role::kBreak) pending_ += '\n';
        if (role == Role::kInline || role == Role::kBreak) return role;
        flush();
        switch (role) {
            case Role::kHeading:
                heading_ = static_cast<int>(element.tag) - static_cast<int>(GUMBO_TAG_H1) + 1;
                break;
            case Role::kItem:
                ++items_;
                item_starts_ = true;
                break;
            case Role::kPre:
                ++pre_;
                break;
            case Role::kTable:
                ++tables_;
                caption_.clear();
                break;
            case Role::kRow:
                cells_.clear();
                break;
            case Role::kCell:
                ++cell_;
                pending_.clear();
                break;
            default:
                break;
        }
        return role;
    }

    void leave(const Place& place) {
        if (place.node->type != GUMBO_NODE_ELEMENT) return;
        const GumboTag tag = place.node->v.element.tag;
        if (tag == GUMBO_TAG_ARTICLE || tag == GUMBO_TAG_MAIN) --in_article_;
        if (place.role == Role::kInline || place.role == Role::kBreak) return;
        if (place.role == Role::kCell) {
            cells_.push_back(collapse_blanks(pending_));
            pending_.clear();
            --cell_;
            return;
        }
        if (tag == GUMBO_TAG_CAPTION) caption_ = collapse_blanks(pending_);
        flush();
        switch (place.role) {
            case Role::kHeading:
                heading_ = 0;
                break;
            case Role::kItem:
                --items_;
                break;
            case Role::kPre:
                --pre_;
                break;
            case Role::kTable:
                --tables_;
                write_rows(builder_, std::exchange(rows_, {}), std::nullopt, caption_);
                break;
            case Role::kRow:
                rows_.push_back(std::exchange(cells_, {}));
                break;
            default:
                break;
        }
    }

    void flush() {
        if (cell_ > 0) {
            pending_ += ' ';
            return;
        }
        std::string text = pre_ > 0 && heading_ == 0 ? pending_ : collapse_blanks(pending_);
        pending_.clear();
        if (text.empty()) return;
        if (heading_ > 0) return builder_.add(BlockKind::kHeading, text, heading_);
        if (pre_ > 0) return builder_.add(BlockKind::kCode, text);
        if (items_ == 0) return builder_.add(BlockKind::kParagraph, text);
        builder_.add(BlockKind::kListItem, (item_starts_ ? "- " : "") + text);
        item_starts_ = false;
    }

    TextBuilder builder_;
    const bool keep_furniture_;
    std::string pending_;
    Row cells_;
    std::vector<Row> rows_;
    int heading_ = 0;
    int items_ = 0;
    bool item_starts_ = false;
    int pre_ = 0;
    int tables_ = 0;
    std::string caption_;
    int cell_ = 0;
    int in_article_ = 0;
};

struct Tree {
    std::size_t depth = 0;
    std::string title;
};

/// One pass for the depth and the <title>.
Tree survey(const GumboNode& root) {
    Tree tree;
    std::vector<std::pair<const GumboNode*, std::size_t>> open = {{&root, 1}};
    while (!open.empty()) {
        const auto [node, depth] = open.back();
        open.pop_back();
        tree.depth = std::max(tree.depth, depth);
        const GumboVector* children = children_of(*node);
        if (children == nullptr) continue;
        const bool is_title = node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == GUMBO_TAG_TITLE;
        for (unsigned i = 0; i < children->length; ++i) {
            const GumboNode& next = child(*children, i);
            if (is_title && tree.title.empty() && next.type == GUMBO_NODE_TEXT)
                tree.title = collapse_blanks(next.v.text.text);
            open.emplace_back(&next, depth + 1);
        }
    }
    return tree;
}

void* allocate_or_exit(void*, std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) std::_Exit(static_cast<int>(WorkerExit::kOutOfMemory));
    return memory;
}

/// gumbo does not look at what its allocator returns. Later versions have no such option.
template <typename Options>
Options checked_options(Options options) {
    if constexpr (requires { options.allocator = allocate_or_exit; }) options.allocator = allocate_or_exit;
    return options;
}

struct FreeTree {
    void operator()(GumboOutput* output) const {
        if (survey(*output->document).depth <= kMaxFreedDepth) ::gumbo_destroy_output(&kGumboDefaultOptions, output);
    }
};

/// The charset of a <meta> within the first 1024 bytes, as browsers look for it.
std::string declared_charset(std::string_view bytes) {
    std::string head(bytes.substr(0, 1024));
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto at = head.find("charset=");
    if (at == std::string::npos) return {};
    at = head.find_first_not_of("\"' ", at + 8);
    if (at == std::string::npos) return {};
    const auto end = head.find_first_of("\"' />;", at);
    return end == std::string::npos ? std::string() : head.substr(at, end - at);
}

}  // namespace

Extraction parse_html(std::string_view bytes) {
    const auto source = to_utf8(bytes, declared_charset(bytes));
    if (!source) return Refusal{"html", "the page's encoding is unknown", "Save the file as UTF-8."};
    const GumboOptions options = checked_options(kGumboDefaultOptions);
    const std::unique_ptr<GumboOutput, FreeTree> output(
        ::gumbo_parse_with_options(&options, source->data(), source->size()));
    if (!output) return Refusal{"html", "the HTML parser failed", "Open the page in a browser and save it again."};
    Document document{"html", survey(*output->document).title, {}, {}};
    Reader(document, false).read(*output->document);
    // A page that is nothing but navigation is still the page.
    if (document.text.empty()) Reader(document, true).read(*output->document);
    if (document.title.empty()) {
        const auto heading = std::find_if(document.blocks.begin(), document.blocks.end(),
                                          [](const Block& block) { return block.kind == BlockKind::kHeading; });
        if (heading != document.blocks.end()) document.title = heading->heading;
    }
    return document;
}

}  // namespace hearth::ingest

#include "ingest/worker_reply.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/json.h"
#include "core/utf8.h"

namespace hearth::ingest {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "HXR2";
constexpr std::size_t kHeadBytes = 8;
constexpr std::size_t kMaxLabelBytes = 512;
constexpr std::int64_t kMaxPage = 1'000'000;

Error broken(const char* what) {
    return Error(ErrorCode::kDataLoss, std::string("the parser's reply is broken: ") + what);
}

/// One line, no control bytes, at most `limit` bytes.
std::string label(std::string_view text, std::size_t limit = kMaxLabelBytes) {
    std::string out;
    for (const char c : text.substr(0, utf8_floor(text, limit))) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        if (!control) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    return out;
}

bool known_type(std::string_view type) {
    return std::find(kDocumentTypes.begin(), kDocumentTypes.end(), type) != kDocumentTypes.end();
}

Result<std::string> string_field(const json& meta, const char* name) {
    const auto found = meta.find(name);
    if (found == meta.end() || !found->is_string()) return broken("a field is missing");
    return label(found->get_ref<const std::string&>());
}

bool border(std::string_view text, std::size_t at) {
    return at == text.size() || (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80);
}

Result<Block> decode_block(const json& row, std::string_view text, std::size_t previous_end) {
    if (!row.is_array() || row.size() != 6 || !row[5].is_string()) return broken("a block's shape");
    std::array<std::int64_t, 5> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (!row[i].is_number_integer()) return broken("a block's number");
        // Unsigned values beyond int64 wrap to negative ones and fail the range checks below.
        numbers[i] = row[i].get<std::int64_t>();
    }
    const auto [kind, level, page, start, end] = numbers;
    if (kind < 0 || kind >= kBlockKinds) return broken("a block's kind");
    const bool heading = kind == static_cast<int>(BlockKind::kHeading);
    if (level < (heading ? 1 : 0) || level > 6) return broken("a block's level");
    if (page < 0 || page > kMaxPage) return broken("a page number");
    if (start < 0 || end < start || static_cast<std::uint64_t>(end) > text.size())
        return broken("a span outside the text");
    const TextSpan span{static_cast<std::size_t>(start), static_cast<std::size_t>(end)};
    if (span.start < previous_end) return broken("blocks overlap");
    if (!border(text, span.start) || !border(text, span.end)) return broken("a span that cuts a character");
    Block block{static_cast<BlockKind>(kind), static_cast<int>(level), std::nullopt, span, {}};
    if (page > 0) block.page = static_cast<int>(page);
    if (heading || block.kind == BlockKind::kTable) block.heading = label(row[5].get_ref<const std::string&>());
    return block;
}

/// A whole number from 0 to `most`.
Result<std::size_t> count_field(const json& value, std::size_t most) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) return broken("a table's number");
    return static_cast<std::size_t>(value.get<std::uint64_t>());
}

Result<std::vector<TableColumn>> decode_columns(const json& row) {
    if (!row.is_array() || row.size() % 2 != 0 || row.size() > 2 * kMaxTableColumns) return broken("a table's columns");
    std::vector<TableColumn> columns;
    for (std::size_t i = 0; i < row.size(); i += 2) {
        if (!row[i].is_string()) return broken("a column's name");
        HEARTH_TRY(const std::size_t type, count_field(row[i + 1], kCellTypes - 1));
        columns.push_back(
            {label(row[i].get_ref<const std::string&>(), kMaxTableNameBytes), static_cast<CellType>(type)});
    }
    return columns;
}

/// Takes the table's rows off the front of `bytes`.
Result<PackedTable> decode_table(const json& row, std::string_view text, std::string_view& bytes) {
    if (!row.is_array() || row.size() != 9 || !row[0].is_string()) return broken("a table's shape");
    if (!row[5].is_boolean() || !row[6].is_boolean()) return broken("a table's marks");
    PackedTable table;
    table.name = label(row[0].get_ref<const std::string&>(), kMaxTableNameBytes);
    HEARTH_TRY(const std::size_t page, count_field(row[1], kMaxPage));
    if (page > 0) table.page = static_cast<int>(page);
    HEARTH_TRY(table.start, count_field(row[2], text.size()));
    HEARTH_TRY(table.end, count_field(row[3], text.size()));
    if (!border(text, table.start) || !border(text, table.end)) return broken("a table's span cuts a character");
    HEARTH_TRY(table.row_count, count_field(row[4], std::size_t{1} << 31));
    table.totals_left_out = row[5].get<bool>();
    table.too_large = row[6].get<bool>();
    HEARTH_TRY(const std::size_t size, count_field(row[7], bytes.size()));
    HEARTH_TRY(table.columns, decode_columns(row[8]));
    table.rows = bytes.substr(0, size);
    bytes.remove_prefix(size);
    HEARTH_TRY_STATUS(check_table(table));
    return table;
}

Result<std::vector<PackedTable>> decode_tables(const json& rows, std::string_view text, std::string_view bytes) {
    if (!rows.is_array() || rows.size() > kMaxTables || bytes.size() > kMaxTablesBytes) return broken("the tables");
    std::vector<PackedTable> tables;
    for (const json& row : rows) {
        HEARTH_TRY(PackedTable table, decode_table(row, text, bytes));
        tables.push_back(std::move(table));
    }
    if (!bytes.empty()) return broken("bytes behind the tables");
    return tables;
}

Result<Extraction> decode_document(const json& meta, std::string text) {
    const auto size = meta.find("text_bytes");
    const auto tables = meta.find("tables");
    if (size == meta.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() > text.size() ||
        tables == meta.end()) {
        return broken("the text's size");
    }
    const std::string rows = text.substr(static_cast<std::size_t>(size->get<std::uint64_t>()));
    text.resize(text.size() - rows.size());
    if (text.find('\0') != std::string::npos) return broken("NUL in the text");
    if (!is_valid_utf8(text)) return broken("the text is not UTF-8");
    Document document;
    HEARTH_TRY(document.type, string_field(meta, "type"));
    HEARTH_TRY(document.title, string_field(meta, "title"));
    if (!known_type(document.type) || document.type == "unknown") return broken("the type");
    const auto blocks = meta.find("blocks");
    if (blocks == meta.end() || !blocks->is_array() || blocks->size() > kMaxReplyBlocks) return broken("the blocks");
    std::size_t previous_end = 0;
    for (const json& row : *blocks) {
        HEARTH_TRY(Block block, decode_block(row, text, previous_end));
        previous_end = block.span.end;
        document.blocks.push_back(std::move(block));
    }
    HEARTH_TRY(document.tables, decode_tables(*tables, text, rows));
    document.text = std::move(text);
    return Extraction(std::move(document));
}

json encode_table(const PackedTable& table) {
    json columns = json::array();
    for (const TableColumn& column : table.columns) {
        columns.push_back(label(column.name, kMaxTableNameBytes));
        columns.push_back(static_cast<unsigned>(column.type));
    }
    return {label(table.name, kMaxTableNameBytes),
            static_cast<unsigned>(table.page.value_or(0)),
            table.start,
            table.end,
            table.row_count,
            table.totals_left_out,
            table.too_large,
            table.rows.size(),
            std::move(columns)};
}

}  // namespace

std::string encode_reply(const Extraction& extraction) {
    std::string reply = encode_reply_head(extraction);
    if (const auto* document = std::get_if<Document>(&extraction)) {
        reply += document->text;
        for (const PackedTable& table : document->tables) reply += table.rows;
    }
    return reply;
}

std::string encode_reply_head(const Extraction& extraction) {
    json meta;
    if (const auto* refusal = std::get_if<Refusal>(&extraction)) {
        meta = {{"type", refusal->type}, {"reason", refusal->reason}, {"remedy", refusal->remedy}};
    } else {
        const auto& document = std::get<Document>(extraction);
        json blocks = json::array();
        const std::size_t kept = std::min(document.blocks.size(), kMaxReplyBlocks);
        for (std::size_t i = 0; i < kept; ++i) {
            const Block& block = document.blocks[i];
            blocks.push_back({static_cast<int>(block.kind), block.level, block.page.value_or(0), block.span.start,
                              block.span.end, label(block.heading)});
        }
        json tables = json::array();
        for (const PackedTable& table : document.tables) tables.push_back(encode_table(table));
        meta = {{"type", document.type},
                {"title", label(document.title)},
                {"text_bytes", document.text.size()},
                {"blocks", std::move(blocks)},
                {"tables", std::move(tables)}};
    }
    const std::string body = dump_json(meta);
    std::string head(kMagic);
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>((body.size() >> shift) & 0xFF);
    return head + body;
}

Result<Extraction> decode_reply(std::string raw) {
    if (raw.size() < kHeadBytes || !raw.starts_with(kMagic)) return broken("no head");
    std::size_t meta_bytes = 0;
    for (int i = 0; i < 4; ++i) {
        meta_bytes |= static_cast<std::size_t>(static_cast<unsigned char>(raw[kMagic.size() + i])) << (8 * i);
    }
    if (meta_bytes > kMaxReplyMetaBytes || meta_bytes > raw.size() - kHeadBytes) return broken("the metadata's size");
    const JsonLimits limits{.bytes = kMaxReplyMetaBytes, .depth = 4};
    HEARTH_TRY(const json meta, parse_json(std::string_view(raw).substr(kHeadBytes, meta_bytes), limits));
    if (!meta.is_object()) return broken("the metadata's shape");
    raw.erase(0, kHeadBytes + meta_bytes);
    if (!meta.contains("reason")) return decode_document(meta, std::move(raw));
    Refusal refusal;
    HEARTH_TRY(refusal.type, string_field(meta, "type"));
    HEARTH_TRY(refusal.reason, string_field(meta, "reason"));
    HEARTH_TRY(refusal.remedy, string_field(meta, "remedy"));
    if (!known_type(refusal.type)) return broken("the type");
    return Extraction(std::move(refusal));
}

}  // namespace hearth::ingest

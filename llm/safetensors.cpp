#include "llm/safetensors.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "llm/byte_cursor.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeaderBytes = 16u << 20;
constexpr std::size_t kMaxTensors = 65536;
constexpr std::size_t kMaxDimensions = 8;

struct ElementType {
    const char* name;
    std::uint64_t bytes;
    std::optional<DType> readable;
};

constexpr ElementType kElementTypes[] = {
    {"F32", 4, DType::kF32}, {"F16", 2, DType::kF16}, {"BF16", 2, DType::kBF16},
    {"F64", 8, {}},          {"I64", 8, {}},          {"I32", 4, {}},
    {"I16", 2, {}},          {"I8", 1, {}},           {"U64", 8, {}},
    {"U32", 4, {}},          {"U16", 2, {}},          {"U8", 1, {}},
    {"BOOL", 1, {}},
};

struct Entry {
    std::string name;
    ElementType type;
    SafetensorsTensor tensor;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

Error bad_entry(const std::string& name, const std::string& why) {
    return Error(ErrorCode::kDataLoss, "tensor '" + name.substr(0, 128) + "': " + why);
}

Result<std::uint64_t> as_count(const std::string& name, const json& value) {
    if (!value.is_number_unsigned()) return bad_entry(name, "a size or offset is not a natural number");
    return value.get<std::uint64_t>();
}

Result<ElementType> element_type(const std::string& name, const json& record) {
    const auto field = record.find("dtype");
    if (field == record.end() || !field->is_string()) return bad_entry(name, "it has no dtype");
    const auto& spelling = field->get_ref<const std::string&>();
    for (const ElementType& type : kElementTypes)
        if (spelling == type.name) return type;
    return Error(ErrorCode::kUnsupported, "tensor '" + name.substr(0, 128) + "' has element type '" +
                                              spelling.substr(0, 32) + "'; F32, F16 and BF16 are supported");
}

/// Elements times element size, with the shape kept in the entry.
Result<std::uint64_t> read_shape(const json& record, Entry& entry) {
    const auto field = record.find("shape");
    if (field == record.end() || !field->is_array() || field->size() > kMaxDimensions)
        return bad_entry(entry.name, "it has no shape of at most 8 dimensions");
    std::uint64_t size = entry.type.bytes;
    for (const json& dim : *field) {
        HEARTH_TRY(const std::uint64_t count, as_count(entry.name, dim));
        if (count == 0 || __builtin_mul_overflow(size, count, &size))
            return bad_entry(entry.name, "its shape is empty or too large");
        entry.tensor.shape.push_back(static_cast<std::int64_t>(count));
    }
    return size;
}

Result<Entry> read_entry(const std::string& name, const json& record) {
    if (!record.is_object()) return bad_entry(name, "it is described by something that is no object");
    Entry entry;
    entry.name = name;
    HEARTH_TRY(entry.type, element_type(name, record));
    HEARTH_TRY(const std::uint64_t size, read_shape(record, entry));
    const auto offsets = record.find("data_offsets");
    if (offsets == record.end() || !offsets->is_array() || offsets->size() != 2)
        return bad_entry(name, "it has no pair of data_offsets");
    HEARTH_TRY(entry.begin, as_count(name, (*offsets)[0]));
    HEARTH_TRY(entry.end, as_count(name, (*offsets)[1]));
    if (entry.end < entry.begin || entry.end - entry.begin != size)
        return bad_entry(name, "its data_offsets do not fit its shape");
    return entry;
}

Result<std::vector<Entry>> read_entries(const json& header) {
    if (!header.is_object() || header.size() > kMaxTensors)
        return Error(ErrorCode::kDataLoss, "the header is no object of at most 65536 tensors");
    std::vector<Entry> entries;
    for (const auto& [name, record] : header.items()) {
        if (name == "__metadata__") continue;
        HEARTH_TRY(Entry entry, read_entry(name, record));
        entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    return entries;
}

}  // namespace

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::parse(std::span<const std::byte> bytes) {
    ByteCursor cursor(bytes);
    HEARTH_TRY(const auto header_bytes, cursor.read<std::uint64_t>());
    if (header_bytes > kMaxHeaderBytes) {
        return Error(ErrorCode::kDataLoss,
                     "a header of " + std::to_string(header_bytes) + " bytes is above the limit of 16 MiB");
    }
    HEARTH_TRY(const std::string_view text, cursor.take(header_bytes));
    auto header = parse_json(text, {.bytes = kMaxHeaderBytes, .depth = 8});
    if (!header.ok()) return Error(ErrorCode::kDataLoss, "the header is no JSON: " + header.error().message);
    HEARTH_TRY(std::vector<Entry> entries, read_entries(header.value()));

    // Every data byte belongs to exactly one tensor. A name given twice cannot pass: JSON keeps one of the two, and
    // the other's bytes are a hole (or both are the same record).
    const std::span<const std::byte> data = bytes.subspan(cursor.offset());
    auto file = std::make_unique<SafetensorsFile>();
    std::uint64_t covered = 0;
    for (Entry& entry : entries) {
        if (entry.begin != covered) return bad_entry(entry.name, "it overlaps another or leaves a hole before it");
        if (entry.end > data.size()) return bad_entry(entry.name, "it ends beyond the file: fetch the file again");
        covered = entry.end;
        if (!entry.type.readable) continue;
        entry.tensor.type = *entry.type.readable;
        entry.tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
        file->tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
    }
    if (covered != data.size()) return Error(ErrorCode::kDataLoss, "bytes after the last tensor");
    return file;
}

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::open(const std::string& path) {
    HEARTH_TRY(MappedFile mapped, MappedFile::open(path));
    auto parsed = parse(mapped.bytes());
    if (!parsed.ok()) return Error(parsed.error().code, path + ": " + parsed.error().message);
    std::unique_ptr<SafetensorsFile> file = std::move(parsed).value();
    file->file_.emplace(std::move(mapped));
    return file;
}

const SafetensorsTensor* SafetensorsFile::tensor(std::string_view name) const {
    const auto place = tensors_.find(name);
    return place == tensors_.end() ? nullptr : &place->second;
}

}  // namespace hearth::llm

#include "llm/gguf.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "llm/byte_cursor.h"

namespace hearth::llm {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read as little-endian in place");

// Far above every published model, far below what could exhaust memory: arrays cost at most 32 bytes an element.
constexpr std::uint64_t kMaxMetadata = 65536;
constexpr std::uint64_t kMaxTensors = 65536;
constexpr std::uint64_t kMaxKeyBytes = 65535;
constexpr std::uint64_t kMaxNameBytes = 256;
constexpr std::uint64_t kMaxStringBytes = 16u << 20;
constexpr std::uint64_t kMaxArrayElements = 16u << 20;  // of all arrays of a file together
constexpr std::uint64_t kMaxAlignment = 65536;
constexpr std::uint64_t kDefaultAlignment = 32;
// Smallest encodings: key length + type + one byte; name length + dimension count + one dimension + type + offset.
constexpr std::uint64_t kMinMetadataBytes = 8 + 4 + 1;
constexpr std::uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;

// gguf_metadata_value_type of the specification.
enum ValueType : std::uint32_t {
    kUint8,
    kInt8,
    kUint16,
    kInt16,
    kUint32,
    kInt32,
    kFloat32,
    kBool,
    kString,
    kArray,
    kUint64,
    kInt64,
    kFloat64,
};

Error data_loss(std::string message) {
    return Error(ErrorCode::kDataLoss, std::move(message));
}

bool is_known_type(std::uint32_t number) {
    return geometry(static_cast<DType>(number)).bytes != 0;
}

}  // namespace

/// One pass over the header. Fills a GgufFile; the first inconsistency ends it.
class GgufParser {
  public:
    GgufParser(std::span<const std::byte> bytes, GgufFile& file) : bytes_(bytes), cursor_(bytes), file_(file) {}

    Status run() {
        HEARTH_TRY(const std::uint64_t tensor_count, read_header());
        for (std::uint64_t i = 0; i < metadata_count_; ++i) HEARTH_TRY_STATUS(read_metadata());
        HEARTH_TRY(const std::uint64_t alignment, read_alignment());
        file_.tensors_.reserve(static_cast<std::size_t>(tensor_count));
        for (std::uint64_t i = 0; i < tensor_count; ++i) HEARTH_TRY_STATUS(read_tensor(alignment));
        return place_tensors(alignment);
    }

  private:
    Result<std::uint64_t> read_header() {
        HEARTH_TRY(const std::string_view magic, cursor_.take(4));
        if (magic != "GGUF") return data_loss("not a GGUF file: it does not start with 'GGUF'");
        HEARTH_TRY(const auto version, cursor_.read<std::uint32_t>());
        if (version != 3 && version != 2) {  // 3 only added big-endian files to 2
            return Error(ErrorCode::kUnsupported,
                         "GGUF version " + std::to_string(version) + " (or a big-endian file); 2 and 3 are supported");
        }
        HEARTH_TRY(const auto tensor_count, cursor_.read<std::uint64_t>());
        HEARTH_TRY(metadata_count_, cursor_.read<std::uint64_t>());
        if (tensor_count > kMaxTensors || tensor_count > cursor_.remaining() / kMinTensorBytes)
            return data_loss("impossible tensor count " + std::to_string(tensor_count));
        if (metadata_count_ > kMaxMetadata || metadata_count_ > cursor_.remaining() / kMinMetadataBytes)
            return data_loss("impossible metadata count " + std::to_string(metadata_count_));
        return tensor_count;
    }

    Result<std::string> read_string(std::uint64_t limit, const char* what) {
        HEARTH_TRY(const auto length, cursor_.read<std::uint64_t>());
        if (length > limit)
            return data_loss(std::string(what) + " of " + std::to_string(length) + " bytes is too long");
        HEARTH_TRY(const std::string_view text, cursor_.take(length));
        return std::string(text);
    }

    template <typename Stored, typename Kept>
    Result<Kept> read_number() {
        HEARTH_TRY(const Stored value, cursor_.read<Stored>());
        if constexpr (std::is_same_v<Stored, std::uint64_t>) {
            if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return data_loss("metadata integer " + std::to_string(value) + " is above 2^63-1");
        }
        return static_cast<Kept>(value);
    }

    Result<bool> read_bool() {
        HEARTH_TRY(const auto value, cursor_.read<std::uint8_t>());
        if (value > 1) return data_loss("metadata bool is neither 0 nor 1");
        return value == 1;
    }

    template <typename Kept, typename Read>
    Result<GgufValue> read_elements(std::uint64_t count, Read read) {
        std::vector<Kept> values;
        values.reserve(static_cast<std::size_t>(count));
        for (std::uint64_t i = 0; i < count; ++i) {
            HEARTH_TRY(Kept value, read());
            values.push_back(std::move(value));
        }
        return GgufValue(std::move(values));
    }

    template <typename Stored, typename Kept>
    Result<GgufValue> read_numbers(std::uint64_t count) {
        return read_elements<Kept>(count, [this] { return read_number<Stored, Kept>(); });
    }

    Result<std::uint64_t> read_array_count(std::uint32_t type) {
        HEARTH_TRY(const auto count, cursor_.read<std::uint64_t>());
        static constexpr std::uint8_t kSmallest[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};
        if (type > kFloat64 || type == kArray)
            return Error(ErrorCode::kUnsupported, "metadata array of type " + std::to_string(type));
        if (count > cursor_.remaining() / kSmallest[type] || count > kMaxArrayElements - array_elements_)
            return data_loss("impossible metadata array of " + std::to_string(count) + " elements");
        array_elements_ += count;
        return count;
    }

    Result<GgufValue> read_array() {
        HEARTH_TRY(const auto type, cursor_.read<std::uint32_t>());
        HEARTH_TRY(const std::uint64_t count, read_array_count(type));
        switch (type) {
            case kUint8:
                return read_numbers<std::uint8_t, std::int64_t>(count);
            case kInt8:
                return read_numbers<std::int8_t, std::int64_t>(count);
            case kUint16:
                return read_numbers<std::uint16_t, std::int64_t>(count);
            case kInt16:
                return read_numbers<std::int16_t, std::int64_t>(count);
            case kUint32:
                return read_numbers<std::uint32_t, std::int64_t>(count);
            case kInt32:
                return read_numbers<std::int32_t, std::int64_t>(count);
            case kUint64:
                return read_numbers<std::uint64_t, std::int64_t>(count);
            case kInt64:
                return read_numbers<std::int64_t, std::int64_t>(count);
            case kFloat32:
                return read_numbers<float, double>(count);
            case kFloat64:
                return read_numbers<double, double>(count);
            case kBool:
                return read_elements<bool>(count, [this] { return read_bool(); });
            default:
                return read_elements<std::string>(count, [this] { return read_string(kMaxStringBytes, "string"); });
        }
    }

    template <typename T>
    static Result<GgufValue> as_value(Result<T> result) {
        HEARTH_TRY(T value, std::move(result));
        return GgufValue(std::move(value));
    }

    Result<GgufValue> read_value() {
        HEARTH_TRY(const auto type, cursor_.read<std::uint32_t>());
        switch (type) {
            case kUint8:
                return as_value(read_number<std::uint8_t, std::int64_t>());
            case kInt8:
                return as_value(read_number<std::int8_t, std::int64_t>());
            case kUint16:
                return as_value(read_number<std::uint16_t, std::int64_t>());
            case kInt16:
                return as_value(read_number<std::int16_t, std::int64_t>());
            case kUint32:
                return as_value(read_number<std::uint32_t, std::int64_t>());
            case kInt32:
                return as_value(read_number<std::int32_t, std::int64_t>());
            case kUint64:
                return as_value(read_number<std::uint64_t, std::int64_t>());
            case kInt64:
                return as_value(read_number<std::int64_t, std::int64_t>());
            case kFloat32:
                return as_value(read_number<float, double>());
            case kFloat64:
                return as_value(read_number<double, double>());
            case kBool:
                return as_value(read_bool());
            case kString:
                return as_value(read_string(kMaxStringBytes, "string"));
            case kArray:
                return read_array();
            default:
                return data_loss("metadata value of unknown type " + std::to_string(type));
        }
    }

    Status read_metadata() {
        HEARTH_TRY(std::string key, read_string(kMaxKeyBytes, "metadata key"));
        HEARTH_TRY(GgufValue value, read_value());
        const auto [place, inserted] = file_.metadata_.emplace(std::move(key), std::move(value));
        if (!inserted) return data_loss("metadata key '" + place->first + "' appears twice");
        return {};
    }

    Result<std::uint64_t> read_alignment() const {
        if (file_.find("general.alignment") == nullptr) return kDefaultAlignment;
        HEARTH_TRY(const std::int64_t stored, file_.integer("general.alignment"));
        const auto alignment = static_cast<std::uint64_t>(stored);
        if (stored < 8 || alignment > kMaxAlignment || !std::has_single_bit(alignment))
            return data_loss("alignment " + std::to_string(stored) + " is not a power of two from 8 to 65536");
        return alignment;
    }

    Status read_dims(GgufTensor& tensor) {
        HEARTH_TRY(const auto count, cursor_.read<std::uint32_t>());
        if (count < 1 || count > 4)
            return data_loss("tensor '" + tensor.name + "' has " + std::to_string(count) + " dimensions, not 1 to 4");
        for (std::uint32_t i = 0; i < count; ++i) {
            HEARTH_TRY(const auto dim, cursor_.read<std::uint64_t>());
            if (dim == 0 || dim > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return data_loss("tensor '" + tensor.name + "' has a dimension of " + std::to_string(dim));
            tensor.dims.push_back(static_cast<std::int64_t>(dim));
        }
        return {};
    }

    static Result<std::uint64_t> stored_bytes(const GgufTensor& tensor) {
        std::int64_t elements = 1;
        for (const std::int64_t dim : tensor.dims) {
            if (__builtin_mul_overflow(elements, dim, &elements))
                return data_loss("tensor '" + tensor.name + "' has more than 2^63 elements");
        }
        const DTypeGeometry shape = geometry(tensor.type);
        if (tensor.dims[0] % shape.block != 0)
            return data_loss("rows of tensor '" + tensor.name + "' are not whole " + shape.name + " blocks");
        std::uint64_t size = 0;
        if (__builtin_mul_overflow(static_cast<std::uint64_t>(elements / shape.block),
                                   static_cast<std::uint64_t>(shape.bytes), &size))
            return data_loss("tensor '" + tensor.name + "' is larger than 2^64 bytes");
        return size;
    }

    Status read_tensor(std::uint64_t alignment) {
        GgufTensor tensor;
        HEARTH_TRY(tensor.name, read_string(kMaxNameBytes, "tensor name"));
        HEARTH_TRY_STATUS(read_dims(tensor));
        HEARTH_TRY(const auto type, cursor_.read<std::uint32_t>());
        if (!is_known_type(type)) {
            return Error(ErrorCode::kUnsupported, "tensor '" + tensor.name + "' has type " + std::to_string(type) +
                                                      "; supported are F32, F16, BF16, Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K");
        }
        tensor.type = static_cast<DType>(type);
        HEARTH_TRY(const auto offset, cursor_.read<std::uint64_t>());
        if (offset % alignment != 0) return data_loss("tensor '" + tensor.name + "' is not aligned");
        HEARTH_TRY(const std::uint64_t size, stored_bytes(tensor));
        if (!file_.tensor_index_.emplace(tensor.name, file_.tensors_.size()).second)
            return data_loss("tensor '" + tensor.name + "' appears twice");
        places_.push_back({offset, size, file_.tensors_.size()});
        file_.tensors_.push_back(std::move(tensor));
        return {};
    }

    Status place_tensors(std::uint64_t alignment) {
        if (places_.empty()) return {};
        const std::uint64_t data_start = (cursor_.offset() + alignment - 1) / alignment * alignment;
        if (data_start > bytes_.size()) return data_loss("the file ends before its tensor data");
        const std::span<const std::byte> data = bytes_.subspan(static_cast<std::size_t>(data_start));
        std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.offset < b.offset; });
        std::uint64_t previous_end = 0;
        for (const Place& place : places_) {
            GgufTensor& tensor = file_.tensors_[place.tensor];
            if (place.offset < previous_end) return data_loss("tensor '" + tensor.name + "' overlaps another");
            if (place.offset > data.size() || place.size > data.size() - place.offset) {
                return data_loss("tensor '" + tensor.name + "' ends beyond the file: it is truncated; fetch it again");
            }
            tensor.bytes = data.subspan(static_cast<std::size_t>(place.offset), static_cast<std::size_t>(place.size));
            previous_end = place.offset + place.size;
        }
        return {};
    }

    struct Place {
        std::uint64_t offset;
        std::uint64_t size;
        std::size_t tensor;
    };

    std::span<const std::byte> bytes_;
    ByteCursor cursor_;
    GgufFile& file_;
    std::uint64_t metadata_count_ = 0;
    std::uint64_t array_elements_ = 0;
    std::vector<Place> places_;
};

Result<std::unique_ptr<GgufFile>> GgufFile::parse(std::span<const std::byte> bytes) {
    auto file = std::make_unique<GgufFile>();
    HEARTH_TRY_STATUS(GgufParser(bytes, *file).run());
    return file;
}

Result<std::unique_ptr<GgufFile>> GgufFile::open(const std::string& path) {
    HEARTH_TRY(MappedFile mapped, MappedFile::open(path));
    auto parsed = parse(mapped.bytes());
    if (!parsed.ok()) return Error(parsed.error().code, path + ": " + parsed.error().message);
    std::unique_ptr<GgufFile> file = std::move(parsed).value();
    file->file_.emplace(std::move(mapped));
    return file;
}

const GgufValue* GgufFile::find(std::string_view key) const {
    const auto place = metadata_.find(key);
    return place == metadata_.end() ? nullptr : &place->second;
}

Result<std::string> GgufFile::text(std::string_view key) const {
    const GgufValue* value = find(key);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    if (text == nullptr) return data_loss("metadata '" + std::string(key) + "' is missing or no string");
    return *text;
}

Result<std::int64_t> GgufFile::integer(std::string_view key) const {
    const GgufValue* value = find(key);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    if (number == nullptr) return data_loss("metadata '" + std::string(key) + "' is missing or no integer");
    return *number;
}

std::int64_t GgufFile::integer_or(std::string_view key, std::int64_t fallback) const {
    const GgufValue* value = find(key);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return number == nullptr ? fallback : *number;
}

double GgufFile::number_or(std::string_view key, double fallback) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return fallback;
    if (const auto* real = std::get_if<double>(value)) return *real;
    if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
    return fallback;
}

const std::vector<std::string>* GgufFile::texts(std::string_view key) const {
    const GgufValue* value = find(key);
    return value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
}

const GgufTensor* GgufFile::tensor(std::string_view name) const {
    const auto place = tensor_index_.find(name);
    return place == tensor_index_.end() ? nullptr : &tensors_[place->second];
}

}  // namespace hearth::llm

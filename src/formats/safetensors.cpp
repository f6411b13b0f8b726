#include "likewise/formats/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

static_assert(std::endian::native == std::endian::little,
              "tensor bytes are used in place; a big-endian machine would have to swap them");

namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the reference's limit
constexpr size_t kMaxDepth = 4;               // {name: {shape: [...]}} needs three
constexpr const char* kMetadata = "__metadata__";

struct Dtype {
  std::string_view name;
  int64_t size;
};

// In the reference's order; writing goes through it backwards.
constexpr std::array<Dtype, 16> kDtypes = {{{"BOOL", 1},
                                            {"U8", 1},
                                            {"I8", 1},
                                            {"F8_E5M2", 1},
                                            {"F8_E4M3", 1},
                                            {"I16", 2},
                                            {"U16", 2},
                                            {"F16", 2},
                                            {"BF16", 2},
                                            {"I32", 4},
                                            {"U32", 4},
                                            {"F32", 4},
                                            {"C64", 8},
                                            {"F64", 8},
                                            {"I64", 8},
                                            {"U64", 8}}};

size_t dtype_rank(std::string_view dtype) {
  const auto found =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& d) { return d.name == dtype; });
  return static_cast<size_t>(found - kDtypes.begin());
}

std::string accepted_dtypes() {
  std::vector<std::string> names;
  for (const Dtype& d : kDtypes) names.emplace_back(d.name);
  return join(names, ", ");
}

// JSON without repeated keys and without depth, both of which the library would let pass.
nlohmann::json parse_header(std::string_view text, const std::string& path) {
  std::vector<std::set<std::string>> open;
  size_t depth = 0;
  const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (++depth > kMaxDepth) throw DataError("{}: the header is nested too deeply", path);
      if (event == Event::object_start) open.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      --depth;
      if (event == Event::object_end) open.pop_back();
    } else if (event == Event::key) {
      const auto key = value.get<std::string>();
      if (!open.back().insert(key).second) {
        throw DataError("{}: the header has '{}' twice", path, key);
      }
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception& failed) {
    throw DataError("{}: the header is not valid JSON: {}", path, failed.what());
  }
}

int64_t header_integer(const nlohmann::json& value, const std::string& path,
                       const std::string& name, const char* what) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t{INT64_MAX}) {
    throw DataError("{}: tensor '{}' has {} {}; expected an integer from 0", path, name, what,
                    value.dump());
  }
  return value.get<int64_t>();
}

TensorInfo header_entry(const nlohmann::json& entry, const std::string& path,
                        const std::string& name) {
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!entry.is_object() || !entry.contains(key)) {
      throw DataError("{}: tensor '{}' has no {}", path, name, key);
    }
  }
  if (entry.size() != 3) {
    throw DataError("{}: tensor '{}' has fields besides dtype, shape and data_offsets", path, name);
  }
  TensorInfo info;
  const auto& dtype = entry["dtype"];
  info.dtype = dtype.is_string() ? dtype.get<std::string>() : dtype.dump();
  const int64_t item = safetensors_item_size(info.dtype);
  if (item == 0) {
    throw DataError("{}: tensor '{}' is of type {}; known are {}", path, name, info.dtype,
                    accepted_dtypes());
  }
  const auto& shape = entry["shape"];
  if (!shape.is_array()) throw DataError("{}: tensor '{}' has no list as shape", path, name);
  for (const auto& extent : shape) {
    info.shape.push_back(header_integer(extent, path, name, "the extent"));
  }
  const auto& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) {
    throw DataError("{}: tensor '{}' has data_offsets {}; expected [begin, end]", path, name,
                    offsets.dump());
  }
  info.begin = header_integer(offsets[0], path, name, "the offset");
  info.end = header_integer(offsets[1], path, name, "the offset");
  const int64_t size = detail::checked_size(info.shape, item);
  if (size < 0) {
    throw DataError("{}: the size of tensor '{}' of shape {} overflows", path, name, shape.dump());
  }
  if (info.end < info.begin || info.end - info.begin != size) {
    throw DataError("{}: tensor '{}' of shape {} and type {} needs {} bytes; it has [{}, {})", path,
                    name, shape.dump(), info.dtype, size, info.begin, info.end);
  }
  return info;
}

}  // namespace

int64_t safetensors_item_size(std::string_view dtype) {
  const size_t rank = dtype_rank(dtype);
  return rank < kDtypes.size() ? kDtypes[rank].size : 0;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path.string()), mapping_(std::make_shared<const MappedFile>(path)) {
  parse(mapping_->bytes());
}

SafetensorsFile::SafetensorsFile(std::span<const uint8_t> bytes, const std::string& name)
    : path_(name) {
  parse(bytes);
}

void SafetensorsFile::parse(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8) {
    throw DataError("{}: {} bytes are too few for a safetensors file", path_, bytes.size());
  }
  const uint64_t header = detail::load_little<uint64_t>(bytes.data());
  if (header > kMaxHeader || header > bytes.size() - 8) {
    throw DataError("{}: a header of {} bytes is announced, but the file has {} bytes (limit {})",
                    path_, header, bytes.size(), kMaxHeader);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data() + 8), header);
  if (text.empty() || text.front() != '{') {
    throw DataError("{}: the header does not start with {{; this is not a safetensors file", path_);
  }
  data_ = bytes.subspan(8 + header);
  const nlohmann::json json = parse_header(text, path_);
  for (const auto& [name, entry] : json.items()) {
    if (name == kMetadata) {
      if (!entry.is_object()) throw DataError("{}: {} is not an object", path_, kMetadata);
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) {
          throw DataError("{}: {} '{}' is {}; expected a string", path_, kMetadata, key,
                          value.dump());
        }
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    tensors_[name] = header_entry(entry, path_, name);
    names_.push_back(name);
  }
  const auto range = [&](const std::string& name) {
    const TensorInfo& info = tensors_.at(name);
    return std::pair(info.begin, info.end);
  };
  std::stable_sort(names_.begin(), names_.end(),
                   [&](const auto& a, const auto& b) { return range(a) < range(b); });
  int64_t position = 0;
  for (const auto& name : names_) {
    const auto [begin, end] = range(name);
    if (begin != position) {
      throw DataError("{}: tensor '{}' starts at byte {} of the data; expected {} (no {})", path_,
                      name, begin, position, begin > position ? "holes" : "overlap");
    }
    position = end;
  }
  if (static_cast<uint64_t>(position) != data_.size()) {
    throw DataError("{}: the tensors need {} bytes of data; the file has {}", path_, position,
                    data_.size());
  }
}

const TensorInfo& SafetensorsFile::info(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw DataError("{}: there is no tensor '{}'{}", path_, name, did_you_mean(name, names_));
  }
  return found->second;
}

std::span<const uint8_t> SafetensorsFile::bytes(const std::string& name) const {
  const TensorInfo& where = info(name);
  return data_.subspan(static_cast<size_t>(where.begin),
                       static_cast<size_t>(where.end - where.begin));
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const TensorView*> order;
  std::set<std::string> seen;
  for (const TensorView& tensor : tensors) {
    const int64_t item = safetensors_item_size(tensor.dtype);
    if (item == 0) {
      throw UserError("cannot write tensor '{}' of type {} to {}; accepted are {}", tensor.name,
                      tensor.dtype, path.string(), accepted_dtypes());
    }
    if (!seen.insert(tensor.name).second || tensor.name == kMetadata) {
      throw UserError("cannot write {}: the tensor name '{}' is {}", path.string(), tensor.name,
                      tensor.name == kMetadata ? "reserved" : "used twice");
    }
    const int64_t size = detail::checked_size(tensor.shape, item);
    if (size < 0 || static_cast<uint64_t>(size) != tensor.bytes.size()) {
      throw UserError("cannot write {}: tensor '{}' of shape [{}] and type {} has {} bytes",
                      path.string(), tensor.name, fmt::join(tensor.shape, ", "), tensor.dtype,
                      tensor.bytes.size());
    }
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const TensorView* a, const TensorView* b) {
    const size_t rank_a = dtype_rank(a->dtype), rank_b = dtype_rank(b->dtype);
    return rank_a != rank_b ? rank_a > rank_b : a->name < b->name;
  });

  const auto quoted = [&](const std::string& text) {
    try {
      return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
      throw UserError("cannot write {}: a name or a metadata entry is not valid UTF-8",
                      path.string());
    }
  };
  std::string header = "{";
  if (!metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : metadata) pairs.push_back(quoted(key) + ":" + quoted(value));
    header += fmt::format("\"{}\":{{{}}}", kMetadata, join(pairs, ","));
  }
  uint64_t position = 0;
  for (const TensorView* tensor : order) {
    header += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                          header.size() > 1 ? "," : "", quoted(tensor->name), tensor->dtype,
                          fmt::join(tensor->shape, ","), position, position + tensor->bytes.size());
    position += tensor->bytes.size();
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kMaxHeader) {
    throw UserError("cannot write {}: its header of {} bytes exceeds {}", path.string(),
                    header.size(), kMaxHeader);
  }
  std::vector<uint8_t> start;
  detail::append_little<uint64_t>(start, header.size());
  start.insert(start.end(), header.begin(), header.end());
  write_file(path, [&](const Sink& sink) {
    sink(start);
    for (const TensorView* tensor : order) {
      if (!tensor->bytes.empty()) sink(tensor->bytes);
    }
  });
}

}  // namespace likewise

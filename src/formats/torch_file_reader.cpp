// From the bytes of a file of torch.save to its list of tensors.

#include <algorithm>
#include <cstring>
#include <optional>

#include "formats/endian.hpp"
#include "formats/stored_zip.hpp"
#include "formats/torch_globals.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/pickle.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/formats/torch_file.hpp"

namespace likewise {

namespace {

constexpr const char* kTorchMagic = "1950a86a20f9469cfc6c";
constexpr int64_t kTorchProtocol = 1001;
constexpr size_t kMostTorchDepth = 100, kMostTorchSteps = 4'000'000, kMostTorchValues = 10'000;
constexpr size_t kMostTorchDimensions = 64, kMostTorchTensors = 200'000, kMostTorchName = 1000;
constexpr int64_t kSmallTensor = 1 << 20;  // bytes

}  // namespace

// Fills a TorchFile from its bytes.
class TorchFileReader {
  using Kind = PickleValue::Kind;

 public:
  TorchFileReader(TorchFile& file, std::span<const uint8_t> bytes) : file_(file), bytes_(bytes) {}

  void read() {
    if (bytes_.size() > 4 && detail::load_little<uint32_t>(bytes_.data()) == 0x04034b50) {
      read_zip();
    } else if (bytes_.size() > 262 && std::memcmp(bytes_.data() + 257, "ustar", 5) == 0) {
      throw DataError("{}: a tar file; archives of PyTorch before 0.1.10 are not read",
                      file_.path_);
    } else if (!bytes_.empty() && bytes_[0] == 0x80) {
      read_legacy();
    } else {
      throw DataError("{}: neither a zip archive nor a pickle; this is not a file of torch.save",
                      file_.path_);
    }
    walk(pickle_.root, "", 0);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw DataError("{}: {}", file_.path_, fmt::format(format, std::forward<Args>(args)...));
  }

  // --- containers ---

  void read_zip() {
    const auto members = detail::read_stored_zip(bytes_, file_.path_);
    std::string folder;
    const detail::ZipMember* data = nullptr;
    for (const auto& [name, member] : members) {
      const bool is_data = name == "data.pkl" || name.ends_with("/data.pkl");
      if (!is_data) continue;
      if (data) fail("two members are called data.pkl");
      data = &member;
      folder = name.substr(0, name.size() - std::strlen("data.pkl"));
    }
    if (!data) fail("a zip archive without data.pkl; this is not a file of torch.save");
    const auto order = members.find(folder + "byteorder");
    if (order != members.end() && !order->second.bytes.empty() && order->second.bytes[0] != 'l') {
      fail("written on a big-endian machine");
    }
    detail::check_stored(*data, file_.path_ + ": data.pkl");
    detail::check_crc(*data, file_.path_ + ", data.pkl");
    file_.torchscript_ = members.count(folder + "constants.pkl") > 0;
    pickle_ = parse_pickle(data->bytes, file_.path_, detail::known_torch_global);
    for (const auto& [key, declared] : declared_storages()) {
      const auto found = members.find(folder + "data/" + key);
      if (found == members.end()) fail("the storage '{}' is missing", key);
      detail::check_stored(found->second, fmt::format("{}: the storage '{}'", file_.path_, key));
      add_storage(key, declared, found->second.bytes);
      file_.storages_[key].crc = found->second.crc;
      file_.storages_[key].checked = std::make_shared<std::atomic<bool>>(false);
    }
  }

  void read_legacy() {
    const Pickle magic = next_pickle();
    if (magic.top().kind != Kind::kInteger || magic.top().text != kTorchMagic) {
      fail("a pickle, but not one of torch.save");
    }
    const Pickle protocol = next_pickle();
    if (protocol.top().kind != Kind::kInteger || protocol.top().integer != kTorchProtocol) {
      fail("protocol {} of torch.save; known is {}", protocol.top().integer, kTorchProtocol);
    }
    const Pickle system = next_pickle();
    const auto& entries = system.top().items;
    for (size_t i = 0; system.top().kind == Kind::kDict && i + 1 < entries.size(); i += 2) {
      if (system[entries[i]].text == "little_endian" && system[entries[i + 1]].integer == 0) {
        fail("written on a big-endian machine");
      }
    }
    pickle_ = next_pickle();
    const auto declared = declared_storages();
    const Pickle keys = next_pickle();
    if (keys.top().kind != Kind::kList) fail("the list of storages is missing");
    for (const uint32_t index : keys.top().items) {
      const std::string& key = keys[index].text;
      const auto found = declared.find(key);
      if (found == declared.end()) fail("a storage '{}' that no tensor names", key);
      if (file_.storages_.count(key)) fail("the storage '{}' is there twice", key);
      const auto count = detail::load_little<uint64_t>(take(8).data());
      if (count != static_cast<uint64_t>(found->second.count)) {
        fail("the storage '{}' has {} elements instead of {}", key, count, found->second.count);
      }
      const int64_t item = safetensors_item_size(found->second.dtype);
      const int64_t size = detail::checked_size(std::vector<int64_t>{found->second.count}, item);
      if (size < 0) fail("the size of storage '{}' overflows", key);
      add_storage(key, found->second, take(static_cast<uint64_t>(size)));
    }
    for (const auto& [key, storage] : declared) {
      if (!file_.storages_.count(key)) fail("the storage '{}' is missing", key);
    }
  }

  Pickle next_pickle() {
    const Pickle pickle =
        parse_pickle(bytes_.subspan(position_), file_.path_, detail::known_torch_global);
    position_ += pickle.size;
    return pickle;
  }
  std::span<const uint8_t> take(uint64_t size) {
    if (size > bytes_.size() - position_) {
      fail("{} bytes of a storage are expected at byte {}; {} are left", size, position_,
           bytes_.size() - position_);
    }
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(size));
    position_ += static_cast<size_t>(size);
    return taken;
  }

  // --- storages ---

  struct DeclaredStorage {
    std::string dtype;
    int64_t count = 0;
  };

  struct StorageView {
    std::string key;
    DeclaredStorage declared;
    int64_t offset = 0;  // elements; of files before torch 0.4
  };

  // ('storage', class, key, where it was, elements[, (key of the view, offset, elements)])
  StorageView storage_view(uint32_t index) const {
    const PickleValue& persistent = pickle_[index];
    if (persistent.kind != Kind::kPersistent) fail("a tensor without a storage");
    const PickleValue& id = pickle_[persistent.items.at(0)];
    const auto& parts = id.items;
    const bool is_storage =
        id.kind == Kind::kTuple && parts.size() >= 5 && pickle_[parts[0]].text == "storage" &&
        pickle_[parts[1]].kind == Kind::kGlobal && pickle_[parts[4]].kind == Kind::kInteger;
    if (!is_storage) fail("a reference to something else than a storage");
    StorageView view;
    const std::string& type = pickle_[parts[1]].text;
    view.declared.dtype = detail::torch_dtype(type);
    if (view.declared.dtype.empty()) fail("a storage of the type '{}', which is not known", type);
    const PickleValue& key = pickle_[parts[2]];
    view.key = key.kind == Kind::kInteger ? std::to_string(key.integer) : key.text;
    view.declared.count = pickle_[parts[4]].integer;
    if (view.declared.count < 0) fail("a storage of {} elements", view.declared.count);
    if (parts.size() > 5 && pickle_[parts[5]].kind == Kind::kTuple) {
      const auto& inner = pickle_[parts[5]].items;
      if (inner.size() != 3) fail("a view of a storage that cannot be read");
      view.offset = pickle_[inner[1]].integer;
      if (view.offset < 0) fail("a view of a storage at {}", view.offset);
    }
    return view;
  }

  std::map<std::string, DeclaredStorage> declared_storages() const {
    std::map<std::string, DeclaredStorage> storages;
    for (uint32_t i = 0; i < pickle_.values.size(); ++i) {
      if (pickle_[i].kind != Kind::kPersistent) continue;
      const StorageView view = storage_view(i);
      const auto [found, is_new] = storages.emplace(view.key, view.declared);
      if (!is_new && (found->second.dtype != view.declared.dtype ||
                      found->second.count != view.declared.count)) {
        fail("the storage '{}' is described twice and differently", view.key);
      }
    }
    return storages;
  }

  void add_storage(const std::string& key, const DeclaredStorage& declared,
                   std::span<const uint8_t> bytes) {
    const int64_t item = safetensors_item_size(declared.dtype);
    const int64_t size = detail::checked_size(std::vector<int64_t>{declared.count}, item);
    if (size < 0 || static_cast<uint64_t>(size) != bytes.size()) {
      fail("the storage '{}' of {} elements of type {} has {} bytes", key, declared.count,
           declared.dtype, bytes.size());
    }
    file_.storages_[key].bytes = bytes;
  }

  // --- the tree ---

  void walk(uint32_t index, const std::string& name, size_t depth) {
    if (name.size() > kMostTorchName) fail("a name of {} bytes", name.size());
    if (depth > kMostTorchDepth) fail("nested more than {} deep", kMostTorchDepth);
    if (++steps_ > kMostTorchSteps) fail("more than {} values", kMostTorchSteps);
    const PickleValue& value = pickle_[index];
    const auto join_name = [&](const std::string& key) {
      return name.empty() ? key : fmt::format("{}/{}", name, key);
    };
    switch (value.kind) {
      case Kind::kDict:
        for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
          const PickleValue& key = pickle_[value.items[i]];
          if (key.kind == Kind::kText) {
            walk(value.items[i + 1], join_name(key.text), depth + 1);
          } else if (key.kind == Kind::kInteger || key.kind == Kind::kBool) {
            walk(value.items[i + 1], join_name(std::to_string(key.integer)), depth + 1);
          }  // classes as keys: callbacks of old Lightning
        }
        break;
      case Kind::kList:
      case Kind::kTuple:
        for (size_t i = 0; i < value.items.size(); ++i) {
          walk(value.items[i], join_name(std::to_string(i)), depth + 1);
        }
        break;
      case Kind::kCall:
        walk_call(index, name, depth);
        break;
      case Kind::kText:
        note(name, value.text);
        break;
      case Kind::kInteger:
        note(name, value.text.empty() ? std::to_string(value.integer) : "0x" + value.text);
        break;
      case Kind::kBool:
        note(name, value.integer ? "true" : "false");
        break;
      case Kind::kReal:
        note(name, fmt::format("{}", value.real));
        break;
      default:
        break;
    }
  }

  void note(const std::string& name, const std::string& text) {
    if (file_.values_.size() < kMostTorchValues) file_.values_[name] = shorten(text, 200);
  }

  void walk_call(uint32_t index, const std::string& name, size_t depth) {
    const PickleValue& value = pickle_[index];
    const std::string& callee = pickle_[value.items[0]].text;
    if (const auto tensor = tensor_of(index, 0)) {
      if (!file_.tensors_.count(name)) file_.names_.push_back(name);
      if (file_.names_.size() > kMostTorchTensors) fail("more than {} tensors", kMostTorchTensors);
      file_.tensors_[name] = *tensor;
      return;
    }
    const bool has_state = value.items.size() > 2 && pickle_[value.items[2]].kind == Kind::kDict;
    if (detail::torch_call(callee) == detail::TorchCall::kModule && has_state) {
      const auto& items = pickle_[value.items[2]].items;
      for (size_t i = 0; i + 1 < items.size(); i += 2) {
        const std::string& key = pickle_[items[i]].text;
        walk(items[i + 1], name.empty() ? key : name + "." + key, depth + 1);
      }
      return;
    }
    if (file_.skipped_.size() < kMostTorchValues) file_.skipped_.push_back(name + ": " + callee);
  }

  std::optional<TorchFile::Stored> tensor_of(uint32_t index, size_t depth) const {
    if (depth > kMostTorchDepth) fail("a parameter of a parameter without end");
    const PickleValue& value = pickle_[index];
    if (value.kind != Kind::kCall) return std::nullopt;
    return tensor_of(pickle_[value.items[0]].text, pickle_[value.items[1]].items, depth);
  }

  std::optional<TorchFile::Stored> tensor_of(const std::string& callee,
                                             const std::vector<uint32_t>& arguments,
                                             size_t depth) const {
    using detail::TorchCall;
    const TorchCall call = detail::torch_call(callee);
    const auto need = [&](size_t count) {
      if (arguments.size() < count) fail("'{}' with {} arguments", callee, arguments.size());
    };
    if (call == TorchCall::kTensor || call == TorchCall::kTensorOfType) {
      need(call == TorchCall::kTensor ? 4 : 7);
      return tensor_from(arguments, call == TorchCall::kTensorOfType);
    }
    if (call == TorchCall::kParameter) {
      need(1);
      return tensor_of(arguments[0], depth + 1);
    }
    if (call == TorchCall::kWrapped) {  // (function, type, its arguments, state)
      need(3);
      if (depth > kMostTorchDepth) fail("a tensor in a tensor without end");
      return tensor_of(pickle_[arguments[0]].text, pickle_[arguments[2]].items, depth + 1);
    }
    return std::nullopt;
  }

  // (storage, offset, sizes, strides, ...)
  TorchFile::Stored tensor_from(const std::vector<uint32_t>& arguments, bool has_type) const {
    const StorageView view = storage_view(arguments[0]);
    TorchFile::Stored tensor;
    tensor.storage = view.key;
    tensor.info.dtype = has_type ? detail::torch_dtype(pickle_[arguments[6]].text)
                                 : std::string_view(view.declared.dtype);
    const int64_t item = safetensors_item_size(tensor.info.dtype);
    if (item == 0) fail("a tensor of the type '{}'", pickle_[arguments[6]].text);
    if (pickle_[arguments[1]].kind != Kind::kInteger) fail("a tensor without an offset");
    if (__builtin_add_overflow(pickle_[arguments[1]].integer, view.offset, &tensor.offset)) {
      fail("a tensor whose offset overflows");
    }
    tensor.info.shape = integers(arguments[2]);
    tensor.strides = integers(arguments[3]);
    check_bounds(tensor, item, static_cast<int64_t>(file_.storages_.at(view.key).bytes.size()));
    return tensor;
  }

  void check_bounds(const TorchFile::Stored& tensor, int64_t item, int64_t available) const {
    const auto& shape = tensor.info.shape;
    const int64_t size = detail::checked_size(shape, item);
    if (size < 0 || tensor.offset < 0 || shape.size() != tensor.strides.size()) {
      fail("a tensor with sizes [{}], strides [{}] and offset {}", fmt::join(shape, ", "),
           fmt::join(tensor.strides, ", "), tensor.offset);
    }
    if (size == 0) return;
    int64_t last = tensor.offset, end = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      int64_t reach = 0;
      if (tensor.strides[d] < 0 ||
          __builtin_mul_overflow(shape[d] - 1, tensor.strides[d], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        fail("a tensor with the stride {}", tensor.strides[d]);
      }
    }
    const bool fits =
        last < INT64_MAX && !__builtin_mul_overflow(last + 1, item, &end) && end <= available;
    if (!fits) {
      fail(
          "a tensor with sizes [{}], strides [{}] and offset {} reaches beyond its storage of {} "
          "bytes",
          fmt::join(shape, ", "), fmt::join(tensor.strides, ", "), tensor.offset, available);
    }
    // Repeated elements (stride 0) could stand for more memory than there is.
    if (size > std::max(available, kSmallTensor)) {
      fail("a tensor of {} bytes repeats a storage of {} bytes", size, available);
    }
  }

  std::vector<int64_t> integers(uint32_t index) const {
    const PickleValue* value = &pickle_[index];
    if (value->kind == Kind::kCall &&
        detail::torch_call(pickle_[value->items[0]].text) == detail::TorchCall::kSize) {
      const auto& arguments = pickle_[value->items[1]].items;
      if (arguments.size() != 1) fail("a size of {} parts", arguments.size());
      value = &pickle_[arguments[0]];
    }
    if (value->kind != Kind::kTuple && value->kind != Kind::kList) fail("sizes that are no tuple");
    if (value->items.size() > kMostTorchDimensions) fail("{} dimensions", value->items.size());
    std::vector<int64_t> out;
    for (const uint32_t item : value->items) {
      if (pickle_[item].kind != Kind::kInteger) fail("a size that is no integer");
      out.push_back(pickle_[item].integer);
    }
    return out;
  }

  TorchFile& file_;
  std::span<const uint8_t> bytes_;
  Pickle pickle_;
  size_t position_ = 0, steps_ = 0;
};

void TorchFile::parse(std::span<const uint8_t> bytes) { TorchFileReader(*this, bytes).read(); }

}  // namespace likewise

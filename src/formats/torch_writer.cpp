#include "likewise/formats/torch_writer.hpp"

#include <array>
#include <limits>
#include <set>
#include <string_view>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/formats/zip_writer.hpp"

namespace likewise {

namespace {

// A pickle of protocol 2, as far as a dict of tensors needs it. Nothing is remembered and fetched
// again (BINPUT, BINGET): the file is a little longer and much simpler.
class TensorPickle {
 public:
  TensorPickle() { out_ = {0x80, 2}; }  // PROTO 2
  TensorPickle& op(char code) {
    out_.push_back(static_cast<uint8_t>(code));
    return *this;
  }
  TensorPickle& global(std::string_view module, std::string_view name) {
    op('c').raw(module).op('\n').raw(name);
    return op('\n');
  }
  TensorPickle& text(std::string_view value) {  // BINUNICODE
    op('X');
    detail::append_little(out_, static_cast<uint32_t>(value.size()));
    return raw(value);
  }
  TensorPickle& integer(int64_t value) {
    if (value >= 0 && value <= std::numeric_limits<int32_t>::max()) {
      op('J');  // BININT
      detail::append_little(out_, static_cast<uint32_t>(value));
    } else {
      op('\x8a').op(8);  // LONG1 of eight bytes
      detail::append_little(out_, static_cast<uint64_t>(value));
    }
    return *this;
  }
  TensorPickle& tuple(const std::vector<int64_t>& values) {
    op('(');
    for (const int64_t value : values) integer(value);
    return op('t');
  }
  std::vector<uint8_t> finish() {
    op('.');
    return std::move(out_);
  }

 private:
  TensorPickle& raw(std::string_view value) {
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  std::vector<uint8_t> out_;
};

std::string storage_of(const TensorView& tensor) {
  constexpr std::array<std::array<std::string_view, 2>, 10> kStorages = {
      {{"BOOL", "BoolStorage"},
       {"U8", "ByteStorage"},
       {"I8", "CharStorage"},
       {"I16", "ShortStorage"},
       {"I32", "IntStorage"},
       {"I64", "LongStorage"},
       {"F16", "HalfStorage"},
       {"BF16", "BFloat16Storage"},
       {"F32", "FloatStorage"},
       {"F64", "DoubleStorage"}}};
  for (const auto& [dtype, storage] : kStorages) {
    if (dtype == tensor.dtype) return std::string(storage);
  }
  throw UserError(
      "tensor '{}' of type {} cannot be written for PyTorch; accepted are BOOL, U8, I8, "
      "I16, I32, I64, F16, BF16, F32, F64",
      tensor.name, tensor.dtype);
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * std::max<int64_t>(shape[i - 1], 1);
  }
  return strides;
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks), the storage
// named as ("storage", class, key, place, elements).
void append_tensor(TensorPickle& out, const TensorView& tensor, const std::string& key) {
  const int64_t elements = detail::checked_size(tensor.shape, 1);
  out.global("torch._utils", "_rebuild_tensor_v2").op('(');
  out.op('(').text("storage").global("torch", storage_of(tensor)).text(key).text("cpu");
  out.integer(elements).op('t').op('Q');  // BINPERSID
  out.integer(0).tuple(tensor.shape).tuple(strides_of(tensor.shape));
  out.op('\x89').global("collections", "OrderedDict").op(')').op('R');  // False, OrderedDict()
  out.op('t').op('R');
}

std::span<const uint8_t> record_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void write_torch_file(const std::filesystem::path& path, const std::vector<TensorView>& tensors) {
  std::set<std::string> names;
  std::vector<ZipMember> values;
  TensorPickle pickle;
  pickle.op('}').op('(');  // an empty dict, to which the pairs above the mark are added
  for (const TensorView& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw UserError("{}: the tensor '{}' twice", path.string(), tensor.name);
    }
    const int64_t size = detail::checked_size(tensor.shape, safetensors_item_size(tensor.dtype));
    if (size != static_cast<int64_t>(tensor.bytes.size())) {
      throw UserError("{}: the tensor '{}' has {} bytes, its shape wants {}", path.string(),
                      tensor.name, tensor.bytes.size(), size);
    }
    const std::string key = std::to_string(values.size());
    pickle.text(tensor.name);
    append_tensor(pickle, tensor, key);
    values.push_back({"archive/data/" + key, tensor.bytes});
  }
  pickle.op('u');  // SETITEMS
  const std::vector<uint8_t> dict = pickle.finish();
  std::vector<ZipMember> members = {{"archive/data.pkl", dict},
                                    {"archive/byteorder", record_bytes("little")}};
  members.insert(members.end(), values.begin(), values.end());
  members.push_back({"archive/version", record_bytes("3\n")});
  write_stored_zip(path, members);
}

}  // namespace likewise

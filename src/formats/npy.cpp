#include "likewise/formats/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

static_assert(std::endian::native == std::endian::little,
              "array bytes are used in place; a big-endian machine would have to swap them");

namespace {

constexpr std::array<std::string_view, 12> kNpyTypes = {"b1", "u1", "i1", "u2", "i2", "u4",
                                                        "i4", "u8", "i8", "f2", "f4", "f8"};
constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr size_t kNpyMaxHeader = 1 << 20;
constexpr size_t kNpyMaxDimensions = 64;  // NumPy's own limit

struct NpyHeader {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// The header is a Python dict literal with the keys descr, fortran_order and shape; the values are
// a string, True or False, and a tuple of integers. That much of Python is understood, no more.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyHeader parse() {
    NpyHeader header;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !header.descr) {
        header.descr = description();
      } else if (key == "fortran_order" && !header.fortran_order) {
        header.fortran_order = boolean();
      } else if (key == "shape" && !header.shape) {
        header.shape = tuple();
      } else {
        fail(fmt::format("unexpected key '{}'", key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail("text after the closing brace");
    if (!header.descr || !header.fortran_order || !header.shape) {
      fail("descr, fortran_order and shape are needed");
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError("{}: broken .npy header at byte {}: {}", name_, at_, what);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("expected '{}'", c));
  }
  std::string string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail("expected a string");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string without end");
    const std::string found(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return found;
  }
  std::string description() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') {
      throw DataError("{}: the array has a structured type (records); expected plain numbers",
                      name_);
    }
    return string();
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] :
         {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail("expected True or False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(');
    while (!accept(')')) {
      if (values.size() == kNpyMaxDimensions) fail("too many dimensions");
      values.push_back(integer());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }
  int64_t integer() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '-') fail("a negative length");
    const size_t start = at_;
    int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text_[at_] - '0'}, &value)) {
        fail("a length that does not fit 64 bits");
      }
    }
    if (at_ == start) fail("expected a length");
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
};

std::string npy_accepted() {
  return "bool, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4 and f8 are accepted";
}

// "<f4" -> "f4"; swap is set when the values are big-endian.
std::string npy_dtype(const std::string& descr, bool& swap, const std::string& name) {
  const bool marked = !descr.empty() && std::strchr("<>|=", descr[0]) != nullptr;
  const std::string dtype = marked ? descr.substr(1) : descr;
  if (dtype.substr(0, 1) == "O") {
    throw DataError("{}: the array holds pickled Python objects, which are never read; {}", name,
                    npy_accepted());
  }
  const int64_t item = npy_item_size(dtype);
  if (item == 0 || (item > 1 && descr[0] != '<' && descr[0] != '>')) {
    throw DataError("{}: the array is of type '{}'; {}", name, descr, npy_accepted());
  }
  swap = item > 1 && descr[0] == '>';
  return dtype;
}

void npy_swap(std::vector<uint8_t>& bytes, size_t item) {
  for (size_t i = 0; i + item <= bytes.size(); i += item) {
    std::reverse(bytes.begin() + static_cast<int64_t>(i),
                 bytes.begin() + static_cast<int64_t>(i + item));
  }
}

// First index fastest -> last index fastest. `from` has at least one element and two dimensions.
std::vector<uint8_t> npy_to_c_order(std::span<const uint8_t> from,
                                    const std::vector<int64_t>& shape, size_t item) {
  std::vector<uint8_t> to(from.size());
  std::vector<int64_t> index(shape.size(), 0), stride(shape.size(), 1);
  for (size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  int64_t source = 0;
  for (size_t at = 0; at < to.size(); at += item) {
    std::memcpy(to.data() + at, from.data() + static_cast<size_t>(source) * item, item);
    for (size_t d = shape.size(); d-- > 0;) {
      source += stride[d];
      if (++index[d] < shape[d]) break;
      source -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return to;
}

}  // namespace

int64_t npy_item_size(std::string_view dtype) {
  const bool known = std::find(kNpyTypes.begin(), kNpyTypes.end(), dtype) != kNpyTypes.end();
  return known ? dtype[1] - '0' : 0;
}

NpyArray read_npy(std::span<const uint8_t> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.substr(0, kNpyMagic.size()) != kNpyMagic || text.size() < 10) {
    throw DataError("{}: this is not a .npy file, which starts with \\x93NUMPY", name);
  }
  const int version = bytes[6];
  if (version < 1 || version > 3) {
    throw DataError("{}: .npy version {}; 1, 2 and 3 are accepted", name, version);
  }
  const size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start) throw DataError("{}: the .npy file ends in its header", name);
  const size_t length = version == 1 ? detail::load_little<uint16_t>(&bytes[8])
                                     : detail::load_little<uint32_t>(&bytes[8]);
  if (length > bytes.size() - start || length > kNpyMaxHeader) {
    throw DataError("{}: a .npy header of {} bytes is announced; the file has {} (limit {})", name,
                    length, bytes.size(), kNpyMaxHeader);
  }
  const NpyHeader header = NpyHeaderParser(text.substr(start, length), name).parse();
  bool swap = false;
  NpyArray array{npy_dtype(*header.descr, swap, name), *header.shape, {}};
  const auto item = static_cast<size_t>(npy_item_size(array.dtype));
  const int64_t size = detail::checked_size(array.shape, static_cast<int64_t>(item));
  const auto data = bytes.subspan(start + length);
  if (size < 0 || static_cast<uint64_t>(size) != data.size()) {
    throw DataError("{}: an array of shape ({}) and type {} needs {} bytes; the file has {}", name,
                    fmt::join(array.shape, ", "), array.dtype,
                    size < 0 ? std::string("more than 2^63") : std::to_string(size), data.size());
  }
  if (*header.fortran_order && array.shape.size() > 1 && !data.empty()) {
    array.bytes = npy_to_c_order(data, array.shape, item);
  } else {
    array.bytes.assign(data.begin(), data.end());
  }
  if (swap) npy_swap(array.bytes, item);
  return array;
}

NpyArray read_npy_file(const std::filesystem::path& path) {
  return read_npy(read_bytes(path), path.string());
}

std::vector<uint8_t> write_npy(const NpyArray& array) {
  const int64_t item = npy_item_size(array.dtype);
  const int64_t size = detail::checked_size(array.shape, item);
  if (item == 0 || size < 0 || static_cast<uint64_t>(size) != array.bytes.size()) {
    throw UserError("cannot write an array of shape ({}), type '{}' and {} bytes as .npy; {}",
                    fmt::join(array.shape, ", "), array.dtype, array.bytes.size(), npy_accepted());
  }
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   item == 1 ? '|' : '<', array.dtype, fmt::join(array.shape, ", "),
                                   array.shape.size() == 1 ? "," : "");
  // Magic, version, length, header and its newline: a multiple of 64, so that data are aligned.
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::vector<uint8_t> bytes(kNpyMagic.begin(), kNpyMagic.end());
  bytes.push_back(1);
  bytes.push_back(0);
  detail::append_little(bytes, static_cast<uint16_t>(header.size()));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), array.bytes.begin(), array.bytes.end());
  return bytes;
}

}  // namespace likewise

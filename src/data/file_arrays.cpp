// Arrays in .npy files, a file a sample, all of one shape.
#include <fmt/ranges.h>

#include <algorithm>

#include "data/file_images.hpp"
#include "data/npy_floats.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {

namespace {

class FileArrays final : public Dataset {
 public:
  FileArrays(FileList list, DatasetInfo info) : list_(std::move(list)), info_(std::move(info)) {
    // The shape of the first that can be read is what the others must have.
    std::string first_error;
    for (const auto& path : list_.paths) {
      try {
        shape_ = read_npy_file(list_.root / path).shape;
        first_ = path;
        return;
      } catch (const DataError& error) {
        if (first_error.empty()) first_error = error.what();
      }
    }
    throw DataError("none of {} arrays could be read; the first: {}", list_.paths.size(),
                    first_error);
  }

  int64_t size() const override { return static_cast<int64_t>(list_.paths.size()); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return number(list_.labels, i); }
  int64_t domain(int64_t i) const override { return number(list_.domains, i); }
  std::string name(int64_t i) const override { return list_.paths[static_cast<size_t>(i)]; }

  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    const auto path = list_.root / list_.paths[static_cast<size_t>(i)];
    const NpyArray array = read_npy_file(path);
    if (array.shape != shape_) {
      throw DataError("{}: the array has shape [{}], but {} has [{}]", path.string(),
                      fmt::join(array.shape, ", "), first_, fmt::join(shape_, ", "));
    }
    const Tensor x = npy_floats(array, path.string());
    check_finite(x, path.string());
    return {{x}, label(i), domain(i), i};
  }

 private:
  static int64_t number(const std::vector<int64_t>& numbers, int64_t i) {
    return numbers.empty() ? -1 : numbers[static_cast<size_t>(i)];
  }
  FileList list_;
  DatasetInfo info_;
  std::vector<int64_t> shape_;
  std::string first_;
};

}  // namespace

DatasetPtr file_arrays(FileList list, DatasetInfo info, const OpenOptions&) {
  return std::make_shared<FileArrays>(std::move(list), std::move(info));
}

}  // namespace likewise::detail

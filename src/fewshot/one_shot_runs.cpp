#include "likewise/fewshot/one_shot_runs.hpp"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/image_tensor.hpp"

namespace likewise::fewshot {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLabelFile = "class_labels.txt";

OneShotRun read_run(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / name / kLabelFile;
  OneShotRun run;
  run.name = name;
  std::istringstream lines(read_text(file));
  std::set<std::string> seen;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string test, training, more;
    words >> test >> training;
    if (test.empty()) continue;
    if (training.empty() || (words >> more)) {
      throw DataError(
          "{}:{}: a test image and the training image of its class are expected, found '{}'",
          file.string(), number, trim(line));
    }
    for (const std::string& path : {test, training}) {
      if (!fs::is_regular_file(folder / path)) {
        throw DataError("{}:{}: there is no image {}", file.string(), number,
                        (folder / path).string());
      }
    }
    if (!seen.insert(training).second) {
      throw DataError("{}:{}: {} is the class of two test images", file.string(), number, training);
    }
    run.test.push_back(test);
    run.training.push_back(training);
  }
  if (run.test.size() < 2) {
    throw DataError("{}: a run has at least two classes, this has {}", file.string(),
                    run.test.size());
  }
  return run;
}

struct Points {
  std::vector<double> y, x;
};

Points ink_places(const Tensor& image) {
  if (image.dim() != 3 || image.size(0) != 1 || image.scalar_type() != at::kByte) {
    throw UserError("a drawing is uint8 [1, H, W]");
  }
  const Tensor dense = image.contiguous();
  const uint8_t* pixel = dense.data_ptr<uint8_t>();
  Points points;
  double sum_y = 0, sum_x = 0;
  for (int64_t y = 0; y < dense.size(1); ++y) {
    for (int64_t x = 0; x < dense.size(2); ++x) {
      if (*pixel++ <= 127) continue;
      points.y.push_back(static_cast<double>(y));
      points.x.push_back(static_cast<double>(x));
      sum_y += static_cast<double>(y);
      sum_x += static_cast<double>(x);
    }
  }
  if (points.y.empty()) throw UserError("a drawing has no ink");
  const auto n = static_cast<double>(points.y.size());
  for (double& y : points.y) y -= sum_y / n;
  for (double& x : points.x) x -= sum_x / n;
  return points;
}

double distance_of(const Points& a, const Points& b) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::vector<double> nearest_a(a.y.size(), kFar), nearest_b(b.y.size(), kFar);
  for (size_t i = 0; i < a.y.size(); ++i) {
    for (size_t j = 0; j < b.y.size(); ++j) {
      const double dy = a.y[i] - b.y[j], dx = a.x[i] - b.x[j], square = dy * dy + dx * dx;
      nearest_a[i] = std::min(nearest_a[i], square);
      nearest_b[j] = std::min(nearest_b[j], square);
    }
  }
  const auto mean = [](const std::vector<double>& squares) {
    double sum = 0;
    for (double square : squares) sum += std::sqrt(square);
    return sum / static_cast<double>(squares.size());
  };
  return std::max(mean(nearest_a), mean(nearest_b));
}

}  // namespace

std::vector<OneShotRun> find_one_shot_runs(const fs::path& folder) {
  std::error_code failed;
  std::vector<std::string> names;
  fs::directory_iterator at(folder, failed);
  if (failed) throw UserError("--runs {}: {}", folder.string(), failed.message());
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    if (fs::is_regular_file(at->path() / kLabelFile)) {
      names.push_back(at->path().filename().string());
    }
  }
  if (names.empty()) {
    throw UserError(
        "--runs {}: there is no run: folders with class_labels.txt, training/ and test/ are "
        "expected, as in run01/",
        folder.string());
  }
  std::sort(names.begin(), names.end());
  std::vector<OneShotRun> runs;
  for (const auto& name : names) runs.push_back(read_run(folder, name));
  return runs;
}

Tensor read_ink(const fs::path& folder, const std::string& path) {
  const fs::path file = folder / path;
  return 255 - decode_tensor(read_bytes(file), file.string());
}

double modified_hausdorff(const Tensor& a, const Tensor& b) {
  return distance_of(ink_places(a), ink_places(b));
}

double hausdorff_accuracy(const fs::path& folder, const OneShotRun& run) {
  std::vector<Points> training;
  for (const auto& path : run.training) training.push_back(ink_places(read_ink(folder, path)));
  int64_t right = 0;
  for (size_t i = 0; i < run.test.size(); ++i) {
    const Points item = ink_places(read_ink(folder, run.test[i]));
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < training.size(); ++j) {
      const double distance = distance_of(item, training[j]);
      if (distance < least) least = distance, best = j;
    }
    right += best == i;
  }
  return static_cast<double>(right) / static_cast<double>(run.test.size());
}

}  // namespace likewise::fewshot

#include "likewise/methods/n_pair.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <map>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor NPair::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "the N-pair loss compares two views, found {}", z.size());
  const Tensor labels = classes(batch).to(at::kCPU).contiguous();
  const int64_t* label = labels.data_ptr<int64_t>();
  // The first two samples of each class; the second is the first again where there is no other.
  std::map<int64_t, std::pair<int64_t, int64_t>> pairs;
  for (int64_t i = 0; i < labels.numel(); ++i) {
    const auto [found, fresh] = pairs.try_emplace(label[i], i, i);
    if (!fresh && found->second.second == found->second.first) found->second.second = i;
  }
  std::vector<int64_t> anchors, positives;
  for (const auto& [class_label, pair] : pairs) {
    anchors.push_back(pair.first);
    positives.push_back(pair.second);
  }
  const auto rows = [](const Tensor& x, const std::vector<int64_t>& chosen) {
    return x.index_select(0, at::tensor(chosen).to(x.device()));
  };
  return n_pair(rows(z[0], anchors), rows(z[1], positives), loss_options());
}

}  // namespace likewise

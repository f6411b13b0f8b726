#include "likewise/losses/supcon.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <cmath>

#include "likewise/losses/nt_xent.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TEST(SupCon, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"supcon_1", "supcon_2", "supcon_singletons"}) {
    const Tensor labels = golden(file, name, "labels");
    const double temperature = file.entry(name).at("options").at("temperature");
    expect_golden(file, name, {"z"}, [&](const std::vector<Tensor>& x) {
      return supcon(x[0], labels, temperature);
    });
  }
  for (const std::string name : {"nt_xent_labels_1", "nt_xent_labels_2"}) {
    const Tensor labels = golden(file, name, "labels");
    const double temperature = file.entry(name).at("options").at("temperature");
    expect_golden(file, name, {"z"}, [&](const std::vector<Tensor>& x) {
      return supcon(x[0], labels, temperature, SupConForm::kApart);
    });
  }
}

TEST(SupCon, OfViewsAgreesWithTheAuthorsUpToTheirFactor) {
  const Golden file("losses");
  const Tensor labels = golden(file, "supcon_views", "labels");
  expect_golden(file, "supcon_views", {"z"}, [&](const std::vector<Tensor>& x) {
    const Tensor rows = x[0].reshape({-1, x[0].size(2)});  // sample by sample, its two views in turn
    return supcon(rows, labels.repeat_interleave(2), 0.1) * (0.1 / 0.07);
  });
}

TEST(SupCon, WithOnePositiveEachIsNtXent) {
  const Tensor z0 = normal({6, 5}, 1), z1 = normal({6, 5}, 2);
  const Tensor labels = at::arange(6, at::kLong).repeat({2});
  for (const auto form : {SupConForm::kOut, SupConForm::kIn}) {
    EXPECT_NEAR(supcon(at::cat({z0, z1}), labels, 0.2, form).item<double>(),
                nt_xent(z0, z1, {.temperature = 0.2}).item<double>(), 1e-12);
  }
}

TEST(SupCon, TheInnerMeanIsAtMostTheOuterOne) {
  const Tensor z = normal({20, 5}, 1);
  const Tensor labels = at::arange(20, at::kLong).remainder(4);
  const double in = supcon(z, labels, 0.2, SupConForm::kIn).item<double>();
  const double out = supcon(z, labels, 0.2, SupConForm::kOut).item<double>();
  EXPECT_LT(in, out);
}

TEST(SupCon, InnerFormAgreesWithLoopsAndDifferences) {
  const Tensor z = normal({8, 4}, 3);
  const std::vector<int64_t> label = {0, 1, 0, 2, 1, 0, -1, -1};
  const Tensor labels = at::tensor(label, at::kLong);
  const Tensor x = z / z.norm(2, {1}, true);
  double want = 0;
  int anchors = 0;
  for (int64_t i = 0; i < 8; ++i) {
    double all = 0, own = 0;
    int count = 0;
    for (int64_t j = 0; j < 8; ++j) {
      if (i == j) continue;
      const double e = std::exp((x[i] * x[j]).sum().item<double>() / 0.5);
      all += e;
      if (label[i] >= 0 && label[i] == label[j]) own += e, ++count;
    }
    if (count == 0) continue;
    want += -std::log(own / count / all);
    ++anchors;
  }
  const Loss loss = [&](const std::vector<Tensor>& v) {
    return supcon(v[0], labels, 0.5, SupConForm::kIn);
  };
  EXPECT_NEAR(loss({z}).item<double>(), want / anchors, 1e-12);
  for (const auto form : {SupConForm::kIn, SupConForm::kOut, SupConForm::kApart}) {
    expect_gradients([&](const std::vector<Tensor>& v) { return supcon(v[0], labels, 0.5, form); },
                     {z});
  }
}

TEST(SupCon, WithoutAnyPositiveIsZero) {
  for (const auto form : {SupConForm::kIn, SupConForm::kOut, SupConForm::kApart}) {
    const auto got = evaluate(
        [&](const std::vector<Tensor>& v) { return supcon(v[0], at::arange(5, at::kLong), 0.5, form); },
        {normal({5, 3}, 1)});
    EXPECT_EQ(got.value, 0);
    EXPECT_EQ(got.gradients[0].abs().sum().item<double>(), 0);
  }
}

}  // namespace
}  // namespace likewise

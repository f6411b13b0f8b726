// InfoNCE beside values that other packages computed.

#include <ATen/ops/arange.h>

#include "losses/contrastive_support.hpp"
#include "support/golden.hpp"

namespace likewise::contrastive_test {
namespace {

class Golds {
 public:
  explicit Golds(const std::string& name) : name_(name) {}
  Tensor operator()(const std::string& which, at::ScalarType type = at::kDouble) const {
    return at::tensor(golden_.values(name_, which), at::kDouble)
        .reshape(golden_.shape(name_, which))
        .to(type);
  }
  double option(const std::string& key) const { return golden_.entry(name_).at("options").at(key); }
  // Value and gradients in double and in float.
  void expect(const Loss& loss, const std::vector<std::string>& inputs, double out,
              const std::vector<std::string>& gradients) const {
    for (const auto type : {at::kDouble, at::kFloat}) {
      SCOPED_TRACE(name_ + " in " + c10::toString(type));
      const auto& tolerance =
          golden_.entry(name_).at("tolerance").at(type == at::kDouble ? "f64" : "f32");
      const double rtol = tolerance.at("rtol"), atol = tolerance.at("atol");
      Inputs x;
      for (const auto& input : inputs) x.push_back((*this)(input, type));
      const Result got = result_of(loss, x);
      EXPECT_NEAR(got.loss, out, atol + rtol * std::abs(out));
      for (size_t i = 0; i < gradients.size(); ++i) {
        const Tensor wanted = (*this)(gradients[i]);
        const Tensor excess =
            (got.gradients[i].to(at::kDouble) - wanted).abs() - rtol * wanted.abs();
        EXPECT_LE(excess.max().item<double>(), atol) << gradients[i];
      }
    }
  }

 private:
  Golden golden_{"losses"};
  std::string name_;
};

TEST(InfoNceGolden, MoCoWithAQueue) {
  for (const char* name : {"moco_queue_1", "moco_queue_2", "moco_queue_3"}) {
    const Golds golds(name);
    // The package takes the queue as it is, of length 1 to seven digits.
    const InfoNceOptions options{.temperature = golds.option("temperature"), .normalize = false};
    for (int step = 0; step < 3; ++step) {
      const std::string at = std::to_string(step);
      const Tensor queue = golds(step == 0 ? "queue" : "queue_after" + std::to_string(step - 1));
      golds.expect(
          [&](const Inputs& in) {
            const auto type = in[0].scalar_type();
            return info_nce(unit(in[0]), queue.to(type),
                            {.positive_key = unit(golds("key" + at, type))}, options);
          },
          {"query" + at}, golds("out")[step].item<double>(), {"grad_query" + at});
    }
  }
}

TEST(InfoNceGolden, SupervisedContrastiveLoss) {
  for (const char* name : {"supcon_1", "supcon_2", "supcon_singletons"}) {
    const Golds golds(name);
    InfoNcePairs pairs;
    pairs.query_group = pairs.key_group = golds("labels", at::kLong);
    pairs.self = at::arange(pairs.query_group.size(0), at::kLong);
    const InfoNceOptions options{.temperature = golds.option("temperature")};
    golds.expect([&](const Inputs& in) { return info_nce(in[0], in[0], pairs, options); }, {"z"},
                 golds("out").item<double>(), {"grad_z"});
  }
  const Golds views("supcon_views");
  const double factor = views.option("temperature") / views.option("base_temperature");
  const InfoNceOptions options{.temperature = views.option("temperature")};
  views.expect(
      [&](const Inputs& in) {
        return sup_con(in[0].select(1, 0), in[0].select(1, 1), views("labels", at::kLong),
                       options) *
               factor;
      },
      {"z"}, views("out").item<double>(), {"grad_z"});
}

TEST(InfoNceGolden, ClipAndOneWay) {
  for (const char* name : {"clip_1", "clip_2"}) {
    const Golds golds(name);
    golds.expect([&](const Inputs& in) { return clip_loss(in[0], in[1], {}, in[2]); },
                 {"image", "text", "log_scale"}, golds("out").item<double>(),
                 {"grad_image", "grad_text", "grad_log_scale"});
  }
  const Golds one_way("info_nce_one_way");
  one_way.expect(
      [&](const Inputs& in) {
        return info_nce(in[0], in[1], {}, {.temperature = one_way.option("temperature")});
      },
      {"query", "key"}, one_way("out").item<double>(), {"grad_query", "grad_key"});
}

TEST(InfoNceGolden, NPairs) {
  const Golds golds("n_pairs_paper");
  const double weight = golds.option("l2_weight");
  golds.expect(
      [&](const Inputs& in) {
        return info_nce(in[0], in[1], {}, {.temperature = 1, .normalize = false}) +
               weight * (in[0].square().sum() + in[1].square().sum()) / (2 * in[0].size(0));
      },
      {"anchor", "positive"}, golds("out").item<double>(), {"grad_anchor", "grad_positive"});
}

}  // namespace
}  // namespace likewise::contrastive_test

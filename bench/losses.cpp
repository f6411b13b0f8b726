// Every loss at a batch of 2,048, value and gradient: as it is here ("ours") and as tensor
// operations with autograd ("autograd", bench/plain_losses.hpp). NT-Xent, MoCo, CLIP and SupCon's
// outer form in several sizes are in bench/loss.cpp.
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>

#include <functional>
#include <string>
#include <vector>

#include "likewise/losses/alignment_uniformity.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/decorrelation.hpp"
#include "likewise/losses/dino.hpp"
#include "likewise/losses/inst_disc.hpp"
#include "likewise/losses/n_pair.hpp"
#include "likewise/losses/nt_xent.hpp"
#include "likewise/losses/prototypical.hpp"
#include "likewise/losses/regression.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/losses/spectral.hpp"
#include "likewise/losses/supcon.hpp"
#include "likewise/losses/swav.hpp"
#include "likewise/losses/triplet.hpp"
#include "likewise/losses/weighted_nt_xent.hpp"
#include "plain_losses.hpp"
#include "support.hpp"

namespace likewise::bench {
namespace {

using Inputs = std::vector<Tensor>;
using Loss = std::function<Tensor(const Inputs&)>;

constexpr int64_t kBatch = 2048, kWidth = 128;

struct Row {
  std::string name;
  std::vector<std::vector<int64_t>> shapes;  // of what takes a gradient
  Loss ours, autograd;
};

void run(benchmark::State& state, const std::vector<std::vector<int64_t>>& shapes,
         const Loss& loss) {
  Inputs inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(normal(i + 1, shapes[i]).set_requires_grad(true));
  }
  for (auto _ : state) {
    loss(inputs).backward();
    for (const Tensor& x : inputs) x.mutable_grad().reset();
  }
}

std::vector<Row> rows() {
  const std::vector<int64_t> z = {kBatch, kWidth}, wide = {kBatch, 512}, scores = {kBatch, 3000};
  const Tensor index = at::arange(kBatch, at::kLong);
  const Tensor ten = index.remainder(10), by_four = index.div(4, "floor");
  const Tensor ten_twice = at::cat({ten, ten});
  const Tensor bank = plain::unit(normal(9, {50000, kWidth}));
  const Tensor noise = at::randint(0, 50000, {kBatch, 512}, at::TensorOptions(at::kLong));
  const Tensor teacher0 = normal(11, {kBatch, 4096}), teacher1 = normal(12, {kBatch, 4096});
  const Tensor centre = normal(13, {4096}) * 0.1;
  const auto both = [](const Inputs& x) { return at::cat({x[0], x[1]}); };
  const auto triplets = [&](const char* mining) -> Loss {
    TripletOptions options;
    options.mining = mining;
    return [=](const Inputs& x) { return triplet(x[0], by_four, options); };
  };
  return {
      {"nt_xent_decoupled",
       {z, z},
       [](const Inputs& x) { return nt_xent(x[0], x[1], {.temperature = 0.2, .decoupled = true}); },
       [](const Inputs& x) {
         const auto l = plain::logits(x[0], x[1], 0.2);
         return (at::logsumexp(l.rest, {1}) - l.positive).mean();
       }},
      {"debiased",
       {z, z},
       [](const Inputs& x) {
         return weighted_nt_xent(x[0], x[1], {.temperature = 0.2, .tau_plus = 0.1});
       },
       [](const Inputs& x) { return plain::debiased(x[0], x[1], 0.2, 0.1, 0); }},
      {"hard_negatives",
       {z, z},
       [](const Inputs& x) {
         return weighted_nt_xent(x[0], x[1], {.temperature = 0.2, .tau_plus = 0.1, .beta = 1});
       },
       [](const Inputs& x) { return plain::debiased(x[0], x[1], 0.2, 0.1, 1); }},
      {"sogclr",
       {z, z},
       [=](const Inputs& x) {
         const Tensor log_u = at::full({kBatch}, 1.0, at::kDouble);
         return sogclr(x[0], x[1], 0.2, 0.9, log_u, index);
       },
       [](const Inputs& x) {
         const auto l = plain::logits(x[0], x[1], 0.2);
         const Tensor weight = (l.rest.exp() / std::exp(1.0)).detach();
         return (-l.positive + (weight * l.rest.masked_fill(weight == 0, 0)).mean(1)).mean();
       }},
      {"simclr_viewmaker",
       {z, z},
       [](const Inputs& x) {
         const Tensor a = unit_rows(x[0]), b = unit_rows(x[1]);
         return (similarity_lse(a, at::cat({a, b}), scalar_like(1 / 0.07, a)) -
                 (a * b).sum(1) / 0.07)
             .mean();
       },
       [](const Inputs& x) { return plain::viewmaker(x[0], x[1], 0.07); }},
      {"moco_v3",
       {z, z},
       [](const Inputs& x) {
         return info_nce(x[0], x[1].detach(), {}, {.temperature = 0.2}) +
                info_nce(x[1], x[0].detach(), {}, {.temperature = 0.2});
       },
       [=](const Inputs& x) {
         const auto one = [&](const Tensor& q, const Tensor& k) {
           return at::cross_entropy_loss(at::matmul(plain::unit(q), plain::unit(k).t()) / 0.2,
                                         index);
         };
         return one(x[0], x[1].detach()) + one(x[1], x[0].detach());
       }},
      {"supcon_in",
       {z, z},
       [=](const Inputs& x) { return supcon(both(x), ten_twice, 0.1, SupConForm::kIn); },
       [=](const Inputs& x) { return plain::supcon_in(both(x), ten_twice, 0.1); }},
      {"supcon_apart",
       {z},
       [=](const Inputs& x) { return supcon(x[0], by_four, 0.1, SupConForm::kApart); },
       [=](const Inputs& x) { return plain::supcon_apart(x[0], by_four, 0.1); }},
      {"n_pair",
       {z, z},
       [](const Inputs& x) { return n_pair(x[0] * 0.1, x[1] * 0.1); },
       [](const Inputs& x) { return plain::n_pair(x[0] * 0.1, x[1] * 0.1); }},
      {"triplet_batch_hard",
       {z},
       triplets("batch_hard"),
       [=](const Inputs& x) { return plain::batch_hard(x[0], by_four, 0.2); }},
      {"triplet_semihard",
       {z},
       triplets("semihard"),
       [=](const Inputs& x) { return plain::batch_all(x[0], by_four, 0.2, true); }},
      {"triplet_facenet",
       {z},
       triplets("facenet"),
       [=](const Inputs& x) { return plain::facenet(x[0], by_four, 0.2); }},
      {"triplet_all",
       {z},
       triplets("all"),
       [=](const Inputs& x) { return plain::batch_all(x[0], by_four, 0.2, false); }},
      {"contrastive_margin",
       {z},
       [=](const Inputs& x) { return contrastive_margin(x[0], by_four, {}); },
       [=](const Inputs& x) { return plain::contrastive_margin(x[0], by_four, 1); }},
      {"barlow_twins",
       {wide, wide},
       [](const Inputs& x) { return barlow_twins(x[0], x[1]); },
       [](const Inputs& x) { return plain::barlow_twins(x[0], x[1], 5e-3); }},
      {"vicreg",
       {wide, wide},
       [](const Inputs& x) { return vicreg(x[0], x[1]); },
       [](const Inputs& x) { return plain::vicreg(x[0], x[1]); }},
      {"spectral",
       {z, z},
       [](const Inputs& x) { return spectral_contrastive(x[0], x[1]); },
       [](const Inputs& x) { return plain::spectral(x[0], x[1]); }},
      {"inst_disc_softmax",
       {z},
       [=](const Inputs& x) { return inst_disc_softmax(unit_rows(x[0]), bank, index, 0.07); },
       [=](const Inputs& x) {
         return plain::inst_disc_softmax(plain::unit(x[0]), bank, index, 0.07);
       }},
      {"inst_disc_nce",
       {z},
       [=](const Inputs& x) {
         return inst_disc_nce(unit_rows(x[0]), bank, index, noise, 0.07, 10);
       },
       [=](const Inputs& x) {
         return plain::inst_disc_nce(plain::unit(x[0]), bank, index, noise, 0.07, 10);
       }},
      {"swav",
       {scores, scores},
       [](const Inputs& x) {
         return swav({x[0] * 0.1, x[1] * 0.1}, {});
       },
       [](const Inputs& x) { return plain::swav(x[0] * 0.1, x[1] * 0.1); }},
      {"dino",
       {{kBatch, 4096}, {kBatch, 4096}},
       [=](const Inputs& x) {
         return dino({x[0], x[1]}, {teacher0, teacher1}, centre, 0.1, 0.04);
       },
       [=](const Inputs& x) {
         return plain::dino({x[0], x[1]}, {teacher0, teacher1}, centre);
       }},
      {"prototypical",
       {{kBatch, 1, kWidth}, {kBatch, 1, kWidth}},
       [](const Inputs& x) { return prototypical(x[0], x[1]); },
       [](const Inputs& x) { return plain::prototypical(x[0], x[1]); }},
      {"negative_cosine",
       {wide, wide},
       [](const Inputs& x) { return negative_cosine(x[0], x[1]); },
       [](const Inputs& x) { return plain::negative_cosine(x[0], x[1]); }},
      {"alignment",
       {z, z},
       [](const Inputs& x) { return alignment(x[0], x[1]); },
       [](const Inputs& x) {
         return (plain::unit(x[0]) - plain::unit(x[1])).norm(2, {1}).pow(2).mean();
       }},
      {"uniformity",
       {z},
       [](const Inputs& x) { return uniformity(x[0]); },
       [](const Inputs& x) { return plain::uniformity(x[0]); }},
  };
}

// Each row twice, one side after the other.
void register_all() {
  for (const Row& row : rows()) {
    for (const auto& [side, loss] : {std::pair{"ours", row.ours}, {"autograd", row.autograd}}) {
      benchmark::RegisterBenchmark(
          ("losses/" + row.name + "/" + side).c_str(),
          [shapes = row.shapes, loss = loss](benchmark::State& state) { run(state, shapes, loss); })
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace
}  // namespace likewise::bench

int main(int argc, char** argv) {
  likewise::bench::prepare();
  likewise::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

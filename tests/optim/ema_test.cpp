#include "likewise/optim/ema.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

TEST(Ema, AgreesWithGoldenValues) {
  const Golden golden("optim");
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    const auto tensor = [&](const char* which) {
      return at::tensor(golden.values("ema_update", which), type)
          .reshape(golden.shape("ema_update", which));
    };
    Tensor target = tensor("target").clone();
    for (int64_t step = 0; step < 4; ++step) {
      ema_update({target}, {tensor("online")[step]}, 0.99);
      const double error = (target - tensor("after")[step]).abs().max().item<double>();
      EXPECT_LE(error, type == at::kDouble ? 1e-14 : 1e-6);
    }
  }
}

struct Net : torch::nn::Module {
  explicit Net(float value) {
    weight = register_parameter("weight", at::full({2, 3}, value));
    count = register_buffer("count", at::full({}, static_cast<int64_t>(value), at::kLong));
  }
  Tensor weight, count;
};

TEST(Ema, AveragesParametersAndCopiesBuffersUnlessToldToKeepThem) {
  Net target(1), online(5);
  ema_update(target, online, 0.75, EmaBuffers::kKeep);
  EXPECT_NEAR(target.weight[1][2].item<double>(), 2, 1e-6);
  EXPECT_EQ(target.count.item<int64_t>(), 1);
  ema_update(target, online, 0);
  EXPECT_TRUE(target.weight.equal(online.weight));
  EXPECT_EQ(target.count.item<int64_t>(), 5);
  EXPECT_TRUE(target.weight.requires_grad());
}

TEST(Ema, TakesOtherLayouts) {
  const Tensor online = at::ones({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  Tensor target = at::zeros({2, 3, 4, 5});
  online.select(1, 2).fill_(7);
  ema_update({target}, {online}, 0.5);
  EXPECT_EQ(target[1][2][3][4].item<double>(), 3.5);
  EXPECT_EQ(target[1][1][3][4].item<double>(), 0.5);
  EXPECT_THROW(ema_update({target}, {at::ones({2})}, 0.5), InvariantError);
}

TEST(Ema, MomentumRisesFromStartToEnd) {
  EXPECT_NEAR(ema_momentum(0.996, 1, 0, 100), 0.996, 1e-12);
  EXPECT_NEAR(ema_momentum(0.996, 1, 50, 100), 0.998, 1e-12);
  EXPECT_EQ(ema_momentum(0.996, 1, 100, 100), 1);
}

}  // namespace
}  // namespace likewise

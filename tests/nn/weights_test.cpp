// Weights into a module, out of it, and through safetensors files.

#include "likewise/nn/weights.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

class Weights : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("likewise_weights_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

std::shared_ptr<Encoder> small(uint64_t seed, int64_t width = 4) {
  return make_encoder({.name = "small", .width = width}, 1, 16, Rng(seed));
}

bool equal_weights(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto x = named_tensors(a), y = named_tensors(b);
  if (x.size() != y.size()) return false;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i].first != y[i].first || !x[i].second.equal(y[i].second)) return false;
  }
  return true;
}

TEST_F(Weights, SurviveAFile) {
  auto a = small(1), b = small(2);
  EXPECT_FALSE(equal_weights(*a, *b));
  save_weights(folder_ / "a.safetensors", *a, {{"encoder", "small"}});
  const LoadReport report = load_weights(folder_ / "a.safetensors", *b);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.matched, static_cast<int64_t>(named_tensors(*a).size()));
  EXPECT_TRUE(equal_weights(*a, *b));
  EXPECT_EQ(SafetensorsFile(folder_ / "a.safetensors").metadata().at("encoder"), "small");
}

TEST_F(Weights, SavingALoadedFileGivesTheSameBytes) {
  auto a = small(1), b = small(2);
  save_weights(folder_ / "a.safetensors", *a);
  load_weights(folder_ / "a.safetensors", *b);
  save_weights(folder_ / "b.safetensors", *b);
  EXPECT_EQ(read_bytes(folder_ / "a.safetensors"), read_bytes(folder_ / "b.safetensors"));
}

TEST_F(Weights, EveryTypeSurvivesAFile) {
  NamedTensors tensors;
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                          at::kShort, at::kChar, at::kByte, at::kBool}) {
    EXPECT_EQ(dtype_from_name(dtype_name(type)), type);
    tensors.emplace_back(dtype_name(type), at::arange(6, at::kFloat).view({2, 3}).to(type));
  }
  tensors.emplace_back("scalar", at::ones({}));
  tensors.emplace_back("empty", at::ones({0, 3}));
  tensors.emplace_back("transposed", at::arange(6, at::kFloat).view({2, 3}).t());
  write_tensors(folder_ / "types.safetensors", tensors);
  const NamedTensors read = read_tensors(folder_ / "types.safetensors");
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const auto found = std::find_if(
        read.begin(), read.end(), [&name = name](const auto& item) { return item.first == name; });
    ASSERT_NE(found, read.end()) << name;
    EXPECT_EQ(found->second.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(found->second.equal(tensor)) << name;
  }
}

TEST_F(Weights, UnknownTypesAreRefused) {
  EXPECT_THROW(dtype_name(at::kComplexFloat), UserError);
  EXPECT_THROW(dtype_from_name("F8_E4M3"), DataError);
}

TEST_F(Weights, StrictLoadingNamesEveryDifferenceAndChangesNothing) {
  auto a = small(1), b = small(1);
  NamedTensors tensors = named_tensors(*small(2));
  tensors.erase(tensors.begin());          // conv1.weight
  tensors.front().second = at::ones({3});  // bn1.weight
  tensors.emplace_back("fc.weight", at::ones({10, 16}));
  try {
    load_tensors(*b, tensors);
    FAIL() << "no error";
  } catch (const UserError& error) {
    const std::string message = error.what();
    for (const char* part : {"1 missing (conv1.weight)", "1 unexpected (fc.weight)",
                             "bn1.weight: has shape [3], expected [4]"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
  EXPECT_TRUE(equal_weights(*a, *b));
}

TEST_F(Weights, LenientLoadingTakesWhatFits) {
  auto a = small(1), b = small(2);
  NamedTensors tensors = named_tensors(*a);
  const int64_t all = static_cast<int64_t>(tensors.size());
  tensors.erase(tensors.begin());
  tensors.emplace_back("fc.weight", at::ones({10, 16}));
  const LoadReport report = load_tensors(*b, tensors, Match::kLenient);
  EXPECT_EQ(report.matched, all - 1);
  EXPECT_EQ(report.missing, std::vector<std::string>{"conv1.weight"});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"fc.weight"});
  EXPECT_FALSE(equal_weights(*a, *b));
  load_tensors(*b, {named_tensors(*a).front()}, Match::kLenient);
  EXPECT_TRUE(equal_weights(*a, *b));
}

TEST_F(Weights, LoadingKeepsLayoutAndTypeOfTheModule) {
  auto a = small(1), b = small(2);
  NamedTensors wide;
  for (const auto& [name, tensor] : named_tensors(*a)) {
    wide.emplace_back(name,
                      tensor.is_floating_point() ? tensor.to(at::kDouble).contiguous() : tensor);
  }
  load_tensors(*b, wide);
  EXPECT_TRUE(equal_weights(*a, *b));
  EXPECT_EQ(b->parameters().front().stride(1), 1);  // channels-last
  EXPECT_TRUE(b->parameters().front().requires_grad());
}

TEST_F(Weights, AFileOfAnotherNetworkIsNamedInTheError) {
  save_weights(folder_ / "a.safetensors", *small(1));
  auto wider = small(1, 8);
  try {
    load_weights(folder_ / "a.safetensors", *wider);
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("a.safetensors"), std::string::npos) << error.what();
  }
}

TEST_F(Weights, PrefixesAreTakenOff) {
  const NamedTensors tensors = {{"encoder.a", at::ones({1})}, {"head.a", at::ones({2})}};
  const NamedTensors chosen = with_prefix(tensors, "encoder.");
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].first, "a");
}

TEST_F(Weights, CopyingMakesATargetNetwork) {
  auto a = small(1), b = small(2);
  copy_weights(*a, *b);
  EXPECT_TRUE(equal_weights(*a, *b));
  a->parameters().front().detach().zero_();
  EXPECT_FALSE(equal_weights(*a, *b));  // a copy, not a view
}

}  // namespace
}  // namespace likewise

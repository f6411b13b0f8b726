#pragma once
// How others name the tensors of encoders, and what our names for them are.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace likewise::detail {

// `theirs` with '#' for a number and a final '*' for any rest; `ours` has the same in the same
// order. Behind '|' in `ours`: q, k or v, a third of qkv; t, transposed.
struct NameRule {
  const char* theirs;
  const char* ours;
};

struct NamedAs {
  std::string name;
  char part = 0;  // 'q', 'k', 'v', 't', or 0: as it is
};

std::optional<NamedAs> apply_rule(const NameRule& rule, std::string_view name);

enum class NetworkKind { kResNet, kTransformer };
enum class Preparation { kImageNet, kHalf, kClip };  // mean and deviation of the pixels

struct WeightFamily {
  const char* name;                  // for people
  std::vector<const char*> anchors;  // tensors that all must be there; the first tells the prefix
  std::vector<NameRule> rules;
  NetworkKind kind;
  Preparation preparation = Preparation::kImageNet;
  double norm_eps = 0;  // 0: the architecture's own
  bool clip = false;
  // How the authors resample position embeddings: antialiased or not, and what they add to the
  // number of patches before dividing (DINOv2 adds 0.1 to keep clear of rounding).
  bool antialias = true;
  double offset = 0;
  bool align_corners = false;
};

// In the order in which they are tried.
const std::vector<WeightFamily>& weight_families();

}  // namespace likewise::detail

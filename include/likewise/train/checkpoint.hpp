#pragma once
// Checkpoints: one safetensors file with all that persists between steps.
//
//   model.*   parameters and buffers of the method   ema.*   the moving average, where there is one
//   optim.PLAYER.*   state of each player's optimiser
//
// The metadata holds `step`, the encoder's description (`spec`, TOML) and `likewise` (the version).

#include <filesystem>
#include <map>
#include <string>

#include "likewise/nn/weights.hpp"

namespace likewise {

struct Checkpoint {
  NamedTensors tensors;
  std::map<std::string, std::string> metadata;
  std::string path;

  // The tensors whose names begin with `prefix`, without it.
  NamedTensors under(const std::string& prefix) const { return with_prefix(tensors, prefix); }
  // Throws DataError when the key is missing.
  const std::string& meta(const std::string& key) const;
  // The same as numbers of at least 0; DataError when it is none.
  int64_t integer(const std::string& key) const;
  double real(const std::string& key) const;
};

// Throws UserError when there is none, DataError when it is broken.
Checkpoint load_checkpoint(const std::filesystem::path& path);

// Appends `tensors` to `all` with `prefix` in front of each name.
void append_prefixed(NamedTensors& all, const std::string& prefix, const NamedTensors& tensors);

}  // namespace likewise

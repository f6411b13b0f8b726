#pragma once
// Where tensors live. Everything goes through libtorch's device-neutral interfaces, so that one
// source serves every libtorch; none of CUDA's headers is needed.

#include <c10/core/Device.h>
#include <torch/nn/module.h>

#include <string>

namespace likewise {

// What there is of a GPU, as libtorch and the system say.
struct GpuFacts {
  bool built = false;  // libtorch has CUDA
  int count = 0;       // GPUs that libtorch can use
  std::string driver;  // version of NVIDIA's driver, empty: none is loaded
  bool tools = false;  // nvidia-smi is there, with or without a loaded driver
  std::string model;   // name of the first GPU, if the driver tells
  bool usable() const { return built && count > 0; }
  std::string text() const;  // a line: what there is
  std::string cure() const;  // what to install so that there is one; empty when there is one
};
GpuFacts gpu_facts();

// "cpu", "cuda", "cuda:1"; "auto": the first GPU, or else the processor. Throws UserError for what
// is not known or not there, saying what to install.
c10::Device choose_device(const std::string& name);

// Where a module's parameters (or buffers) are.
c10::Device device_of(const torch::nn::Module& module);

}  // namespace likewise

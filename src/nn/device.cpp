#include "likewise/nn/device.hpp"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

// Backends register a guard when their library is loaded: none, none of that kind in this libtorch.
bool is_built(c10::DeviceType type) { return c10::impl::hasDeviceGuardImpl(type); }

int device_count(c10::DeviceType type) {
  return is_built(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount() : 0;
}

std::optional<c10::Device> parse_device(const std::string& name) {
  try {
    return c10::Device(name);
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ..." -> 535.104.05
std::string driver_version() {
  std::ifstream file("/proc/driver/nvidia/version");
  std::string word;
  while (file >> word) {
    if (word.find('.') != std::string::npos && word[0] >= '0' && word[0] <= '9') return word;
  }
  std::error_code ignored;
  const bool there = fs::exists("/dev/nvidiactl", ignored) || fs::exists("/dev/dxg", ignored);
  return there ? "of unknown version" : "";
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path ? path : "", ':')) {
    std::error_code ignored;
    if (!folder.empty() && fs::exists(fs::path(folder) / program, ignored)) return true;
  }
  return false;
}

std::string first_model() {
  std::error_code ignored;
  for (const auto& gpu : fs::directory_iterator("/proc/driver/nvidia/gpus", ignored)) {
    std::ifstream file(gpu.path() / "information");
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("Model:", 0) == 0) return trim(line.substr(6));
    }
  }
  return "";
}

}  // namespace

GpuFacts gpu_facts() {
  GpuFacts facts;
  facts.built = is_built(c10::kCUDA);
  facts.count = device_count(c10::kCUDA);
  facts.driver = driver_version();
  facts.tools = on_path("nvidia-smi");
  facts.model = first_model();
  return facts;
}

std::string GpuFacts::text() const {
  const std::string card = model.empty() ? "" : " (" + model + ")";
  if (usable()) return fmt::format("{} usable{}; driver {}", count, card, driver);
  const std::string of_torch =
      fmt::format("libtorch {} {} CUDA", TORCH_VERSION, built ? "has" : "is without");
  if (driver.empty()) {
    return fmt::format("none: no NVIDIA driver is loaded{}, {}",
                       tools ? " though nvidia-smi is installed" : "", of_torch);
  }
  return fmt::format("not used{}: driver {}, {}", card, driver, of_torch);
}

std::string GpuFacts::cure() const {
  if (usable()) return "";
  const std::string driver_cure =
      tools ? "load NVIDIA's driver (modprobe nvidia, or start the machine anew), after which "
              "nvidia-smi lists the GPU"
            : "install NVIDIA's driver (Debian: apt-get install nvidia-driver), after which "
              "nvidia-smi lists the GPU";
  if (!built) {
    return fmt::format(
        "libtorch {} of this build is for processors only: build against one with CUDA "
        "(pip install torch, then cmake -DTorch_DIR=.../torch/share/cmake/Torch){}",
        TORCH_VERSION, driver.empty() ? " and " + driver_cure : "");
  }
  if (driver.empty()) return driver_cure;
  return fmt::format(
      "driver {} is there and libtorch {} finds no GPU it can use: see that "
      "nvidia-smi lists one, that CUDA_VISIBLE_DEVICES does not hide it and that "
      "the driver is new enough for this libtorch",
      driver, TORCH_VERSION);
}

c10::Device choose_device(const std::string& name) {
  if (name == "auto") {
    return device_count(c10::kCUDA) > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  }
  const auto parsed = parse_device(name);
  if (!parsed || (parsed->is_cpu() && name != "cpu") ||
      (!parsed->is_cpu() && !parsed->is_cuda() && !is_built(parsed->type()))) {
    throw UserError("--device {}: accepted are auto, cpu, cuda and cuda:N", name);
  }
  if (parsed->is_cpu()) return c10::kCPU;
  const int count = device_count(parsed->type());
  if (count == 0) throw UserError("--device {}: {}", name, gpu_facts().cure());
  const c10::Device device(parsed->type(),
                           parsed->has_index() ? parsed->index() : c10::DeviceIndex{0});
  if (device.index() >= count) {
    throw UserError("--device {}: there {} {}, counted from 0", name, count == 1 ? "is" : "are",
                    count);
  }
  return device;
}

c10::Device device_of(const torch::nn::Module& module) {
  const auto parameters = module.parameters();
  if (!parameters.empty()) return parameters.front().device();
  const auto buffers = module.buffers();
  return buffers.empty() ? c10::Device(c10::kCPU) : buffers.front().device();
}

}  // namespace likewise

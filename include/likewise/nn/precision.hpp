#pragma once
// The precision of forward passes: float32, or bfloat16 where it is faster on this machine.

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace likewise {

enum class Precision { kFp32, kBf16 };

const char* precision_name(Precision precision);  // "fp32", "bf16"

// While one lives, convolutions and matrix products of its thread run in bfloat16 (autocast);
// parameters, losses and sums stay float32. With kFp32 autocast is off. What was set before comes
// back at the end. Keep the backward pass outside.
class PrecisionGuard {
 public:
  explicit PrecisionGuard(Precision precision, c10::DeviceType device = c10::DeviceType::CPU);
  ~PrecisionGuard();
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
  c10::ScalarType previous_type_;
};

struct PrecisionChoice {
  Precision precision = Precision::kFp32;
  double fp32_ms = 0, bf16_ms = 0;  // one step of the trial; 0: not measured
  std::string reason;               // one clause, for `doctor`
};

// Times a small convolutional training step on the processor in both precisions with the current
// number of threads, and takes bf16 when it is at least a tenth faster: some processors run it at
// twice the rate of fp32, others at half. About 0.3 s at most where both are of that order.
PrecisionChoice measure_precision(c10::DeviceType device = c10::DeviceType::CPU);

// The same, but fp32 at once on processors without bf16 instructions, where emulation is slower.
PrecisionChoice choose_precision(c10::DeviceType device = c10::DeviceType::CPU);

}  // namespace likewise

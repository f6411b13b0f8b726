#pragma once
// A device besides the processor, without any hardware: its tensors lie in the processor's memory
// under addresses that nothing can read, and every operation on them passes one place that refuses
// tensors of two devices, as CUDA does, and then lets the processor compute. So what would fail on
// a GPU because it reads a tensor's memory, or mixes devices, fails here.

namespace likewise::testing {

inline constexpr const char* kSecondDevice = "xpu";  // a device type that Debian's libtorch lacks

// Empty, or why this libtorch has no such device.
const char* no_second_device();

// How many operations it has been asked for.
long second_device_operations();

}  // namespace likewise::testing

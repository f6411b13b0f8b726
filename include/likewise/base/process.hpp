#pragma once

namespace likewise {

// Seconds since the kernel started this process, to a hundredth; 0 where it does not say.
double seconds_since_start();

// The largest resident memory of this process so far, in MiB.
double peak_megabytes();

}  // namespace likewise

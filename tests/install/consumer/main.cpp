// Ten lines that use the installed library: the loss of two random views.
#include <ATen/ops/randn.h>
#include <likewise/losses/nt_xent.hpp>

#include <cmath>
#include <cstdio>

int main() {
  const auto z = at::randn({8, 16});
  const double loss = likewise::nt_xent(z, z, {.temperature = 0.5}).item<double>();
  std::printf("loss %.4f\n", loss);
  return std::isfinite(loss) && loss < std::log(15.0) ? 0 : 1;
}

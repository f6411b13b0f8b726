#pragma once
// The optimisers behind make_optimizer.

#include "likewise/optim/optimizer.hpp"

namespace likewise {

std::unique_ptr<Optimizer> make_sgd(const OptimOptions& options,
                                    std::vector<ParameterInfo> parameters);
std::unique_ptr<Optimizer> make_lars(const OptimOptions& options,
                                     std::vector<ParameterInfo> parameters);
std::unique_ptr<Optimizer> make_adam(const OptimOptions& options,
                                     std::vector<ParameterInfo> parameters);

}  // namespace likewise

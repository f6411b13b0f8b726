#pragma once
// Which views a run makes of a sample, in which order, and who makes them: the loader or the
// device.

#include "likewise/train/prepare.hpp"

namespace likewise::detail {

// Sets run.views and run.health_views, and run.make_views where the device makes the random ones.
// Throws UserError when --data.views_on asks for a device that cannot.
void settle_views(const PretrainOptions& options, const SampleDemand& demand, PreparedRun& run);

}  // namespace likewise::detail

#pragma once
// Learned views made visible: for pages, and as files.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "likewise/data/dataset.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

// A picture of one sample as the data: address of a PNG, values from `low` to `high` as black to
// white:
//   [1 or 3, H, W]  an image      other [C, H, W]  the mean over channels, low frequencies (row 0)
//   below [C, T]          a line of each of up to eight channels      [D]  a single line
std::string picture_of(const Tensor& x, double low, double high);

// Learned views of samples of a data set, as a run makes them.
class ViewMaking {
 public:
  // Behind the recipe's views with `after`, else on what evaluation sees.
  ViewMaking(std::shared_ptr<LearnedViews> views, const EncoderSpec& spec, bool after,
             uint64_t seed = 0);

  // View number `k` of sample `index`: `base` is what the viewmaker was given, `view` what it made
  // of it, both in its units (pixels in [0, 1] for images). The same for equal arguments.
  struct Made {
    Tensor base, view;
  };
  Made make(const Tensor& sample, int64_t index, int64_t k) const;

  // A row of report/gallery.json.
  nlohmann::json row(const Tensor& sample, const std::string& name, int64_t index,
                     int64_t count) const;

  const LearnedViews& views() const { return *views_; }

 private:
  Tensor units(const Tensor& x) const;

  std::shared_ptr<LearnedViews> views_;
  Transform plain_, base_;
  uint64_t seed_;
};

}  // namespace likewise

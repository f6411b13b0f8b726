#pragma once
// Views made visible and audible: for pages, and as files.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "likewise/data/dataset.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/listener.hpp"

namespace likewise {

// A row of report/gallery.json: a sample and `count` of the views that the recipe makes of it.
// Pictures of at most `side` pixels; players with `heard`.
class RecipeViews {
 public:
  RecipeViews(const EncoderSpec& spec, const DatasetPtr& data, const SoundOptions& sound = {});
  nlohmann::json row(const Sample& sample, const std::string& name, int64_t count,
                     bool heard) const;

 private:
  EncoderSpec spec_;
  std::vector<View> views_;
  View plain_, shown_;
  Listener listener_;
};

// Learned views of samples of a data set, as a run makes them.
class ViewMaking {
 public:
  // Behind the recipe's views with `after`, else on what evaluation sees.
  ViewMaking(std::shared_ptr<LearnedViews> views, const EncoderSpec& spec, bool after,
             uint64_t seed = 0, const SoundOptions& sound = {});

  // View number `k` of sample `index`: `base` is what the viewmaker was given, `view` what it made
  // of it, both in its units (pixels in [0, 1] for images). The same for equal arguments.
  struct Made {
    Tensor base, view;
  };
  Made make(const Tensor& sample, int64_t index, int64_t k) const;

  // A row of report/gallery.json; players with `heard`.
  nlohmann::json row(const Tensor& sample, const std::string& name, int64_t index, int64_t count,
                     bool heard = true) const;

  const LearnedViews& views() const { return *views_; }

 private:
  Made inputs(const Tensor& sample, int64_t index, int64_t k) const;  // as encoders take them
  Tensor units(const Tensor& x) const;
  // Of values in units; of their differences.
  std::string picture(const Tensor& x) const;
  std::string difference_picture(const Tensor& delta) const;

  std::shared_ptr<LearnedViews> views_;
  EncoderSpec spec_;
  Transform plain_, base_;
  uint64_t seed_;
  Listener listener_;
};

}  // namespace likewise

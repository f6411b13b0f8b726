#pragma once
// Methods whose positives are classes: by the labels that the data have, and else each sample a
// class.

#include "likewise/methods/batch_labels.hpp"
#include "likewise/methods/head_method.hpp"

namespace likewise {

template <class Loss>
struct ClassMethodOptions {
  Loss loss;
  bool labels = true;
  HeadOptions head{.layers = 1, .out = 64};
  template <class V>
  void fields(V& v) {
    v.group("loss", loss);
    v("loss.labels", labels, "use the labels that the data have");
    v.group("head", head);
  }
  bool uses_labels() const { return labels; }
};

template <class Loss>
class ClassMethod : public HeadMethod {
 public:
  using Options = ClassMethodOptions<Loss>;
  ClassMethod(std::shared_ptr<Encoder> encoder, const Options& options)
      : HeadMethod(std::move(encoder), options.head),
        loss_options_(options.loss),
        labels_(options.labels) {}

 protected:
  const Loss& loss_options() const { return loss_options_; }

  // One class a sample, int64 [N].
  Tensor classes(const Batch& batch) const { return sample_labels(batch, labels_); }

  // The same for the rows of all `views`, one view after another. int64 [views N]
  Tensor classes_of_rows(const Batch& batch, size_t views) const {
    return classes(batch).repeat({static_cast<int64_t>(views)});
  }

 private:
  Loss loss_options_;
  bool labels_;
};

}  // namespace likewise

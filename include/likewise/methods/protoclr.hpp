#pragma once
// ProtoCLR: contrast as meta-learning. Every image is a class, its views are the queries.

#include "likewise/methods/head_method.hpp"

namespace likewise {

// A batch of N images is an N-way task: the support of a way is the image itself, not augmented (or
// its first view), its queries are Q augmented views, and the loss is the prototypical one:
//   CE of -|f(query) - f(support_k)|^2,   f = head(encoder(x)), by default the encoder alone
// With `temperature` above 0: cosines divided by it, which with one query is InfoNCE.
// Source: Medina, Devos, Grossglauser, "Self-supervised prototypical transfer learning for few-shot
// classification", 2020: 50 images, 3 queries, conv4, Adam 1e-3.
class ProtoClr : public HeadMethod {
 public:
  struct Options {
    int64_t queries = 3;
    bool plain_support = true;
    double temperature = 0;
    HeadOptions head{.layers = 0};
    template <class V>
    void fields(V& v) {
      v("queries", queries, "augmented views of each image", range(1, 64));
      v("plain_support", plain_support, "the support is the image as evaluation sees it");
      v("loss.temperature", temperature, "0: squared distances; else cosines divided by it",
        range(0, 1e3));
      v.group("head", head);
    }
    int64_t views() const { return queries + (plain_support ? 0 : 1); }
    bool plain_first() const { return plain_support; }
  };

  ProtoClr(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return temperature_ > 0; }

 private:
  double temperature_;
};

}  // namespace likewise

#pragma once
// What most methods are made of: a head behind the encoder, perhaps a predictor behind the head.

#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// Options of a method that is one loss behind a head.
template <class Loss>
struct LossAndHead {
  Loss loss;
  HeadOptions head;
  template <class V>
  void fields(V& v) {
    v.group("loss", loss);
    v.group("head", head);
  }
};

// Compares z = head(encoder(x)); the head is the module "head".
class HeadMethod : public Method {
 public:
  HeadMethod(std::shared_ptr<Encoder> encoder, const HeadOptions& head);
  Tensor project(const Tensor& h) override { return head_->forward(h); }

 protected:
  Head& head() { return *head_; }

  // one(0) + one(1): a loss in both directions between two views, in this order, since passes
  // through batch norms leave traces.
  template <class One>
  static Tensor both_ways(const One& one) {
    const Tensor first = one(size_t{0});
    return first + one(size_t{1});
  }

 private:
  std::shared_ptr<Head> head_;
};

// Predicts from z something as wide as z; the predictor is the module "predictor".
class PredictorMethod : public HeadMethod {
 public:
  PredictorMethod(std::shared_ptr<Encoder> encoder, const HeadOptions& head,
                  const HeadOptions& predictor);

 protected:
  Tensor predict(const Tensor& z) { return predictor_->forward(z); }

 private:
  std::shared_ptr<Head> predictor_;
};

}  // namespace likewise

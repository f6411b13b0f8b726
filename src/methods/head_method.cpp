#include "likewise/methods/head_method.hpp"

namespace likewise {

HeadMethod::HeadMethod(std::shared_ptr<Encoder> encoder, const HeadOptions& head)
    : Method(encoder) {
  head_ = register_module("head", std::make_shared<Head>(encoder->feature_dim(), head));
}

PredictorMethod::PredictorMethod(std::shared_ptr<Encoder> encoder, const HeadOptions& head_options,
                                 const HeadOptions& predictor)
    : HeadMethod(std::move(encoder), head_options) {
  HeadOptions options = predictor;
  options.out = head().out_dim();
  predictor_ = register_module("predictor", std::make_shared<Head>(options.out, options));
}

}  // namespace likewise

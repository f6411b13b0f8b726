#pragma once
// What an encoder computes, told operator by operator to a listener: the one description from which
// every format of graphs is written.

#include <string>
#include <vector>

#include "likewise/base/input_shape.hpp"
#include "likewise/nn/encoder_options.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {

// Builds a graph. Values and parameters go by name: `x` names a value that an earlier call gave (or
// the input), `layer` the layer whose parameters LAYER.weight, LAYER.bias, ... are used. Each call
// adds operators and returns the name of what they give. N batch, L tokens, D features.
class GraphBuilder {
 public:
  using Value = std::string;
  virtual ~GraphBuilder() = default;

  // [N, C, H, W] -> [N, O, H', W'], without bias where there is none.
  virtual Value conv(const Value& x, const std::string& layer, int64_t stride, int64_t padding) = 0;
  // [N, C, 1, T] -> [N, O, 1, T']: stride and padding along time only.
  virtual Value conv_in_time(const Value& x, const std::string& layer, int64_t stride,
                             int64_t padding) = 0;
  virtual Value as_row(const Value& x) = 0;  // [N, C, T] -> [N, C, 1, T]
  virtual Value batch_norm(const Value& x, const std::string& layer) = 0;  // eps 1e-5
  virtual Value relu(const Value& x) = 0;
  virtual Value add(const Value& x, const Value& y) = 0;
  virtual Value max_pool(const Value& x, int64_t kernel, int64_t stride, int64_t padding) = 0;
  virtual Value average(const Value& x) = 0;  // [N, C, H, W] -> [N, C]
  virtual Value flatten(const Value& x) = 0;  // [N, ...] -> [N, D]

  virtual Value linear(const Value& x, const std::string& layer) = 0;      // [.., C] -> [.., O]
  virtual Value layer_norm(const Value& x, const std::string& layer) = 0;  // eps 1e-6
  virtual Value gelu(const Value& x) = 0;                                  // exact
  virtual Value tokens(const Value& x) = 0;  // [N, D, H, W] -> [N, H W, D]
  // The parameter [1, 1, D] as one more token, in front.
  virtual Value prepend(const Value& x, const std::string& parameter) = 0;
  virtual Value add_parameter(const Value& x, const std::string& parameter) = 0;
  // Stretches of time as tokens: [N, C, T] -> [N, count, C length], what is left of T is cut off.
  virtual Value stretches(const Value& x, int64_t count, int64_t length) = 0;
  // softmax(q k^T / sqrt(width)) v of every head of `width`; [N, L, 3 D] -> [N, L, D].
  virtual Value attention(const Value& qkv, int64_t heads, int64_t width) = 0;
  virtual Value first_token(const Value& x) = 0;         // [N, L, D] -> [N, D]
  virtual Value average_tokens(const Value& x) = 0;      // [N, L, D] -> [N, D], without the first
  virtual Value average_all_tokens(const Value& x) = 0;  // [N, L, D] -> [N, D]
};

// Tells `builder` the encoder of `resolved` (nn/catalogue.hpp) for inputs of `shape` with the given
// parameters, from the value `x` [N, ...] to the features [N, D], whose name it returns. Throws
// UserError for an encoder that has no description here.
GraphBuilder::Value describe_encoder(const EncoderOptions& resolved, const InputShape& shape,
                                     const NamedTensors& parameters, GraphBuilder& builder,
                                     const GraphBuilder::Value& x);

}  // namespace likewise

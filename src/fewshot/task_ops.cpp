#include "fewshot/task_ops.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/im2col.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "kernels/conv/conv.hpp"

namespace likewise::fewshot {

namespace {

using kernels::ConvPart;
using kernels::ConvShape;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kTaskNormEps = 1e-5;

// What a convolution of T tasks is, apart from its arrays.
struct TaskGeometry {
  int64_t tasks;
  ConvShape one;

  static TaskGeometry read(AutogradContext* context) {
    const auto v = context->saved_data["geometry"].toIntVector();
    return {v[0],
            {.batch = v[1],
             .height = v[2],
             .width = v[3],
             .in = v[4],
             .out = v[5],
             .kernel = v[6],
             .stride = v[7],
             .padding = v[8]}};
  }
  void save(AutogradContext* context) const {
    context->saved_data["geometry"] =
        std::vector<int64_t>{tasks,   one.batch,  one.height, one.width,  one.in,
                             one.out, one.kernel, one.stride, one.padding};
  }
  int64_t x_size() const { return one.batch * one.height * one.width * one.in; }
  int64_t y_size() const { return one.batch * one.out_height() * one.out_width() * one.out; }
  int64_t w_size() const { return one.out * one.in * one.kernel * one.kernel; }
  std::vector<int64_t> x_shape() const { return {tasks, one.batch, one.height, one.width, one.in}; }
  std::vector<int64_t> y_shape() const {
    return {tasks, one.batch, one.out_height(), one.out_width(), one.out};
  }
  std::vector<int64_t> w_shape() const { return {tasks, one.out, one.in, one.kernel, one.kernel}; }
  kernels::ConvWeights weights(const float* data) const {
    const int64_t area = one.kernel * one.kernel;
    return {data, one.in * area, area, one.kernel, 1};
  }
};

void of_images(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  at::parallel_for(0, count, 1, body);
}

// A convolution is linear in each of its two arguments, and so are its two gradients: the three
// are each other's derivatives.
//   y = apply(x, w);  dx = back(dy, w);  dw = weigh(x, dy)
Tensor apply_conv(const TaskGeometry& g, const Tensor& x, const Tensor& w);
Tensor back_conv(const TaskGeometry& g, const Tensor& dy, const Tensor& w);
Tensor weigh_conv(const TaskGeometry& g, const Tensor& x, const Tensor& dy);

struct Apply : torch::autograd::Function<Apply> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& w,
                        const TaskGeometry& g) {
    g.save(context);
    context->save_for_backward({x, w});
    Tensor y = at::empty(g.y_shape(), x.options());
    for (int64_t t = 0; t < g.tasks; ++t) {
      kernels::conv_forward(g.one, kernels::conv_method(g.one, ConvPart::kForward),
                            x.data_ptr<float>() + t * g.x_size(),
                            g.weights(w.data_ptr<float>() + t * g.w_size()),
                            y.data_ptr<float>() + t * g.y_size(), of_images);
    }
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list up) {
    const auto g = TaskGeometry::read(context);
    const auto saved = context->get_saved_variables();
    const Tensor dy = up[0].contiguous();
    return {context->needs_input_grad(0) ? back_conv(g, dy, saved[1]) : Tensor(),
            context->needs_input_grad(1) ? weigh_conv(g, saved[0], dy) : Tensor(), Tensor()};
  }
};

struct Back : torch::autograd::Function<Back> {
  static Tensor forward(AutogradContext* context, const Tensor& dy, const Tensor& w,
                        const TaskGeometry& g) {
    g.save(context);
    context->save_for_backward({dy, w});
    Tensor dx = at::empty(g.x_shape(), dy.options());
    for (int64_t t = 0; t < g.tasks; ++t) {
      kernels::conv_backward_data(g.one, kernels::conv_method(g.one, ConvPart::kBackwardData),
                                  dy.data_ptr<float>() + t * g.y_size(),
                                  g.weights(w.data_ptr<float>() + t * g.w_size()),
                                  dx.data_ptr<float>() + t * g.x_size(), of_images);
    }
    return dx;
  }
  static variable_list backward(AutogradContext* context, variable_list up) {
    const auto g = TaskGeometry::read(context);
    const auto saved = context->get_saved_variables();
    const Tensor u = up[0].contiguous();
    return {context->needs_input_grad(0) ? apply_conv(g, u, saved[1]) : Tensor(),
            context->needs_input_grad(1) ? weigh_conv(g, u, saved[0]) : Tensor(), Tensor()};
  }
};

struct Weigh : torch::autograd::Function<Weigh> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& dy,
                        const TaskGeometry& g) {
    g.save(context);
    context->save_for_backward({x, dy});
    Tensor dw = at::empty(g.w_shape(), x.options());
    for (int64_t t = 0; t < g.tasks; ++t) {
      float* to = dw.data_ptr<float>() + t * g.w_size();
      kernels::conv_backward_weights(g.one, kernels::conv_method(g.one, ConvPart::kBackwardWeights),
                                     x.data_ptr<float>() + t * g.x_size(),
                                     dy.data_ptr<float>() + t * g.y_size(), g.weights(to), to,
                                     of_images);
    }
    return dw;
  }
  static variable_list backward(AutogradContext* context, variable_list up) {
    const auto g = TaskGeometry::read(context);
    const auto saved = context->get_saved_variables();
    const Tensor u = up[0].contiguous();
    return {context->needs_input_grad(0) ? back_conv(g, saved[1], u) : Tensor(),
            context->needs_input_grad(1) ? apply_conv(g, saved[0], u) : Tensor(), Tensor()};
  }
};

Tensor apply_conv(const TaskGeometry& g, const Tensor& x, const Tensor& w) {
  return Apply::apply(x, w, g);
}
Tensor back_conv(const TaskGeometry& g, const Tensor& dy, const Tensor& w) {
  return Back::apply(dy, w, g);
}
Tensor weigh_conv(const TaskGeometry& g, const Tensor& x, const Tensor& dy) {
  return Weigh::apply(x, dy, g);
}

// Images that need no gradient and have few channels: their patches against the weights.
Tensor conv_of_patches(const TaskGeometry& g, const Tensor& x, const Tensor& w) {
  const auto& s = g.one;
  const int64_t area = s.kernel * s.kernel;
  const Tensor images =
      x.permute({0, 1, 4, 2, 3}).reshape({g.tasks * s.batch, s.in, s.height, s.width});
  const std::array<int64_t, 2> kernel{s.kernel, s.kernel}, one{1, 1}, pad{s.padding, s.padding},
      step{s.stride, s.stride};
  const Tensor patches = at::im2col(images, kernel, one, pad, step)  // [T B, C K K, L]
                             .transpose(1, 2)
                             .reshape({g.tasks, -1, s.in * area});
  return at::bmm(patches, w.reshape({g.tasks, s.out, s.in * area}).transpose(1, 2))
      .reshape(g.y_shape());
}

}  // namespace

Tensor task_conv_slow(const Tensor& x, const Tensor& w, int64_t stride, int64_t padding) {
  const int64_t tasks = x.size(0), batch = x.size(1), in = x.size(4), out = w.size(1);
  const std::array<int64_t, 2> step{stride, stride}, pad{padding, padding}, one{1, 1};
  const Tensor y =
      at::conv2d(x.permute({1, 0, 4, 2, 3}).reshape({batch, tasks * in, x.size(2), x.size(3)}),
                 w.reshape({tasks * out, in, w.size(3), w.size(4)}), {}, at::IntArrayRef(step),
                 at::IntArrayRef(pad), at::IntArrayRef(one), tasks);
  return y.reshape({batch, tasks, out, y.size(2), y.size(3)}).permute({1, 0, 3, 4, 2}).contiguous();
}

Tensor task_conv(const Tensor& x, const Tensor& w, int64_t stride, int64_t padding) {
  const TaskGeometry g{x.size(0),
                       {.batch = x.size(1),
                        .height = x.size(2),
                        .width = x.size(3),
                        .in = x.size(4),
                        .out = w.size(1),
                        .kernel = w.size(3),
                        .stride = stride,
                        .padding = padding}};
  constexpr int64_t kFew = 3;
  if (g.one.in <= kFew && !x.requires_grad()) return conv_of_patches(g, x, w);
  bool ours = x.scalar_type() == at::kFloat && w.scalar_type() == at::kFloat &&
              x.device().is_cpu() && kernels::best_simd() != kernels::Simd::kPortable;
  for (const auto part :
       {ConvPart::kForward, ConvPart::kBackwardData, ConvPart::kBackwardWeights}) {
    ours = ours && kernels::conv_method(g.one, part) != kernels::ConvMethod::kNone;
  }
  return ours ? apply_conv(g, x.contiguous(), w.contiguous())
              : task_conv_slow(x, w, stride, padding);
}

namespace {

// h = (x - mean) r, r = (var + eps)^-1/2 over dimension 1 of [T, M, C]. With both as outputs the
// gradient is written in them, and so can be differentiated again:
//   dx = r (dh - mean dh - h mean(dh h)) - dr r^2 h / M
struct Normalise : torch::autograd::Function<Normalise> {
  static variable_list forward(AutogradContext* context, const Tensor& x) {
    context->set_materialize_grads(false);
    const Tensor centred = x - x.mean(1, true);
    const Tensor r = (centred.pow(2).mean(1, true) + kTaskNormEps).rsqrt();
    const Tensor h = centred * r;
    context->save_for_backward({h, r});
    return {h, r};
  }
  static variable_list backward(AutogradContext* context, variable_list up) {
    const auto saved = context->get_saved_variables();
    const Tensor &h = saved[0], &r = saved[1], &dh = up[0], &dr = up[1];
    Tensor dx;
    if (dh.defined()) dx = r * (dh - dh.mean(1, true) - h * (dh * h).mean(1, true));
    if (dr.defined()) {
      const Tensor more = h * (dr * r * r * (-1.0 / static_cast<double>(h.size(1))));
      dx = dx.defined() ? dx + more : more;
    }
    return {dx};
  }
};

}  // namespace

Tensor task_normalised(const Tensor& x) {
  const Tensor rows = x.reshape({x.size(0), -1, x.size(4)});
  return Normalise::apply(rows)[0].reshape(x.sizes());
}

}  // namespace likewise::fewshot

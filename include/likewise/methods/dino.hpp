#pragma once
// DINO: a student predicts the teacher's centred, sharpened distribution.

#include "likewise/methods/method.hpp"
#include "likewise/methods/slow_copy.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// Student and teacher give K outputs each; teacher = slow copy, of the two large views only:
//   L = mean over teacher views i and student views j != i of
//       CE(softmax((t_i - centre) / T), softmax(s_j / tau));   see losses/dino.hpp
// T rises linearly from its start to its end over `warmup_teacher` epochs, the centre follows the
// mean of t, the copy's momentum rises to 1 along a cosine; the last layer stands still for
// `freeze` epochs. Health figures look at the bottleneck's K outputs. --views.local_crops adds
// small views. Source: Caron et al., "Emerging properties in self-supervised vision transformers",
// ICCV 2021. The paper: K 65536, hidden 2048, momentum 0.996, T 0.04 to 0.07 over 30 epochs,
// clipping at 3.
class Dino : public Method {
 public:
  struct Options {
    double student_temperature = 0.1;
    double teacher_temperature = 0.07, teacher_temperature_start = 0.04;
    double warmup_teacher = 3;
    double centre_momentum = 0.9;
    SlowCopyOptions teacher;
    double freeze = 1;
    DinoHeadOptions head{.hidden = 512, .bottleneck = 128, .out = 1024, .batch_norm = true};
    template <class V>
    void fields(V& v) {
      v("loss.temperature", student_temperature, "of the student", range(1e-3, 1e3));
      v("loss.teacher_temperature", teacher_temperature, "of the teacher, after its warm-up",
        range(1e-3, 1e3));
      v("loss.teacher_temperature_start", teacher_temperature_start, "of the teacher, at the start",
        range(1e-3, 1e3));
      v("loss.warmup_teacher", warmup_teacher, "epochs between the two", range(0, 1e6));
      v("loss.centre_momentum", centre_momentum, "of the centre; 1: it never moves from 0",
        range(0, 1));
      teacher.fields(v);
      v("freeze", freeze, "epochs for which the last layer stands still", range(0, 1e6));
      v.group("head", head);
    }
  };

  Dino(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  void after_backward() override;
  void after_step(const TrainProgress& progress) override;
  const torch::nn::Module* slow_copy() const override { return teacher_.get(); }

 private:
  Options options_;
  double epoch() const;

  std::shared_ptr<DinoHead> head_;
  std::shared_ptr<SlowCopy> teacher_;
  Tensor centre_;  // [K]
  std::vector<Tensor> pending_;
  int64_t steps_per_epoch_ = 1;
};

}  // namespace likewise

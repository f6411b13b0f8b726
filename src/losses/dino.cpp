#include "likewise/losses/dino.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>

#include "likewise/base/error.hpp"
#include "losses/soft_cross_entropy.hpp"

namespace likewise {

Tensor dino(const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
            const Tensor& centre, double student_temperature, double teacher_temperature) {
  LIKEWISE_CHECK(student.size() >= 2 && !teacher.empty() && teacher.size() <= student.size(),
                 "{} student and {} teacher views", student.size(), teacher.size());
  std::vector<Tensor> targets;
  Tensor every;  // the sum of all targets
  {
    const at::NoGradGuard no_grad;
    for (const Tensor& t : teacher) {
      targets.push_back(at::softmax((t.detach() - centre) / teacher_temperature, 1));
      every = every.defined() ? every + targets.back() : targets.back();
    }
  }
  // A student's view predicts those of all teacher views but its own, at once.
  Tensor sum;
  int64_t terms = 0;
  for (size_t j = 0; j < student.size(); ++j) {
    const bool own = j < targets.size();
    if (own && targets.size() == 1) continue;
    const Tensor target = !own ? every : targets.size() == 2 ? targets[1 - j] : every - targets[j];
    const Tensor one = soft_cross_entropy(student[j], target, student_temperature);
    sum = sum.defined() ? sum + one : one;
    terms += static_cast<int64_t>(targets.size()) - own;
  }
  return sum / static_cast<double>(terms);
}

Tensor dino_batch_centre(const std::vector<Tensor>& teacher) { return at::cat(teacher).mean(0); }

}  // namespace likewise

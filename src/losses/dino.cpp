#include "likewise/losses/dino.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor dino(const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
            const Tensor& centre, double student_temperature, double teacher_temperature) {
  LIKEWISE_CHECK(student.size() >= 2 && !teacher.empty() && teacher.size() <= student.size(),
                 "{} student and {} teacher views", student.size(), teacher.size());
  std::vector<Tensor> log_p;
  for (const Tensor& s : student) log_p.push_back(at::log_softmax(s / student_temperature, 1));
  Tensor sum;
  int64_t terms = 0;
  for (size_t i = 0; i < teacher.size(); ++i) {
    const Tensor target = at::softmax((teacher[i].detach() - centre) / teacher_temperature, 1);
    for (size_t j = 0; j < student.size(); ++j) {
      if (i == j) continue;
      const Tensor one = -(target * log_p[j]).sum(1).mean();
      sum = sum.defined() ? sum + one : one;
      ++terms;
    }
  }
  return sum / static_cast<double>(terms);
}

Tensor dino_batch_centre(const std::vector<Tensor>& teacher) { return at::cat(teacher).mean(0); }

}  // namespace likewise

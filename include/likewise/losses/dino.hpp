#pragma once
// DINO's loss: the student's views predict the teacher's centred and sharpened distribution.

#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

// Mean over teacher views i (the first ones) and student views j != i of
//   -sum_k softmax_k((t_i - centre) / teacher_temperature) log softmax_k(s_j / student_temperature)
// student: one [N, K] a view; teacher: one [N, K] for each of the first views, taken as constants;
// centre [K]. Source: Caron et al., "Emerging properties in self-supervised vision transformers",
// ICCV 2021, equations 1 to 4, algorithm 1.
Tensor dino(const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
            const Tensor& centre, double student_temperature, double teacher_temperature);

// The mean output of the teacher over views and samples: the centre moves towards it. [K]
Tensor dino_batch_centre(const std::vector<Tensor>& teacher);

}  // namespace likewise

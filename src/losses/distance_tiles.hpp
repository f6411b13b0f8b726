#pragma once
// Distances between all rows of a batch, a few rows at a time, and the gradient of what is made of
// them: O(N D) memory.

#include "likewise/tensor.hpp"

namespace likewise {

class DistanceTiles {
 public:
  // x [N, D]; distances are Euclidean, or their squares. With a gradient, one of x is collected.
  DistanceTiles(const Tensor& x, const Tensor& labels, bool squared, bool with_gradient);

  // Rows [first, first + count) against all.
  struct Tile {
    int64_t first = 0, count = 0;
    Tensor square, distance;    // [count, N]; one tensor if squared
    Tensor positive, negative;  // bool [count, N]: of the same label and not itself, of another
  };
  int64_t rows() const { return rows_; }  // of a tile
  Tile tile(int64_t first) const;

  // Adds the gradient of sum_ij slope_ij distance_ij over a tile, slope [count, N]; 0 where a
  // distance is 0. `slope` is overwritten.
  void add(const Tile& tile, Tensor slope);

  // The collected gradient, times `factor`; undefined without one.
  Tensor gradient(double factor) const;

 private:
  Tensor x_, length_, labels_, gradient_;
  bool squared_;
  int64_t rows_;
};

}  // namespace likewise

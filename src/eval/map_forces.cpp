// The gradient of t-SNE: attraction along the sparse P, repulsion by a quadtree.

#include <algorithm>
#include <cmath>

#include "eval/map_detail.hpp"
#include "eval/tiles.hpp"

namespace likewise::eval_detail {

namespace {

constexpr int kTreeLevels = 16;
constexpr int32_t kLeafSize = 8;

// Depth first: an inner node's first child follows it, `next` is what follows its whole subtree.
struct TreeNode {
  Point centre;        // of mass
  double count;        // points below
  double side_2;       // squared side of the cell
  int32_t begin, end;  // its points, in the tree's order
  int32_t next;
  bool leaf;
};

// Bits of a 16-bit number spread to the even places.
uint32_t spread_bits(uint32_t v) {
  v = (v | v << 8) & 0x00ff00ffU;
  v = (v | v << 4) & 0x0f0f0f0fU;
  v = (v | v << 2) & 0x33333333U;
  return (v | v << 1) & 0x55555555U;
}

// Points sorted along a Z-shaped curve: every cell of the quadtree is a contiguous range.
class QuadTree {
 public:
  explicit QuadTree(const std::vector<Point>& y) {
    Point low = y[0], high = y[0];
    for (const Point& p : y) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    side_ = std::max({high.x - low.x, high.y - low.y, 1e-300});
    const double scale = 65535.0 / side_;
    keys_.reserve(y.size());
    for (size_t i = 0; i < y.size(); ++i) {
      const auto u = static_cast<uint32_t>((y[i].x - low.x) * scale);
      const auto v = static_cast<uint32_t>((y[i].y - low.y) * scale);
      keys_.push_back(static_cast<uint64_t>(spread_bits(u) | spread_bits(v) << 1) << 32 | i);
    }
    std::sort(keys_.begin(), keys_.end());
    points_.reserve(y.size());
    for (uint64_t key : keys_) points_.push_back(y[key & 0xffffffffU]);
    nodes_.reserve(y.size());
    build(0, static_cast<int32_t>(y.size()), 0);
  }

  int64_t size() const { return static_cast<int64_t>(points_.size()); }
  size_t original(int64_t i) const { return keys_[static_cast<size_t>(i)] & 0xffffffffU; }

  // sum_j w^2 (y_i - y_j), w = 1 / (1 + d^2), for the i-th point of the tree; adds sum_j w, j != i,
  // to `normaliser`. A cell counts as one point when side < theta * distance; theta <= 0.7 never
  // lets a point's own cell pass.
  Point repulsion(int64_t i, double theta_2, double& normaliser) const {
    const Point self = points_[static_cast<size_t>(i)];
    Point force;
    double sum = -1;  // its own weight, which the loops add
    const auto end = static_cast<int32_t>(nodes_.size());
    for (int32_t n = 0; n < end;) {
      const TreeNode& node = nodes_[static_cast<size_t>(n)];
      const double dx = self.x - node.centre.x, dy = self.y - node.centre.y;
      const double d_2 = dx * dx + dy * dy;
      if (node.side_2 < theta_2 * d_2) {
        const double w = 1 / (1 + d_2), mass = node.count * w;
        sum += mass;
        force.x += mass * w * dx;
        force.y += mass * w * dy;
        n = node.next;
      } else if (node.leaf) {
        for (int32_t j = node.begin; j < node.end; ++j) {
          const Point& other = points_[static_cast<size_t>(j)];
          const double ex = self.x - other.x, ey = self.y - other.y;
          const double w = 1 / (1 + ex * ex + ey * ey);
          sum += w;
          force.x += w * w * ex;
          force.y += w * w * ey;
        }
        n = node.next;
      } else {
        ++n;
      }
    }
    normaliser += sum;
    return force;
  }

 private:
  void build(int32_t begin, int32_t end, int level) {
    const size_t at = nodes_.size();
    const bool leaf = end - begin <= kLeafSize || level == kTreeLevels;
    // Keys are cut to whole grid cells; one more cell is room for that.
    const double side = side_ * std::ldexp(1.0, -level) * (65536.0 / 65535.0);
    nodes_.push_back({{}, static_cast<double>(end - begin), side * side, begin, end, 0, leaf});
    Point sum;
    for (int32_t j = begin; j < end; ++j) {
      sum.x += points_[static_cast<size_t>(j)].x;
      sum.y += points_[static_cast<size_t>(j)].y;
    }
    nodes_[at].centre = {sum.x / (end - begin), sum.y / (end - begin)};
    if (!leaf) {
      const int shift = 32 + 2 * (kTreeLevels - 1 - level);
      int32_t from = begin;
      for (uint64_t quarter = 0; quarter < 4; ++quarter) {
        const auto to = static_cast<int32_t>(
            std::partition_point(keys_.begin() + from, keys_.begin() + end,
                                 [&](uint64_t key) { return (key >> shift & 3) <= quarter; }) -
            keys_.begin());
        if (to > from) build(from, to, level + 1);
        from = to;
      }
    }
    nodes_[at].next = static_cast<int32_t>(nodes_.size());
  }

  double side_ = 0;
  std::vector<uint64_t> keys_;  // position on the curve, then the original index
  std::vector<Point> points_;   // in the order of keys_
  std::vector<TreeNode> nodes_;
};

}  // namespace

double tsne_gradient(const Affinities& p, const std::vector<Point>& y, double theta,
                     double exaggeration, std::vector<Point>& gradient, bool divergence) {
  constexpr int64_t kTile = 128;
  const int64_t n = p.size();
  const auto tiles = static_cast<size_t>((n + kTile - 1) / kTile);
  std::vector<double> normalisers(tiles), costs(tiles);
  std::vector<Point> repulsion(y.size());
  const QuadTree tree(y);
  for_each_tile(n, kTile, [&](int64_t begin, int64_t end, int64_t tile) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) {
      repulsion[tree.original(i)] = tree.repulsion(i, theta * theta, sum);
    }
    normalisers[static_cast<size_t>(tile)] = sum;
  });
  // Tiles are summed in their order: the same for any number of threads.
  double z = 0;
  for (double sum : normalisers) z += sum;
  z = std::max(z, 1e-300);
  const double log_z = std::log(z);
  gradient.resize(y.size());
  for_each_tile(n, kTile, [&](int64_t begin, int64_t end, int64_t tile) {
    double cost = 0;
    for (int64_t i = begin; i < end; ++i) {
      const Point self = y[static_cast<size_t>(i)];
      Point pull;
      for (int64_t e = p.offsets[static_cast<size_t>(i)]; e < p.offsets[static_cast<size_t>(i) + 1];
           ++e) {
        const Point& other = y[static_cast<size_t>(p.columns[static_cast<size_t>(e)])];
        const double dx = self.x - other.x, dy = self.y - other.y;
        const double spread = 1 + dx * dx + dy * dy;
        const double weight = p.values[static_cast<size_t>(e)] / spread;
        pull.x += weight * dx;
        pull.y += weight * dy;
        // p log(p / q), q = 1 / (spread z)
        const double value = p.values[static_cast<size_t>(e)];
        if (divergence && value > 0) cost += value * (std::log(value * spread) + log_z);
      }
      const Point& push = repulsion[static_cast<size_t>(i)];
      gradient[static_cast<size_t>(i)] = {4 * (exaggeration * pull.x - push.x / z),
                                          4 * (exaggeration * pull.y - push.y / z)};
    }
    costs[static_cast<size_t>(tile)] = cost;
  });
  double cost = 0;
  for (double part : costs) cost += part;
  return cost;
}

}  // namespace likewise::eval_detail

// `pendulum`: what a sensor of acceleration and turning measures at the end of a pendulum of two
// arms that moves in six ways. Synthetic: a simulation by the equations of motion, not a recording.
//
// Samples are float [6, 128] at 50 Hz: x y z of the specific force (m/s^2) and of the turning rate
// (rad/s), with noise. Class = way of moving, domain = pendulum: arms, masses, friction, and how
// the sensor is turned to its arm, which nobody tells. The last 6 of 24 pendulums are those of
// #test.
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>
#include <numbers>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise::detail {

namespace {

constexpr int64_t kBodies = 24, kTestBodies = 6, kPerBody = 12, kFrames = 128, kSubsteps = 8;
constexpr double kRate = 50, kGravity = 9.81, kPi = std::numbers::pi;
constexpr const char* kClasses[] = {"rest", "swing", "sweep", "spin", "shake", "drive"};
constexpr int64_t kClassCount = 6;
constexpr const char* kChannels[] = {"acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"};

struct Body {
  double l1, l2, m1, m2, friction, noise;
  std::array<std::array<double, 3>, 3> mount;  // sensor axes in those of the arm
};

Body body_of(int64_t number) {
  Rng rng(0x9e4d, {static_cast<uint64_t>(number)});
  Body body{rng.uniform(0.3, 0.6),
            rng.uniform(0.25, 0.5),
            rng.uniform(0.3, 1),
            rng.uniform(0.2, 0.6),
            rng.uniform(0.01, 0.05),
            rng.uniform(0.02, 0.15),
            {}};
  // A uniform rotation from a unit quaternion.
  std::array<double, 4> q{};
  double norm = 0;
  for (double& v : q) v = rng.normal(), norm += v * v;
  for (double& v : q) v /= std::sqrt(norm);
  const auto [w, x, y, z] = q;
  body.mount = {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                 {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                 {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
  return body;
}

// What moves the pendulum: a torque at the first joint and the pivot's acceleration.
struct Drive {
  double constant = 0, torque = 0, torque_hz = 0, shake = 0, shake_hz = 0, phase = 0;
  double torque_at(double t) const {
    return constant + torque * std::sin(2 * kPi * torque_hz * t + phase);
  }
  double pivot_at(double t) const { return shake * std::sin(2 * kPi * shake_hz * t + phase); }
};

using State = std::array<double, 4>;  // angle and speed of both arms

// Accelerations of both angles: mass matrix times them = torques (Lagrange, point masses).
std::array<double, 2> accelerations(const Body& b, const Drive& drive, const State& s, double t) {
  const double delta = s[0] - s[2], pivot = drive.pivot_at(t);
  const double coupling = b.m2 * b.l1 * b.l2;
  const double m11 = (b.m1 + b.m2) * b.l1 * b.l1, m12 = coupling * std::cos(delta),
               m22 = b.m2 * b.l2 * b.l2;
  const double r1 = drive.torque_at(t) - coupling * std::sin(delta) * s[3] * s[3] -
                    (b.m1 + b.m2) * b.l1 * (kGravity * std::sin(s[0]) + pivot * std::cos(s[0])) -
                    b.friction * (2 * s[1] - s[3]);
  const double r2 = coupling * std::sin(delta) * s[1] * s[1] -
                    b.m2 * b.l2 * (kGravity * std::sin(s[2]) + pivot * std::cos(s[2])) -
                    b.friction * (s[3] - s[1]);
  const double det = m11 * m22 - m12 * m12;
  return {(m22 * r1 - m12 * r2) / det, (m11 * r2 - m12 * r1) / det};
}

State step(const Body& b, const Drive& drive, const State& s, double t, double h) {
  const auto slope = [&](const State& at, double when) -> State {
    const auto a = accelerations(b, drive, at, when);
    return {at[1], a[0], at[3], a[1]};
  };
  const auto moved = [](const State& at, const State& by, double length) {
    State out = at;
    for (size_t i = 0; i < 4; ++i) out[i] += length * by[i];
    return out;
  };
  const State k1 = slope(s, t), k2 = slope(moved(s, k1, h / 2), t + h / 2);
  const State k3 = slope(moved(s, k2, h / 2), t + h / 2), k4 = slope(moved(s, k3, h), t + h);
  State out = s;
  for (size_t i = 0; i < 4; ++i) out[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return out;
}

Tensor simulate(int64_t body_number, int64_t way, int64_t repetition) {
  const Body body = body_of(body_number);
  Rng rng(0x9e4d, {static_cast<uint64_t>(body_number), static_cast<uint64_t>(way + 1),
                   static_cast<uint64_t>(repetition)});
  const double weight = (body.m1 + body.m2) * body.l1 * kGravity;  // torque that holds it level
  State state{};
  Drive drive;
  drive.phase = rng.uniform(0, 2 * kPi);
  const auto tilt = [&](double low, double high) {
    return (rng.chance(0.5) ? 1 : -1) * rng.uniform(low, high);
  };
  switch (way) {
    case 0:
      state = {0, 0, 0, 0};
      drive.shake = rng.uniform(0, 0.1), drive.shake_hz = rng.uniform(3, 12);
      break;
    case 1:
      state[0] = tilt(0.1, 0.45), state[2] = state[0] + tilt(0, 0.2);
      break;
    case 2:
      state[0] = tilt(1, 2.2), state[2] = state[0] + tilt(0, 0.6);
      break;
    case 3:
      state[1] = tilt(8, 14), state[3] = state[1];
      drive.constant = (state[1] > 0 ? 1 : -1) * rng.uniform(0.1, 0.3) * weight;
      break;
    case 4:
      drive.shake = rng.uniform(8, 25), drive.shake_hz = rng.uniform(3, 6);
      break;
    default:
      drive.torque = rng.uniform(0.3, 0.7) * weight, drive.torque_hz = rng.uniform(0.4, 0.9);
      break;
  }
  const double h = 1 / (kRate * kSubsteps);
  double t = 0;
  const int64_t before = rng.below(2 * static_cast<int64_t>(kRate) * kSubsteps);
  for (int64_t i = 0; i < before; ++i, t += h) state = step(body, drive, state, t, h);
  const Tensor x = at::empty({6, kFrames}, at::kFloat);
  float* out = x.data_ptr<float>();
  for (int64_t frame = 0; frame < kFrames; ++frame) {
    const auto a = accelerations(body, drive, state, t);
    double across = drive.pivot_at(t), up = kGravity;  // of the tip, less gravity's
    for (const auto& [angle, speed, turn, length] :
         {std::array{state[0], state[1], a[0], body.l1},
          std::array{state[2], state[3], a[1], body.l2}}) {
      across += length * (std::cos(angle) * turn - std::sin(angle) * speed * speed);
      up += length * (std::sin(angle) * turn + std::cos(angle) * speed * speed);
    }
    const double c = std::cos(state[2]), s = std::sin(state[2]);
    const std::array<double, 3> force{c * across + s * up, -s * across + c * up, 0},
        spin{0, 0, state[3]};
    for (size_t row = 0; row < 3; ++row) {
      double f = 0, g = 0;
      for (size_t k = 0; k < 3; ++k)
        f += body.mount[row][k] * force[k], g += body.mount[row][k] * spin[k];
      const auto r = static_cast<int64_t>(row);
      out[r * kFrames + frame] = static_cast<float>(f + body.noise * rng.normal());
      out[(r + 3) * kFrames + frame] = static_cast<float>(g + 0.3 * body.noise * rng.normal());
    }
    for (int64_t i = 0; i < kSubsteps; ++i, t += h) state = step(body, drive, state, t, h);
  }
  return x;
}

class Pendulum final : public Dataset {
 public:
  Pendulum(int64_t first_body, int64_t bodies, const std::string& name)
      : first_(first_body), bodies_(bodies) {
    info_.name = name;
    info_.kind = "pendulum";
    info_.modality = Modality::series;
    info_.rate = kRate;
    info_.window = kFrames;
    info_.class_names.assign(std::begin(kClasses), std::end(kClasses));
    info_.channel_names.assign(std::begin(kChannels), std::end(kChannels));
    for (int64_t b = 0; b < kBodies; ++b)
      info_.domain_names.push_back("pendulum " + std::to_string(b));
  }
  int64_t size() const override { return bodies_ * kClassCount * kPerBody; }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return i / kPerBody % kClassCount; }
  int64_t domain(int64_t i) const override { return first_ + i / (kPerBody * kClassCount); }
  std::string name(int64_t i) const override {
    return fmt::format("pendulum {} {} {}", domain(i), kClasses[label(i)], i % kPerBody);
  }
  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    return {{simulate(domain(i), label(i), i % kPerBody)}, label(i), domain(i), i};
  }

 private:
  int64_t first_, bodies_;
  DatasetInfo info_;
};

}  // namespace

bool is_pendulum(const OpenRequest& request) { return request.name == "pendulum"; }

DatasetPtr open_pendulum(const OpenRequest& request) {
  if (request.part == "test") {
    return std::make_shared<Pendulum>(kBodies - kTestBodies, kTestBodies, request.full_name());
  }
  if (!request.part.empty() && request.part != "train" && request.part != "pretrain") {
    unknown_part("the data set 'pendulum'", request.part, {"pretrain", "train", "test"});
  }
  return std::make_shared<Pendulum>(0, kBodies - kTestBodies, request.full_name());
}

}  // namespace likewise::detail

#pragma once
// Instance discrimination: every sample is a class, its weight an entry of a memory bank.

#include "likewise/methods/head_method.hpp"

namespace likewise {

// z = normalise(head(encoder(view))); the bank holds one unit row a sample:
//   softmax:   -log softmax over the whole bank of v . z / tau at the sample's own row
//   nce:       the authors' noise-contrastive estimate of it with `negatives` drawn rows
//   viewmaker: the form of the viewmaker's authors
// plus proximal |z - v|^2 (the authors' training aid), see losses/inst_disc.hpp. After the step
// rows move to normalise(momentum v + (1 - momentum) z). One view a sample. Source: Wu, Xiong, Yu,
// Lin, "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018: tau
// 0.07, momentum 0.5, 4096 negatives, proximal 30.
class InstDisc : public HeadMethod {
 public:
  struct Options {
    double temperature = 0.1;
    std::string form = "softmax";
    int64_t negatives = 4096;
    double momentum = 0.5;
    double proximal = 0;
    HeadOptions head{.layers = 1};
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "similarities are divided by it (paper 0.07)",
        range(1e-3, 1e3));
      v("loss.form", form, "exact softmax over the bank, or an estimate of it",
        choices({"softmax", "nce", "viewmaker"}));
      v("loss.negatives", negatives, "bank rows drawn a sample, for nce and viewmaker",
        range(1, 1e7));
      v("loss.proximal", proximal, "weight of the squared distance to the own bank row",
        range(0, 1e6));
      v("momentum", momentum, "of the bank's rows", range(0, 1));
      v.group("head", head);
    }
    int64_t views() const { return 1; }
  };

  InstDisc(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  bool embeds(size_t view) const override { return view == 0; }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  // The bank moves after every turn, an adversary's too, as in the viewmaker's code.
  void after_turn() override;
  void after_step(const TrainProgress&) override { after_turn(); }

  const Tensor& bank() const { return bank_; }

 private:
  Options options_;
  Tensor noise(int64_t rows) const;

  Tensor bank_;   // [samples, d]
  Tensor log_z_;  // [1], NaN until estimated
  uint64_t seed_ = 0;
  std::vector<std::pair<Tensor, Tensor>> pending_;  // index, z
};

}  // namespace likewise

#include "likewise/methods/catalogue.hpp"

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/methods/barlow_twins.hpp"
#include "likewise/methods/byol.hpp"
#include "likewise/methods/contrastive_margin.hpp"
#include "likewise/methods/cpc.hpp"
#include "likewise/methods/dino.hpp"
#include "likewise/methods/inst_disc.hpp"
#include "likewise/methods/moco.hpp"
#include "likewise/methods/moco_v3.hpp"
#include "likewise/methods/n_pair.hpp"
#include "likewise/methods/nnclr.hpp"
#include "likewise/methods/protoclr.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/methods/simsiam.hpp"
#include "likewise/methods/spectral.hpp"
#include "likewise/methods/supcon.hpp"
#include "likewise/methods/swav.hpp"
#include "likewise/methods/triplet.hpp"
#include "likewise/methods/vicreg.hpp"

namespace likewise {

const std::vector<MethodEntry>& methods() {
  static const std::vector<MethodEntry> table = {
      method_entry<Simclr>("simclr", "two views of an image agree more than views of different ones"),
      method_entry<Moco>("moco", "queries against a queue of keys of a slow encoder"),
      method_entry<MocoV3>("moco_v3", "keys of the batch from a slow encoder, a predictor, no queue"),
      method_entry<Nnclr>("nnclr", "a view's nearest neighbour among earlier ones is its positive"),
      method_entry<InstDisc>("inst_disc", "every image is a class, held in a memory bank"),
      method_entry<Byol>("byol", "predict a slow encoder's view, without negatives"),
      method_entry<SimSiam>("simsiam", "predict the other view, which takes no gradient"),
      method_entry<Swav>("swav", "views predict each other's cluster"),
      method_entry<Dino>("dino", "a student predicts its slow teacher's sharpened distribution"),
      method_entry<BarlowTwins>("barlow_twins", "dimensions agree across views, none says a thing twice"),
      method_entry<VicReg>("vicreg", "views meet, every dimension varies, none with another"),
      method_entry<Spectral>("spectral", "the spectral contrastive loss: eigenvectors of the view graph"),
      method_entry<ProtoClr>("protoclr", "every image is a class, its views are classified among a batch"),
      method_entry<Cpc>("cpc", "what stands above predicts the patches below"),
      method_entry<SupCon>("supcon", "with labels: all samples of a class attract each other"),
      method_entry<Triplet>("triplet", "with labels: positives nearer than negatives by a margin"),
      method_entry<NPair>("n_pair", "with labels: one positive against those of all other classes"),
      method_entry<ContrastiveMargin>("contrastive_margin",
                                      "with labels: pairs of a class together, others a margin apart"),
  };
  return table;
}

const MethodEntry& find_method(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : methods()) {
    if (entry.name == name) return entry;
    names.emplace_back(entry.name);
  }
  throw UserError("unknown method '{}'{}", name, did_you_mean(name, names));
}

}  // namespace likewise

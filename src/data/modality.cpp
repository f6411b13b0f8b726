// Modalities and files: what is where, and who reads it.
#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/npy.hpp"

namespace likewise {

namespace {
constexpr Modality kModalities[] = {Modality::image, Modality::audio, Modality::series,
                                    Modality::tensor};
}  // namespace

const char* modality_name(Modality modality) {
  switch (modality) {
    case Modality::image:
      return "image";
    case Modality::audio:
      return "audio";
    case Modality::series:
      return "series";
    case Modality::tensor:
      return "tensor";
  }
  return "";
}

Modality parse_modality(const std::string& name) {
  std::vector<std::string> names;
  for (const Modality modality : kModalities) {
    if (name == modality_name(modality)) return modality;
    names.emplace_back(modality_name(modality));
  }
  throw UserError("--modality: there is no modality '{}'{}", name, did_you_mean(name, names));
}

OpenOptions settled(const OpenOptions& asked, const DatasetInfo& info) {
  OpenOptions out = asked;
  out.modality = modality_name(info.modality);
  if (info.rate > 0) out.rate = info.rate;
  if (info.window > 0) out.window = info.window;
  if (info.modality == Modality::series && out.devices.empty() && !info.channel_names.empty()) {
    out.columns = join(info.channel_names, ",");
  }
  return out;
}

namespace detail {

DatasetPtr file_samples(FileList list, DatasetInfo info, const OpenOptions& options) {
  switch (info.modality) {
    case Modality::image:
      break;
    case Modality::audio:
      return file_sounds(std::move(list), std::move(info), options);
    case Modality::series:
      return file_series(std::move(list), std::move(info), options);
    case Modality::tensor:
      return file_arrays(std::move(list), std::move(info), options);
  }
  return file_images(std::move(list), std::move(info));
}

}  // namespace detail
}  // namespace likewise

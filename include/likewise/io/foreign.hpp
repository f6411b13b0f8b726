#pragma once
// Networks as the Python libraries know them: the names of their parameters and their
// configuration.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "likewise/io/network.hpp"

namespace likewise {

// Empty when the library has the network, given the right configuration; otherwise why not, as the
// end of a sentence ("...").
std::string missing_in_transformers(const Network& network);
std::string missing_in_timm(const Network& network);
std::string missing_in_torchvision(const Network& network);

// The weights under the library's names. A classifier becomes the library's: its mean goes into the
// bias. What the library does not have keeps our names.
NamedTensors transformers_weights(const Network& network);
NamedTensors timm_weights(const Network& network);
NamedTensors torchvision_weights(const Network& network);

// config.json of a folder that transformers' AutoModel, or timm.create_model("local-dir:..."),
// opens.
nlohmann::ordered_json transformers_config(const Network& network);
nlohmann::ordered_json timm_config(const Network& network);

// preprocessor_config.json: what prepares an image, for transformers' AutoImageProcessor.
nlohmann::ordered_json preprocessor_config(const Network& network);

}  // namespace likewise

#pragma once
// The pictures of a run's report: view gallery, nearest neighbours, map.

#include <filesystem>
#include <functional>

#include "likewise/formats/image.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

struct PictureOptions {
  int64_t gallery_images = 8, gallery_views = 8;
  int64_t queries = 8, neighbours = 8;
  int64_t map_points = 2000;
};

// Writes report/gallery.json, report/neighbours.json and report/map.json of a run, from the data it
// was trained on, then report.html.
void write_pictures(const std::filesystem::path& run, const PictureOptions& options = {});

// A prepared image, float [C, H, W], with its normalisation undone.
Image visible_image(const Tensor& view, const ImageStats& stats);

// Makes of uint8 [C, H, W] what the encoder sees of it, `side` x `side` pixels.
std::function<Image(const Tensor&)> thumbnails(const EncoderSpec& spec, int64_t side);

}  // namespace likewise

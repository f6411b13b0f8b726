"""Makes foreign.safetensors: small networks of other programs under their own names, images, features.

  python make_foreign.py        (torch, timm, torchvision, transformers, open_clip; no network)

CASE/state/NAME holds float16 (the networks' weights are rounded to it first), CASE/image and
CASE/features float32.
"""
import os

import timm
import torch
import torch.nn.functional as F
import torchvision
import transformers as t
from safetensors.torch import save_file

torch.manual_seed(0)
tensors = {}


def add(case, model, features, state=None, size=16):
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if tensor.is_floating_point():
            tensor.data = (torch.randn(tensor.shape) * 0.3 + (1 if name.endswith("weight") and tensor.dim() == 1 else 0)).half().float()
    model.eval()
    image = torch.randn(2, 3, size, size)
    with torch.no_grad():
        tensors[case + "/features"] = features(model, image).contiguous().clone()
    tensors[case + "/image"] = image
    for name, tensor in (state(model) if state else model.state_dict()).items():
        tensors[f"{case}/state/{name}"] = tensor.half().contiguous().clone() if tensor.is_floating_point() else tensor


def pooled(model, x):
    return model.forward_head(model.forward_features(x), pre_logits=True)


small = dict(img_size=16, patch_size=4, embed_dim=64, depth=1, num_heads=1, num_classes=0)
vit = timm.models.vision_transformer.VisionTransformer
add("timm", vit(**small), pooled)
add("timm_average", vit(**small, global_pool="avg"), pooled)
add("timm_registers", vit(**small, reg_tokens=4, no_embed_class=True, init_values=1), pooled)
add("timm_clip", vit(**small, pre_norm=True, norm_layer=torch.nn.LayerNorm), pooled)


def authors(model):
    state = model.state_dict()
    return {**state, "mask_token": torch.zeros(1, 64)}


add("dinov2", vit(**small, init_values=1), pooled, authors)
hf = dict(hidden_size=64, num_hidden_layers=1, num_attention_heads=1, image_size=16, patch_size=4)
add("hf_dinov2", t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**hf)), lambda m, x: m(x).pooler_output)
add("hf_vit", t.ViTModel(t.ViTConfig(**hf, intermediate_size=256)), lambda m, x: m(x).last_hidden_state[:, 0])
add("hf_clip", t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**hf, intermediate_size=256, projection_dim=24)), lambda m, x: m(x).image_embeds)


def torchvision_features(m, x):
    return m.encoder(torch.cat([m.class_token.expand(len(x), -1, -1), m._process_input(x)], 1))[:, 0]


add("torchvision", torchvision.models.VisionTransformer(16, 4, 1, 1, 64, 256), torchvision_features)
import open_clip

for quick in (False, True):
    model = open_clip.model.CLIP(24, dict(layers=1, width=64, head_width=64, patch_size=4, image_size=16), dict(context_length=4, vocab_size=8, width=16, heads=1, layers=1), quick_gelu=quick)
    add("open_clip_quick" if quick else "open_clip", model, lambda m, x: m.encode_image(x))

# Resampling of position embeddings from 7 x 7 as each program does it, and of patches.
positions = torch.randn(1, 50, 8)
tensors["positions/in"] = positions
grid = positions[:, 1:].reshape(1, 7, 7, 8).permute(0, 3, 1, 2)
for side in (4, 10):
    rules = {
        "timm": timm.layers.resample_abs_pos_embed(positions, (side, side)),
        "plain": F.interpolate(grid, (side, side), mode="bicubic"),
        "dinov2": F.interpolate(grid, scale_factor=((side + 0.1) / 7,) * 2, mode="bicubic"),
        "torchvision": torchvision.models.vision_transformer.interpolate_embeddings(side * 2, 2, {"encoder.pos_embedding": positions})["encoder.pos_embedding"],
    }
    for name, value in rules.items():
        if value.dim() == 4:
            value = torch.cat([positions[:, :1], value.permute(0, 2, 3, 1).reshape(1, side * side, 8)], 1)
        tensors[f"positions/{name}_{side}"] = value.contiguous()
weight = torch.randn(5, 3, 8, 8)
tensors["patches/in"] = weight
for side in (4, 6, 12):
    tensors[f"patches/out_{side}"] = timm.layers.resample_patch_embed(weight, (side, side)).contiguous()
tensors["channels/in"] = torch.randn(4, 3, 2, 2)
for channels in (1, 4):
    tensors[f"channels/out_{channels}"] = timm.models.adapt_input_conv(channels, tensors["channels/in"]).contiguous()
save_file(tensors, os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign.safetensors"))

"""Weights in: the features of Python programs beside those of `likewise embed --init-from`.

  scripts/interop_weights PYTHON build/release/likewise [--only TEXT]

For each source a network with random weights is saved as its program saves it; the same images pass
through both. Prints a table; fails when a difference exceeds 1e-4 (of the largest value, where that is above one). Needs torch, torchvision, timm,
open_clip, transformers, lightly, safetensors, numpy and Pillow; no network.
"""
import argparse
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")
import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
import transformers
from PIL import Image
from safetensors.torch import save_file

logging.disable(logging.WARNING)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5,) * 3, (0.5,) * 3)
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
LIMIT = 1e-4


def randomise(model):
    """Every tensor matters: buffers, factors and embeddings, too."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        with torch.no_grad():
            noise = torch.empty(tensor.shape)
            if "running_mean" in name:
                tensor.copy_(noise.normal_(0, 0.1, generator=generator))
            elif "running_var" in name or "gamma" in name or "lambda1" in name:
                tensor.copy_(noise.uniform_(0.5, 1.5, generator=generator))
            elif any(word in name for word in ("pos", "cls_token", "class_", "reg", "token")):
                if tensor.is_floating_point():
                    tensor.copy_(noise.normal_(0, 0.5, generator=generator))
            elif tensor.dim() == 1 and name.endswith("weight") and ("bn" in name or "normalization" in name):
                tensor.copy_(noise.uniform_(0.2, 0.6, generator=generator))  # keeps residual sums small
            elif name.endswith("bias"):
                tensor.add_(noise.normal_(0, 0.05, generator=generator))
    return model.eval()


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def resnet_features(model):
    def features(x):
        x = model.maxpool(F.relu(model.bn1(model.conv1(x))))
        return model.layer4(model.layer3(model.layer2(model.layer1(x)))).mean((2, 3))
    return features


def timm_features(model):
    return lambda x: model.forward_head(model.forward_features(x), pre_logits=True)


def cases():
    """Yields (name, what is written: path -> None, features, (mean, deviation), size, file name)."""
    save = torch.save
    for name in ("resnet18", "resnet50"):
        model = randomise(timm.create_model(name, pretrained=False))
        yield (f"timm {name}", lambda p, m=model: save_file(m.state_dict(), p), timm_features(model), IMAGENET, 224, "m.safetensors")
        model = randomise(getattr(torchvision.models, name)(weights=None))
        yield (f"torchvision {name}", lambda p, m=model: save(m.state_dict(), p), resnet_features(model), IMAGENET, 224, "m.pth")
    model = randomise(torchvision.models.resnet34(weights=None))
    yield ("torchvision resnet34, before torch 1.6", lambda p, m=model: save(m.state_dict(), p, _use_new_zipfile_serialization=False), resnet_features(model), IMAGENET, 224, "m.pth")
    for size in ("tiny", "small", "base"):
        model = randomise(timm.create_model(f"vit_{size}_patch16_224", pretrained=False))
        yield (f"timm vit_{size}_patch16_224", lambda p, m=model: save(m.state_dict(), p), timm_features(model), IMAGENET, 224, "m.pth")
    model = randomise(torchvision.models.vit_b_16(weights=None))
    def torchvision_vit(x, m=model):
        tokens = m._process_input(x)
        return m.encoder(torch.cat([m.class_token.expand(len(x), -1, -1), tokens], 1))[:, 0]
    yield ("torchvision vit_b_16", lambda p, m=model: save(m.state_dict(), p), torchvision_vit, IMAGENET, 224, "m.pth")

    import open_clip
    for arch in ("ViT-B-32", "ViT-B-32-quickgelu"):
        model = randomise(open_clip.create_model(arch, pretrained=None))
        yield (f"open_clip {arch}", lambda p, m=model: save({"state_dict": prefixed(m.state_dict(), "module."), "epoch": 3}, p), model.encode_image, CLIP, 224, f"{arch}.pt")

    t = transformers
    small = dict(hidden_size=384, num_hidden_layers=12, num_attention_heads=6)
    model = randomise(t.Dinov2Model(t.Dinov2Config(**small, image_size=518, patch_size=14)))
    yield ("transformers Dinov2 (518 -> 224 px), sharded", lambda p, m=model: m.save_pretrained(p, max_shard_size="20MB"), lambda x, m=model: m(x).pooler_output, IMAGENET, 224, "dinov2")
    model = randomise(t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**small, image_size=224, patch_size=14)))
    yield ("transformers Dinov2 with registers", lambda p, m=model: m.save_pretrained(p), lambda x, m=model: m(x).pooler_output, IMAGENET, 224, "dinov2reg")
    model = randomise(t.ViTModel(t.ViTConfig(**small, intermediate_size=1536, image_size=224)))
    yield ("transformers ViT", lambda p, m=model: m.save_pretrained(p), lambda x, m=model: m(x).last_hidden_state[:, 0], HALF, 224, "vit")
    model = randomise(t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(hidden_size=384, intermediate_size=1536, num_hidden_layers=6, num_attention_heads=6, image_size=224, patch_size=32, projection_dim=256)))
    yield ("transformers CLIP vision", lambda p, m=model: m.save_pretrained(p), lambda x, m=model: m(x).image_embeds, CLIP, 224, "clip")
    model = randomise(t.ResNetModel(t.ResNetConfig()))
    yield ("transformers ResNet-50", lambda p, m=model: m.save_pretrained(p), lambda x, m=model: m(x).pooler_output.flatten(1), IMAGENET, 224, "resnet")

    # DINO: teacher and student, each with a head.
    model = randomise(timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0))
    student = timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0)
    def dino(p, m=model, s=student):
        heads = {"head.mlp.0.weight": torch.randn(8, 384)}
        save({"student": prefixed({**prefixed(s.state_dict(), "backbone."), **heads}, "module."), "teacher": {**prefixed(m.state_dict(), "backbone."), **heads}, "epoch": 100, "args": argparse.Namespace(arch="vit_small")}, p)
    yield ("DINO checkpoint (teacher)", dino, timm_features(model), IMAGENET, 224, "dino.pth")
    # DINOv2 as its authors name it, position embedding resampled as they do.
    for registers in (0, 4):
        arch = "vit_small_patch14_reg4_dinov2" if registers else "vit_small_patch14_dinov2"
        model = randomise(timm.create_model(arch, pretrained=False, num_classes=0, img_size=518, dynamic_img_size=False))
        yield (f"timm {arch} (518 -> 224 px)", lambda p, m=model: save(m.state_dict(), p), timm_at(model, arch), IMAGENET, 224, "m.pth")
        write, features = dinov2(model, arch, registers)
        yield ("DINOv2 (518 -> 224 px)" + (", registers" if registers else ""), write, features, IMAGENET, 224, "dinov2_vits14.pth")

    # MoCo, SimCLR, solo-learn, lightly, BYOL, SwAV on torchvision's ResNets.
    model = randomise(torchvision.models.resnet50(weights=None))
    other = torchvision.models.resnet50(weights=None)
    features = resnet_features(model)
    def moco(p, q=model, k=other):
        state = {**prefixed(q.state_dict(), "module.encoder_q."), **prefixed(k.state_dict(), "module.encoder_k."), "module.queue": torch.randn(128, 64)}
        save({"epoch": 200, "arch": "resnet50", "state_dict": state, "optimizer": {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": []}}, p, _use_new_zipfile_serialization=False)
    yield ("MoCo v2 checkpoint", moco, features, IMAGENET, 224, "moco.pth.tar")
    yield ("SwAV, DDP", lambda p, m=model: save({**prefixed(m.state_dict(), "module."), "module.projection_head.0.weight": torch.randn(4, 4)}, p), features, IMAGENET, 224, "swav.pth")
    model = randomise(torchvision.models.resnet18(weights=None))
    other = torchvision.models.resnet18(weights=None)
    features = resnet_features(model)
    yield ("SimCLR (backbone., MLP in fc)", lambda p, m=model: save({"state_dict": {**prefixed(m.state_dict(), "backbone."), "backbone.fc.0.weight": torch.randn(8, 8)}}, p), features, IMAGENET, 224, "simclr.pth.tar")
    yield ("solo-learn (Lightning)", lambda p, m=model: save({"state_dict": {**prefixed(m.state_dict(), "backbone."), "projector.0.weight": torch.randn(8, 8), "classifier.weight": torch.randn(3, 3)}, "pytorch-lightning_version": "2.1.2", "callbacks": {}, "hyper_parameters": argparse.Namespace(lr=0.1, best=np.float64(0.5))}, p), features, IMAGENET, 224, "solo.ckpt")
    backbone = torch.nn.Sequential(*list(model.children())[:-1])
    yield ("lightly (torchvision's layers as a list)", lambda p, b=backbone: save({"state_dict": {**prefixed(b.state_dict(), "backbone."), "projection_head.layers.0.weight": torch.randn(8, 8)}}, p), features, IMAGENET, 224, "lightly.ckpt")
    yield ("BYOL (online and target)", lambda p, m=model, o=other: save({**prefixed(o.state_dict(), "target_network.encoder."), **prefixed(m.state_dict(), "online_network.encoder.")}, p), features, IMAGENET, 224, "byol.pth")
    yield ("TorchScript resnet18", lambda p, m=model: torch.jit.trace(m, torch.zeros(1, 3, 64, 64)).save(p), features, IMAGENET, 224, "jit.pt")
    from lightly.models import ResNetGenerator
    generator = randomise(ResNetGenerator("resnet-18"))
    listed = torch.nn.Sequential(*list(generator.children())[:-1])
    def small(x, g=generator):
        x = F.relu(g.bn1(g.conv1(x)))
        return g.layer4(g.layer3(g.layer2(g.layer1(x)))).mean((2, 3))
    yield ("lightly ResNetGenerator (32 px)", lambda p, b=listed: save(prefixed(b.state_dict(), "backbone."), p), small, IMAGENET, 32, "small.ckpt")
    model = randomise(timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0, num_heads=12))
    other = timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0)
    yield ("MoCo v3 ViT-S", lambda p, m=model, o=other: save({"state_dict": {**prefixed(o.state_dict(), "module.momentum_encoder."), **prefixed(m.state_dict(), "module.base_encoder.")}}, p), timm_features(model), IMAGENET, 224, "moco3.pth.tar")


def timm_at(model, arch):
    """The same weights in a model for 224 pixels, resampled by timm."""
    at = timm.create_model(arch, pretrained=False, num_classes=0, img_size=224)
    from timm.models.vision_transformer import checkpoint_filter_fn
    at.load_state_dict(checkpoint_filter_fn(model.state_dict(), at, interpolation="bicubic", antialias=True))
    return timm_features(at.eval())


def dinov2(model, arch, registers):
    """State dict in the names of facebookresearch/dinov2, and its interpolate_pos_encoding."""
    state = dict(model.state_dict())
    positions = state["pos_embed"]
    if registers:
        # timm folds the class token's position into the token; the authors keep it.
        state["register_tokens"] = state.pop("reg_token")
        own = torch.randn(1, 1, 384)
        state["cls_token"] = state["cls_token"] - own
        state["pos_embed"] = torch.cat([own, positions], 1)
    state["mask_token"] = torch.zeros(1, 384)
    grid = state["pos_embed"][:, 1:].reshape(1, 37, 37, 384).permute(0, 3, 1, 2)
    if registers:
        grid = F.interpolate(grid, size=(16, 16), mode="bicubic", antialias=True)
    else:
        scale = (16 + 0.1) / 37
        grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    assert grid.shape[-2:] == (16, 16)
    patches = grid.permute(0, 2, 3, 1).reshape(1, 256, 384)
    at = timm.create_model(arch, pretrained=False, num_classes=0, img_size=224)
    resampled = dict(model.state_dict())
    resampled["pos_embed"] = patches if registers else torch.cat([positions[:, :1], patches], 1)
    at.load_state_dict(resampled)
    return (lambda p: torch.save(state, p)), timm_features(at.eval())


def write_images(folder, size):
    generator = np.random.default_rng(0)
    pictures = []
    os.makedirs(folder)
    for index in range(4):
        coarse = generator.integers(0, 256, (7, 7, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((size, size), Image.BICUBIC)
        noisy = np.asarray(picture).astype(int) + generator.integers(-20, 21, (size, size, 3))
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(os.path.join(folder, f"{index}.png"))
        pictures.append(pixels)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    failed = []
    print("| source | encoder | features | largest value | largest difference | relative |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        images = {size: write_images(os.path.join(work, str(size)), size) for size in (32, 224)}
        for name, write, features, (mean, deviation), size, file in cases():
            if arguments.only not in name:
                continue
            path = os.path.join(work, file)
            write(path)
            x = (images[size] - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(deviation).view(1, 3, 1, 1)
            with torch.no_grad():
                expected = features(x).numpy()
            out = os.path.join(work, "features.npy")
            done = subprocess.run([arguments.program, "embed", "--init-from", path, "--init-crop", "1", "--data", os.path.join(work, str(size)), "--out", out], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"| {name} | failed: {done.stderr.strip()} | | | | |", flush=True)
                failed.append(name)
            else:
                got = np.load(out)
                encoder = done.stderr.split(": ", 1)[1].split(",")[0] if ": " in done.stderr else "?"
                same_shape = got.shape == expected.shape
                difference = np.abs(got - expected).max() if same_shape else float("inf")
                largest = np.abs(expected).max()
                relative = difference / max(1, largest)
                print(f"| {name} | {encoder} | {got.shape[1]} | {largest:.2f} | {difference:.1e} | {relative:.1e} |", flush=True)
                if not relative <= LIMIT:
                    failed.append(name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    if failed:
        sys.exit("larger than %g, or failed: %s" % (LIMIT, "; ".join(failed)))


if __name__ == "__main__":
    main()

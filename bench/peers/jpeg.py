"""Photographs a second of one thread, from their JPEG bytes to two SimCLR views of 224 pixels: jpeg.py FOLDER"""
import glob
import io
import sys

from PIL import Image
from simclr import rate, transform

files = [open(path, "rb").read() for path in sorted(glob.glob(f"{sys.argv[1]}/*.jp*g"))]
view = transform(224, True)


def decode(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def two_views(data):
    image = decode(data)
    return view(image), view(image)


print(f"jpeg/decode {rate(files, decode):.1f} /s")
print(f"jpeg/two_views {rate(files, two_views, 3):.1f} /s")

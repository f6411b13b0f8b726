"""96 JPEG photographs of 500 x 375 pixels, quality 90, cut out of a mosaic of a folder's images: photos.py SOURCE OUT"""
import os
import random
import sys

from PIL import Image

source, out = sys.argv[1:]
random.seed(0)
files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names
               if name.lower().endswith((".jpg", ".jpeg", ".png")))
os.makedirs(out, exist_ok=True)
total = 0
for i in range(96):
    mosaic = Image.new("RGB", (684, 456))
    for k, name in enumerate(random.sample(files, 6)):
        with Image.open(name) as image:
            mosaic.paste(image.convert("RGB").resize((228, 228)), (228 * (k % 3), 228 * (k // 3)))
    path = os.path.join(out, f"{i:02d}.jpg")
    mosaic.crop((92, 40, 592, 415)).save(path, quality=90)
    total += os.path.getsize(path)
print(f"{total / 96 / 1000:.1f} kB each")

"""Small pictures in every format and colour, and what the reference sees in them.

    pip install pillow==13.0.0 numpy && python make.py FOLDER

Writes the files and `expected.safetensors`: for each file NAME the tensor NAME (u8 [height, width, 3]),
which is `ImageOps.exif_transpose(Image.open(NAME)).convert("RGB")`, as transformers loads a picture. One
departure: 16-bit grey, which Pillow cuts off at 255; there it is the upper eight bits, as in colours.
"""
import io, json, struct, sys, zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

folder = Path(sys.argv[1])
W, H = 37, 23
y, x = np.mgrid[0:H, 0:W]
# Smooth, so that lossy formats come near it, and different in every direction, so that turning shows.
base = np.stack([40 + 5 * x, 30 + 8 * y, 250 - 2 * x - 5 * y], -1).clip(0, 255).astype(np.uint8)
base[3:9, 4:16] = [200, 30, 40]
alpha = ((x * 7) % 256).astype(np.uint8)
wide = (base.astype(np.uint16) << 8) | ((base.astype(np.uint16) * 37) & 0xFF)

rgb = Image.fromarray(base)
rgba = Image.fromarray(np.dstack([base, alpha]))
grey = rgb.convert("L")
palette = rgb.quantize(31)
expected = {}


def keep(name, data, seen=None):
    (folder / name).write_bytes(data)
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    expected[name] = np.array(image.convert("RGB")) if seen is None else seen


def save(name, image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    keep(name, out.getvalue())


def png16(colour, samples):
    """Pillow writes no 16-bit colours."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", W, H, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


for name, image in [("rgb", rgb), ("rgba", rgba), ("grey", grey), ("palette", palette),
                    ("grey-alpha", rgba.convert("LA")), ("one-bit", grey.convert("1"))]:
    save(f"{name}.png", image, "PNG")
save("palette-transparent.png", palette, "PNG", transparency=3)
save("turned-6.png", rgb, "PNG", exif=turned(6))
keep("rgb-16.png", png16(2, wide), base)
keep("rgba-16.png", png16(6, np.dstack([wide, wide[..., 0]])), base)
keep("grey-16.png", png16(0, wide[..., 0]), np.repeat(base[..., :1], 3, 2))

save("rgb.bmp", rgb, "BMP")
save("palette.bmp", palette, "BMP")
save("one-bit.bmp", grey.convert("1"), "BMP")

save("rgb.tiff", rgb, "TIFF")
save("rgba.tiff", rgba, "TIFF", compression="tiff_lzw")
save("grey.tiff", grey, "TIFF", compression="packbits")
save("deflate.tiff", rgb, "TIFF", compression="tiff_adobe_deflate")
save("one-bit.tiff", grey.convert("1"), "TIFF", compression="group4")
save("turned-8.tiff", rgb, "TIFF", exif=turned(8))

save("still.gif", palette, "GIF")
save("transparent.gif", palette, "GIF", transparency=3)
save("moving.gif", palette, "GIF", save_all=True, append_images=[palette.rotate(180)], duration=50)

save("lossless.webp", rgb, "WEBP", lossless=True)
save("lossless-rgba.webp", rgba, "WEBP", lossless=True, exact=True)
save("turned-3.webp", rgb, "WEBP", lossless=True, exif=turned(3))
save("lossy.webp", rgb, "WEBP", quality=90)

for orientation in range(1, 9):
    save(f"turned-{orientation}.jpg", rgb, "JPEG", quality=95, subsampling=0, exif=turned(orientation))
save("halved.jpg", rgb, "JPEG", quality=90, subsampling=2)
save("progressive.jpg", rgb, "JPEG", quality=90, subsampling=1, progressive=True)
save("grey.jpg", grey, "JPEG", quality=90)
save("cmyk.jpg", rgb.convert("CMYK"), "JPEG", quality=95)

header, data = {}, b""
for name, pixels in sorted(expected.items()):
    header[name] = {"dtype": "U8", "shape": list(pixels.shape), "data_offsets": [len(data), len(data) + pixels.size]}
    data += pixels.tobytes()
header = json.dumps(header).encode()
header += b" " * (-len(header) % 8)
(folder / "expected.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)

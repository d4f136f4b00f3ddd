import zlib

import numpy as np
import pytest
from drawings import encode, mean_difference, only, seven, three_digits
from PIL import Image

from core.data.picture import MAX_BYTES, read_picture
from core.data.segment import prepare_picture
from core.errors import ImageError


def test_a_path_and_its_bytes_read_the_same(tmp_path):
    path = tmp_path / "seven.png"
    path.write_bytes(encode(Image.fromarray(seven())))
    np.testing.assert_array_equal(read_picture(path), seven())
    np.testing.assert_array_equal(read_picture(path.read_bytes()), seven())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_format_is_read(kind, mode):
    grey = read_picture(encode(Image.fromarray(seven()).convert(mode), kind))
    assert grey.dtype == np.uint8
    assert grey.shape == seven().shape
    assert mean_difference(grey, seven()) < 3


def test_other_kinds_of_pixels_are_read():
    drawing = Image.fromarray(seven())
    palette = drawing.convert("RGB").quantize(4)
    files = {
        "bilevel": encode(drawing.convert("1")),
        "palette": encode(palette),
        "cmyk": encode(drawing.convert("CMYK"), "JPEG", quality=95),
        "16 bits": encode(Image.fromarray(seven().astype(np.uint16) * 257)),
        "32 bits": encode(Image.fromarray(seven().astype(np.int32) * 1000), "TIFF"),
        "float": encode(Image.fromarray(seven().astype(np.float32) / 255), "TIFF"),
    }
    for name, data in files.items():
        assert mean_difference(read_picture(data), seven()) < 3, name


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_is_applied(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    lying = Image.fromarray(seven()).transpose(Image.Transpose.ROTATE_90)
    assert mean_difference(read_picture(encode(lying, kind, exif=exif)), seven()) < 3


@pytest.mark.parametrize(("shade", "paper"), [(0, 255), (255, 0), (240, 0)])
def test_ink_on_a_transparent_sheet_is_seen(shade, paper):
    alpha = 255 - seven()
    sheet = np.dstack([np.full((*alpha.shape, 3), shade, np.uint8), alpha])
    grey = read_picture(encode(Image.fromarray(sheet)))
    assert grey[0, 0] == paper
    assert grey[alpha == 255].tolist() == [shade] * int((alpha == 255).sum())
    np.testing.assert_array_equal(only(grey), only(seven()))


def test_a_transparent_palette_lies_on_white():
    image = Image.new("P", (40, 30), 0)
    image.putpalette([90, 90, 90, 0, 0, 0])
    image.paste(1, (10, 10, 14, 25))
    grey = read_picture(encode(image, "GIF", transparency=0))
    assert grey[0, 0] == 255
    assert grey[12, 12] == 0


def test_an_animation_gives_its_first_frame():
    first, second = Image.fromarray(seven()), Image.fromarray(three_digits()).resize((400, 300))
    data = encode(first, "GIF", save_all=True, append_images=[second], duration=100)
    np.testing.assert_array_equal(read_picture(data), seven())


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_very_large_picture_is_reduced(kind):
    grey = seven(size=1500, x=800, y=400, width=6000, height=4000)
    read = read_picture(encode(Image.fromarray(grey), kind))
    assert 1000 < max(read.shape) <= 2000
    assert read.shape[0] * 3 == pytest.approx(read.shape[1] * 2, abs=3)
    assert mean_difference(only(read), only(seven())) < 6


def png_with_header(width: int, height: int) -> bytes:
    """A small PNG that claims to be of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"seven\n" * 50, "is not a picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>', "is not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
        (encode(Image.fromarray(three_digits()))[:300], "is damaged"),
        (encode(Image.fromarray(three_digits()), "JPEG")[:2000], "is damaged"),
        (encode(Image.fromarray(three_digits()), "TIFF")[:3000], "is damaged"),
        (png_with_header(50, 50), "is damaged"),
        (png_with_header(7000, 7000), "7000 × 7000 pixels"),
        (png_with_header(10_000, 10_000), "10000 × 10000 pixels"),
        (png_with_header(30_000, 30_000), "too many pixels"),
        (bytes(MAX_BYTES + 1), "larger than 20 MB"),
    ],
    ids=[
        "empty",
        "text",
        "svg",
        "eps",
        "cut png",
        "cut jpeg",
        "cut tiff",
        "no pixels",
        "49 MP",
        "100 MP",
        "bomb",
        "21 MB",
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(data, words, tmp_path):
    path = tmp_path / "upload.png"
    path.write_bytes(data)
    for source, name in ((data, "The file"), (path, f"'{path}'")):
        with pytest.raises(ImageError, match=words) as caught:
            read_picture(source)
        message = str(caught.value)
        assert message.startswith(name)
        assert message.endswith(".")
        assert "\n" not in message


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(ImageError, match="There is no picture") as caught:
            read_picture(path)
        assert str(path) in str(caught.value)


def test_damaged_bytes_never_escape_as_another_error():
    rng = np.random.default_rng(0)
    drawing = Image.fromarray(seven(size=30, x=10, y=5, width=50, height=40)).convert("RGB")
    read = 0
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"):
        intact = encode(drawing, kind)
        for _ in range(60):
            data = bytearray(intact)
            for place in rng.integers(0, len(data), 3):
                data[place] = rng.integers(0, 256)
            try:
                prepare_picture(read_picture(bytes(data)))
                read += 1
            except ImageError:
                continue
    assert 0 < read < 360

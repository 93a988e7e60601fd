"""Documents that show a picture of a ring, and how far drawn strokes are from it."""

import base64
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
from fake_engine import ring_picture
from PIL import Image

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" inkscape:version="1.2.2" {0}>{1}</svg>'
)
SIZE = (200, 150)  # px of the picture
PAGE = 'width="420" height="420" viewBox="0 0 420 420"'


def write_pictures(folder):
    """ring.png and turned.jpg, which is upright only after its EXIF rotation."""
    (folder / "ring.png").write_bytes(ring_picture(*SIZE))
    upright = Image.open(folder / "ring.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise to see it upright
    (folder / "my pictures").mkdir(exist_ok=True)
    upright.rotate(90, expand=True).save(folder / TURNED, quality=95, exif=exif)


TURNED = "my pictures/ring ü.jpg"


def data_uri(file, kind="png"):
    return f"data:image/{kind};base64," + base64.b64encode(file.read_bytes()).decode()


def write_document(path, body, page=PAGE):
    """A document; in `body`, {png} stands for the embedded picture, {turned} and {turned_data} for the one with EXIF."""
    folder = path.parent
    links = {"png": data_uri(folder / "ring.png"), "turned": quote(TURNED), "turned_data": data_uri(folder / TURNED, "jpeg")}
    Path(path).write_text(SVG.format(page, body.format(**links)), encoding="utf-8")
    return path


def ink(png):
    """Where a rendering is dark, [H, W] bool."""
    with Image.open(png) as image:
        return np.asarray(image.convert("L")) < 128


def farthest(one, other):
    """The largest distance in px from a dark place of `one` to the nearest of `other`."""
    away = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(away[one].max())


def distances(picture, strokes, fine=1):
    """(strokes to picture lines, picture lines to strokes) of two renderings with `fine` pixels per px, in px."""
    lines, drawn = ink(picture), ink(strokes)
    return farthest(drawn, lines) / fine, farthest(lines, drawn) / fine

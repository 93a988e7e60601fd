"""SVG documents around a picture."""

import base64

from fake_engine import png
from inkex.elements import load_svg

NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"'
)
PICTURE = png(40, 30, lambda x, y: 255)
DATA_URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
IMAGE = f'<image id="i" width="40" height="30" xlink:href="{DATA_URI}"/>'


def svg_text(body, attributes='width="400" height="300"'):
    """A whole document."""
    return f"<svg {NAMESPACES} {attributes}>{body}</svg>"


def svg_of(body, attributes='width="400" height="300"', select=()):
    """The root of a document, with some elements selected by id."""
    root = load_svg(svg_text(body, attributes).encode()).getroot()
    root.selection.set(*select)
    return root

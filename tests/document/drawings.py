"""Drawings for the tests: one as the command line writes it, one as Inkscape keeps it."""

HEAD = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:stylesketch="https://stylesketch.org/ns/1"'
)


def stroke(name, d, index, more=""):
    return (
        f'<path id="{name}" d="{d}" style="fill:none;stroke:#102030;stroke-width:2" stylesketch:index="{index}" '
        f'stylesketch:importance="{1 / (index + 1):g}" stylesketch:kind="contour" {more}/>'
    )


def plain(inside, size=(100, 80), more=""):
    """A file of the command line; inside: of its only layer."""
    width, height = size
    return (
        f'<svg {HEAD} width="{width}" height="{height}" viewBox="0 0 {width} {height}" stylesketch:recipe="object" '
        f'stylesketch:style="technical-pen" stylesketch:seed="0" stylesketch:image="abc">\n'
        f'  <g id="ss-1-l0" inkscape:groupmode="layer" inkscape:label="object" fill="none">\n    {inside}\n  </g>\n'
        f"{more}</svg>\n"
    )


def layered(inside, placement="0.5 0 0 0.5 10 20", more="", transform=""):
    """A document of Inkscape with a sketch's layer; inside: of its group."""
    return (
        f'<svg {HEAD} width="210mm" height="297mm" viewBox="0 0 210 297"><defs id="defs"/>{more}\n'
        f'  <g id="ss-2" inkscape:groupmode="layer" stylesketch:recipe="object" stylesketch:size="100 80" {transform} '
        f'stylesketch:placement="{placement}" stylesketch:image="abc" stylesketch:style="technical-pen">\n'
        f'    <g id="ss-2-object">\n      {inside}\n    </g>\n  </g>\n</svg>\n'
    )

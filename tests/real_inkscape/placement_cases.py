"""Every way a picture can lie in a document: name → (body, attributes of the root).

{png} stands for the embedded picture of the ring, {turned} for the linked one that is upright only after its EXIF rotation,
{turned_data} for that one embedded.
"""

import rings

PAGE = rings.PAGE
MM = 'width="110mm" height="110mm" viewBox="0 0 110 110"'
AT = 'x="30" y="40" width="320" height="240" '
ORIGINAL = '<defs><image id="o" x="10" y="5" width="200" height="150" xlink:href="{png}"/></defs>'


def image(attributes, link="{png}"):
    return f'<image id="i" xlink:href="{link}" {attributes}/>'


CASES = {
    "embedded": (image(AT), PAGE),
    "embedded, EXIF rotation": (image(AT, "{turned_data}"), PAGE),
    "linked, EXIF rotation": (image(AT, "{turned}"), PAGE),
    "EXIF rotation, sizes missing": (image('x="20"', "{turned}"), PAGE),
    "EXIF rotation, stretched": (image(AT + 'preserveAspectRatio="none"', "{turned}"), PAGE),
    "href without xlink": (f'<image id="i" {AT} href="{{png}}" xlink:href="{{png}}"/>', PAGE),
    "width missing": (image('x="30" y="40" height="300"'), PAGE),
    "height missing": (image('x="30" y="40" width="300"'), PAGE),
    "width and height missing": (image('x="30" y="40"'), PAGE),
    "auto": (image('x="30" width="auto" height="300"'), PAGE),
    "percent": (image('x="10%" y="5%" width="80%" height="60%"'), PAGE),
    "percent, page in millimeters": (image('x="10%" y="5%" width="80%" height="60%"'), MM),
    "units": (image('x="5mm" y="0.25in" width="9cm" height="150pt"'), PAGE),
    "units, page in millimeters": (image('x="5" y="0.1in" width="90" height="60px"'), MM),
    "css geometry is ignored": (image(AT + 'style="x:90px;width:50px;transform:rotate(20deg)"'), PAGE),
    "meet, xMinYMax": (image('width="400" height="200" preserveAspectRatio="xMinYMax meet"'), PAGE),
    "meet, xMaxYMin": (image('width="180" height="400" preserveAspectRatio="xMaxYMin"'), PAGE),
    "none": (image('x="20" y="10" width="380" height="200" preserveAspectRatio="none"'), PAGE),
    "slice, middle": (image('x="20" y="10" width="240" height="380" preserveAspectRatio="xMidYMid slice"'), PAGE),
    "slice, xMinYMid": (image('x="20" y="10" width="300" height="300" preserveAspectRatio="xMinYMid slice"'), PAGE),
    "root viewBox with an offset": (image(AT), 'width="420" height="420" viewBox="-30 20 420 420"'),
    "root of another aspect": (image(AT), 'width="420" height="300" viewBox="0 0 420 420"'),
    "root stretched": (image(AT), 'width="420" height="300" viewBox="0 0 420 420" preserveAspectRatio="none"'),
    "root slices": (image(AT), 'width="420" height="340" viewBox="0 0 420 420" preserveAspectRatio="xMidYMin slice"'),
    "root without viewBox": (image(AT), 'width="420" height="420"'),
    "root without sizes": (image(AT), 'viewBox="0 0 420 420"'),
    "root in inches": (image('x=".2" y=".3" width="3.5" height="2.8"'), 'width="4in" height="4in" viewBox="0 0 4 4"'),
    "page magnified": (image('width="38" height="30"'), 'width="420" height="420" viewBox="0 0 40 40"'),
    "rotated": (image(AT + 'transform="rotate(25 200 200)"'), PAGE),
    "skewed": (image('x="20" y="60" width="240" height="180" transform="skewX(25) skewY(-5)"'), PAGE),
    "flipped": (image(AT + 'transform="matrix(-1 0 0 1 400 0)"'), PAGE),
    "flipped and turned": (image(AT + 'transform="translate(20 400) scale(1 -1) rotate(10)"'), PAGE),
    "groups and a transformed layer": (
        '<g inkscape:groupmode="layer" id="l" transform="translate(300,20) rotate(30)"><g transform="scale(-1,1.2)">'
        + image('x="5" width="200" height="150" transform="skewX(10)"') + "</g></g>",
        PAGE,
    ),
    "link around it": (f'<a transform="translate(15 25)">{image(AT)}</a>', PAGE),
    "nested svg, meet": (
        '<svg x="20" y="30" width="360" height="300" viewBox="0 0 180 180">' + image('width="180" height="100"') + "</svg>",
        PAGE,
    ),
    "nested svg, viewBox with an offset": (
        '<svg x="20" y="30" width="360" height="300" viewBox="10 -20 180 150">' + image('width="180" height="100"') + "</svg>",
        PAGE,
    ),
    "nested svg, stretched": (
        '<svg width="380" height="250" viewBox="0 0 180 180" preserveAspectRatio="none">'
        + image('width="180" height="135"') + "</svg>",
        PAGE,
    ),
    "nested svg, percent": (
        '<svg x="5%" y="5%" width="90%" height="80%" viewBox="0 0 200 200">' + image('width="100%" height="100%"') + "</svg>",
        PAGE,
    ),
    "nested svg without viewBox": (f'<svg x="20" y="30">{image(AT)}</svg>', PAGE),
    "nested twice": (
        '<svg x="20" y="30" width="360" height="360" viewBox="0 0 90 90"><g transform="rotate(5)">'
        '<svg x="5" y="4" width="80" height="70" viewBox="0 0 200 200">' + image('width="200" height="150"')
        + "</svg></g></svg>",
        PAGE,
    ),
    "clone": (ORIGINAL + '<use id="i" x="40" y="60" xlink:href="#o" transform="rotate(-20 100 100) scale(1.4)"/>', PAGE),
    "clone of a clone": (
        ORIGINAL.replace("</defs>", '<use id="u" x="7" y="9" xlink:href="#o" transform="scale(1.2)"/></defs>')
        + '<use id="i" x="30" y="50" xlink:href="#u"/>',
        PAGE,
    ),
    "clone of a group": (
        '<defs><g id="q" transform="scale(1.5)"><image id="o" width="200" height="150" xlink:href="{png}"/></g></defs>'
        '<g transform="translate(25 35)"><use id="i" xlink:href="#q"/></g>',
        PAGE,
    ),
    "clone of a symbol": (
        '<symbol id="s" viewBox="0 0 200 150"><image id="o" width="200" height="150" xlink:href="{png}"/></symbol>'
        '<use id="i" x="15" y="25" width="380" height="320" xlink:href="#s"/>',
        PAGE,
    ),
    "clone, slice, root viewBox with an offset": (
        '<defs><image id="o" x="3" width="200" height="200" preserveAspectRatio="xMinYMid slice" xlink:href="{png}"/></defs>'
        '<use id="i" x="40" y="60" xlink:href="#o" transform="rotate(-20)"/>',
        'width="420" height="420" viewBox="-20 -30 420 420"',
    ),
}  # fmt: skip

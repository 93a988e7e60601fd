"""Extensions ▸ StyleSketch ▸ Texture…: a texture as a picture, as the fill of shapes, or as paper under a sketch."""

from typing import Any, List, Optional, Sequence, Tuple

from inkex import Transform

from stylesketch_ext.failures import Asked, Failure, settings_failure
from stylesketch_ext.fields import Choice, Number, Pack, Switch, Values
from stylesketch_ext.image_layers import Picture, add_paper, add_picture, beside, fill_shapes, fillable, sketch_layers
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.picture_jobs import PicturesMade, texturing
from stylesketch_ext.placement import Box, Placement, own_space
from stylesketch_ext.restyle_effect import picture_of
from stylesketch_ext.selection import Chain, selected_chains, tag_name
from stylesketch_ext.subjects import Subject, subject_of
from stylesketch_ext.wire.messages import MAX_PATCH, MAX_SEED, MAX_SNAPSHOTS, MAX_TRIES, MIN_PATCH, ImageInfo, TextureRequest
from stylesketch_ext.words import _, marked, plural

PICTURE, PATTERN, PAPER = "picture", "pattern", "paper"
USES = (
    (PICTURE, marked("Picture")),
    (PATTERN, marked("Fill of the selected shapes")),
    (PAPER, marked("Paper under the selected sketch")),
)
PACK, SELECTION, PART = "pack", "selection", "part"
SOURCES = (
    (PACK, marked("The chosen style")),
    (SELECTION, marked("The selected picture")),
    (PART, marked("What a shape marks on the picture")),
)
AREAS = (
    ("lines", marked("The densest lines")),
    ("paper", marked("The bare paper")),
    ("all", marked("All of it")),
)
METHODS = (
    ("auto", marked("Automatic")),
    ("drawn", marked("Drawn by the style's pen")),
    ("classical", marked("Patches (quick)")),
    ("squeezenet", "SqueezeNet"),
    ("vgg19_distilled", marked("VGG-19, distilled")),
    ("vgg19", "VGG-19"),
)


ENCODERS = ("squeezenet", "vgg19_distilled", "vgg19")


class TextureEffect(JobEffect):
    """The menu entry."""

    name = "texture"
    _looked, _chosen = False, None  # has the selected picture been looked for, and which is it?
    fields = (
        Choice("use", marked("Use _for"), PICTURE, USES),
        Choice("source", marked("_After"), PACK, SOURCES, marked("The picture whose texture goes on")),
        Choice("area", marked("_Of it"), "lines", AREAS, marked("Which part of that picture goes on"),
               lambda values: values["source"] != PART),
        Number("width", marked("_Width"), 512, 32, 4096, tip=marked("In pixels")),
        Number("height", marked("Hei_ght"), 512, 32, 4096, tip=marked("In pixels")),
        Number("dpi", marked("Pi_xels per inch"), 96, 10, 1200, tip=marked("More make the texture finer")),
        Switch("tiled", marked("Seam_less"), True, marked("Opposite borders fit, so that it can be repeated"),
               lambda values: values["use"] == PICTURE),
        Choice("method", marked("Metho_d"), "auto", METHODS),
        Number("patch", marked("Patc_hes"), 0, MIN_PATCH, MAX_PATCH,
               tip=marked("Side in pixels; smaller ones break up what the picture shows"),
               automatic=marked("A_utomatic"), usual=32, applies=lambda values: values["method"] == "classical"),
        Number("snapshots", marked("Ste_ps to pick from"), 0, 0, MAX_SNAPSHOTS,
               tip=marked("A network's texture is often better on its way than at its end"),
               applies=lambda values: values["method"] in ENCODERS),
        Number("tries", marked("T_ries"), 3, 1, MAX_TRIES, tip=marked("How many to pick from")),
        Number("seed", marked("S_eed"), 0, 0, MAX_SEED, random=True),
        Pack("style", "engraving", lambda values: values["source"] == PACK),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_terms import Words

        return Words(
            title=_("Texture – StyleSketch"),
            subject=_("Texture"),
            waits=_("Inkscape waits until the texture is done."),
            ready=lambda job: plural("The texture is ready.", "%d textures are ready: pick one.", len(job.result.tries)),
            canceled=_("The texture was canceled."),
            left_out=_("The texture was not inserted."),
        )

    def offered(self, values: Values) -> Values:
        """What is selected tells what is likely to be wanted."""
        picture = self._picture() is not None
        source = values["source"] if (values["source"] == PACK) != picture else SELECTION if picture else PACK
        use = PAPER if sketch_layers(self.svg) else PATTERN if fillable(self.svg) and not picture else PICTURE
        area = "all" if source == SELECTION else "paper" if use == PAPER else "lines"
        return {**values, "source": source, "use": use, "area": area}

    def look(self) -> List[Tuple[str, bytes]]:
        picture = self._picture()
        return [(picture.name, picture.data)] if picture else []

    def task(self, values: Values) -> Task:
        chosen = None if values["source"] == PACK else self._picture()
        if values["source"] != PACK and chosen is None:
            raise Failure(_("Select the picture whose texture is to go on, or take the chosen style."), "select")
        self._check(values)
        patches = values["method"] == "classical"
        snapshots = values["snapshots"] if self.in_window and values["method"] in ENCODERS else 0

        def asked(exemplar: Optional[ImageInfo]) -> TextureRequest:
            part = self._region(chosen, exemplar) if exemplar and chosen and values["source"] == PART else None
            return TextureRequest(
                exemplar=exemplar.sha256 if exemplar else "", style="" if exemplar else values["style"],
                width=values["width"], height=values["height"], tiled=values["tiled"] or values["use"] != PICTURE,
                region=part, area=values["area"], guidance=values["method"], patch=values["patch"] or None if patches else None,
                snapshots=snapshots, seed=values["seed"], tries=values["tries"] if self.in_window else 1,
                title=chosen.name if chosen else "",
            )  # fmt: skip

        def request(exemplar: Optional[ImageInfo]) -> TextureRequest:
            try:
                return asked(exemplar)
            except ValueError as error:
                raise settings_failure(error) from error

        if chosen is None:
            request(None)  # says at once what cannot be
        return texturing(chosen.data if chosen else None, request)

    def picks(self, result: PicturesMade) -> Sequence[Tuple[bytes, str]]:
        return result.tries

    def insert(self, result: PicturesMade, picked: int, values: Values) -> None:
        (part,) = result.parts
        picture = picture_of(part, picked, part.result.title or _("Texture"), values)
        if values["use"] == PATTERN:
            fill_shapes(self.svg, self._filled(part.source, values), picture, values["dpi"])
        elif values["use"] == PAPER:
            for layer in sketch_layers(self.svg):
                add_paper(self.svg, layer, picture, values["dpi"])
        else:
            self._put_beside(picture, part.source, values["dpi"])

    def _put_beside(self, picture: Picture, source: Optional[ImageInfo], dpi: float) -> None:
        """A picture beside the one that it was made of, else in the middle of the page."""
        chosen = self._picture() if source else None
        if source and chosen:
            box = _bounds(chosen.placement(source.width, source.height), source)
            add_picture(self.svg, picture, beside(self.svg, picture, dpi, box), chosen.chain[0])
        else:
            add_picture(self.svg, picture, beside(self.svg, picture, dpi))

    def _check(self, values: Values) -> None:
        """A Failure where the document has not what the texture is for, or made of."""
        if values["use"] == PAPER and not sketch_layers(self.svg):
            raise Asked(_("Select a sketch of StyleSketch, or one of its strokes, to lay paper under it."))
        if values["use"] == PATTERN and not self._shapes():
            raise Asked(_("Select the shapes that the texture is to fill, then start it again."))
        if values["source"] == PART and not self._shapes():
            raise Asked(_("Select the picture together with a shape that you drew on it, such as a rectangle around the part."))

    def _picture(self) -> Optional[Subject]:
        """The lowest of the selected pictures."""
        if not self._looked:
            chains = selected_chains(self.svg) if self.svg.selection else []
            self._looked, self._chosen = True, subject_of(self.svg, chains[0], self.folders) if chains else None
        return self._chosen

    def _shapes(self) -> List[Chain]:
        """The selected shapes, but for strokes of sketches."""
        sketches = sketch_layers(self.svg)
        return [chain for chain in fillable(self.svg) if not any(element in sketches for element in chain)]

    def _filled(self, source: Optional[ImageInfo], values: Values) -> List[Chain]:
        """The shapes that are to be filled: not those that mark a part of the picture."""
        chosen = self._picture()
        if values["source"] != PART or not (source and chosen):
            return self._shapes()
        inverse = -chosen.placement(source.width, source.height).matrix
        return [chain for chain in self._shapes() if _part(chain, inverse, source) is None]

    def _region(self, chosen: Subject, image: ImageInfo) -> Tuple[int, int, int, int]:
        """What the selected shapes cover of the picture, px; Failure where none lies on it."""
        inverse = -chosen.placement(image.width, image.height).matrix
        parts = list(filter(None, (_part(chain, inverse, image) for chain in self._shapes())))
        if not parts:
            raise Failure(_("None of the selected shapes lies on the picture “%s”: draw one on it.") % chosen.name, "select")
        lefts, tops, rights, bottoms = zip(*parts)
        return min(lefts), min(tops), max(rights) - min(lefts), max(bottoms) - min(tops)


def _bounds(placement: Placement, image: ImageInfo) -> Box:
    """The box around a picture in user units."""
    corners = [placement.point(x, y) for x in (0, image.width) for y in (0, image.height)]
    xs, ys = [x for x, y in corners], [y for x, y in corners]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _part(chain: Chain, inverse: Transform, image: ImageInfo) -> Optional[Tuple[int, int, int, int]]:
    """What a shape covers of a picture (left, top, right, bottom, px), if anything; text covers nothing.

    inverse: user units → px.
    """
    if tag_name(chain[-1]) in ("text", "flowRoot"):
        return None
    box = chain[-1].path.transform(inverse @ own_space(chain)).bounding_box()
    if box is None or box.left >= image.width or box.top >= image.height or box.right <= 0 or box.bottom <= 0:
        return None
    left, top = max(0, round(box.left)), max(0, round(box.top))
    return left, top, min(image.width, round(box.right)), min(image.height, round(box.bottom))

import cv2
import skimage.data
import torch

from backend.core.work import completed
from backend.perception.line_drawing import is_line_drawing
from backend.perception.photograph import Photograph
from backend.recipes import Inputs, SketchChoices
from backend.recipes.candidates import draw_attempts
from backend.recipes.object_sketch import ObjectSketch, faces_and_subject
from backend.recipes.region import RegionSettings
from backend.style_pack import StylePack
from tests.pictures import blank, tensor
from tests.pools import bare_pool


def boxed(pixels, side=4):
    """The picture with a frame over its border."""
    height, width = pixels.shape[:2]
    shown = cv2.copyMakeBorder(pixels[side : height - side, side : width - side], side, side, side, side, cv2.BORDER_CONSTANT)
    return tensor(shown)


def test_a_photographs_thin_frame_is_none_of_it():
    inputs = Inputs(Photograph(boxed(skimage.data.astronaut())))
    inner = inputs.unframed
    assert inner.photograph.size == inputs.photograph.size
    assert inputs.photograph.pixels[..., :2, :].max() == 0 and inner.photograph.pixels[..., :2, :].mean() > 0.1
    assert torch.equal(inner.photograph.pixels[..., 9:-9, 9:-9], inputs.photograph.pixels[..., 9:-9, 9:-9])


def test_what_has_no_frame_stays_itself():
    inputs = Inputs(Photograph(tensor(skimage.data.astronaut())))
    assert inputs.unframed is inputs


def test_the_box_around_a_line_drawing_is_drawn():
    page = cv2.circle(blank(300, 400), (200, 150), 90, (0, 0, 0), 4, cv2.LINE_AA)
    page = cv2.line(page, (60, 250), (340, 250), (0, 0, 0), 4, cv2.LINE_AA)
    drawing = boxed(page)
    assert is_line_drawing(drawing)
    inputs = Inputs(Photograph(drawing))
    assert inputs.unframed is inputs


def test_what_was_cut_out_stays_as_it_is():
    picture = boxed(skimage.data.astronaut())
    inputs = Inputs(Photograph(picture, (picture.mean(1, keepdim=True) > 0.3).float()))
    assert inputs.unframed is inputs


def test_attempts_are_of_the_same_subject_as_one_drawing():
    """They look for it once, in what the drawing looks at, too."""
    seen = []

    class Watched(ObjectSketch):
        def run(self, inputs, choices, pack, pool):
            seen.append(inputs)
            return super().run(inputs, choices, pack, pool)

    inputs = Inputs(Photograph(boxed(skimage.data.astronaut())))
    choices, pool = SketchChoices(strokes=4, steps=0, guidance="classical"), bare_pool()
    completed(draw_attempts(Watched(RegionSettings(canvas=200)), inputs, choices, 2, StylePack("pen", "Pen"), pool))
    _faces, alone, _notes, _looks = faces_and_subject(inputs.unframed, choices, pool)
    assert torch.equal(seen[0].found[0].mask, alone.mask)

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from backend.perception.faces import Face, find_faces
from backend.perception.foreground import find_foreground, fit_foreground, near_outline, with_rim
from backend.perception.grab_cut import people_labels, to_lab
from backend.perception.mask_outline import lost_edges, lost_lines, outline_told, without_vague
from tests.pictures import blank, disc, face, noise, square, tensor, two_squares


def overlap(mask, true):
    found, true = mask[0, 0].numpy() > 0.5, true > 0
    return (found & true).sum() / (found | true).sum()


def meadow():
    """A picture of soft blotches all over, without a subject."""
    return cv2.resize(noise(6, 8, 60, 200, seed=3), (320, 240), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("pixels", [disc(), square(), two_squares(), cv2.resize(disc(), (900, 400))])
def test_an_object_on_a_plain_backdrop_is_found(pixels):
    found = find_foreground(tensor(pixels))
    assert found.trusted
    assert found.reason == ""
    assert found.mask.shape == (1, 1, *pixels.shape[:2])
    assert overlap(found.mask, pixels[..., 0] < 128) > 0.95


def test_faces_are_asked_for_only_where_they_may_tell_of_the_subject():
    asked = []

    def looked_for():
        asked.append(True)
        yield from ()

    find_foreground(tensor(disc()), looked_for())
    assert not asked
    find_foreground(tensor(meadow()), looked_for())
    assert asked


def test_a_face_is_found_with_what_it_encloses():
    found = find_foreground(tensor(face()))
    assert found.trusted
    assert overlap(found.mask, cv2.ellipse(np.zeros((200, 200)), (100, 100), (62, 78), 0, 0, 360, 1, -1)) > 0.95


def test_a_light_object_on_a_black_backdrop_is_found():
    found = find_foreground(tensor(255 - disc()))
    assert found.trusted
    assert overlap(found.mask, disc()[..., 0] < 128) > 0.95


def test_a_large_hole_that_shows_the_backdrop_is_not_foreground():
    ring = cv2.circle(disc(200, 80), (100, 100), 45, (255, 255, 255), -1, cv2.LINE_AA)
    found = find_foreground(tensor(ring))
    assert float(found.mask[0, 0, 100, 100]) == 0
    assert overlap(found.mask, ring[..., 0] < 128) > 0.93


def test_a_texture_without_subject_is_not_trusted_and_says_why():
    found = find_foreground(tensor(meadow()))
    assert not found.trusted
    assert found.reason.endswith(".")
    assert "whole picture is drawn" in found.reason


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_has_no_subject(value):
    found = find_foreground(tensor(blank(50, 70, value)))
    assert not found.trusted
    assert "No clear subject" in found.reason


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1), (3, 5), (8, 8), (10, 700), (700, 10)])
def test_any_size_gives_a_mask_of_that_size(size):
    for pixels in (blank(*size), blank(*size, 0), noise(*size)):
        found = find_foreground(tensor(pixels))
        assert found.mask.shape == (1, 1, *size)
        assert set(found.mask.unique().tolist()) <= {0, 1}
        assert found.trusted == (not found.reason)
        assert 0 <= found.certainty <= 1


def test_the_same_picture_gives_the_same_mask():
    picture = tensor(cv2.circle(meadow(), (160, 120), 60, (200, 40, 40), -1))
    assert torch.equal(find_foreground(picture).mask, find_foreground(picture).mask)


def test_what_a_mask_loses_about_the_middle_is_measured():
    lab = np.zeros((120, 120, 3), np.float32)
    lab[20:55, 40:80, 0] = lab[65:100, 40:80, 0] = 90  # a subject of two parts
    both = (lab[..., 0] > 0).astype(np.uint8)
    upper = both.copy()
    upper[60:] = 0
    assert lost_edges(both, lab) < 0.01
    assert 0.4 < lost_edges(upper, lab) < 0.6


def disc_on_a_wall():
    """A dark disc of radius 100 in the middle of a rough wall of 320 px."""
    wall = cv2.resize(noise(64, 64, 150, 210, seed=1), (320, 320), interpolation=cv2.INTER_CUBIC)
    return cv2.circle(wall, (160, 160), 100, (40, 50, 60), -1, cv2.LINE_AA)


def round_mask(radius, size=320):
    return torch.from_numpy(cv2.circle(np.zeros((size, size), np.float32), (size // 2, size // 2), radius, 1, -1))[None, None]


def test_a_mask_with_room_around_the_subject_is_drawn_in():
    given = round_mask(107)
    fitted = fit_foreground(tensor(disc_on_a_wall()), given)
    assert fitted.certainty == 0.5
    assert overlap(fitted.mask, round_mask(100)[0, 0].numpy()) > 0.97
    assert bool((fitted.mask <= given).all())


def test_so_is_one_before_a_plain_backdrop():
    fitted = fit_foreground(tensor(disc(320, 100)), round_mask(107))
    assert overlap(fitted.mask, round_mask(100)[0, 0].numpy()) > 0.97


def test_an_exact_mask_stays_as_it_is():
    given = round_mask(100)
    fitted = fit_foreground(tensor(disc_on_a_wall()), given)
    assert torch.equal(fitted.mask, given)
    assert fitted.certainty == 1


@pytest.mark.parametrize("mask", [round_mask(60), torch.zeros(1, 1, 320, 320), torch.ones(1, 1, 320, 320)])
def test_a_mask_that_no_outline_can_be_found_for_stays(mask):
    fitted = fit_foreground(tensor(cv2.resize(meadow(), (320, 320))), mask)
    assert torch.equal(fitted.mask, mask)


def portrait(contrast=1.0):
    """The astronaut, who stands before a flag, a rocket and a helmet."""
    gray = 128 * (1 - contrast)
    return tensor((skimage.data.astronaut() * contrast + gray).astype(np.uint8))


def test_a_person_is_cut_out_by_the_face():
    pixels = portrait()
    found = find_foreground(pixels, find_faces(pixels))
    assert found.trusted
    mask = found.mask[0, 0]
    for x, y in ((220, 60), (223, 118), (100, 300), (200, 400), (240, 300)):  # hair, face, sleeve, suit
        assert mask[y, x] == 1
    for x, y in ((20, 60), (320, 40), (450, 40), (140, 60)):  # flag, wall, rocket
        assert mask[y, x] == 0


def test_small_faces_of_passers_by_and_of_animals_do_not_make_the_subject():
    pixels = tensor(meadow())
    width = pixels.shape[-1]
    alone, *others = (
        find_foreground(pixels, faces).mask
        for faces in ([], [Face(5, 5, 0.05 * width)], [Face(5, 5, 0.3 * width, person=False)], [Face(5, 5, 0.3 * width)])
    )
    assert torch.equal(alone, others[0]) and torch.equal(alone, others[1])
    assert not torch.equal(alone, others[2])


def two_on_a_meadow():
    """Something like a furry head on the left, and something brighter on the right."""
    pixels = meadow() // 3 + 60
    cv2.ellipse(pixels, (90, 120), (50, 55), 0, 0, 360, (190, 130, 70), -1)
    cv2.circle(pixels, (240, 110), 48, (250, 240, 60), -1)
    return tensor(cv2.GaussianBlur(pixels, (0, 0), 1.0))


def test_what_is_about_an_animals_face_is_the_subject():
    pixels, head = two_on_a_meadow(), Face(55, 85, 70, person=False)
    alone, animal = (find_foreground(pixels, (), faces) for faces in ([], [head]))
    assert alone.mask[0, 0, 110, 240] == 1 and alone.trusted
    assert animal.trusted
    assert overlap(animal.mask, cv2.ellipse(np.zeros((240, 320)), (90, 120), (50, 55), 0, 0, 360, 1, -1)) > 0.9


def test_people_whose_heads_are_tilted_are_found_later_but_no_less():
    pixels = portrait()
    faces = find_faces(pixels)
    tilted = [replace(face, tilt=25.0) for face in faces]
    first, later, animal = (find_foreground(pixels, *found) for found in ((tilted, ()), ((), tilted), ((), ())))
    assert torch.equal(first.mask, later.mask) and later.trusted
    assert not torch.equal(later.mask, animal.mask)


def test_others_that_are_small_tell_nothing():
    pixels = portrait()
    alone, passer_by = (find_foreground(pixels, (), faces) for faces in ((), [Face(20, 20, 20)]))
    assert torch.equal(alone.mask, passer_by.mask)


def test_an_animals_face_that_shows_no_outline_tells_nothing():
    pixels = tensor(meadow())
    alone, animal = (find_foreground(pixels, (), faces) for faces in ([], [Face(125, 85, 70, person=False)]))
    assert torch.equal(alone.mask, animal.mask) and not animal.trusted


def test_animals_are_asked_for_only_where_nobody_stands_and_the_backdrop_is_not_plain():
    asked = []

    def looked_for():
        asked.append(True)
        yield from ()

    find_foreground(tensor(disc()), (), looked_for())
    find_foreground(portrait(), find_faces(portrait()), looked_for())
    assert not asked
    find_foreground(tensor(meadow()), (), looked_for())
    assert asked


def screen():
    pixels = blank(300, 450)
    pixels[:40] = (60, 90, 160)
    pixels[:, :120] = (200, 210, 230)
    cv2.circle(pixels, (300, 170), 60, (230, 80, 40), -1)
    cv2.rectangle(pixels, (20, 80), (100, 100), (0, 0, 0), 2)
    return pixels


def test_a_graphic_is_drawn_whole_and_the_user_is_told():
    found = find_foreground(tensor(screen()))
    assert not found.trusted
    assert "graphic" in found.reason
    grain = np.random.default_rng(0).integers(-6, 7, (300, 450, 3))
    assert "graphic" not in find_foreground(tensor((screen() + grain).clip(0, 255).astype(np.uint8))).reason


def test_small_things_beside_a_large_one_are_kept_on_a_plain_backdrop():
    pixels = disc(300, 100)
    pixels[10:30, 10:30] = 0
    assert find_foreground(tensor(pixels)).mask[0, 0, 20, 20] == 1


def test_a_doubtful_subject_is_of_interest():
    pixels = tensor(skimage.data.chelsea())
    found = find_foreground(pixels)
    assert not found.trusted
    assert found.interest is not None and found.interest.shape == found.mask.shape
    assert found.interest[0, 0, 180, 230] > 0.8 and found.interest[0, 0, 20, 20] < 0.2  # the nose, a corner
    assert find_foreground(tensor(disc())).interest is None


def test_a_backdrop_full_of_blurred_blotches_is_not_plain():
    generator = np.random.default_rng(5)
    streaks = cv2.GaussianBlur(generator.normal(0, 1, (300, 450)).astype(np.float32), (0, 0), sigmaX=25, sigmaY=3)
    pixels = np.clip(120 + 10 * streaks[..., None] / streaks.std(), 0, 255).repeat(3, 2).astype(np.uint8)
    cv2.circle(pixels, (225, 150), 50, (230, 60, 20), -1)
    found = find_foreground(tensor(pixels))
    disc_there = cv2.circle(np.zeros((300, 450)), (225, 150), 50, 1, -1)
    assert not found.trusted or overlap(found.mask, disc_there) > 0.8


def test_what_a_vignette_darkens_is_no_subject_beside_one():
    y, x = np.mgrid[0:240, 0:320]
    lit = 225 - 32 * np.clip(np.hypot(x - 330, y - 250) / 120 - 0.1, 0, 1) ** 0.5 * (np.hypot(x - 330, y - 250) < 150)
    pixels = np.repeat(np.where(np.hypot(x - 330, y - 250) < 110, lit, 225)[..., None], 3, 2).astype(np.uint8)
    cv2.circle(pixels, (130, 110), 50, (200, 40, 30), -1)
    found = find_foreground(tensor(pixels))
    assert found.trusted
    assert overlap(found.mask, cv2.circle(np.zeros((240, 320)), (130, 110), 50, 1, -1)) > 0.95


def test_parts_of_hardly_another_color_are_vague():
    lab = np.full((120, 200, 3), (60, 0, 0), np.float32)
    bits = np.zeros((120, 200), np.uint8)
    for x, color in ((60, (20, 0, 0)), (140, (66, 0, 0))):
        cv2.circle(bits, (x, 60), 25, 1, -1)
        cv2.circle(lab, (x, 60), 25, color, -1)
    kept = without_vague(bits, lab)
    assert kept[60, 60]
    assert not kept[60, 140]


def test_craters_and_stains_of_the_moon_are_no_subject_before_a_plain_backdrop():
    assert not find_foreground(tensor(np.repeat(skimage.data.moon()[..., None], 3, axis=2))).trusted


def test_the_outline_is_drawn_only_where_colors_tell_it():
    """A dark figure of which one side stands before a dark wall."""
    bits = np.zeros((120, 160), np.uint8)
    bits[30:110, 50:110] = 1
    rgb = np.full((120, 160, 3), 0.9, np.float32)
    rgb[:, 80:] = 0.25
    rgb[bits > 0] = 0.2
    told = outline_told(bits, to_lab(rgb))
    assert told[70, 50] > 0.9  # dark before light
    assert told[70, 110] < 0.1  # dark before dark


def test_a_mask_that_is_not_trusted_has_no_silhouette_and_an_exact_one_is_its_own():
    assert find_foreground(tensor(skimage.data.chelsea())).silhouette is None
    exact = find_foreground(tensor(disc()))
    assert torch.equal(exact.silhouette, exact.mask)


@pytest.mark.parametrize("rim", [0, 4])
def test_the_rim_is_a_square_about_every_point_of_the_mask(rim):
    mask = torch.zeros(1, 1, 40, 50)
    mask[..., 20, 30] = mask[..., 0, 49] = 1
    wide = with_rim(mask, rim)
    assert wide.dtype == mask.dtype and wide.shape == mask.shape
    expected = torch.zeros_like(mask)
    expected[..., 20 - rim : 21 + rim, 30 - rim : 31 + rim] = expected[..., : rim + 1, 49 - rim :] = 1
    assert torch.equal(wide, expected)


def test_near_a_masks_outline_is_on_both_sides_of_it_but_not_along_the_picture():
    mask = torch.zeros(1, 1, 60, 80)
    mask[..., 20:, 30:] = 1
    near = near_outline(mask, 6)[0, 0]
    assert near.shape == (60, 80) and float(near.min()) >= 0 and float(near.max()) <= 1
    assert float(near[45, 27]) > 0.8 and float(near[45, 33]) > 0.8
    assert float(near[45, 10]) < 0.01 and float(near[45, 50]) < 0.01 and float(near[58, 60]) < 0.01


def test_two_bright_parts_with_much_dark_between_them_are_not_trusted_to_be_all():
    """As of somebody in a dark suit before a dark wall: a head and a hand."""
    grain = np.random.default_rng(4).uniform(0, 8, (400, 240, 3))
    pixels = (np.linspace(5, 90, 400)[:, None, None] + grain).astype(np.uint8)
    cv2.circle(pixels, (120, 120), 60, (225, 180, 150), -1)
    alone = find_foreground(tensor(pixels))
    cv2.circle(pixels, (80, 340), 28, (225, 180, 150), -1)
    found = find_foreground(tensor(pixels))
    assert alone.trusted and not found.trusted
    assert "could not be told" in found.reason and found.interest is not None


def test_a_small_part_of_the_backdrops_color_within_the_subject_belongs_to_it():
    """A cat's pale eye is no hole in the cat; what is seen through a ring is not the ring's."""
    pixels = blank(300, 300, 250)
    cv2.circle(pixels, (150, 150), 100, (90, 70, 60), -1)
    cv2.circle(pixels, (120, 120), 7, (250, 250, 250), -1)
    cv2.circle(pixels, (170, 170), 30, (250, 250, 250), -1)
    mask = find_foreground(tensor(pixels)).mask[0, 0]
    assert mask[120, 120] == 1 and mask[170, 170] == 0


def test_bright_streaks_that_reach_the_outline_belong_to_the_subject():
    pixels = blank(300, 300)
    pixels[60:240, 60:240] = 120
    for x in range(70, 235, 10):
        pixels[60:200, x : x + 3] = 232  # nearly as white as the backdrop
    found = find_foreground(tensor(pixels))
    assert found.trusted
    assert found.mask[0, 0, 75:240, 64:236].min() == 1
    assert found.mask[0, 0, :50].max() == 0


def test_clear_lines_that_a_mask_loses_about_the_middle_are_measured():
    rgb = np.full((240, 320, 3), 0.7, np.float32)
    for top in (40, 130):  # a thing of two parts
        cv2.rectangle(rgb, (90, top), (230, top + 70), (0.2, 0.3, 0.5), -1)
    both = (rgb[..., 0] < 0.5).astype(np.uint8)
    lower = both.copy()
    lower[:120] = 0
    assert lost_lines(both, rgb) < 0.02
    assert 0.3 < lost_lines(lower, rgb) < 0.7


def test_people_may_have_legs_but_need_not():
    labels = people_labels(np.zeros((400, 300, 3), np.float32), [Face(130, 30, 40)], 300)
    assert labels[50, 150] == labels[120, 150] == cv2.GC_FGD
    assert labels[300, 150] == cv2.GC_PR_FGD
    assert labels[300, 40] == labels[390, 150] == cv2.GC_PR_BGD

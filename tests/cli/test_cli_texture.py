import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from backend.cli import exemplar, texture
from backend.core.errors import Cancelled
from backend.places import Places
from backend.recipes import matched_texture, style_texture
from backend.recipes.texture_choices import TextureChoices
from tests.encoders.networks import distilled_vgg19_weights


@pytest.fixture
def style(tmp_path):
    """A woven pattern of two colors."""
    image = Image.new("RGB", (120, 100), "#e8dcc0")
    pen = ImageDraw.Draw(image)
    for x in range(-100, 120, 14):
        pen.line((x, 0, x + 100, 100), fill="#203050", width=3)
    for x in range(0, 220, 22):
        pen.line((x, 0, x - 100, 100), fill="#a03020", width=2)
    path = tmp_path / "weave.png"
    image.save(path)
    return path


@pytest.fixture
def network(monkeypatch):
    """A tiny network in place of the weights on the shelf."""
    monkeypatch.setattr(matched_texture.weights, "load", lambda name, places: distilled_vgg19_weights())


QUICK = ("--size", "64x64", "--device", "cpu")
ENCODED = (*QUICK, "--guidance", "vgg19_distilled", "--iterations", 6)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float32)


def test_a_texture_of_a_picture(command, style, tmp_path):
    code, out, err = command("texture", style, "-o", tmp_path / "x.png", "--size", "96x64", "--tile", "--json")
    assert code == 0, err
    account = json.loads(out)
    assert account["guidance"] == "classical" and account["size"] == [96, 64] and account["style"] == "weave.png"
    assert pixels(tmp_path / "x.png").shape == (64, 96, 3)


@pytest.mark.parametrize("encoded", [False, True])
def test_the_border_of_a_tile_is_no_steeper_than_its_inside(command, style, network, tmp_path, encoded):
    command("texture", style, "-o", tmp_path / "x.png", "--tile", *(ENCODED if encoded else QUICK))
    tile = pixels(tmp_path / "x.png")
    for axis in (0, 1):
        inside = np.abs(np.diff(tile, axis=axis)).mean()
        seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert seam <= inside


def test_a_texture_of_a_pack(command, tmp_path):
    code, out, err = command("texture", "engraving", "-o", tmp_path / "x.png", *QUICK)
    assert code == 0, err
    assert "64 × 64 px in " in out and "s (classical)" in out


@pytest.mark.parametrize("area", ["lines", "paper"])
def test_an_area_by_its_name(command, tmp_path, area):
    """The right half is hatched, the left one is bare."""
    pixels = np.full((200, 400), 250, np.uint8)
    y, x = np.mgrid[:200, :400]
    pixels[:, 200:] = np.where((x + y) % 6 < 3, 20, 250)[:, 200:]
    Image.fromarray(pixels).convert("RGB").save(tmp_path / "style.png")
    command("texture", tmp_path / "style.png", "-o", tmp_path / "x.png", *QUICK, "--region", area)
    dark = (np.asarray(Image.open(tmp_path / "x.png").convert("L")) < 128).mean()
    assert dark > 0.35 if area == "lines" else dark == 0


@pytest.mark.parametrize(("size", "scaled"), [((40, 800), (32, 640)), ((33, 34), (33, 34)), ((400, 800), (32, 64))])
def test_a_style_image_is_never_squashed(size, scaled):
    found, notes = style_texture.exemplar_of(torch.rand(1, 3, *size), TextureChoices((64, 64)))
    assert tuple(found.shape[-2:]) == scaled and bool(notes) == (size != scaled)


def test_only_the_region_is_imitated(command, style, tmp_path):
    image = Image.open(style)
    image.paste("#00ff00", (60, 0, 120, 100))
    image.save(style)
    command("texture", style, "-o", tmp_path / "x.png", *QUICK, "--region", "0,0,60,100")
    found = pixels(tmp_path / "x.png")
    assert not ((found[..., 1] > 240) & (found[..., 0] < 60)).any()


@pytest.mark.parametrize("encoded", [False, True])
def test_the_same_seed_gives_the_same_file(command, style, network, tmp_path, encoded):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        command("texture", style, "-o", tmp_path / f"{name}.png", *(ENCODED if encoded else QUICK), "--seed", seed)
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_an_encoder_prints_its_losses_and_keeps_snapshots(command, style, network, tmp_path):
    options = ("--print-every", 3, "--save-every", 2, "--snapshots", tmp_path / "shots", "--json", "--tile")
    code, out, err = command("texture", style, "-o", tmp_path / "x.png", *ENCODED, *options)
    assert code == 0, err
    account = json.loads(out)
    assert account["steps"] == 6 and account["guidance"] == "vgg19_distilled"
    assert set(account["losses"]) == {"style", "variation"}
    assert [line.split(":")[0] for line in err.splitlines()] == ["iteration 3", "iteration 6"]
    names = sorted(path.name for path in (tmp_path / "shots").iterdir())
    assert names == ["x_00002.png", "x_00004.png", "x_00006.png"]
    assert account["outputs"][1:] == [str(tmp_path / "shots" / name) for name in names]


def test_an_encoder_begins_with_patches_or_with_noise(command, style, network, tmp_path):
    """A single step leaves what it begins with almost as it was."""
    options = ("--tile", "--iterations", 1, "--optimizer", "adam")
    for name, more in (
        ("patches", QUICK),
        ("from patches", (*ENCODED, *options)),
        ("noise", (*ENCODED, *options, "--start", "noise")),
    ):
        code, _out, err = command("texture", style, "-o", tmp_path / f"{name}.png", "--tile", *more)
        assert code == 0, err
    names = ("patches", "from patches", "noise")
    patches, begun, noise = (np.sort(pixels(tmp_path / f"{name}.png").ravel()) for name in names)
    assert np.abs(patches - begun).mean() < 0.3 * np.abs(patches - noise).mean()  # of colors, wherever the border lies


@pytest.mark.parametrize(
    "options",
    [
        ("--start", "noise"),
        ("--layers", "relu1_1,relu3_1"),
        ("--iterations", 3),
        ("--optimizer", "adam"),
        ("--style-loss-weight", 1e3),
        ("--variation-loss-weight", 1e8),
        ("--seed", 1),
        ("--region", "0,0,60,60"),
        ("--size", "64x72"),
        ("--tile",),
        ("--guidance", "classical"),
    ],
)
def test_every_option_makes_another_texture(command, style, network, tmp_path, options):
    kept = ENCODED[:-2] if options[0] in ("--iterations", "--guidance") else ENCODED
    for name, more in (("usual", ENCODED), ("other", (*kept, *options))):
        code, _out, err = command("texture", style, "-o", tmp_path / f"{name}.png", *more)
        assert code == 0, err
    assert (tmp_path / "usual.png").read_bytes() != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize(("name", "value"), [("patch", 20), ("seed", 1), ("region", "0,0,60,60"), ("guidance", "drawn")])
def test_every_option_of_patches_makes_another_texture(command, tmp_path, name, value):
    for file, more in (("usual", ()), ("other", (f"--{name}", value))):
        options = ("--guidance", "classical", *QUICK, *more)
        code, _out, err = command("texture", "charcoal", "-o", tmp_path / f"{file}.png", *options)
        assert code == 0, err
    assert (tmp_path / "usual.png").read_bytes() != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize("start", ["patches", "noise"])
def test_a_start_has_its_own_number_of_steps(command, style, network, tmp_path, start):
    made = TextureChoices(start=start)
    assert made.steps == {"patches": 40, "noise": 200}[start] and TextureChoices(start=start, iterations=7).steps == 7


def test_bare_ground_stays_bare(command, network, tmp_path):
    """An encoder that begins with patches changes what is drawn, not the paper between."""
    image = Image.new("RGB", (128, 128), "#f0e8d0")
    for left in (8, 52, 96):
        ImageDraw.Draw(image).rectangle((left, 0, left + 6, 127), fill="#302010")
    image.save(tmp_path / "lines.png")
    code, _out, err = command("texture", tmp_path / "lines.png", "-o", tmp_path / "x.png", *ENCODED, "--tile")
    assert code == 0, err
    found = pixels(tmp_path / "x.png")
    bare = np.abs(found - np.array([240, 232, 208])).max(2) <= 1
    assert 0.3 < bare.mean() < 0.95


def test_both_optimizers_come_nearer_to_the_style(command, style, network, tmp_path):
    for optimizer in ("adam", "lbfgs"):
        found = []
        for count in (1, 12):
            options = ("--iterations", count, "--optimizer", optimizer, "--json", "--variation-loss-weight", 0)
            code, out, err = command("texture", style, "-o", tmp_path / "x.png", *ENCODED, *options)
            assert code == 0, err
            found.append(json.loads(out)["losses"]["style"])
        assert found[1] < 0.8 * found[0]


def test_ctrl_c_tells_what_is_left(command, style, network, tmp_path, monkeypatch):
    def stop_at(files):
        def stop(self, progress, line):
            self.files += files
            raise KeyboardInterrupt

        return stop

    for files, sentence in ((["x"], "the snapshots so far"), ([], "nothing was written")):
        monkeypatch.setattr(texture._Snapshots, "see", stop_at(files))
        code, _out, err = command("texture", style, "-o", tmp_path / "x.png", *ENCODED)
        assert code == Cancelled.exit_code and sentence in err
        assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--size", "8x8"), "32"),
        (("--size", "9000x9000"), "4096"),
        (("--region", "100,0,60,60"), "not inside"),
        (("--region", "0,0,10,60"), "at least"),
        (("--patch", "60"), "at most"),
        (("--iterations", "5"), "--guidance"),
        (("--save-every", "5"), "--guidance"),
        (("--guidance", "clip"), "choose one of"),
        (("--guidance", "vgg19", "--size", "2000x2000"), "--tile"),
        (("--guidance", "vgg19", "--patch", "20"), "--patch"),
        (("--guidance", "vgg19", "--snapshots", "x"), "--save-every"),
        (("--guidance", "vgg19_distilled", "--layers", "relu9_9"), "relu5_1"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(command, style, network, tmp_path, options, word):
    code, _out, err = command("texture", style, "-o", tmp_path / "x.png", "--device", "cpu", *options)
    assert code == 1 and word in err and err.rstrip().endswith(".")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("option", [("--size", "64"), ("--region", "1,2,3"), ("--style-loss-weight", "-1"), ("-o", "x.jpg")])
def test_what_is_misspelt_is_wrong_usage(command, style, tmp_path, option):
    code, _out, err = command("texture", style, "-o", tmp_path / "x.png", *option)
    assert code == 2 and option[0] in err


def test_missing_weights_name_the_command_that_brings_them(command, style, tmp_path):
    code, _out, err = command("texture", style, "-o", tmp_path / "x.png", "--guidance", "squeezenet")
    assert code == 3 and "models pull squeezenet" in err


def test_the_style_image_is_never_written_over(command, style):
    before = style.read_bytes()
    code, _out, err = command("texture", style, "-o", style)
    assert code == 1 and "itself" in err
    assert style.read_bytes() == before


def test_a_pack_without_an_exemplar_and_names_that_are_nothing_are_said(command, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "style.toml").write_text('format = 1\ntitle = "Bare"\n')
    for name, word in ((folder, "no exemplar"), ("nothing-like-it", "Installed packs"), (tmp_path / "gone.png", "no file")):
        code, _out, err = command("texture", name, "-o", tmp_path / "x.png")
        assert code == 1 and word in err


def test_an_archive_of_a_pack_is_an_exemplar(command, tmp_path):
    file = tmp_path / "mine.stylepack"
    assert command("style", "export", "woodcut", "-o", file)[0] == 0
    found = exemplar.read_exemplar(str(file), Places.find(tmp_path / "home"))
    assert found.label == "mine" or found.label == "woodcut"
    assert found.content[:4] == b"\x89PNG"

"""Textures and restyled pictures as jobs: queued, made, fetched by number, and gone with their job."""

import base64
import hashlib
import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
from daemon_process import parsed_events, problem, until
from PIL import Image
from stylesketch_ext.wire.codec import loads
from stylesketch_ext.wire.messages import (
    MAX_SEED,
    JobInfo,
    PicturesResult,
    PromptRequest,
    RestyleRequest,
    SketchSettings,
    TextureRequest,
)

from backend.core.errors import BadRequest, Missing, NotFound
from backend.core.work import completed
from backend.daemon.picturing import restyled, textures
from backend.daemon.prompt_task import draw_text
from backend.places import Places
from backend.style_library import Library

KINDS = ("textures", "restylings")


def uploaded(web, size):
    """The hash of a picture of that size, as in "64x48"."""
    return web.http.post("/v1/images", content=size.encode()).json()["sha256"]


def submit(web, kind, title="", key="", **changes):
    body = {"style": "engraving", "title": title}
    if kind == "restylings":
        body["image"] = uploaded(web, "64x48")
    body.update(changes)
    return web.http.post(f"/v1/{kind}", json=body, headers={"Idempotency-Key": key} if key else {})


def ended(web, job):
    """The events of a job, once it has ended."""
    return list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_fetched_by_their_numbers(web, kind):
    answer = submit(web, kind, "plain", seed=7, tries=2)
    job = answer.json()["id"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/jobs/{job}")
    events = ended(web, job)
    assert events[-1][1] == "finished" and any(data.get("preview") == "picture" for _id, _kind, data in events)
    result = loads(PicturesResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert ([picture.seed for picture in result.pictures], result.job) == ([7, 8], job)
    found = [web.http.get(f"/v1/jobs/{job}/pictures/{number}") for number in (1, 2)]
    files = f"{uploaded(web, '64x48')},-,-" if kind == "restylings" else "-"
    assert [picture.text for picture in found] == [f"PNG 7 of {files}", f"PNG 8 of {files}"]
    assert {picture.headers["content-type"] for picture in found} == {"image/png"}
    problem(web.http.get(f"/v1/jobs/{job}/pictures/3"), "not-found", 404)
    info = loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)
    assert info.request is None and (info.texture or info.restyle).seed == 7


@pytest.mark.parametrize("kind", KINDS)
def test_results_go_with_their_job(web, kind, tmp_path):
    job = submit(web, kind, "plain").json()["id"]
    ended(web, job)
    assert web.http.delete(f"/v1/jobs/{job}").status_code == 204
    assert list((tmp_path / "results").iterdir()) == []
    problem(web.http.get(f"/v1/jobs/{job}/pictures/1"), "not-found", 404)


@pytest.mark.parametrize("kind", KINDS)
def test_a_canceled_job_has_no_pictures(web, kind, tmp_path):
    job = submit(web, kind, f"wait|{tmp_path / 'never'}").json()["id"]
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["stage"] == "waiting")
    problem(web.http.get(f"/v1/jobs/{job}/pictures/1"), "conflict", 409)
    web.http.post(f"/v1/jobs/{job}/cancel")
    assert ended(web, job)[-1][1] == "cancelled"
    problem(web.http.get(f"/v1/jobs/{job}/pictures/1"), "conflict", 409)
    assert list((tmp_path / "results").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_whose_worker_dies_is_done_again(web, kind, tmp_path):
    job = submit(web, kind, f"die-once|{tmp_path / 'died'}").json()["id"]
    assert ended(web, job)[-1][1] == "finished"
    assert web.http.get(f"/v1/jobs/{job}/pictures/1").text.startswith("PNG 0")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_key_gives_the_same_job(web, kind):
    first, second = (submit(web, kind, "plain", key="k") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    problem(submit(web, kind, "plain", key="k", seed=1), "conflict", 409)


@pytest.mark.parametrize("kind", KINDS)
def test_what_went_wrong_is_told(web, kind):
    job = submit(web, kind, "refuse").json()["id"]
    events = ended(web, job)
    assert (events[-1][1], events[-1][2]["code"]) == ("failed", "bad-request")
    assert "No lines were found" in problem(web.http.get(f"/v1/jobs/{job}/pictures/1"), "conflict", 409)


@pytest.mark.parametrize(
    ("kind", "changes", "code", "said"),
    [
        ("textures", {"tries": 7}, "bad-request", "tries must be between 1 and 6"),
        ("textures", {"seed": -1}, "bad-request", "seed must be between 0"),
        ("textures", {"style": ""}, "bad-request", "either an exemplar or a style pack"),
        ("textures", {"iterations": 0, "guidance": "vgg19"}, "bad-request", "iterations must be between 1"),
        ("textures", {"snapshots": 7, "guidance": "vgg19"}, "bad-request", "snapshots must be between 0 and 6"),
        ("textures", {"iterations": 9}, "bad-request", "iterations and snapshots are for encoders"),
        ("textures", {"snapshots": 2}, "bad-request", "iterations and snapshots are for encoders"),
        ("textures", {"patch": 32, "guidance": "squeezenet"}, "bad-request", "patches are for the classical guidance"),
        ("textures", {"guidance": "drawn", "patch": 32}, "bad-request", "without a region or patches"),
        ("textures", {"guidance": "drawn", "region": [0, 0, 64, 64]}, "bad-request", "without a region or patches"),
        ("textures", {"guidance": "drawn", "snapshots": 1}, "bad-request", "iterations and snapshots are for encoders"),
        ("textures", {"patch": 300}, "bad-request", "patches must have between 8 and 256 px here, not 300"),
        ("textures", {"width": 16}, "bad-request", "sides must have between 32 and 4096 px, not 16"),
        ("textures", {"height": 4097}, "bad-request", "sides must have between 32 and 4096 px, not 4097"),
        ("textures", {"width": 4000, "height": 4000}, "bad-request", "at most 8.4 million pixels"),
        ("textures", {"width": 1500, "height": 1500, "guidance": "vgg19"}, "bad-request", "at most 1.6 million pixels"),
        ("textures", {"guidance": "magic"}, "bad-request", "guidance must be one of auto, drawn, classical"),
        ("textures", {"region": [-1, 0, 64, 64]}, "bad-request", "the region must begin inside"),
        ("textures", {"region": [0, 0, 64, 31]}, "bad-request", "at least 32 px a side"),
        ("textures", {"area": "sky"}, "bad-request", "area must be one of all, lines, paper"),
        ("textures", {"patch": 7}, "bad-request", "patches must have between 8 and 256 px here, not 7"),
        ("textures", {"style": "gone"}, "not-found", "gone"),
        ("textures", {"style": "", "exemplar": "0" * 64}, "not-found", "is not here"),
        ("textures", {"device": "cuda:9"}, "bad-request", "no device 'cuda:9'"),
        ("restylings", {"strength": 2}, "bad-request", "strength must be between 0 and 1"),
        ("restylings", {"method": "magic"}, "bad-request", "method must be one of auto, classical, diffusion"),
        ("restylings", {"method": "classical", "prompt": "a cat"}, "bad-request", "a prompt is for diffusion"),
        ("restylings", {"sketch": {}, "tries": 2}, "bad-request", "leave out the tries"),
        ("restylings", {"sketch": {"style": "gone"}}, "not-found", "gone"),
        ("restylings", {"sketch": {"mask": "0" * 64}}, "not-found", "is not here"),
        ("restylings", {"sketch": {"guidance": "magic"}}, "bad-request", "no guidance 'magic'"),
        ("restylings", {"image": "0" * 64}, "not-found", "is not here"),
        ("restylings", {"device": "cuda:9"}, "bad-request", "no device 'cuda:9'"),
    ],
)
def test_requests_that_cannot_be_met_are_refused_with_a_sentence(web, kind, changes, code, said):
    until(lambda: web.house.jobs.capabilities)
    assert said in problem(submit(web, kind, **changes), code, {"bad-request": 400, "not-found": 404}[code])


@pytest.mark.parametrize(
    ("kind", "sizes", "changes", "said"),
    [
        ("restylings", {"image": "64x47"}, {}, "The picture has 64 × 47 px; choose one of at least 48 px a side."),
        ("restylings", {"exemplar": "9x99"}, {"style": ""}, "The style image has 9 × 99 px"),
        ("textures", {"exemplar": "64x31"}, {"style": ""}, "The style image has 64 × 31 px; choose one of at least 32"),
        ("textures", {"exemplar": "64x64"}, {"style": "", "region": [1, 0, 64, 64]}, "1,0,64,64 is not inside the style image"),
    ],
)
def test_pictures_that_are_too_small_are_refused_before_there_is_a_job(web, kind, sizes, changes, said):
    pictures = {name: uploaded(web, size) for name, size in sizes.items()}
    assert said in problem(submit(web, kind, **pictures, **changes), "bad-request", 400)
    assert web.http.get("/v1/jobs").json() == []


def test_what_the_wire_refuses_is_what_the_recipes_cannot_do():
    from stylesketch_ext.wire import pictures, sketching

    from backend.recipes import prompt_sketch, style_texture, style_transfer, texture_choices

    assert ("auto", *texture_choices.GUIDANCES) == pictures.TEXTURE_GUIDANCES
    assert pictures.RESTYLE_METHODS == style_transfer.METHODS
    assert sketching.PROMPT_METHODS == prompt_sketch.METHODS
    assert pictures.AREAS == texture_choices.AREAS
    wire = (pictures.MIN_TEXTURE, pictures.MAX_TEXTURE, pictures.MAX_TEXTURE_PIXELS, pictures.MAX_ENCODED_PIXELS)
    recipe = texture_choices
    assert wire == (recipe.LEAST_SIDE, recipe.MOST_SIDE, recipe.MOST_PIXELS, recipe.MOST_ENCODED)
    assert (pictures.MIN_EXEMPLAR, pictures.MIN_RESTYLED) == (style_texture.LEAST_EXEMPLAR, style_transfer.LEAST_SIDE)


def test_a_restyled_picture_is_drawn_where_a_sketch_is_wanted(web):
    mask = uploaded(web, "64x49")
    job = submit(web, "restylings", "plain", seed=7, sketch={"mask": mask, "strokes": 9}).json()["id"]
    assert ended(web, job)[-1][1] == "finished"
    result = web.http.get(f"/v1/jobs/{job}/result").json()
    assert (result["drawing"]["width"], result["settings"]["strokes"], result["job"]) == (4, 9, job)
    assert web.http.get(f"/v1/jobs/{job}/result.svg").text == "<svg/>"
    assert web.http.get(f"/v1/jobs/{job}/preview.png").content == b"PNG"
    assert web.http.get(f"/v1/jobs/{job}/pictures/1").text == f"PNG 7 of {uploaded(web, '64x48')},-,{mask}"


# ---- the tasks themselves


@pytest.fixture
def house_of_packs(tmp_path):
    return Places.find(tmp_path / "home")


def stripes(path, size=(96, 80)):
    """A picture file of slanted lines."""
    y, x = np.mgrid[: size[1], : size[0]]
    pixels = np.where((x + 2 * y) % 12 < 5, 40, 220).astype(np.uint8)
    Image.fromarray(np.stack([pixels, pixels, np.minimum(pixels + 20, 255).astype(np.uint8)], 2)).save(path, "PNG")
    return path


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(float)


def test_textures_by_several_seeds_from_an_uploaded_picture(tmp_path, house_of_packs):
    request = TextureRequest("ab", width=64, height=48, tiled=True, region=(8, 8, 64, 64), seed=3, tries=2, title="t")
    events = []
    made = completed(textures(request, stripes(tmp_path / "style"), house_of_packs), events.append)
    assert [(p.width, p.height, p.seed, p.iterations) for p in made.result.pictures] == [(64, 48, 3, 0), (64, 48, 4, 0)]
    assert [opened(picture).shape for picture in made.pictures] == [(48, 64, 3)] * 2
    assert made.pictures[0] != made.pictures[1]
    assert (made.result.guidance, made.result.style, made.result.title) == ("classical", "", "t")
    assert made.result.notes == []
    done = [event.done for event in events]
    assert done == sorted(done) and done[0] >= 0 and done[-1] <= 1 and any(0.4 < share < 0.6 for share in done)
    shown = [event.preview for event in events if event.preview]
    assert shown and opened(base64.b64decode(shown[0])).shape == (48, 64, 3)


def test_every_try_can_be_asked_for_alone(tmp_path, house_of_packs):
    request = TextureRequest("ab", width=48, height=48, seed=MAX_SEED, tries=2)
    style = stripes(tmp_path / "style")
    made = completed(textures(request, style, house_of_packs))
    assert [picture.seed for picture in made.result.pictures] == [MAX_SEED, 0]
    alone = completed(textures(replace(request, seed=0, tries=1), style, house_of_packs))
    assert alone.pictures == made.pictures[1:]


def test_the_same_texture_request_gives_the_same_bytes(tmp_path, house_of_packs):
    names = []
    for _ in range(2):
        made = completed(textures(TextureRequest("ab", width=48, height=48), stripes(tmp_path / "style"), house_of_packs))
        names.append(hashlib.sha256(made.pictures[0]).hexdigest())
    assert names[0] == names[1]


def test_a_pack_s_exemplar_is_taken(house_of_packs):
    request = TextureRequest(style="engraving", width=64, height=64, region=(0, 0, 64, 64))
    made = completed(textures(request, None, house_of_packs))
    assert (made.result.style, made.result.style_title) == ("engraving", "Engraving")
    assert opened(made.pictures[0]).shape == (64, 64, 3)


def test_a_pack_that_comes_with_the_program_draws_its_lines_and_paper(house_of_packs):
    request = TextureRequest(style="engraving", width=64, height=64, area="lines")
    drawn, patches = (
        completed(textures(each, None, house_of_packs)) for each in (request, replace(request, guidance="classical"))
    )
    assert (drawn.result.guidance, patches.result.guidance) == ("drawn", "classical")
    folder = Library(house_of_packs.packs).folder("engraving")
    own = house_of_packs.packs / "own"
    shutil.copytree(folder, own)
    made = completed(textures(replace(request, style="own"), None, house_of_packs))
    assert made.result.guidance == "classical"  # its exemplar may be of another hand
    made = completed(textures(replace(request, style="own", guidance="drawn"), None, house_of_packs))
    assert made.pictures == drawn.pictures


def test_closing_a_texture_stops_it(tmp_path, house_of_packs):
    work = textures(TextureRequest("ab", width=64, height=64), stripes(tmp_path / "style"), house_of_packs)
    next(work)
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_what_is_wrong_with_a_texture_is_told(tmp_path, house_of_packs):
    style = stripes(tmp_path / "style")
    for request, file, kind, said in (
        (TextureRequest("ab"), tmp_path / "gone", NotFound, "is gone"),
        (TextureRequest("ab", patch=60), style, BadRequest, "at most 40 px here"),
        (TextureRequest("ab", region=(90, 0, 40, 40)), style, BadRequest, "not inside the style image"),
    ):
        with pytest.raises(kind, match=said):
            completed(textures(request, file, house_of_packs))


def photographed(path):
    """A picture file of a dark disc before a light ground."""
    y, x = np.mgrid[:60, :90]
    Image.fromarray(np.where((x - 45) ** 2 + (y - 30) ** 2 < 400, 40, 230).astype(np.uint8)).convert("RGB").save(path, "PNG")
    return path


def test_a_picture_is_restyled(tmp_path, house_of_packs):
    photograph, style = photographed(tmp_path / "photograph"), stripes(tmp_path / "style")
    request = RestyleRequest("ab", "cd", strength=0.0, method="classical", tries=1)
    same = completed(restyled(request, photograph, style, None, house_of_packs))
    assert np.abs(opened(same.pictures[0]) - opened(photograph.read_bytes())).max() <= 1
    request = RestyleRequest("ab", "cd", method="classical")
    changed = completed(restyled(request, photograph, style, None, house_of_packs))
    assert (changed.result.recipe, changed.result.guidance) == ("style_transfer", "classical")
    assert np.abs(opened(changed.pictures[0]) - opened(same.pictures[0])).mean() > 10


def test_a_restyled_picture_is_drawn_and_kept(tmp_path, house_of_packs):
    photograph, style = photographed(tmp_path / "photograph"), stripes(tmp_path / "style")
    settings = SketchSettings(strokes=6, style="charcoal", steps=0, mask="none")
    events = []
    request = RestyleRequest("ab", "cd", method="classical", seed=5, title="disc", sketch=settings)
    made = completed(restyled(request, photograph, style, None, house_of_packs), events.append)
    result = made.finished.result
    plain = completed(restyled(replace(request, sketch=None), photograph, style, None, house_of_packs))
    assert made.picture == plain.pictures[0]
    assert (result.recipe, result.title, result.style_title, result.settings) == ("restyled", "disc", "Charcoal", settings)
    assert (result.drawing.width, result.drawing.height) == (90, 60) and result.image == hashlib.sha256(
        made.picture
    ).hexdigest()
    assert 1 <= sum(len(layer.paths) for layer in result.drawing.layers) <= 6
    done = [event.done for event in events]
    assert done == sorted(done) and any(event.preview for event in events if event.done < 0.5)


def test_a_restyled_picture_is_drawn_by_the_rasterizer_that_was_asked_for(tmp_path, house_of_packs):
    photograph, style = photographed(tmp_path / "photograph"), stripes(tmp_path / "style")
    settings = SketchSettings(strokes=2, steps=0, mask="none", rasterizer="reference")
    request = RestyleRequest("ab", "cd", method="classical", sketch=settings)
    made = completed(restyled(request, photograph, style, None, house_of_packs))
    assert made.finished.result.engine == "reference"


def test_the_subject_of_a_restyled_sketch_is_the_photograph_s_mask(tmp_path, house_of_packs):
    photograph, style, mask = photographed(tmp_path / "photograph"), stripes(tmp_path / "style"), tmp_path / "mask"
    Image.fromarray(np.pad(np.full((60, 30), 255, np.uint8), ((0, 0), (0, 60)))).save(mask, "PNG")
    request = RestyleRequest("ab", "cd", method="classical", sketch=SketchSettings(strokes=9, steps=0, mask="ef"))
    made = completed(restyled(request, photograph, style, mask, house_of_packs))
    xs = [x for layer in made.finished.result.drawing.layers for path in layer.paths for x, _y in path.points]
    assert xs and max(xs) < 36


def test_a_pack_without_an_exemplar_says_so(house_of_packs):
    folder = house_of_packs.packs / "bare"
    folder.mkdir(parents=True)
    (folder / "style.toml").write_text('title = "Bare"\n')
    assert Library(house_of_packs.packs).read("bare").exemplars == []
    with pytest.raises(BadRequest, match="carries no exemplar picture"):
        completed(textures(TextureRequest(style="bare"), None, house_of_packs))


# ---- texts


def test_a_text_becomes_a_sketch_and_the_picture_it_was_drawn_after(web):
    first, second = (
        web.http.post("/v1/prompts", json={"prompt": "plain", "method": method}).json()["id"] for method in ("auto", "clip")
    )
    assert [ended(web, job)[-1][1] for job in (first, second)] == ["finished", "finished"]
    assert web.http.get(f"/v1/jobs/{first}/result").json()["drawing"]["width"] == 4
    assert web.http.get(f"/v1/jobs/{first}/result.svg").text == "<svg/>"
    assert web.http.get(f"/v1/jobs/{first}/pictures/1").content == b"PNG of plain"
    problem(web.http.get(f"/v1/jobs/{second}/pictures/1"), "not-found", 404)
    assert web.http.get(f"/v1/jobs/{first}").json()["prompt"]["prompt"] == "plain"


@pytest.mark.parametrize(("changes", "code", "said"), [
    ({"prompt": " "}, "bad-request", "the text is empty"),
    ({"prompt": "x" * 1001}, "bad-request", "more than 1000 characters"),
    ({"method": "magic"}, "bad-request", "method must be one of auto, diffusion, clip"),
    ({"settings": {"style": "gone"}}, "not-found", "gone"),
    ({"settings": {"device": "cuda:9"}}, "bad-request", "no device"),
])  # fmt: skip
def test_texts_that_cannot_be_drawn_are_refused_with_a_sentence(web, changes, code, said):
    until(lambda: web.house.jobs.capabilities)
    answer = web.http.post("/v1/prompts", json={"prompt": "a horse", **changes})
    assert said in problem(answer, code, {"bad-request": 400, "not-found": 404}[code])


def test_without_a_network_the_download_is_named(tmp_path):
    with pytest.raises(Missing, match=r"stylesketch models pull"):
        completed(draw_text(PromptRequest("a horse"), Places.find(tmp_path / "empty")))

"""Style packs over HTTP, with real archives in a real intake process."""

import io
import zipfile

import numpy as np
import pytest
from daemon_process import parsed_events, problem, until
from PIL import Image
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Refusal
from stylesketch_ext.wire.codec import loads
from stylesketch_ext.wire.messages import JobInfo, StyleChange, StyleInfo, StyleRequest, StyleResult

from backend.core import safetensors
from backend.daemon import styles as styles_module
from backend.style_archive import write_archive
from backend.style_members import Pack

TOML = b"""title = "Red chalk"
description = "soft"
licence = "CC0"
strokes = 24
paper = "#f4ecd8"
[pen]
color = "#aa3322"
[measured]
line_width = 0.01
orientations = [0.5, 0.5]
"""


def picture():
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "#a03020").save(file, "PNG")
    return file.getvalue()


FILES = {
    "style.toml": TOML, "preview.png": picture(), "exemplar.png": picture(),
    "features.safetensors": safetensors.write({"squeezenet/fire5/gram": np.eye(2)}),
}  # fmt: skip
CHALK = write_archive(Pack("sanguine", FILES))


def send(routes, archive=CHALK, query=""):
    return routes.http.post(f"/v1/styles{query}", content=archive, headers={"Content-Type": "application/zip"})


def names(routes):
    return [entry["name"] for entry in routes.http.get("/v1/styles").json()]


def test_the_bundled_packs_are_listed(routes):
    entry = next(entry for entry in routes.http.get("/v1/styles").json() if entry["name"] == "technical-pen")
    assert entry["bundled"] and entry["title"] == "Technical pen" and entry["preview"] and not entry["problem"]
    assert routes.http.get("/v1/styles/technical-pen/preview.png").content.startswith(b"\x89PNG")


def test_an_archive_becomes_a_pack_and_comes_back(routes):
    answer = send(routes)
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/styles/sanguine")
    info = StyleInfo(
        name="sanguine", title="Red chalk", description="soft", strokes=24, color="#aa3322", paper="#f4ecd8", licence="CC0",
        preview=True, exemplars=1, features=["squeezenet/fire5"], measured={"line_width": 0.01},
    )  # fmt: skip
    assert loads(StyleInfo, answer.content) == loads(StyleInfo, routes.http.get("/v1/styles/sanguine").content) == info
    assert names(routes)[0] == "sanguine"
    export = routes.http.get("/v1/styles/sanguine/export")
    assert (export.content, export.headers["content-type"]) == (CHALK, "application/zip")
    preview = routes.http.get("/v1/styles/sanguine/preview.png")
    assert (preview.content, preview.headers["content-type"]) == (FILES["preview.png"], "image/png")


def test_an_own_pack_is_replaced_only_with_leave(routes):
    other = write_archive(Pack("sanguine", {"style.toml": b'title = "Oil"'}))
    assert [send(routes, archive).status_code for archive in (CHALK, CHALK)] == [201, 201]  # the same again changes nothing
    problem(send(routes, other), "exists", 409)
    assert routes.http.get("/v1/styles/sanguine").json()["title"] == "Red chalk"
    assert send(routes, other, "?replace=1").json()["title"] == "Oil"
    assert send(routes, CHALK, "?name=second").json()["name"] == "second"
    problem(routes.http.get("/v1/styles/sanguine/preview.png"), "not-found", 404)


def test_the_packs_of_the_program_stay(routes):
    problem(send(routes, CHALK, "?name=technical-pen&replace=1"), "conflict", 409)
    problem(routes.http.delete("/v1/styles/technical-pen"), "conflict", 409)
    problem(routes.http.patch("/v1/styles/technical-pen", json={"title": "x"}), "conflict", 409)


def test_what_is_no_pack_is_refused_and_leaves_nothing(routes, tmp_path, monkeypatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../style.toml", TOML)
    for content in (b"", b"nothing", file.getvalue(), write_archive(Pack("sanguine", {"style.toml": b"title = 5"}))):
        problem(send(routes, content), "bad-pack", 422)
    problem(send(routes, CHALK, "?name=../x"), "bad-request", 400)
    monkeypatch.setattr("backend.daemon.style_routes.MOST_ARCHIVE", 100)
    problem(send(routes), "bad-pack", 422)
    problem(send(routes, iter([CHALK[:80], CHALK[80:]])), "bad-pack", 422)  # no Content-Length
    assert not list(tmp_path.glob("packs/*"))


def test_an_archive_that_takes_for_ever_is_refused(routes, monkeypatch):
    monkeypatch.setattr(styles_module, "OPEN_SECONDS", 0.0)
    assert "too long" in problem(send(routes), "bad-pack", 422)


def test_a_pack_is_renamed_and_entitled(routes):
    send(routes)
    info = loads(StyleInfo, routes.http.patch("/v1/styles/sanguine", json={"name": "roetel", "title": "Rötel"}).content)
    assert (info.name, info.title, info.description) == ("roetel", "Rötel", "soft")
    assert "sanguine" not in names(routes)
    send(routes)
    problem(routes.http.patch("/v1/styles/sanguine", json={"name": "roetel"}), "exists", 409)
    problem(routes.http.patch("/v1/styles/sanguine", json={"name": "../x"}), "bad-request", 400)
    problem(routes.http.patch("/v1/styles/sanguine", json={"title": "two\nlines"}), "bad-request", 400)


def test_a_pack_is_removed(routes):
    send(routes)
    assert routes.http.delete("/v1/styles/sanguine").status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/export"), ("GET", "/preview.png")):
        problem(routes.http.request(method, f"/v1/styles/sanguine{path}"), "not-found", 404)


def test_a_broken_pack_hides_no_other(routes, tmp_path):
    folder = tmp_path / "packs" / "broken"
    folder.mkdir(parents=True)
    (folder / "style.toml").write_text("title =")
    send(routes)
    infos = {entry["name"]: entry for entry in routes.http.get("/v1/styles").json()}
    assert "style.toml" in infos["broken"]["problem"] and not infos["sanguine"]["problem"]
    assert infos["broken"]["problem_phrase"]["pattern"] == "The style pack {file} cannot be read: {error}."
    (folder / "style.toml").write_text('title = "fine"')
    (folder / "features.safetensors").write_text("half")
    assert "features.safetensors" in routes.http.get("/v1/styles/broken").json()["problem"]


def ask(web, key=None, **fields):
    body = {"images": [web.sent], "name": "made", "title": "plain", **fields}
    return web.http.post("/v1/styles", json=body, headers={"Idempotency-Key": key} if key else {})


def made(web, **fields):
    answer = ask(web, **fields)
    assert answer.status_code == 201, answer.text
    job = answer.json()["id"]
    events = list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))
    return job, [name for _, name, _ in events], loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)


def test_a_pack_is_made_of_pictures_by_a_job(web):
    job, events, info = made(web)
    assert events == ["progress", "progress", "finished"]
    assert (info.request, info.style.name, info.style.images) == (None, "made", [web.sent])
    result = loads(StyleResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert (result.style.name, result.style.strokes, result.notes, result.job) == ("made", 1, ["a note"], job)
    assert "made" in names(web)
    assert [entry["id"] for entry in web.http.get("/v1/jobs").json()] == [job]


def test_a_made_pack_replaces_only_with_leave(web):
    made(web)
    problem(ask(web), "exists", 409)
    problem(ask(web, name="technical-pen", replace=True), "conflict", 409)
    made(web, title="", replace=True)
    assert web.http.get("/v1/styles/made").status_code == 200


def test_the_same_key_gives_the_same_job(web):
    first = ask(web, "key")
    until(lambda: web.http.get(f"/v1/jobs/{first.json()['id']}").json()["state"] == "finished")
    again = ask(web, "key")
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    problem(ask(web, "key", name="other"), "conflict", 409)


def test_wrong_requests_for_a_pack_are_refused(web):
    problem(ask(web, images=["0" * 64]), "not-found", 404)
    problem(ask(web, images=[]), "bad-request", 400)
    problem(ask(web, name="No Name"), "bad-request", 400)
    problem(web.http.post("/v1/styles", content="{", headers={"Content-Type": "application/json"}), "bad-request", 400)


def test_making_a_pack_can_be_canceled_and_can_fail(web, tmp_path):
    job = ask(web, title=f"wait|{tmp_path / 'never'}").json()["id"]
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["state"] == "running")
    web.http.post(f"/v1/jobs/{job}/cancel")
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["state"] == "cancelled")
    _, events, info = made(web, title="refuse")
    assert events[-1] == "failed" and "No lines were found" in info.error.detail
    assert "made" not in names(web)


def test_an_own_pack_is_seen_by_networks_that_came_later(web):
    plain = Pack("sanguine", {"style.toml": TOML, "exemplar.png": picture()})
    send(web, write_archive(plain))
    client = BackendClient("127.0.0.1", web.port, web.house.token)
    job = client.see_style("sanguine", "a key").id
    assert client.see_style("sanguine", "a key").id == job
    assert [event.kind for event in client.events(job)] == ["progress", "finished"]
    assert client.style_result(job).style == client.style("sanguine")
    assert client.style("sanguine").features == ["squeezenet/packs"]
    assert client.job(job).features.style == "sanguine"
    assert web.house.styles.library.read("sanguine").files["exemplar.png"] == plain.files["exemplar.png"]


def test_a_pack_that_cannot_be_seen_stays_as_it_is_and_says_why(web):
    send(web, query="?name=broken")
    client = BackendClient("127.0.0.1", web.port, web.house.token)
    assert [event.problem.detail for event in client.events(client.see_style("broken", "a key").id) if event.problem] == [
        "No network is here."
    ]
    assert client.style("broken").features == ["squeezenet/fire5"]
    problem(web.http.post("/v1/styles/technical-pen/features"), "conflict", 409)
    problem(web.http.post("/v1/styles/none/features"), "not-found", 404)


def test_the_extension_understands_all_of_it(web):
    client = BackendClient("127.0.0.1", web.port, web.house.token)
    assert "technical-pen" in [info.name for info in client.styles()]
    assert client.import_style(CHALK, "my-chalk").name == "my-chalk"
    with pytest.raises(Refusal) as refusal:
        client.import_style(write_archive(Pack("my-chalk", {"style.toml": b'title = "Oil"'})))
    assert refusal.value.problem.code == "exists" and refusal.value.help == "styles"
    assert client.import_style(CHALK, "my-chalk", replace=True).title == "Red chalk"
    assert client.style_preview("my-chalk") == FILES["preview.png"]
    assert client.export_style("my-chalk") == write_archive(Pack("my-chalk", FILES))
    assert client.change_style("my-chalk", StyleChange("third", "Third")).title == "Third"
    client.remove_style("third")
    with pytest.raises(Refusal, match="no style pack named 'third'"):
        client.style("third")
    job = client.extract_style(StyleRequest([web.sent], "made", "plain"), "a key").id
    assert [event.kind for event in client.events(job)] == ["progress", "progress", "finished"]
    assert client.style_result(job).style == client.style("made")
    assert client.job(job).style.name == "made"

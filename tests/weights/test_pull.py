"""Downloads from servers on this machine. The publishers' own are never asked: nothing here shows that they answer."""

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save

from backend import weights
from backend.core.errors import Missing, NotFound, OutOfDisk
from backend.core.work import completed
from backend.weights import download as download_module
from backend.weights import room
from backend.weights.intake import intact, remove
from backend.weights.pull import pull
from backend.weights.shelf import part_of, read_receipt, unfinished
from tests.weights.file_host import FileHost, Manners
from tests.weights.tiny_weights import QUICK, TENSORS

ROOT = Path(__file__).parent.parent.parent


def pulled(places, manifest, **events):
    return completed(pull("tiny", places, manifest, QUICK), **events)


def part(places, manifest):
    return part_of(manifest["tiny"], manifest["tiny"].files[0], places)


def stopped_in_the_middle(places, manifest):
    """A pull that is closed as soon as there is something; the bytes that are kept."""
    work = pull("tiny", places, manifest, QUICK)
    for progress in work:
        if 0 < progress.done < 0.9:
            break
    work.close()
    return part(places, manifest).stat().st_size


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_is_checked_kept_and_loaded(places, host, manifest_of, content):
    server = host()
    manifest, seen = manifest_of(server.url), []
    result = pulled(places, manifest, report=seen.append)
    assert result.fresh and result.notes == ()
    assert result.path.read_bytes() == content and result.path == weights.find("tiny", places, manifest)
    assert names(result.path.parent) == ["receipt.json", "tiny.safetensors"]
    assert result.receipt.source == server.url and result.receipt.sha256 == hashlib.sha256(content).hexdigest()
    assert [p.done for p in seen] == sorted(p.done for p in seen) and seen[-1].done == pytest.approx(1.0)
    assert "Tiny" in seen[0].stage and "MB" in seen[0].stage
    loaded = weights.load("tiny", places, manifest)
    assert all(torch.equal(loaded[key], value) for key, value in TENSORS.items())


def test_what_is_here_is_not_fetched_again(places, host, manifest_of):
    server = host()
    manifest = manifest_of(server.url)
    pulled(places, manifest)
    again = pulled(places, manifest)
    assert not again.fresh and len(server.asked) == 1


def test_it_is_told_where_nothing_uses_them(places, host, manifest_of):
    manifest = manifest_of(host().url)
    manifest["tiny"] = replace(manifest["tiny"], used_by="")
    assert pulled(places, manifest).notes == ("Nothing in this version uses Tiny yet.",)


def test_a_damaged_file_is_fetched_again(places, host, manifest_of, content):
    manifest = manifest_of(host().url)
    path = pulled(places, manifest).path
    path.write_bytes(b"x" * len(content))
    assert not intact("tiny", places, manifest)
    with pytest.raises(Missing, match=r"damaged.*models pull tiny"):
        weights.load("tiny", places, manifest)
    assert pulled(places, manifest).fresh and intact("tiny", places, manifest)


def test_a_broken_connection_is_taken_up_where_it_broke(places, host, manifest_of):
    server = host(Manners(breaks_after=[400_000, 300_000]))
    assert pulled(places, manifest_of(server.url)).fresh
    assert server.ranges_asked == ["", "bytes=400000-", "bytes=700000-"]
    assert server.asked[1]["If-Range"] == server.tag


def test_a_cancelled_download_is_taken_up_by_the_next(places, host, manifest_of):
    server = host(Manners(waits_for=threading.Event()))
    manifest = manifest_of(server.url)
    kept = stopped_in_the_middle(places, manifest)
    assert kept and weights.find("tiny", places, manifest) is None
    assert [count for _, count in unfinished(manifest["tiny"], places)] == [kept]
    server.manners.waits_for.set()
    assert pulled(places, manifest).fresh
    assert server.ranges_asked == ["", f"bytes={kept}-"]


def test_a_server_that_ignores_ranges_sends_all_again(places, host, manifest_of, content):
    server = host(Manners(breaks_after=[400_000], ranges=False))
    assert pulled(places, manifest_of(server.url)).path.read_bytes() == content
    assert server.ranges_asked == ["", "bytes=400000-"]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_start(places, host, manifest_of, content):
    server = host(Manners(waits_for=threading.Event()))
    manifest = manifest_of(server.url, sha256="", official_digits=0)
    stopped_in_the_middle(places, manifest)
    server.manners.waits_for.set()
    server.content = save({**TENSORS, "rest": TENSORS["rest"] + 1})
    assert pulled(places, manifest).path.read_bytes() == server.content
    assert server.asked[1]["If-Range"] != server.tag


def test_without_tag_or_whole_sha256_nothing_is_gone_on_with(places, host, manifest_of):
    server = host(Manners(breaks_after=[400_000], tags=False))
    pulled(places, manifest_of(server.url, sha256="", official_digits=0))
    assert server.ranges_asked == ["", ""]


def test_a_part_of_something_else_is_found_out_and_fetched_anew(places, host, manifest_of, content):
    server = host()
    manifest = manifest_of(server.url)
    part(places, manifest).parent.mkdir(parents=True)
    part(places, manifest).write_bytes(b"x" * 1000)
    assert pulled(places, manifest).path.read_bytes() == content
    assert server.ranges_asked == ["bytes=1000-", ""]


@pytest.mark.parametrize("size", [0, 1], ids=["whole", "too long"])
def test_a_part_that_is_complete_is_only_checked(places, host, manifest_of, content, size):
    server = host()
    manifest = manifest_of(server.url)
    part(places, manifest).parent.mkdir(parents=True)
    part(places, manifest).write_bytes(content + b"x" * size)
    assert pulled(places, manifest).path.read_bytes() == content
    assert len(server.asked) == size


def test_a_file_without_receipt_is_only_checked(places, host, manifest_of):
    server = host()
    manifest = manifest_of(server.url)
    (pulled(places, manifest).path.parent / "receipt.json").unlink()
    assert weights.find("tiny", places, manifest) is None
    assert pulled(places, manifest).fresh and len(server.asked) == 1


def test_wrong_bytes_are_removed_and_the_mirror_is_tried(places, host, manifest_of, content):
    wrong = host(other=bytes(len(content)))
    right = host()
    result = pulled(places, manifest_of(wrong.url, right.url))
    assert result.path.read_bytes() == content and result.receipt.source == right.url
    assert "another sha256" in result.notes[0] and len(wrong.asked) == 1


def test_wrong_bytes_everywhere_are_told_and_leave_nothing(places, host, manifest_of, content):
    manifest = manifest_of(host(other=bytes(len(content))).url)
    with pytest.raises(Missing, match=r"another sha256 .* than it should .*models add FILE") as caught:
        pulled(places, manifest)
    assert caught.value.exit_code == 3 and names(part(places, manifest).parent) == []


def test_the_right_first_digits_are_not_enough_for_other_tensors(places, host, manifest_of):
    other = save({"something": torch.zeros(3)})
    manifest = manifest_of(host(other=other).url, sha256=hashlib.sha256(other).hexdigest()[:8], size=len(other))
    with pytest.raises(Missing, match="does not hold the weights of Tiny"):
        pulled(places, manifest)


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        (Manners(status=404), "404"),
        (Manners(status=503), "Service Unavailable|service unavailable"),
        (Manners(breaks_after=[1000], lengths=False, ranges=False, tags=False), "ended after 1000 of"),
        (Manners(too_much=b"x" * 500_000, lengths=False), "more than the"),
        (Manners(leads_to="http://example.org/weights.bin"), "not https"),
        (Manners(leads_to="file:///etc/passwd"), "not https|not allowed"),
        (Manners(wrong_range=True, breaks_after=[1000]), "another part"),
    ],
    ids=["gone", "busy", "always breaks", "too much", "to http", "to a file", "wrong range"],
)
def test_answers_that_are_no_file_are_told(places, host, manifest_of, manners, reason):
    if manners.breaks_after and not manners.wrong_range:
        manners.breaks_after *= 20
    with pytest.raises(Missing, match=reason):
        pulled(places, manifest_of(host(manners).url))


def test_a_page_in_its_place_is_told_before_it_is_fetched(places, host, manifest_of):
    manifest = manifest_of(host(other=b"<html>Please log in</html>").url)
    with pytest.raises(Missing, match="offers 26 bytes instead of"):
        pulled(places, manifest)
    assert names(part(places, manifest).parent) == []


def test_redirects_are_followed(places, host, manifest_of):
    server = host()
    assert pulled(places, manifest_of(host(Manners(leads_to=server.url)).url)).fresh


def test_a_file_without_length_is_fetched(places, host, manifest_of, content):
    assert pulled(places, manifest_of(host(Manners(lengths=False)).url)).path.read_bytes() == content


def test_offline_is_one_sentence_with_the_way_out(places, manifest_of):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/weights.bin"
        begin = time.monotonic()
        with pytest.raises(Missing, match="network does not reach it") as caught:
            pulled(places, manifest_of(url))
    assert "tiny.safetensors" in str(caught.value) and "`stylesketch models add FILE`" in str(caught.value)
    assert str(caught.value).endswith(".") and ". " not in str(caught.value)
    assert time.monotonic() - begin < 30


def test_a_proxy_is_used(places, host, manifest_of, monkeypatch):
    proxy = host()
    monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/weights.bin"))
    monkeypatch.setattr(download_module, "LOOPBACK", ("weights.example",))
    assert pulled(places, manifest_of("http://weights.example/tiny")).fresh
    assert proxy.asked[0]["Host"] == "weights.example"


def test_an_address_that_is_not_https_is_refused(places, manifest_of):
    with pytest.raises(Missing, match="not https"):
        pulled(places, manifest_of("http://example.org/tiny"))


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of this address, with its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", made, *names]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


def test_over_https_a_stranger_s_certificate_is_refused_and_a_trusted_one_taken(
    places, host, manifest_of, certificate, monkeypatch
):
    server = host(certificate=certificate)
    with pytest.raises(Missing, match=r"(?i)certificate.verify.failed"):
        pulled(places, manifest_of(server.url))
    assert server.asked == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert pulled(places, manifest_of(server.url)).fresh


def test_too_little_room_is_told_before_anything_is_fetched(places, host, manifest_of, monkeypatch):
    server = host()
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10 << 20))
    with pytest.raises(OutOfDisk, match="MB are needed"):
        pulled(places, manifest_of(server.url))
    assert weights.find("tiny", places, manifest_of(server.url)) is None


def test_room_that_goes_meanwhile_stops_the_download_and_keeps_the_part(places, host, manifest_of, monkeypatch):
    free = iter([1 << 30, 1 << 30, 0])
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free)))
    monkeypatch.setattr(download_module, "LOOK_EVERY", 300_000)
    manifest = manifest_of(host().url)
    with pytest.raises(OutOfDisk):
        pulled(places, manifest)
    assert part(places, manifest).stat().st_size >= 300_000


def test_a_full_disk_leaves_no_part(places, host, manifest_of, monkeypatch):
    def full_later(folder, count):
        if part(places, manifest).exists():
            raise OSError(errno.ENOSPC, "No space left on device")

    manifest = manifest_of(host().url)
    with monkeypatch.context() as patch:
        patch.setattr(download_module, "LOOK_EVERY", 300_000)
        patch.setattr(download_module, "need_room", full_later)
        with pytest.raises(OutOfDisk, match="removed"):
            pulled(places, manifest)
    assert names(part(places, manifest).parent) == []
    assert pulled(places, manifest).fresh


def test_what_the_publisher_does_not_vouch_for_is_noted_and_held_to(places, host, manifest_of, content):
    server = host()
    manifest = manifest_of(server.url, sha256="", official_digits=0)
    result = pulled(places, manifest)
    digest = hashlib.sha256(content).hexdigest()
    assert "unverified" in result.notes[0] and digest in result.notes[0]
    assert read_receipt("tiny", places, manifest).sha256 == digest
    result.path.write_bytes(b"damaged")
    server.content = save({**TENSORS, "rest": TENSORS["rest"] + 1})
    with pytest.raises(Missing, match=r"than the one that was taken before.*models remove tiny"):
        pulled(places, manifest)
    remove("tiny", places, manifest)
    assert pulled(places, manifest).fresh


def test_what_cannot_be_downloaded_says_what_to_do(places, manifest_of):
    with pytest.raises(Missing, match=r"models add own FILE.* It is nobody's"):
        completed(pull("own", places, manifest_of(), QUICK))
    with pytest.raises(NotFound, match="tiny, own"):
        completed(pull("clip", places, manifest_of(), QUICK))


def test_two_at_once_fetch_it_once(places, host, manifest_of, content):
    server = host(Manners(waits_for=threading.Event()))
    manifest, stages, results = manifest_of(server.url), [], []

    def second():
        results.append(pulled(places, manifest, report=lambda progress: stages.append(progress.stage)))

    first = pull("tiny", places, manifest, QUICK)
    while next(first).done == 0:
        pass
    other = threading.Thread(target=second)
    other.start()
    while not stages:
        time.sleep(0.01)
    server.manners.waits_for.set()
    assert completed(first).fresh
    other.join(20)
    assert "waiting" in stages[0] and not results[0].fresh and len(server.asked) == 1


SCRIPT = """
import sys
from backend.core.work import completed
from backend.places import Places
from backend.weights.download import Patience
from backend.weights.manifest import Weights, WeightsFile
from backend.weights.pull import pull
home, url, size, sha256 = sys.argv[1:]
file = WeightsFile("tiny.safetensors", (url,), int(size), sha256, 64)
manifest = {"tiny": Weights("tiny", "Tiny", "tests", "none", ({"first.weight": (2, 3)},), (file,))}
def report(progress):
    print(progress.done, flush=True)
print(completed(pull("tiny", Places.find(home), manifest, Patience(5, 3, 0.01)), report).fresh, flush=True)
"""


@contextlib.contextmanager
def pulling(tmp_path, server: FileHost, content):
    arguments = [str(tmp_path / "home"), server.url, str(len(content)), hashlib.sha256(content).hexdigest()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "inkscape_ext")])}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_process_that_is_killed_leaves_a_part_and_no_lock(places, host, manifest_of, tmp_path, content):
    server = host(Manners(waits_for=threading.Event()))
    manifest = manifest_of(server.url)
    with pulling(tmp_path, server, content) as process:
        while float(process.stdout.readline()) < 0.1:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    kept = part(places, manifest).stat().st_size
    assert kept and weights.find("tiny", places, manifest) is None
    server.manners.waits_for.set()
    assert pulled(places, manifest).fresh
    assert server.ranges_asked[-1] == f"bytes={kept}-"


def test_two_processes_fetch_it_once(places, host, manifest_of, tmp_path, content):
    server = host()
    with pulling(tmp_path, server, content) as one, pulling(tmp_path, server, content) as two:
        ends = sorted(process.communicate(timeout=60)[0].split()[-1] for process in (one, two))
    assert ends == ["False", "True"] and len(server.asked) == 1
    assert intact("tiny", places, manifest_of(server.url))

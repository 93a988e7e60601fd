"""Diffusion checkpoints: folders of many files, from a hub, the user's own disk, or another program's cache of the hub.

The hub itself says how large its files are, their sha256 and their licence; that is told before anything is downloaded.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from backend import __version__
from backend.core.errors import Conflict, Missing, NotFound
from backend.core.files import write_whole
from backend.core.lock import only_one
from backend.core.notes import Note, wording
from backend.places import Places
from backend.weights.digest import sha256_of
from backend.weights.download import Patience, Unreachable, WrongAnswer, download, reason_of
from backend.weights.hub_files import INDEX, HubFile, chosen, listed
from backend.weights.manifest import HUB, WeightsFile
from backend.weights.room import need_room

if TYPE_CHECKING:
    from backend.core.work import Work

RECEIPT = "stylesketch.json"
FOLDER = "checkpoints"  # beside the folders of the manifest's weights
MOST_LISTING = 5_000_000  # bytes
NOT_THERE = (401, 403, 404, 410)  # what the hub answers where there is nothing, or not for everyone
PATIENCE = Patience()


@dataclass(frozen=True)
class Checkpoint:
    """One that is known by a short name."""

    name: str
    repository: str  # on the hub
    title: str
    used_by: str
    license: str
    about_size: str = ""  # as others tell it, for before the hub has been asked
    files: tuple[str, ...] = ()  # patterns of the files that are needed; none: those of a checkpoint's parts
    index: str = INDEX  # a file without which it is not there


CHECKPOINTS: Mapping[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        Checkpoint(
            "sd15",
            "stable-diffusion-v1-5/stable-diffusion-v1-5",
            "Stable Diffusion 1.5",
            Note("prompt, restyle --method diffusion, style train"),
            "CreativeML OpenRAIL-M",
            Note("about 2.1 GB, unverified"),
        ),
        Checkpoint(
            "sd_turbo",
            "stabilityai/sd-turbo",
            "SD-Turbo",
            Note("prompt, in one to four steps"),
            Note("Stability AI's own (commercial use: stability.ai/license)"),
        ),
        Checkpoint(
            "ip_adapter",
            "h94/IP-Adapter",
            Note("IP-Adapter for Stable Diffusion 1.5, with its image encoder"),
            Note("restyle --method diffusion, for styles that were not trained"),
            "Apache-2.0",
            files=("models/ip-adapter_sd15.safetensors", "models/image_encoder/*.json", "models/image_encoder/*.safetensors"),
            index="models/ip-adapter_sd15.safetensors",
        ),
    )
}


@dataclass(frozen=True)
class Offer:
    """What a pull would bring."""

    name: str  # of the folder it goes to
    title: str
    repository: str
    revision: str
    license: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)

    @property
    def sentence(self) -> str:
        """What the user is told before the first byte."""
        return (
            f"{self.title} from huggingface.co/{self.repository}: {self.size / 1e9:.2f} GB in {len(self.files)} files, "
            f"licence {self.license}."
        )


@dataclass(frozen=True)
class Found:
    """A checkpoint that is on this machine."""

    name: str
    folder: Path


def is_checkpoint(name: str) -> bool:
    """Whether a name is a checkpoint's, a short one or one on the hub."""
    return name.replace("-", "_").lower() in CHECKPOINTS or name.count("/") == 1


def find_checkpoint(name: str, places: Places) -> Found | None:
    """A checkpoint by its folder, its short name, or its name on the hub; None where it is not here."""
    folder = Path(name).expanduser()
    if (folder / INDEX).is_file():
        return Found(folder.resolve().name, folder)
    known = CHECKPOINTS.get(name.replace("-", "_").lower())
    for place in (_folder(name, places), _cached(known.repository if known else name)):
        if place is not None and (place / (known.index if known else INDEX)).is_file():
            return Found(known.title if known else name, place)
    return None


def need_checkpoint(names: Sequence[str], places: Places) -> Found:
    """The first of some checkpoints that is here; Missing tells how to get the first, its size and its licence."""
    for name in names:
        found = find_checkpoint(name, places)
        if found is not None:
            return found
    raise Missing(how_to_get(names[0]))


def how_to_get(name: str) -> Note:
    """The sentence that says what a checkpoint is and which command brings it."""
    known = CHECKPOINTS.get(name.replace("-", "_").lower())
    if known is None and name.count("/") != 1:
        return Note(
            "There is no checkpoint in {name}: name a folder with a {index}, a name on the hub, or {names}.",
            name=name,
            index=INDEX,
            names=", ".join(CHECKPOINTS),
        )
    if known is None:
        return Note(
            "The checkpoint {name} is not here: `stylesketch models pull {name}` brings it (the command first tells its size "
            "and licence).",
            name=name,
        )
    return Note(
        "{title} is not here: `stylesketch models pull {name}` brings it ({size}; licence: {license}).",
        title=known.title,
        name=known.name,
        size=known.about_size or wording("the command first tells its size"),
        license=known.license,
    )


def offer(name: str, hub: str = HUB, timeout: float = 30.0) -> Offer:
    """Asks the hub what there is to download; Missing where it does not answer, NotFound for an unknown name."""
    known = CHECKPOINTS.get(name.replace("-", "_").lower())
    repository = known.repository if known else name
    if repository.count("/") != 1:
        raise NotFound(
            "There is no checkpoint named '{name}'. There are: {names}, and OWNER/NAME on the hub.",
            name=name[:80],
            names=", ".join(CHECKPOINTS),
        )
    about = _asked(f"{hub}/api/models/{quote(repository)}", repository, timeout)
    revision = str(about.get("sha") or "main") if isinstance(about, dict) else "main"
    listing = _asked(f"{hub}/api/models/{quote(repository)}/tree/{quote(revision)}?recursive=true", repository, timeout)
    files = tuple(chosen(listed(listing), known.files if known else ()))
    if not files:
        raise Missing(
            "{repository} on the hub has no weights in the safetensors format and diffusers' layout. Choose another one.",
            repository=repository,
        )
    card = about.get("cardData") if isinstance(about, dict) else None
    told = str(card.get("license")) if isinstance(card, dict) and card.get("license") else ""
    license_ = ", ".join(dict.fromkeys(filter(None, (known.license if known else "", told)))) or "not stated"
    folder = known.name if known else repository.replace("/", "--")
    return Offer(folder, known.title if known else repository, repository, revision, license_, files)


def fetch(wanted: Offer, places: Places, hub: str = HUB, patience: Patience = PATIENCE) -> Work[Found]:
    """Downloads what was offered; what was interrupted goes on, and nothing is done where all is here and intact.

    Every file is checked: its size, and its sha256 where the hub tells one. The folder appears when all is there.
    Raises Missing, Conflict, OutOfDisk.
    """
    from backend.core.work import Progress  # it brings torch, which the server, that lists checkpoints, does without

    root = places.weights / FOLDER
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(root / f".{wanted.name}.lock") as held:
        if not held:
            raise _busy(wanted.title)
        if (root / wanted.name).is_dir():
            yield Progress("checking what is here", 0.0)
            if all(_intact(root / wanted.name / file.path, file) for file in wanted.files):
                return Found(wanted.title, root / wanted.name)
        part, receipt, done = root / f".{wanted.name}.part", {}, 0
        yield Progress(wanted.sentence, 0.0)
        need_room(root, wanted.size - sum(f.stat().st_size for f in part.rglob("*") if f.is_file()))
        for file in wanted.files:
            work = _fetched(file, wanted, part / file.path, hub, patience)
            for count in work:
                yield Progress(f"downloading {file.path}", min(1.0, (done + count) / max(1, wanted.size)))
            done += file.size
            receipt[file.path] = asdict(file)
        write_whole(part / RECEIPT, json.dumps({"revision": wanted.revision, "files": receipt}, indent=1).encode())
        shutil.rmtree(root / wanted.name, ignore_errors=True)
        os.replace(part, root / wanted.name)
    return Found(wanted.title, root / wanted.name)


def intact_checkpoint(name: str, places: Places) -> bool:
    """Whether a checkpoint that was pulled has all its files, undamaged; NotFound where it is not here."""
    folder = _here(name, places)
    try:
        files = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))["files"]
        return all(_intact(folder / path, HubFile(**told)) for path, told in files.items())
    except (OSError, ValueError, TypeError, KeyError):
        return False


def remove_checkpoint(name: str, places: Places) -> int:
    """Deletes a checkpoint that was pulled, or what is left of a pull; how many bytes that freed. NotFound, Conflict."""
    folder = _here(name, places)
    with only_one(folder.with_name(f".{folder.name.removeprefix('.').removesuffix('.part')}.lock")) as held:
        if not held:
            raise _busy(name)
        folder = _here(name, places)  # a pull may just have ended
        freed = size_of(folder)
        shutil.rmtree(folder)
    return freed


def pulled_size(name: str, places: Places) -> int | None:
    """Bytes of a checkpoint that was pulled; None where it was not."""
    folder = _folder(name, places)
    return size_of(folder) if folder is not None and folder.is_dir() else None


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _here(name: str, places: Places) -> Path:
    folder = _folder(name, places)
    for place in (folder, folder and folder.with_name(f".{folder.name}.part")):
        if place is not None and place.is_dir():
            return place
    raise NotFound("The checkpoint {name} is not here. `stylesketch models list` shows what is.", name=name)


def _busy(title: str) -> Conflict:
    """What is said where another process changes a checkpoint."""
    return Conflict("{title} is just being brought by another process. Wait for it, or stop it first.", title=title)


def _folder(name: str, places: Places) -> Path | None:
    """Where a pull puts a checkpoint."""
    short = name.replace("-", "_").lower()
    if short in CHECKPOINTS:
        return places.weights / FOLDER / short
    parts = name.split("/")
    if len(parts) != 2 or any(part in ("", ".", "..") for part in parts):
        return None
    return places.weights / FOLDER / "--".join(parts)


def _cached(repository: str) -> Path | None:
    """The folder of a repository in the cache that the hub's own programs keep."""
    parts = repository.split("/")
    if len(parts) != 2:
        return None
    home = os.environ.get("HF_HUB_CACHE") or os.path.join(os.environ.get("HF_HOME", "~/.cache/huggingface"), "hub")
    folder = Path(home).expanduser() / f"models--{parts[0]}--{parts[1]}"
    try:
        return folder / "snapshots" / (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _asked(url: str, repository: str, timeout: float) -> object:
    """The hub's answer as JSON; Missing, NotFound."""
    request = urllib.request.Request(url, headers={"User-Agent": f"stylesketch/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read(MOST_LISTING))
    except urllib.error.HTTPError as error:
        with error:
            if error.code in NOT_THERE:
                raise NotFound(
                    "The hub has no {repository} that anyone may download (it answers {code}). Check the name.",
                    repository=repository,
                    code=error.code,
                ) from None
            raise Missing(
                "The hub cannot tell of {repository} now (it answers {code}). Try again later.",
                repository=repository,
                code=error.code,
            ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Missing(
            "huggingface.co cannot be asked for {repository} ({error}): try again later, or bring its folder from another "
            "computer and name it with --checkpoint FOLDER.",
            repository=repository,
            error=reason_of(error),
        ) from error


def _fetched(file: HubFile, wanted: Offer, target: Path, hub: str, patience: Patience) -> Iterator[int]:
    """Brings one file, unless it is there already; yields how many bytes of it are there."""
    if target.is_file() and _intact(target, file):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    url = f"{hub}/{wanted.repository}/resolve/{quote(wanted.revision)}/{quote(file.path)}"
    described = WeightsFile(file.path, (url,), file.size, file.sha256)
    try:
        if file.size:
            yield from download(url, part, described, patience)
        else:
            part.touch()
    except (Unreachable, WrongAnswer) as error:
        raise Missing(
            "{path} of {title} could not be downloaded ({error}): try again, it goes on from there.",
            path=file.path,
            title=wanted.title,
            error=error,
        ) from error
    if not _intact(part, file):
        part.unlink()
        raise Missing(
            "{path} of {title} came damaged: try again, the other files are kept.", path=file.path, title=wanted.title
        )
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)
    os.replace(part, target)


def _intact(path: Path, file: HubFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    return not file.sha256 or sha256_of(path) == file.sha256

"""The manifest agrees with itself. Whether its addresses answer, and its sizes and sha256 are true, is not tested here."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from backend.recipes import RECIPES
from backend.weights.download import _safe
from backend.weights.manifest import DIGITS, MANIFEST, WeightsFile

FILES = [(name, file) for name, weights in MANIFEST.items() for file in weights.files]


@pytest.mark.parametrize("name", MANIFEST)
def test_entries_say_everything(name):
    weights = MANIFEST[name]
    assert weights.name == name and re.fullmatch("[a-z0-9_]+", name)
    assert weights.title and weights.license and weights.layouts
    assert weights.files or weights.about
    assert name in weights.cure


@pytest.mark.parametrize(("name", "file"), FILES, ids=[file.name for _, file in FILES])
def test_files_can_be_fetched_over_https_only_and_checked_as_said(name, file):
    assert file.size > 1e6 and re.fullmatch(r"[\w.-]+", file.name)
    assert len(set(file.urls)) == len(file.urls) >= 1
    assert all(urlsplit(url).scheme == "https" and _safe(url) for url in file.urls)
    assert re.fullmatch("[0-9a-f]*", file.sha256) and len(file.sha256) in (0, 8, DIGITS)
    assert file.official_digits <= len(file.sha256)


@pytest.mark.parametrize(("name", "file"), FILES, ids=[file.name for _, file in FILES])
def test_what_the_publisher_confirms_stands_in_its_own_address(name, file):
    """OpenAI's addresses hold the whole sha256, torch hub's file names the first 8 digits."""
    if file.official_digits:
        assert all(file.sha256[: file.official_digits] in url for url in file.urls)


def test_the_guidances_that_need_weights_say_so_and_no_others():
    """`used_by` names `--guidance X` exactly where a recipe has that guidance."""
    guidances = {name for recipe in RECIPES.values() for name in recipe.guidances}
    for name, weights in MANIFEST.items():
        assert (name in guidances) == (f"--guidance {name}" in weights.used_by), f"correct used_by of {name}"
        named = re.findall(r"--guidance ([a-z0-9_+]+)", weights.used_by)
        assert set(named) <= guidances, f"correct used_by of {name}"


def test_file_names_are_unique():
    names = [file.name for _, file in FILES]
    assert len(set(names)) == len(names)


def test_the_proof_is_told_in_words():
    file = WeightsFile("x", (), 1, "ab" * 32, DIGITS)
    assert file.proof == "sha256 from the publisher"
    assert replace(file, official_digits=8).proof == "first 8 digits of the sha256 from the publisher"
    assert replace(file, official_digits=0).proof == "sha256 from other projects"
    assert replace(file, official_digits=0, sha256="").proof == "unverified"

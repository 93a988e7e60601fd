"""Fields: what values they can have, and what is kept of them."""

import json

import pytest
from stylesketch_ext.failures import Asked
from stylesketch_ext.fields import Choice, Line, Number, Pack, Share, Switch, checked, remember_values, remembered_values

FIELDS = (
    Number("width", "_Width", 512, 32, 4096),
    Number("count", "_Count", 0, 4, 9, automatic="A_utomatic"),
    Number("zoom", "_Zoom", 1.5, 0.5, 2.0, digits=1),
    Share("strength", "_Strength", 1.0, "weak", "strong"),
    Choice("as", "_As", "picture", (("picture", "Picture"), ("pattern", "Pattern"))),
    Line("text", "_Text"),
    Switch("tiled", "_Tiled", False),
    Pack("style", "engraving"),
)
VALUES = {field.key: field.value for field in FIELDS}


def test_what_fields_begin_with_is_what_they_can_have():
    assert checked(FIELDS, VALUES) is VALUES


@pytest.mark.parametrize(("change", "words"), [
    ({"width": 5000}, "width must be between 32 and 4096, not 5000"),
    ({"width": 40.5}, "width=40.5"),
    ({"width": True}, "width=True"),
    ({"count": 3}, "count must be between 4 and 9, not 3"),
    ({"zoom": 2.1}, "zoom must be between 0.5 and 2, not 2.1"),
    ({"strength": -0.1}, "strength must be between 0 and 1"),
    ({"as": "poster"}, "as must be one of picture, pattern, not poster"),
    ({"tiled": 1}, "tiled=1"),
    ({"text": 7}, "text=7"),
])  # fmt: skip
def test_what_they_cannot_have_is_a_sentence(change, words):
    with pytest.raises(Asked, match="cannot work with these settings: ") as caught:
        checked(FIELDS, {**VALUES, **change})
    assert words in str(caught.value)


def test_values_are_remembered(tmp_path):
    chosen = {**VALUES, "width": 64, "zoom": 2, "tiled": True, "text": "ü", "style": "own"}
    assert remember_values(str(tmp_path / "data"), "texture", chosen)
    assert remembered_values(str(tmp_path / "data"), "texture", FIELDS, VALUES) == chosen
    assert remembered_values(str(tmp_path / "data"), "restyle", FIELDS, VALUES) == VALUES


@pytest.mark.parametrize("text", ["{", "null", "[]", "3"])
def test_damaged_memories_are_no_obstacle(tmp_path, text):
    (tmp_path / "inkscape-texture.json").write_text(text)
    assert remembered_values(str(tmp_path), "texture", FIELDS, VALUES) == VALUES


def test_of_a_memory_only_what_can_be_used_counts(tmp_path):
    (tmp_path / "inkscape-texture.json").write_text(json.dumps({"width": 99999, "as": "pattern", "gone": 1, "tiled": "yes"}))
    assert remembered_values(str(tmp_path), "texture", FIELDS, VALUES) == {**VALUES, "as": "pattern"}


def test_a_folder_that_cannot_be_written_is_no_obstacle():
    assert remember_values("/dev/null/x", "texture", VALUES) is None

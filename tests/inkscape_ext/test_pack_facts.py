"""What is said of style packs, and the names they get."""

from dataclasses import replace

import pytest
from stylesketch_ext import pack_facts
from stylesketch_ext.wire.messages import StyleInfo

PEN = StyleInfo("technical-pen", "Technical pen", bundled=True, strokes=64)
INK = StyleInfo("ink", "Ink", strokes=90, licence="CC0-1.0", exemplars=3, measured={"line_width": 0.0042, "hatch_angle": -44.6})
BROKEN = StyleInfo("mine", "Mine", problem="It has no pen.")


@pytest.mark.parametrize(("share", "told"), [(0.0017, "0.17 %"), (0.126, "13 %"), (1.0, "100 %"), (1.264, "126 %")])
def test_shares_are_told_without_powers_of_ten(share, told):
    pack = replace(PEN, strokes=0, measured={"stroke_length": share})
    assert ("Stroke length", told) in pack_facts.facts(pack)


def test_only_what_is_known_is_told():
    assert pack_facts.facts(PEN) == [("Strokes", "64")]
    assert pack_facts.facts(INK) == [
        ("Strokes", "90"),
        ("Licence", "CC0-1.0"),
        ("Made from", "3 pictures"),
        ("Line width", "0.42 %"),
        ("Hatch angle", "-45°"),
    ]


def test_bundled_packs_are_fixed_and_the_reason_is_told():
    assert "comes with StyleSketch" in pack_facts.fixed_because(PEN)
    assert pack_facts.fixed_because(INK) == ""
    assert pack_facts.fixed_because(None) == "Choose a style pack first."
    assert (pack_facts.origin(PEN), pack_facts.origin(INK)) == ("technical-pen · comes with StyleSketch", "ink · your own")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Grandfather’s Etchings", "grandfathers-etchings"),
        ("Tusche, große Blätter", "tusche-grosse-blaetter"),
        ("Ångström née Øre", "angstroem-nee-ore"),
        ("  __ 3rd try!! ", "3rd-try"),
        ("墨", ""),
        ("…", ""),
        ("Ink", "ink-2"),
        ("con", "con-2"),
    ],
)
def test_a_name_is_made_of_the_title(title, name):
    assert pack_facts.name_from(title, ["ink", "pen"]) == name
    assert not name or not pack_facts.wrong_name(name)


def test_a_name_stays_short_enough_for_a_number():
    name = pack_facts.name_from("a" * 200)
    again = pack_facts.name_from("a" * 200, [name])
    assert again == name + "-2" and len(again) <= pack_facts.NAME_LENGTH


@pytest.mark.parametrize("name", ["", "Ink", "a/b", "-a", "nul", "ä", "a" * 65])
def test_a_wrong_name_is_told(name):
    assert pack_facts.wrong_name(name)


@pytest.mark.parametrize(
    ("picture", "title"),
    [("dore_wood.jpg", "Dore wood"), ("My etching", "My etching"), (".png", ".png"), ("v1.final version", "V1.final version")],
)
def test_a_title_is_made_of_a_picture_s_name(picture, title):
    assert pack_facts.title_from(picture) == title


def test_another_style_stands_in_and_that_is_told():
    packs = [INK, PEN]
    assert pack_facts.stand_in("ink", packs) == INK
    assert pack_facts.stand_in("gone", packs) == PEN
    assert pack_facts.stand_in("gone", [INK]) == INK
    assert pack_facts.stand_in("gone", []) is None
    assert pack_facts.gone_sentence("ink", packs, INK) is None
    assert pack_facts.gone_sentence("gone", packs, PEN) == (
        "The style “gone” is no longer installed, so “Technical pen” is chosen."
    )
    told = pack_facts.gone_sentence("mine", [BROKEN, PEN], PEN)
    assert told == "The style “Mine” cannot be used (It has no pen), so “Technical pen” is chosen."


def test_what_cannot_be_drawn_with_is_not_offered():
    assert pack_facts.drawable([BROKEN, INK]) == [INK]


@pytest.mark.parametrize(("text", "told"), [
    ("Measured on one picture.", "one"), ("Measured on 12 pictures.", "many 12"), ("Measured by me.", "Measured by me."),
])  # fmt: skip
def test_what_the_engine_wrote_of_a_pack_is_said_in_the_user_s_language(monkeypatch, text, told):
    monkeypatch.setattr(pack_facts, "plural", lambda one, many, count: "one" if count == 1 else f"many {count}")
    assert pack_facts.description_of(StyleInfo("mine", "Mine", text, bundled=False)) == told

"""Extensions ▸ StyleSketch ▸ Style Packs… by real clicks: look, import, rename, export, remove, and make one from pictures."""

import shutil
import time

import gui
import pytest
import rings
from test_gui import OURS, layers, no_dialogs, open_window, save

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(240)]

MAIN = " - Inkscape$"
PACKS = "Style Packs"
BODY = (
    '<image id="i" x="60" y="60" width="300" height="225" xlink:href="{png}" inkscape:label="Old etching"/>'
    '<image id="j" x="60" y="300" width="100" height="75" xlink:href="{png}" inkscape:label="Second"/>'
)


@pytest.fixture(autouse=True)
def need_accessibility():
    if not gui.python_with_accessibility():
        pytest.skip("no Python with AT-SPI: install python3-gi and gir1.2-atspi-2.0")


@pytest.mark.slow
def test_styles_are_managed_from_the_sketch_window(screen, fake_profile, tmp_path):
    """In the same window: what is imported there is chosen here, and drawn with."""
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY.partition("/>")[0] + "/>")
    (tmp_path / "ink.stylepack").write_text("ink")
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        open_window(inkscape)
        inkscape.wait_text(OURS, "Technical pen")
        inkscape.key("alt+y", "Left")
        inkscape.press(OURS, "Manage…")
        inkscape.wait_text(OURS, "charcoal · comes with StyleSketch")
        inkscape.press(OURS, "Import…")
        inkscape.choose_file(OURS, str(tmp_path / "ink.stylepack"), "Import")
        inkscape.wait_text(OURS, "ink · your own")
        inkscape.press(OURS, "Done")
        inkscape.wait_text(OURS, "Ink")
        inkscape.shot(tmp_path / "chosen.png")
        inkscape.press(OURS, "Manage…")
        inkscape.pick(OURS, "Ink")
        inkscape.press(OURS, "Remove…")
        inkscape.key("Escape")
        inkscape.key("Escape")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "12 of 12 strokes.")
        inkscape.press(OURS, "Insert")
        inkscape.wait_gone(OURS, 30)
        assert not no_dialogs(inkscape)
    assert engine.jobs["job1"].settings.style == "ink" and "ink" in engine.styles.packs


@pytest.fixture
def opened(screen, fake_profile, tmp_path):
    """The window over a document with two selected pictures, which stays as it is; gives (gui, engine, folder)."""
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    before = document.read_bytes()
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        inkscape.focus(MAIN)
        inkscape.key("ctrl+alt+a")
        inkscape.menu("Extensions", "StyleSketch", "Style Packs…")
        inkscape.wait_for(PACKS)
        inkscape.wait_text(PACKS, "charcoal · comes with StyleSketch")
        yield inkscape, engine, tmp_path
        assert not no_dialogs(inkscape)
        inkscape.focus(MAIN)
        inkscape.key("ctrl+s")
        time.sleep(1.0)
        assert document.read_bytes() == before


def import_pack(inkscape, path):
    inkscape.press(PACKS, "Import…")
    inkscape.choose_file(PACKS, str(path), "Import")


def test_look_and_leave(opened):
    inkscape, _, folder = opened
    inkscape.wait_text(PACKS, "This pack comes with StyleSketch: it can be neither renamed nor removed.")
    inkscape.pick(PACKS, "Technical pen")
    inkscape.wait_text(PACKS, "technical-pen · comes with StyleSketch")
    inkscape.wait_text(PACKS, "Black lines of one width.")
    inkscape.shot(folder / "look.png")
    for keys, name in (("Left",), "charcoal"), (("End",), "technical-pen"), (("Tab", "shift+Tab", "Home"), "charcoal"):
        inkscape.key(*keys)
        inkscape.wait_text(PACKS, name + " · comes with StyleSketch")
    inkscape.key("Escape")
    inkscape.wait_gone(PACKS)


@pytest.mark.slow
def test_import_rename_export_and_remove(opened):
    inkscape, engine, folder = opened
    packs = engine.styles.packs
    (folder / "broken.stylepack").write_text("Not A Pack")
    (folder / "ink.stylepack").write_text("ink")
    import_pack(inkscape, folder / "broken.stylepack")
    inkscape.wait_text(PACKS, "(?s)This is no style pack: .*Troubleshooting, “A style pack is refused”\\.")
    inkscape.shot(folder / "refused.png")
    import_pack(inkscape, folder / "ink.stylepack")
    inkscape.wait_text(PACKS, "The style pack “Ink” has been imported.")
    inkscape.wait_text(PACKS, "ink · your own")

    first = packs["ink"]
    for answer in ("Cancel", "Keep Both", "Replace"):
        import_pack(inkscape, folder / "ink.stylepack")
        inkscape.wait_text(PACKS, "There is a style pack named 'ink' already. Replace it, or choose another name.")
        inkscape.shot(folder / "replace.png")
        inkscape.press(PACKS, answer)
        if answer != "Replace":
            time.sleep(0.5)
            assert packs["ink"] is first
    inkscape.wait_text(PACKS, "ink · your own")
    assert packs["ink"] is not first and "ink-2" in packs
    (folder / "ink.stylepack").write_text("charcoal")
    import_pack(inkscape, folder / "ink.stylepack")
    inkscape.wait_text(PACKS, "'charcoal' is a style pack that comes with StyleSketch and stays as it is. Choose another name.")
    inkscape.press(PACKS, "Keep Both")
    inkscape.wait_text(PACKS, "charcoal-2 · your own")
    inkscape.pick(PACKS, "Ink")

    inkscape.press(PACKS, "Rename…")
    inkscape.write(PACKS, "Title of the style pack", "Sumi")
    inkscape.write(PACKS, "Name of the style pack", "sumi")
    inkscape.key("Return")
    inkscape.wait_text(PACKS, "sumi · your own")
    assert packs["sumi"].title == "Sumi" and "ink" not in packs

    inkscape.press(PACKS, "Export…")
    inkscape.choose_file(PACKS, str(folder / "out.stylepack"), "Export")
    inkscape.wait_text(PACKS, "The style pack has been exported to .*out.stylepack.")
    assert (folder / "out.stylepack").read_bytes() == b"sumi"

    for answer in ("No", "Remove"):
        inkscape.press(PACKS, "Remove…")
        inkscape.wait_text(PACKS, "Remove the style pack “Sumi”. It is deleted from this computer.")
        inkscape.press(PACKS, answer)
        if answer == "No":
            assert "sumi" in packs
    inkscape.wait_text(PACKS, "The style pack “Sumi” has been removed.")
    assert "sumi" not in packs
    inkscape.press(PACKS, "Close")
    inkscape.wait_gone(PACKS)


@pytest.mark.slow
def test_a_pack_is_made_from_the_selection_and_a_file(opened):
    inkscape, engine, folder = opened
    shutil.copy(folder / rings.TURNED, folder / "scan.jpg")
    inkscape.press(PACKS, "New from Pictures…")
    inkscape.press(PACKS, "Add Pictures…")
    inkscape.choose_file(PACKS, str(folder / "scan.jpg"), "Add")
    inkscape.write(PACKS, "Title of the style pack", "My etchings")
    engine.mode, engine.seconds = "slow", 30.0
    inkscape.press(PACKS, "Create")
    inkscape.wait_text(PACKS, "Measuring the lines")
    inkscape.shot(folder / "making.png")
    inkscape.press(PACKS, "Cancel")
    inkscape.wait_text(PACKS, "Making the style pack was canceled.")
    assert engine.cancelled == {"job1"} and "my-etchings" not in engine.styles.packs

    engine.mode = "fails"
    inkscape.press(PACKS, "Create")
    inkscape.wait_text(PACKS, "(?s)There was not enough memory: choose fewer strokes\\..*Troubleshooting.*")
    engine.mode = "good"
    inkscape.press(PACKS, "Create")
    inkscape.wait_text(PACKS, "(?s)The style pack “My etchings” is ready\\..*Nothing is hatched in the pictures\\.")
    inkscape.wait_text(PACKS, "my-etchings · your own")
    inkscape.wait_text(PACKS, "0.42 %")
    inkscape.shot(folder / "made.png")
    assert len(engine.jobs["job3"].images) == 2  # the selected pictures show the same file

    inkscape.press(PACKS, "Deep Features")
    inkscape.wait_text(PACKS, "The style pack “My etchings” has these deep features now: squeezenet/fire5\\.")
    inkscape.shot(folder / "seen.png")
    assert engine.jobs["job4"].style == "my-etchings"
    inkscape.pick(PACKS, "Charcoal")
    inkscape.wait_text(PACKS, "charcoal · comes with StyleSketch")
    inkscape.shot(folder / "bundled.png")

    inkscape.press(PACKS, "New from Pictures…")
    inkscape.write(PACKS, "Name of the style pack", "my-etchings")
    inkscape.press(PACKS, "Create")
    inkscape.wait_text(PACKS, "There is a style pack “My etchings” already. Replace it\\?")
    inkscape.key("Escape")
    assert len(engine.jobs) == 4

    engine.mode = "slow"
    inkscape.write(PACKS, "Name of the style pack", "another")
    inkscape.press(PACKS, "Create")
    inkscape.wait_text(PACKS, "Measuring the lines")
    inkscape.key("alt+F4")
    inkscape.wait_gone(PACKS, 15)
    assert "job5" in engine.cancelled


@pytest.mark.slow
def test_the_real_engine_measures_a_pack_and_the_sketch_window_offers_it(screen, installed_profile, tmp_path):
    """Everything together: the engine is started by the window, measures the ring, and draws with what it measured."""
    installed_profile.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY.partition("/>")[0] + "/>")
    with gui.inkscape(screen, installed_profile.profile, document) as inkscape:
        inkscape.focus(MAIN)
        inkscape.key("ctrl+a")
        inkscape.menu("Extensions", "StyleSketch", "Style Packs…")
        inkscape.wait_text(PACKS, ".* · comes with StyleSketch", 60)
        inkscape.press(PACKS, "New from Pictures…")
        inkscape.write(PACKS, "Title of the style pack", "A ring")
        inkscape.press(PACKS, "Create")
        inkscape.wait_text(PACKS, "a-ring · your own", 120)
        inkscape.shot(tmp_path / "measured.png")
        inkscape.press(PACKS, "Close")
        inkscape.wait_gone(PACKS)
        open_window(inkscape)
        inkscape.wait_text(OURS, "Technical pen", 30)
        inkscape.key("alt+y", "Home")  # own packs come first
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, r"\d+ of \d+ strokes.", 120)
        inkscape.press(OURS, "Insert")
        inkscape.wait_gone(OURS, 20)
        assert not no_dialogs(inkscape)
        save(inkscape)
    assert layers(document) == ["Old etching — A ring (StyleSketch)"]

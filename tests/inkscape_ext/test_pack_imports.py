"""Files are imported one after the other; what is in the way is asked about, what is wrong is told."""

import time

import pytest
from fake_engine import FakeEngine
from stylesketch_ext.client import BackendClient
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Failure
from stylesketch_ext.pack_imports import PackImports


class User:
    """Answers every question with the same button; remembers what was said."""

    def __init__(self, answer=None):
        self.answer, self.questions, self.lines, self.bad = answer, [], [], False

    def tell(self, lines, bad=False):
        self.lines, self.bad = list(lines), bad

    def ask(self, question, answers, dismissed=lambda: None, no=""):
        self.questions.append((question, [label for label, then in answers] + [no]))
        dict(answers).get(self.answer, dismissed)()


@pytest.fixture
def run(tmp_path):
    """Imports files with such contents; gives (the user, the packs there are then)."""

    def run_with(answer, *contents):
        user = User(answer)
        with FakeEngine() as engine:
            errands = Errands(lambda tell, stopped: BackendClient("127.0.0.1", engine.port, engine.token))
            errands.start()
            packs = engine.styles.packs
            paths = [tmp_path / f"{number}.stylepack" for number in range(len(contents))]
            for path, text in zip(paths, contents, strict=True):
                if text is not None:
                    path.write_text(text)
            imports = PackImports(errands, user, lambda: list(packs.values()), lambda pack: None, lambda f: [str(f), "More."])
            imports.begin([str(path) for path in paths])
            limit = time.monotonic() + 10
            while errands.busy and time.monotonic() < limit:
                errands.call_back()
                time.sleep(0.01)
            errands.stop()
            return user, list(packs)

    return run_with


BUNDLED = ["charcoal", "technical-pen"]


def test_several_files(run):
    user, packs = run(None, "ink", "chalk")
    assert packs == [*BUNDLED, "ink", "chalk"] and not user.questions
    assert user.lines == ["The style pack “Ink” has been imported.", "The style pack “Chalk” has been imported."]
    assert not user.bad


def test_one_that_is_wrong_does_not_keep_the_others(run):
    user, packs = run(None, "Not A Pack", None, "ink")
    assert packs == [*BUNDLED, "ink"]
    assert "This is no style pack" in user.lines[0] and "cannot be read" in user.lines[2]
    assert user.lines[-1] == "The style pack “Ink” has been imported." and user.bad


@pytest.mark.parametrize(
    ("answer", "packs"),
    [("_Replace", ["ink", "chalk"]), ("_Keep Both", ["ink", "ink-2", "chalk"]), (None, ["ink", "chalk"])],
)
def test_what_is_there_already_is_asked_about(run, answer, packs):
    user, found = run(answer, "ink", "ink", "chalk")
    assert found == [*BUNDLED, *packs]
    ((question, labels),) = user.questions
    assert "'ink' already" in question and labels == ["_Replace", "_Keep Both", "_Cancel"]
    assert len(user.lines) == (2 if answer is None else 3)


def test_a_bundled_pack_is_not_replaced(run):
    user, packs = run("_Keep Both", "charcoal")
    assert packs == [*BUNDLED, "charcoal-2"]
    assert user.questions[0][1] == ["_Keep Both", "_Cancel"]


def test_only_a_name_that_is_taken_is_in_the_way():
    from stylesketch_ext.pack_imports import in_the_way

    assert in_the_way(Failure("'ink' is odd."), []) is None and in_the_way(None, []) is None

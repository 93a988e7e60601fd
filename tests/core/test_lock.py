import os
import subprocess
import sys

from backend.core.lock import only_one


def test_the_lock_is_one_process_s_and_free_again_when_it_dies(tmp_path):
    lock = tmp_path / "lock"
    script = "import sys; from pathlib import Path; from backend.core.lock import only_one\n"
    script += "with only_one(Path(sys.argv[1])) as alone: print(alone, flush=True); sys.stdin.read()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with holder:
        assert holder.stdout.readline().strip() == b"True"
        with only_one(lock) as alone:
            assert not alone
        holder.kill()
        holder.wait()
    with only_one(lock) as alone:
        assert alone


def test_two_holders_in_one_process_are_two(tmp_path):
    with only_one(tmp_path / "lock") as first, only_one(tmp_path / "lock") as second:
        assert (first, second) == (True, False)

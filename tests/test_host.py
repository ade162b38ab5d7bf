"""The tests are alone with themselves: nothing that whoever runs them has set or installed reaches them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.host import KEPT, OURS

ROOT = Path(__file__).parents[1]
STRANGE = {
    "COLUMNS": "20",
    "CUDA_VISIBLE_DEVICES": "1",
    "HF_TOKEN": "x",
    "LC_ALL": "C",
    "LLAMA_ARG_CTX_SIZE": "99",
    "MOEFIT_LLAMA": "/nowhere",
    "PYTHONIOENCODING": "ascii",
    "TZ": "Asia/Kathmandu",
    "XDG_CONFIG_HOME": "/nowhere",
}


def test_no_variable_of_the_host_reaches_a_test():
    given = {"HOME", "LANG", "MOEFIT_LLAMA_CACHE", *KEPT}

    assert set() == {name for name in os.environ if name not in given and not name.startswith(OURS)}


def test_a_strange_environment_is_left_behind_and_a_llama_server_on_the_path_is_not_found(tmp_path):
    for name in ("llama-server", "another"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    code = (
        "import json, os, shutil; before = os.environ['HOME']; import tests.conftest\n"
        "print(json.dumps([sorted(os.environ), before == os.environ['HOME'], os.listdir(os.environ['HOME']) != [],"
        " shutil.which('llama-server'), bool(shutil.which('another'))]))"
    )
    variables = os.environ | STRANGE | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
    )
    names, same_home, holds_links, server, other = json.loads(done.stdout)

    assert set() == set(names) & set(STRANGE)
    assert (False, True, None, True) == (same_home, holds_links, server, other)

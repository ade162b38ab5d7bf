"""The constants that scripts/fit_rates.py turns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOVED = """
import sys
sys.path[:0] = ["scripts"]
import fit_rates
from tests.cost.published import GROUPS, figures
rows = figures(GROUPS[:1], "decode")
before = [row.predicted for row in rows]
[knob] = [knob for knob in fit_rates.TODAY if knob.name == "READ_SHARE[CUDA]"]
print(len(fit_rates.sensitive(knob, rows, before)) == len(rows) > 0)
"""


def test_a_turned_constant_moves_what_devices_are_predicted_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", MOVED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "True\n" == done.stdout

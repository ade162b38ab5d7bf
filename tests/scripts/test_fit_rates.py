"""The constants that scripts/fit_rates.py turns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLD = """
import sys
sys.path[:0] = ["scripts"]
import fit_rates
from moefit.cost import constants
from tests.cost.test_constants import labelled
fit_rates.GROUPS = fit_rates.GROUPS[:1]
[at] = [at for at, knob in enumerate(fit_rates.TODAY) if knob.name == "READ_SHARE[CUDA]"]
decode = {index for index, row in enumerate(fit_rates.all_rows()) if row.phase == "decode"}
print(decode > set() and decode <= fit_rates.moves(at).keys())
fitted = [one for found in vars(constants).values() for one in labelled(found) if one.fitted]
print(len(fitted) == len(fit_rates.TODAY))
"""


def test_every_fitted_constant_is_turned_and_moves_what_devices_are_predicted_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "True\nTrue\n" == done.stdout

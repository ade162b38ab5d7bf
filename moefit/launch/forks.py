"""Programs that grew out of llama.cpp and share its name: told by options that only they have.

source: ik_llama.cpp, common/common.cpp, gpt_params_find_arg and gpt_params_print_usage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moefit.launch.options import OptionTable

_OWN: Final = {
    "ik_llama.cpp": frozenset(
        {
            *(
                "-mla",
                "--mla-use",
                "-fmoe",
                "--fused-moe",
                "-no-fmoe",
                "--no-fused-moe",
                "-rtr",
                "--run-time-repack",
            ),
            *(
                "-amb",
                "--attention-max-batch",
                "-ser",
                "--smart-expert-reduction",
                "-khad",
                "--k-cache-hadamard",
            ),
            *(
                "-vhad",
                "--v-cache-hadamard",
                "-muge",
                "--merge-up-gate-experts",
                "-mqkv",
                "--merge-qkv",
                "-ger",
            ),
            *(
                "--grouped-expert-routing",
                "-sas",
                "--scheduler-async",
                "-smgs",
                "--split-mode-graph-scheduling",
            ),
        }
    ),
}


def fork_of(table: OptionTable) -> str | None:
    """Whose program listed these options; None for llama.cpp's own, as far as they tell."""
    return next((name for name, own in _OWN.items() if own.intersection(table.spellings)), None)


def of_fork(words: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """The fork that these words are meant for, and the words that say so."""
    line = list(words)
    for name, own in _OWN.items():
        if told := tuple(word for word in line if word in own):
            return name, told
    return None

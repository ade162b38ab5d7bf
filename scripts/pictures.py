"""Draw the pictures of README and docs from real output: python scripts/pictures.py docs/pictures.

Each is dark or light as its reader's system is. The machine is declared, so that they come out the same anywhere.
"""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = "examples/qwen3-30b-a3b-q4_k_m.gguf"
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
PICTURES = {
    "plan": (92, ["plan", EXAMPLE, *CARD]),
    "plan-80": (80, ["plan", EXAMPLE, *CARD]),
    "plan-200": (200, ["plan", EXAMPLE, *CARD]),
    "explain": (100, ["plan", EXAMPLE, *CARD, "--explain"]),
    "compare": (80, ["compare", EXAMPLE, "--cards", "rtx-3060", "--cards", "2x3060", "--cards", "rtx-3090", "--contexts", "8192,131072", *CARD[2:]]),
    "doctor": (92, ["doctor", "--gpu", "rtx-3060"]),
    "devices": (80, ["devices", *CARD]),
}  # fmt: skip
"""Name -> columns and words."""


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).parents[1]
    for name, (columns, words) in PICTURES.items():
        environment = {**os.environ, "COLUMNS": str(columns), "PATH": os.defpath, "PYTHONPATH": str(root)}
        drawn = [sys.executable, "-m", "moefit", *words, "--svg", str(folder / f"{name}.svg")]
        done = subprocess.run(drawn, check=False, capture_output=True, text=True, env=environment, cwd=root)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr}")


if __name__ == "__main__":
    main()

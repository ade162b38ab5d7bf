"""Draw the README's picture: real output of the README's first command, as SVG.

python scripts/picture.py docs/plan.svg
"""

import argparse
import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

EXAMPLE = "examples/qwen3-30b-a3b-q4_k_m.gguf"
COMMAND = ["plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
COLUMNS = 92


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    words = [sys.executable, "-m", "moefit", *COMMAND, "--color", "always"]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "PATH": os.defpath}
    said = subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(Text(f"$ moefit {' '.join(COMMAND)}", style="bold"))
    console.print(Text.from_ansi(said))
    out.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(out), title="moefit", unique_id="moefit")


if __name__ == "__main__":
    main()

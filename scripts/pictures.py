"""Draw the pictures of README and docs from real output: python scripts/pictures.py docs/pictures.

plan.svg is dark or light as its reader's system is; of every screen there are four more, 80 and 200 columns wide, dark and light.
The machine is declared, so that they come out the same anywhere; the doctor's is the one it runs on.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = "examples/qwen3-30b-a3b-q4_k_m.gguf"
DESKTOP = ["--ram", "32GiB", "--cores", "8"]
HOST = [*DESKTOP, "--ram-bandwidth", "ddr4-3200x2"]
CARD = ["--gpu", "rtx-3060", *DESKTOP]
"""The machine of README's first command, so that its plan is that of the picture."""
CARDS = [word for card in ("rtx-3060", "2x3060", "rtx-3090") for word in ("--cards", card)]
SCREENS = {
    "plan": ["plan", EXAMPLE, *CARD],
    "explain": ["plan", EXAMPLE, *CARD, "--explain"],
    "compare": ["compare", EXAMPLE, *CARDS, "--contexts", "8192,131072", *HOST],
    "doctor": ["doctor", "--gpu", "rtx-3060"],
    "devices": ["devices", "--gpu", "2x3060", *HOST],
}
"""Name -> words."""
LIGHT = re.compile(r"@media \(prefers-color-scheme: light\) \{\n(.*?)\n\}\n", re.DOTALL)


def draw(words: list[str], columns: int) -> str:
    """What --svg draws."""
    root = Path(__file__).parents[1]
    picture = root / ".picture.svg"
    environment = {**os.environ, "COLUMNS": str(columns), "PATH": os.defpath, "PYTHONPATH": str(root)}
    line = [sys.executable, "-m", "moefit", *words, "--svg", str(picture)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    text = picture.read_text()
    picture.unlink()
    return text


GAIN = re.compile(r"\d+\.\d\dx as fast as --fit")


def tell(readme: Path, picture: str) -> None:
    """README's example of a gain is the one in its picture."""
    gain = GAIN.search(picture.replace("&#160;", " "))
    if gain is None:
        raise SystemExit("the picture shows no gain over --fit")
    readme.write_text(GAIN.sub(gain[0], readme.read_text()))


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    first = draw(SCREENS["plan"], 92)
    (folder / "plan.svg").write_text(first)
    tell(Path(__file__).parents[1] / "README.md", first)
    for name, words in SCREENS.items():
        for columns in (80, 200):
            both = draw(words, columns)
            (folder / f"{name}-{columns}-dark.svg").write_text(LIGHT.sub("", both))
            (folder / f"{name}-{columns}-light.svg").write_text(LIGHT.sub(r"\1\n", both))


if __name__ == "__main__":
    main()

"""What llama-server holds in RAM beside the buffers that its log names: VmRSS and its parts, in MiB, after each prompt.

    python benchmarks/gpu/ram.py LLAMA_SERVER MODEL.gguf

Saved prompts are part of it (`--cache-ram`): they are what grows from the second prompt on.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from serve import serving

LINES = {
    "on the card": (),
    "experts pinned": ("--cpu-moe", "-lm", "none"),
    "experts mapped": ("--cpu-moe",),
}
PARTS = re.compile(r"^(VmRSS|RssAnon|RssFile|RssShmem):\s+(\d+) kB", re.MULTILINE)


def main() -> None:
    """Print a line for each launch and prompt, then the launch's buffers on the host."""
    program, model = sys.argv[1:3]
    log = Path(tempfile.gettempdir()) / "ram.log"
    for name, words in LINES.items():
        argv = [program, "-m", model, "-c", "16384", "-ngl", "99", "--fit", "off", *words]
        with serving(argv, {}, log) as server:
            if server is None:
                raise SystemExit(f"{name}: {log.read_text(errors='replace')[-400:]}")
            for prompt in (64, 4096, 12000):
                server.ask(prompt, 16)
                status = Path(f"/proc/{server.process.pid}/status").read_text()
                print(name, prompt, {part: int(size) >> 10 for part, size in PARTS.findall(status)})
            print([buffer for buffer in server.buffers if not buffer[0].startswith("CUDA0")])


if __name__ == "__main__":
    main()

"""What systemd makes of a unit: the words of ExecStart, and what keeps a service running."""

from __future__ import annotations

import configparser
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path


def words(text: str) -> list[str]:
    """ExecStart's words by systemd's rules: C escapes in double quotes, then %% and $$ halved."""
    escapes = {"\\": "\\", '"': '"'}

    def unescape(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else escapes[match[2]]

    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^ ]+)', text)
    raw = [re.sub(r"\\(?:x([0-9a-f]{2})|(.))", unescape, quoted) or plain for quoted, plain in found]
    return [word.replace("%%", "%").replace("$$", "$") for word in raw]


def service(text: str) -> dict[str, str]:
    """The keys of [Service]."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="], strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    parser.read_string(text)
    return dict(parser["Service"])


def supervise(unit: Path) -> int:
    """Run a unit's service as systemd would where it is not process 1: Restart=on-failure, SIGTERM passed on."""
    keys = service(unit.read_text(encoding="utf-8"))
    stopping = False
    while True:
        process = subprocess.Popen(words(keys["ExecStart"]), cwd=keys.get("WorkingDirectory"))

        def stop(_signal: int, _frame: object, process: subprocess.Popen[bytes] = process) -> None:
            nonlocal stopping
            stopping = True
            process.send_signal(signal.SIGTERM)

        signal.signal(signal.SIGTERM, stop)
        (unit.parent / "main.pid").write_text(str(process.pid))
        status = process.wait()
        failed = (
            status not in {0, -signal.SIGTERM}
            and str(status) not in keys.get("RestartPreventExitStatus", "").split()
        )
        if stopping or not failed or keys["Restart"] != "on-failure":
            return status if status >= 0 else 128 - status
        time.sleep(float(keys["RestartSec"]))


if __name__ == "__main__":
    os.setpgrp()
    sys.exit(supervise(Path(sys.argv[1])))

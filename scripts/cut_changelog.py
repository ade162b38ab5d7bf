"""Make what is unreleased in CHANGELOG.md the section of a version: python scripts/cut_changelog.py 0.2.0 2026-12-01."""

import re
import sys
from pathlib import Path

HEAD = "## [Unreleased]"


def cut(text: str, version: str, date: str) -> str:
    """The changelog with an empty section for what comes next.

    >>> print(cut("# C\\n\\n## [Unreleased]\\n\\n### Added\\n\\n- x\\n", "0.2.0", "2026-12-01"))
    # C
    <BLANKLINE>
    ## [Unreleased]
    <BLANKLINE>
    ## [0.2.0] - 2026-12-01
    <BLANKLINE>
    ### Added
    <BLANKLINE>
    - x
    <BLANKLINE>
    """
    if text.count(HEAD) != 1 or f"## [{version}]" in text:
        raise SystemExit(f"CHANGELOG.md: needs one {HEAD} and no section for {version}")
    return text.replace(HEAD, f"{HEAD}\n\n## [{version}] - {date}", 1)


if __name__ == "__main__":
    version, date = sys.argv[1:]
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise SystemExit(__doc__)
    path = Path("CHANGELOG.md")
    path.write_text(cut(path.read_text(), version, date))

"""The commands: parse options, call, print. No arithmetic."""

from __future__ import annotations

from moefit.cli.commands import held, look, plans, starts  # noqa: F401 - each registers its commands
from moefit.cli.registry import COMMANDS

__all__ = ["COMMANDS"]

"""What gives way where RAM is short: saved prompts and checkpoints, which only spare work that can be done again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.launch.settings import Settings
from moefit.memory.host import checkpoint
from moefit.memory.types import HostUse
from moefit.model import Model
from moefit.sizes import MIB

FEW_CHECKPOINTS: Final = 4
"""Of a slot, before saved prompts give way: enough to go back to the last turns of a chat."""


def shrink(
    model: Model, settings: Settings, host: HostUse, beyond: int, *, prompts: bool, checkpoints: bool
) -> tuple[Settings, HostUse]:
    """The launch with caches that take up to `beyond` bytes of RAM less: checkpoints down to a few, saved prompts, the last checkpoints.

    Args:
        model: the model.
        settings: the launch.
        host: its RAM.
        beyond: bytes that are missing.
        prompts: whether --cache-ram may shrink.
        checkpoints: whether -ctxcp may.
    """
    for least in (FEW_CHECKPOINTS, 0):
        if checkpoints and beyond > 0 and host.cache:
            each = checkpoint(model, settings) * settings.slots
            fewer = min(settings.context_checkpoints - least, -(-beyond // each)) if each else 0
            if fewer > 0:
                settings = replace(settings, context_checkpoints=settings.context_checkpoints - fewer)
                host = replace(host, cache=host.cache - fewer * each)
                beyond -= fewer * each
        if prompts and beyond > 0 and settings.cache_ram:
            spared = min(settings.cache_ram, -(-beyond // MIB) * MIB, host.cache)
            settings = replace(settings, cache_ram=settings.cache_ram - spared)
            host = replace(host, cache=host.cache - spared)
            beyond -= spared
    return settings, host

"""Functions of this package by name: a row of moefit.model.architectures says `module.function`, and only what a model needs is imported."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any


@functools.cache
def named(reference: str) -> Callable[..., Any]:
    """The function that `module.function` names."""
    module, _, name = reference.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"{__package__}.{module}"), name)
    return found

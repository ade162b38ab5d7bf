"""An architecture that this version does not know: what can be said of it from the header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.model.architectures import is_known

if TYPE_CHECKING:
    from moefit.model import Model


def notes(model: Model) -> tuple[str, ...]:
    """Why a figure is an estimate, one line each."""
    if is_known(model.architecture):
        return ()
    why = "every block counts a cache for the whole context, and what its tensors hint at"
    return (f"{model.architecture}: moefit does not know this architecture; {why}",)

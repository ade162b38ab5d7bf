from dataclasses import replace

from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.footprint import footprint
from moefit.memory.host import (
    Residence,
    caches,
    checkpoint,
    output_buffer,
    residence,
)
from moefit.memory.lazy import lazy
from moefit.memory.types import HostUse
from moefit.placement.types import Placement
from tests import oracle

MIB = 1 << 20
PLAIN = oracle.model("qwen3-30b-a3b", "Q4_K_M")
WINDOW = oracle.model("gpt-oss-20b", "MXFP4")
HYBRID = oracle.model("qwen3-next-80b-a3b", "Q4_K_M")
SERVER = Settings(8192)
CARD = Device("CUDA0", 8 << 30, 8 << 30)
USE = HostUse(model=1000, context=100, compute=10, cache=5, output=1)


def test_the_output_buffer_has_a_row_of_logits_for_each_slot():
    assert 4 * 4 * 151936 == output_buffer(PLAIN, SERVER)


def test_a_drafted_token_needs_a_row_too():
    assert 4 * 4 * (1 + 3) * 151936 == output_buffer(PLAIN, replace(SERVER, draft_tokens=3))


def test_an_embedding_server_keeps_logits_and_embeddings_of_a_whole_batch():
    embeddings = replace(SERVER, embeddings=True, batch=512)
    assert 4 * 512 * (151936 + 2048) == output_buffer(PLAIN, embeddings)


def test_a_plain_cache_needs_no_checkpoints():
    assert 0 == checkpoint(PLAIN, SERVER)
    assert ["prompt cache"] == [term.name for term in caches(PLAIN, SERVER)]


def test_a_checkpoint_of_a_hybrid_is_the_state_of_one_slot():
    state = 36 * 4 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096)
    assert state == checkpoint(HYBRID, SERVER)
    assert (8192 * MIB, 32 * 4 * state) == tuple(term.bytes for term in caches(HYBRID, SERVER))


def test_a_checkpoint_of_a_sliding_window_is_the_window_of_one_slot():
    assert 128 * (12 * 2 * 2 * 8 * 64 + 16) == checkpoint(WINDOW, SERVER)


def test_a_full_size_window_needs_no_checkpoints():
    assert 0 == checkpoint(WINDOW, replace(SERVER, swa_full=True))


def test_no_prompt_cache_and_no_checkpoints_when_the_line_says_so():
    assert () == caches(HYBRID, replace(SERVER, cache_ram=0, context_checkpoints=0))


def test_an_unlimited_prompt_cache_counts_a_few_full_prompts():
    whole = 8192 * 48 * 2 * 2 * 4 * 128
    assert (4 * whole,) == tuple(term.bytes for term in caches(PLAIN, replace(SERVER, cache_ram=None)))


def test_other_programs_cache_nothing():
    assert () == caches(HYBRID, replace(SERVER, program="llama-bench"))


def test_mapped_weights_can_be_dropped_and_read_again():
    assert Residence(pinned=11, private=105, mapped=1000) == residence(USE, SERVER, (CARD,))


def test_without_mmap_weights_are_pinned_where_the_driver_offers_it():
    assert Residence(1011, 105, 0) == residence(USE, replace(SERVER, load_mode="none"), (CARD,))


def test_without_pinned_buffers_weights_are_ordinary_memory():
    unpinned = replace(SERVER, load_mode="none", host_buffers=False)
    assert Residence(0, 1116, 0) == residence(USE, unpinned, (CARD,))
    assert Residence(0, 1116, 0) == residence(USE, replace(SERVER, load_mode="dio"), ())


def test_embeddings_by_layer_stay_in_the_file_where_rows_are_read_on_demand():
    model = oracle.model("gemma-4-e2b", "Q4_K_M")
    table = next(t.bytes for t in model.input if t.name == "per_layer_token_embd.weight")

    held = [[tensor.bytes for tensor in lazy(model, mode)] for mode in ("on", "auto", "off")]
    assert [[table], [], []] == held


def test_a_table_that_stays_in_the_file_is_mapped_in_any_load_mode_and_takes_no_ram():
    use = replace(USE, lazy=900)
    assert (USE.total - 900, 100) == (use.total, use.loaded)
    assert Residence(111, 105, 900) == residence(use, replace(SERVER, load_mode="none"), (CARD,))
    assert residence(USE, SERVER, (CARD,)) == residence(use, SERVER, (CARD,))


def test_no_override_moves_a_table_that_stays_in_the_file():
    model = oracle.model("gemma-4-e2b", "Q4_K_M")
    moved = Placement((0,) * model.slots, {"per_layer_token_embd.weight": 0})
    there, on, off = (
        footprint(model, (CARD,), replace(SERVER, lazy_mode=mode), placement)
        for mode, placement in (("on", replace(moved, overrides={})), ("on", moved), ("off", moved))
    )

    assert there == on
    assert (on.host.lazy, 0) == (on.host.model - off.host.model, off.host.lazy)

from __future__ import annotations

import pytest

from moefit.launch.defaults import settings
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from tests.launch.reading import fixed
from tests.oracle import rows


def effective(line: str, **chosen: object) -> Settings:
    return settings(fixed(line), **({"context": 32768} | chosen))  # type: ignore[arg-type] # keyword tests


def test_every_recorded_launch_is_understood() -> None:
    """The recorder's rows say context, batch, ubatch and sequences of the context that llama.cpp made."""
    wrong = []
    for row in rows():
        slots = [] if "-np" in row.tokens else ["-np", str(row.n_seq)]
        found = settings(fixed(" ".join(["llama-server", *row.tokens, *slots])), context=row.n_ctx)
        if (row.n_ctx, row.n_batch, row.n_ubatch, row.n_seq) != (
            found.context,
            found.batch,
            found.ubatch,
            found.slots,
        ):
            wrong.append(row.name)
    assert [] == wrong


@pytest.mark.parametrize(
    ("line", "slots", "unified"),
    [
        ("llama-server", 4, True),
        ("llama-server -no-kvu", 4, True),
        ("llama-server -np 2", 2, False),
        ("llama-server -np 2 -kvu", 2, True),
        ("llama-cli", 1, False),
        ("llama-cli -np 3", 3, False),
        ("llama-cli -np -1", 4, True),
    ],
)
def test_slots_and_whether_they_share_a_cache(line: str, slots: int, unified: bool) -> None:
    found = effective(line)
    assert (slots, unified) == (found.slots, found.kv_unified)


@pytest.mark.parametrize(
    ("line", "chosen", "batch", "ubatch"),
    [
        ("", {}, 2048, 512),
        ("-ub 4096", {}, 2048, 2048),
        ("-ub 0", {}, 2048, 2048),
        ("-ub -1", {}, 2048, 2048),
        ("-ub 0 -b 64", {"ubatch": 512}, 64, 64),
        ("-b 256", {}, 256, 256),
        ("-c 300", {}, 300, 300),
        ("-c 300 -ub 128", {}, 300, 128),
        ("", {"ubatch": 4096}, 4096, 4096),
        ("-b 1024", {"ubatch": 4096}, 1024, 1024),
        ("-ub 256", {"ubatch": 4096}, 2048, 256),
        ("--embedding", {}, 512, 512),
        ("--embedding -ub 1024", {}, 1024, 1024),
    ],
)
def test_batches_are_capped_as_llama_cpp_caps_them(
    line: str, chosen: dict[str, int], batch: int, ubatch: int
) -> None:
    found = effective(f"llama-server {line}", **chosen)
    assert (batch, ubatch) == (found.batch, found.ubatch)


@pytest.mark.parametrize(
    ("line", "context"),
    [
        ("-c 4096", 4096),
        ("", 32768),
        ("-c 0", 32768),
        ("--kv-unified-per-slot 1000", 4000),
        ("--kv-unified-per-slot 1000 -np 2", 2000),
        ("--kv-unified-per-slot 1000 -c 0", 32768),
        ("--kv-unified-per-slot 1000 -c 9000", 9000),
    ],
)
def test_the_context_is_the_users_or_the_planners(line: str, context: int) -> None:
    assert context == effective(f"llama-server {line}").context


def test_load_mode_auto_is_mmap_unless_a_device_cannot_be_mapped() -> None:
    card = Device("CUDA0", 1, 1)
    shared = Device("CUDA0", 1, 1, integrated=True)
    modes = [
        effective("llama-server", devices=[d]).load_mode for d in (card, shared, Device("GPUOpenCL", 1, 1))
    ]
    assert ["mmap", "none", "none"] == modes


def test_lazy_mode_auto_is_off_where_a_device_cannot_be_mapped() -> None:
    shared = {"devices": (Device("Vulkan0", 1, 1, integrated=True),)}
    found = [effective(f"llama-server{x}", **shared).lazy_mode for x in ("", " -lzm auto", " --lazy-mode on")]

    assert ["off", "off", "on"] == found
    assert ["auto", "off"] == [effective(f"llama-server{x}").lazy_mode for x in ("", " -lzm off")]


def test_the_users_load_mode_wins_over_the_planners() -> None:
    assert "mlock" == effective("llama-server -lm mlock", load_mode="none").load_mode
    assert "none" == effective("llama-server", load_mode="none").load_mode


@pytest.mark.parametrize(
    ("line", "cache", "checkpoints"),
    [
        ("llama-server", 8192 << 20, 32),
        ("llama-server -cram 0 -ctxcp 3", 0, 3),
        ("llama-server -cram -1", None, 32),
        ("llama-bench", 0, 0),
    ],
)
def test_only_servers_have_a_prompt_cache(line: str, cache: int | None, checkpoints: int) -> None:
    found = effective(line)
    assert (cache, checkpoints) == (found.cache_ram, found.context_checkpoints)


def test_speculation() -> None:
    found = effective("llama-server --spec-type draft-mtp --spec-draft-n-max 5")
    assert (True, 5) == (found.mtp, found.draft_tokens)


def test_llama_perplexity_fills_a_batch_with_contexts() -> None:
    found = effective("llama-perplexity -f x -c 512")
    assert (4, 2048) == (found.slots, found.context)

"""What the processor decodes at is measured by llama-bench itself, on a model that is made on the spot; without it, that is said."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import gguf
import pytest

from moefit.app.line import read_launch
from moefit.app.request import read_model
from moefit.llama.decode_model import read_bytes, total_bytes, write_model
from moefit.llama.decode_rate import measure_decode
from moefit.sizes import MIB


def quiet(_what: str, _share: float) -> None:
    pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decode") / "decode.gguf"
    write_model(path)
    return path


def bench(folder: Path, says: str) -> Mapping[str, str]:
    """An environment whose llama-bench answers so."""
    program = folder / "llama-bench"
    program.write_text(f"#!/bin/sh\ncase $1 in --help) echo --repack;; *) {says};; esac\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def row(threads: int, *milliseconds: float) -> str:
    """A line of llama-bench: runs of 16 tokens."""
    samples = ", ".join(str(int(16 * each * 1e6)) for each in milliseconds)
    return f'echo \'{{"n_threads": {threads}, "samples_ns": [{samples}]}}\''


def test_the_model_is_what_the_gguf_package_reads(made: Path) -> None:
    read = gguf.GGUFReader(made)
    assert total_bytes() == sum(int(tensor.n_bytes) for tensor in read.tensors)
    assert {"F32", "Q4_K"} == {tensor.tensor_type.name for tensor in read.tensors}


def test_it_is_larger_than_a_cache_and_a_token_reads_a_fifth_of_its_experts(made: Path) -> None:
    model = read_model(read_launch(str(made), None).constraints)
    assert made.stat().st_size > 400 * MIB
    experts = sum(t.bytes for layer in model.layers for t in layer.experts)
    assert read_bytes() == experts // 5 + total_bytes() - experts


def test_the_best_run_counts_and_what_threads_wait_for_each_other_does_not(tmp_path: Path) -> None:
    runs = bench(tmp_path, f"{row(1, 20.0, 10.0)}; {row(2, 5.04, 9.0)}")
    rates, warnings = measure_decode([1, 2], runs, quiet)
    assert warnings == ()
    assert [1, 2] == [rate.threads for rate in rates]
    waits = [43 * (1e-6 + 3e-8 * threads) for threads in (1, 2)]
    expected = [
        int(read_bytes() / (seconds - wait)) for seconds, wait in zip((0.01, 0.00504), waits, strict=True)
    ]
    assert expected == pytest.approx([rate.bandwidth for rate in rates], rel=1e-6)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("exit 1", "llama-bench failed"),
        ("kill -9 $$", "llama-bench failed"),
        ("echo '{}'", "answer cannot be read"),
        ("echo '{\"n_threads\": 1'", "answer cannot be read"),
        (row(1, 0.0), "samples_ns is 0"),
        (row(0, 1.0), "n_threads is 0"),
        ('echo \'{"n_threads": 1e999, "samples_ns": [1]}\'', "is no number"),
        ('echo \'{"n_threads": 1, "samples_ns": {"a": 1}}\'', "samples_ns is dict"),
    ],
)
def test_a_program_that_fails_or_babbles_leaves_plain_reads_and_a_line(
    tmp_path: Path, says: str, why: str
) -> None:
    rates, [warning] = measure_decode([1], bench(tmp_path, says), quiet)
    assert ((), True) == (rates, why in warning)


@pytest.mark.parametrize(("slower", "said"), [(12.0, False), (30.0, True)])
def test_that_more_threads_are_much_slower_is_said(tmp_path: Path, slower: float, said: bool) -> None:
    """Other programs had the processor, or it has fewer cores than it says."""
    rates, warnings = measure_decode([1, 2], bench(tmp_path, f"{row(1, 10.0)}; {row(2, slower)}"), quiet)
    assert (2, said) == (len(rates), any("calibrate again when it rests" in warning for warning in warnings))


def test_without_a_program_that_is_said(tmp_path: Path) -> None:
    rates, [warning] = measure_decode([1], {"PATH": str(tmp_path)}, quiet)
    assert ((), True) == (rates, "no llama-bench on the PATH" in warning)


def test_nothing_of_it_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    measure_decode([1], bench(tmp_path, "exit 1"), quiet)
    assert ["llama-bench"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.usefixtures("llama")
def test_the_real_program_decodes_it(environment: dict[str, str]) -> None:
    rates, warnings = measure_decode([1], environment, quiet)
    assert ((), [1]) == (warnings, [rate.threads for rate in rates])
    assert 10**8 < rates[0].bandwidth < 10**11

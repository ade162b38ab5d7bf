"""What moefit relies on in llama.cpp's placement, asked of the real program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.llama.verify import verify
from moefit.memory.real import RealUse
from moefit.sizes import MIB
from tests.llama.harness import RpcDevices

pytestmark = pytest.mark.llama


@pytest.fixture(scope="module")
def ask(environment, rpc: RpcDevices, small_model: Path):
    """Memory of llama-server with these arguments on the two devices."""

    def answer(*arguments: str) -> RealUse:
        line = ["llama-server", "-m", str(small_model), *rpc.option, "-c", "4096", *arguments, "--fit", "off"]
        return verify(line, environment=environment)

    return answer


def models(use: RealUse) -> list[int]:
    return [device.use.model // MIB for device in use.devices]


def contexts(use: RealUse) -> list[int]:
    return [device.use.context // MIB for device in use.devices]


def test_a_tensor_split_of_layer_counts_lands_exactly(ask):
    everything = sum(contexts(ask("-ngl", "5", "-ts", "1,0")))

    assert [everything, 0] == contexts(ask("-ngl", "5", "-ts", "5,0"))
    assert [everything // 4, 3 * everything // 4] == contexts(ask("-ngl", "5", "-ts", "1,4"))
    assert [everything // 2, everything // 2] == contexts(ask("-ngl", "5", "-ts", "2,3"))
    assert [3 * everything // 4, everything // 4] == contexts(ask("-ngl", "5", "-ts", "3,2"))
    assert [everything, 0] == contexts(ask("-ngl", "5", "-ts", "4,1"))


def test_ngl_takes_the_output_first_and_then_the_last_layers(ask):
    everything = sum(contexts(ask("-ngl", "5")))
    output_alone = ask("-ngl", "1", "-ts", "1,0")
    one_layer = ask("-ngl", "2", "-ts", "2,0")

    assert [0, 0] == contexts(output_alone)
    assert models(output_alone)[0] > 0
    assert everything == output_alone.host.context // MIB
    assert [everything // 4, 0] == contexts(one_layer)


def test_an_override_sends_a_tensor_to_a_named_rpc_buffer(ask, rpc: RpcDevices):
    plain = models(ask("-ngl", "5", "-ts", "5,0"))
    moved = models(ask("-ngl", "5", "-ts", "5,0", "-ot", f"blk[.]3[.]ffn_.*_exps={rpc.buffers[1]}"))

    assert plain[1] == 0
    assert moved[1] > 0
    assert abs(sum(plain) - sum(moved)) <= 1


def test_an_override_must_stand_after_the_rpc_option(environment, rpc: RpcDevices, small_model: Path):
    override = ["-ot", f"blk[.]3[.]ffn_.*_exps={rpc.buffers[1]}"]
    with pytest.raises(InputError, match="unknown buffer type"):
        verify(["llama-server", "-m", str(small_model), *override, *rpc.option], environment=environment)


def test_both_spellings_of_an_override_count_and_the_first_match_wins(ask, rpc: RpcDevices):
    every_expert = ask("-ngl", "5", "-ot", "ffn_.*_exps=CPU")
    halves = ask(
        "-ngl",
        "5",
        "-ot",
        "blk[.][01][.]ffn_.*_exps=CPU",
        "--override-tensor",
        "blk[.][23][.]ffn_.*_exps=CPU",
    )
    shadowed = ask("-ngl", "5", "-ot", "_exps=CPU", "--override-tensor", f"_exps={rpc.buffers[0]}")

    assert every_expert == halves
    assert every_expert == shadowed


def test_an_alternation_means_the_same_as_single_patterns(ask):
    single = ask("-ngl", "5", "-ot", "blk[.]1[.]ffn_up_exps=CPU,blk[.]3[.]ffn_up_exps=CPU")
    alternation = ask("-ngl", "5", "-ot", "blk[.](1|3)[.]ffn_up_exps=CPU")

    assert single == alternation


def test_devices_are_listed_only_when_rpc_stands_first(llama: Path, environment, rpc: RpcDevices):
    def listed(*arguments: str) -> str:
        done = subprocess.run(
            [llama / "llama-server", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    assert "RPC1: " in listed(*rpc.option, "--list-devices")
    assert "RPC1: " not in listed("--list-devices", *rpc.option)


@pytest.mark.parametrize(
    ("words", "outputs"),
    [
        (("llama-cli", "-st", "-np", "3"), "3"),
        (("llama-completion", "-no-cnv", "-np", "3"), "512"),
        (("llama-bench", "-r", "1"), "512"),
    ],
)
def test_a_client_that_runs_a_server_has_outputs_for_its_slots_alone(
    llama: Path, environment, small_model: Path, words, outputs
):
    bench = words[0] == "llama-bench"
    own = ("-p", "512", "-n", "0") if bench else ("-c", "2048", "-b", "512", "-p", "x", "-n", "1")
    done = subprocess.run(
        [llama / words[0], *words[1:], "-m", small_model, *own, "-v"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")

    assert outputs in re.findall(r"n_outputs_max += (\d+)", said)

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from moefit.errors import InputError, UsageError
from moefit.launch.command import parse
from moefit.launch.help_page import parse_help
from moefit.llama.verify import arguments_taken, read_log, verify
from moefit.memory.real import RealDevice
from moefit.memory.types import Use
from moefit.sizes import MIB


def log(message: str, level: str = "info") -> str:
    return json.dumps({"type": "log", "time": 1, "level": level, "msg": message + "\n"})


def device(name: str, model: int, context: int, compute: int) -> dict[str, object]:
    figures = {"model": model, "context": context, "compute": compute}
    return {"kind": "device", "name": name, "description": "card", "total": 12288, "free": 11900, **figures}


def host(name: str, model: int, compute: int) -> dict[str, object]:
    kind = "host" if name == "Host" else "buffer_type"
    return {"kind": kind, "name": name, "model": model, "context": 0, "compute": compute}


def breakdown(*rows: dict[str, object]) -> str:
    return json.dumps({"type": "fit_memory_breakdown", "data": {"unit": "MiB", "rows": list(rows)}})


MEASURED = log(
    "common_params_fit_impl: projected to use 10 MiB of device memory vs. 11900 MiB of free device memory"
)
EXTRA = log(
    "common_params_fit_impl: getting device memory data for the extra model at a context size of 4096:"
)


def test_a_log_tells_each_devices_use_and_free_memory():
    real = read_log([breakdown(device("CUDA0", 100, 20, 3), host("Host", 50, 7)), MEASURED])

    assert (RealDevice("CUDA0", 12288 * MIB, 11900 * MIB, Use(100 * MIB, 20 * MIB, 3 * MIB)),) == real.devices


def test_repacked_weights_count_to_the_host():
    real = read_log(
        [breakdown(device("CUDA0", 1, 1, 1), host("Host", 50, 7), host("CPU_REPACK", 144, 0)), MEASURED]
    )

    assert Use(194 * MIB, 0, 7 * MIB) == real.host


def test_a_draft_models_memory_is_kept_apart():
    main = breakdown(device("CUDA0", 100, 20, 3), host("Host", 50, 7))
    draft = breakdown(device("CUDA0", 9, 8, 7), host("Host", 6, 5))
    real = read_log([main, EXTRA, draft, MEASURED])

    assert Use(100 * MIB, 20 * MIB, 3 * MIB) == real.devices[0].use
    assert {"CUDA0": Use(9 * MIB, 8 * MIB, 7 * MIB), "Host": Use(6 * MIB, 0, 5 * MIB)} == real.draft


def test_a_projectors_memory_is_read_per_device():
    note = log("srv  load_model: [mtmd] adding 812.50 MiB to fit_params_target for device CUDA0", "debug")
    real = read_log([note, breakdown(device("CUDA0", 1, 1, 1), host("Host", 1, 1)), MEASURED])

    assert {"CUDA0": 1625 * MIB // 2} == real.mmproj


def test_the_context_measured_last_counts():
    first = breakdown(device("CUDA0", 1, 1, 1), host("Host", 1, 1))
    second = breakdown(device("CUDA0", 1, 4, 1), host("Host", 1, 1))

    assert 4 * MIB == read_log([first, second, MEASURED]).devices[0].use.context


def test_nothing_is_read_after_the_figures():
    def lines():
        yield breakdown(device("CUDA0", 1, 1, 1), host("Host", 1, 1))
        yield MEASURED
        raise AssertionError

    read_log(lines())


def test_a_log_without_figures_is_an_error_with_the_programs_own_words():
    with pytest.raises(InputError, match=r"failed to open GGUF file 'x[.]gguf'"):
        read_log(
            [log("gguf_init_from_file: failed to open GGUF file 'x.gguf'", "error"), log("exiting", "error")]
        )


@pytest.mark.parametrize(
    ("tail", "outputs_per_token"), [([], False), ([], True), ([EXTRA], False)], ids=["server", "fit", "draft"]
)
def test_figures_of_a_program_that_then_fails_are_not_believed(tail, outputs_per_token):
    told = [breakdown(device("CUDA0", 1, 1, 1), host("Host", 1, 1)), *tail]
    with pytest.raises(InputError, match="failed behind its first memory figures: exit status 1"):
        read_log(told, outputs_per_token=outputs_per_token, failed=lambda: "exit status 1")


def test_how_a_program_ends_that_has_told_everything_is_not_waited_for():
    told = [breakdown(device("CUDA0", 7, 1, 1), host("Host", 1, 1)), MEASURED]
    assert 7 * MIB == read_log(told, failed=lambda: pytest.fail("it was asked")).devices[0].use.model


def test_words_that_are_no_json_are_reported_too():
    with pytest.raises(InputError, match="error: invalid argument: --log-jsonl"):
        read_log(["error: invalid argument: --log-jsonl"])


def test_llama_fit_params_gets_only_the_options_it_knows():
    table = parse_help(
        "llama-fit-params", "-c,    --ctx-size N        size\n-m,    --model FNAME       model\n"
    )
    command = parse(["llama-server", "--model", "a b.gguf", "--port", "80", "--ctx_size", "-1", "--jinja"])

    assert ["--model", "a b.gguf", "--ctx_size", "-1"] == arguments_taken(command, table)


def test_a_client_that_serves_is_asked_as_the_server_that_it_runs(fake_server, tmp_path: Path):
    told = tmp_path / "argv"
    server = fake_server(f"""
if "--help" in sys.argv:
    print("-m, --model FNAME   x\\n-c N   x")
else:
    pathlib.Path({str(told)!r}).write_text(" ".join(sys.argv[1:]))
""")
    with pytest.raises(InputError):
        verify([server.replace("server", "cli"), "-m", "x.gguf", "-c", "5", "-p", "hi"], timeout=30)

    assert told.read_text().startswith("-np 1 -m x.gguf -c 5 --fit on")


def test_options_that_hide_the_log_are_left_out():
    table = parse_help("llama-fit-params", "--log-disable   x\n--log-file FNAME   x\n-c N   x\n")
    command = parse(["llama-server", "--log-disable", "--log-file", "x.log", "-c", "5"])

    assert ["-c", "5"] == arguments_taken(command, table)


def test_llama_bench_cannot_be_verified():
    with pytest.raises(UsageError, match="several settings"):
        verify(["llama-bench", "-m", "x.gguf"])


@pytest.fixture
def fake_server(tmp_path: Path):
    """Writes a llama-server that runs this Python body."""

    def write(body: str) -> str:
        path = tmp_path / "llama-server"
        path.write_text(f"#!{sys.executable}\nimport sys, time, pathlib\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return write


def test_the_server_is_stopped_once_it_has_told(fake_server, tmp_path: Path):
    event = breakdown(device("CUDA0", 5, 1, 1), host("Host", 1, 1))
    body = f"""
print({event!r}, flush=True)
print({MEASURED!r}, flush=True)
time.sleep(60)
pathlib.Path({str(tmp_path / "lived")!r}).touch()
"""
    began = time.monotonic()
    real = verify([fake_server(body), "-m", "x.gguf", "--fit", "off"], timeout=30)

    assert 5 * MIB == real.devices[0].use.model
    assert time.monotonic() - began < 20
    assert not (tmp_path / "lived").exists()


def test_the_status_of_a_server_that_tells_half_is_looked_at(fake_server):
    event = breakdown(device("CUDA0", 5, 1, 1), host("Host", 1, 1))
    with pytest.raises(InputError, match=r"failed behind .*: error: failed to load draft model"):
        verify(
            [
                fake_server(f"print({event!r}); print('error: failed to load draft model'); sys.exit(1)"),
                *("-m", "x.gguf"),
            ],
            timeout=30,
        )


def test_a_server_that_never_tells_is_stopped_in_time(fake_server):
    with pytest.raises(InputError, match=r"no memory figures within 0[.]5 s"):
        verify([fake_server("time.sleep(60)"), "-m", "x.gguf"], timeout=0.5)


def test_the_server_fits_and_listens_nowhere_else(fake_server, tmp_path: Path):
    body = f"pathlib.Path({str(tmp_path / 'argv')!r}).write_text('\\n'.join(sys.argv[1:]))"
    with pytest.raises(InputError):
        verify([fake_server(body), "-m", "x.gguf", "--port", "8080", "--fit", "off"], timeout=30)
    words = (tmp_path / "argv").read_text().splitlines()

    assert ["-m", "x.gguf", "--port", "8080", "--fit", "off"] == words[:6]
    assert ["--fit", "on", "--host", "127.0.0.1", "--port", "0"] == words[6:12]


def test_a_missing_program_is_one_line():
    with pytest.raises(InputError, match="/nowhere/llama-server: no such program"):
        verify(["/nowhere/llama-server", "-m", "x.gguf"])

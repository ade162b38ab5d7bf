"""`moefit calibrate`, and plans that name what they rest on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.cli import main
from moefit.machine.calibration import Calibration, Learned, LinkRate, RamRate
from moefit.machine.calibration_file import load_calibration, save_calibration
from moefit.machine.calibration_json import from_json
from moefit.machine.servers import ServerRate
from moefit.machine.system import read_fingerprint

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")
DATE = "2026-11-24T07:00:00+00:00"


def calibration() -> Calibration:
    return Calibration(
        read_fingerprint(),
        DATE,
        (RamRate(1, 10_000_000_000), RamRate(2, 40_000_000_000)),
        (LinkRate("GPU-1", "NVIDIA GeForce RTX 3060", 25_000_000_000, 11_000_000_000),),
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration folder, and a machine that is quick to measure."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(
        "moefit.machine.measure.measure_machine", lambda _tell: (calibration(), ("a card is busy",))
    )
    decoded = (RamRate(1, 5_300_000_000), RamRate(2, 9_900_000_000))
    monkeypatch.setattr("moefit.llama.decode_rate.measure_decode", lambda *_, **__: (decoded, ()))
    return tmp_path


def moefit(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_what_was_measured_is_shown_and_saved(home: Path, capsys: pytest.CaptureFixture[str]):
    assert 0 == moefit("calibrate")
    told = capsys.readouterr()
    [saved] = (home / "moefit").iterdir()
    for part in ("40.0 GB/s", "9.9 GB/s", "RTX 3060", "25.0 GB/s", "11.0 GB/s", str(saved)):
        assert part in told.out
    assert "moefit: warning: a card is busy\n" == told.err


def test_what_bench_learned_of_models_is_kept_and_what_it_learned_of_the_machine_is_not(home: Path):
    learned = (Learned("CPU", "memory", 0.8),)
    earlier = replace(calibration(), learned=learned, benched=("m@d",), misses=(("m", 1.5),))
    save_calibration(earlier, {"XDG_CONFIG_HOME": str(home)})
    assert 0 == moefit("calibrate")
    found = load_calibration(earlier.fingerprint, {"XDG_CONFIG_HOME": str(home)})
    assert found is not None
    assert ((("m", 1.5),), (), ()) == (found.misses, found.learned, found.benched)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_an_earlier_file_that_cannot_be_read_is_replaced(home: Path, text: str):
    path = home / "moefit" / f"calibration-{calibration().fingerprint}.json"
    path.parent.mkdir()
    path.write_text(text)
    assert 0 == moefit("calibrate")
    assert text != path.read_text()


def test_json_is_the_saved_document_with_its_path(home: Path, capsys: pytest.CaptureFixture[str]):
    assert 0 == moefit("calibrate", "--json")
    document = json.loads(capsys.readouterr().out)
    [saved] = (home / "moefit").iterdir()
    assert (str(saved), ["a card is busy"]) == (document.pop("path"), document.pop("warnings"))
    assert json.loads(saved.read_text()) == document


@pytest.mark.parametrize(
    ("option", "expected"), [((), f"{read_fingerprint()} of 2026-11-24"), (("--no-calibration",), "")]
)
@pytest.mark.usefixtures("home")
def test_a_plan_names_its_calibration_unless_told_to_leave_it_out(
    capsys: pytest.CaptureFixture[str], option: tuple[str, ...], expected: str
):
    moefit("calibrate")
    capsys.readouterr()
    moefit("plan", EXAMPLE, "--gpu", "rtx-3060", "--json", *option)
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert (expected, "calibration" if expected else "unknown") == (
        machine["calibration"],
        machine["ram"]["source"],
    )


@pytest.mark.usefixtures("home")
def test_the_table_names_the_calibration(capsys: pytest.CaptureFixture[str]):
    moefit("calibrate")
    capsys.readouterr()
    moefit("plan", EXAMPLE, "--gpu", "rtx-3060")
    assert f"calibration {read_fingerprint()} of 2026-11-24" in capsys.readouterr().out


def test_a_replanning_unit_keeps_to_the_option():
    from moefit.cli.shared import Shared

    words = Shared(no_calibration=True, cores=4).run_words(["llama-server", "-m", "x.gguf"])
    assert ("--no-calibration", "--", "llama-server") == tuple(words[i] for i in (-5, -4, -3))


def test_the_way_to_a_server_is_shown_and_saved(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    measured = (ServerRate("box:50052", 118_000_000, 0.0004),)
    monkeypatch.setattr("moefit.llama.rpc_link.measure_servers", lambda _rpc, _tell: (measured, ("slow",)))
    assert 0 == moefit("calibrate", "--rpc", "box:50052")
    told = capsys.readouterr()
    [saved] = (home / "moefit").iterdir()
    assert "way to box:50052, answered in 400 us" in told.out
    assert "moefit: warning: slow" in told.err
    assert measured == from_json(saved.read_text()).servers

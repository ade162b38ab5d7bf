"""`moefit bench` with runs that are made up: what is shown, saved and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moefit.cli import main
from moefit.machine.calibration import Calibration, RamRate
from moefit.machine.calibration_file import load_calibration, save_calibration
from moefit.machine.system import read_fingerprint
from moefit.planning.trials import Event, Failed, Filled, Hits, Peak, Ready, Sample, Trial

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
Run = Callable[[Trial], Iterator[Event]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess
    import sys

    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_test_model.py", path, "--size", "tiny"],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def bench(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Exit status and stdout of `moefit bench`, whose runs end as told."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "140")

    def call(run: Run, *options: str, line: tuple[str, ...] = ("-dev", "none")) -> tuple[int, str]:
        monkeypatch.setattr("moefit.app.bench.run_trial", lambda trial, *_, **__: run(trial))
        with pytest.raises(SystemExit) as end:
            main(
                [
                    "bench",
                    "--workload",
                    "64:8",
                    *options,
                    "--",
                    "llama-server",
                    "-m",
                    str(model),
                    "-c",
                    "512",
                    *line,
                ]
            )
        assert isinstance(end.value.code, int)
        return end.value.code, capsys.readouterr().out

    return call


def slower(trial: Trial, factor: float) -> Sample:
    """A run whose answer takes `factor` times as long as predicted."""
    predicted = trial.candidate.prediction
    return Sample(predicted.prefill_tokens_per_second, predicted.decode_tokens_per_second / factor)


def as_predicted(trial: Trial) -> Iterator[Event]:
    yield slower(trial, 1.0)
    yield Peak({"CUDA0": 700 * MIB}, 900 * MIB)


def test_measured_stands_beside_predicted_with_the_memory(bench):
    status, out = bench(as_predicted)
    assert 0 == status
    header, *rows = (line.split() for line in out.splitlines()[1:])
    assert ["CUDA0", "RAM"] == header[-2:]
    assert ["0.68", "0.88"] == rows[0][-2:]
    assert "--fit" in out


def test_a_filled_context_is_told(bench):
    def run(trial: Trial) -> Iterator[Event]:
        yield from as_predicted(trial)
        yield Filled(496, Peak({}, 950 * MIB))

    assert "context filled by a prompt of 496 tokens: RAM 950 MiB" in bench(run)[1]


def test_a_start_stands_beside_what_was_expected(bench):
    def run(trial: Trial) -> Iterator[Event]:
        yield Ready(3.2)
        yield from as_predicted(trial)

    assert "was ready after 3.2 s (" in bench(run)[1]
    assert 3.2 == json.loads(bench(run, "--json")[1])["lines"][0]["ready_seconds"]


def test_the_fastest_measured_line_is_the_one_to_copy(bench):
    def run(trial: Trial) -> Iterator[Event]:
        yield Sample(1.0, 1.0) if trial.name != "--fit" else Sample(100.0, 100.0)

    _, out = bench(run, "--json")
    document = json.loads(out)
    assert "--fit" == document["lines"][document["fastest"]]["name"]
    assert "--fit" not in bench(run)[1].splitlines()[-1].split()


def test_a_chosen_line_that_fails_is_exit_status_1(bench):
    def run(_trial: Trial) -> Iterator[Event]:
        yield Failed("CUDA error: out of memory")

    status, out = bench(run)
    assert 1 == status
    assert "out of memory" in out


def test_a_rival_that_fails_is_only_told(bench):
    def run(trial: Trial) -> Iterator[Event]:
        yield Failed("it ended with signal 9") if trial.name == "--fit" else slower(trial, 1.0)

    status, out = bench(run)
    assert 0 == status
    assert "it ended with signal 9" in out


@pytest.mark.parametrize("option", [[], ["--json"]], ids=["page", "json"])
def test_what_a_server_says_is_told_without_secrets(bench, monkeypatch, option):
    monkeypatch.setenv("HF_TOKEN", "hunter22hunter")

    def run(_trial: Trial) -> Iterator[Event]:
        yield Failed("https://me:swordfish@host/m.gguf?sig=xyzzy with hunter22hunter: error 404")

    _, out = bench(run, *option)
    assert "https://host/m.gguf with ***: error 404" in out
    assert [] == [secret for secret in ("hunter22", "swordfish", "xyzzy") if secret in out]


def test_ctrl_c_keeps_what_was_measured(bench):
    def run(trial: Trial) -> Iterator[Event]:
        yield slower(trial, 1.0)
        raise KeyboardInterrupt

    status, out = bench(run, "--json")
    document = json.loads(out)
    assert (130, True) == (status, document["interrupted"])
    assert [1, 0] == [len(line["runs"]) for line in (document["lines"][0], document["lines"][-1])]


def test_saving_needs_a_calibration(bench):
    status, out = bench(as_predicted, "--save")
    assert (2, "") == (status, out)


def test_what_is_learned_is_saved_in_the_calibration(bench, tmp_path: Path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    measured = Calibration(read_fingerprint(), "2026-11-24T07:00:00+00:00", (RamRate(1, 5 * 10**6),), ())
    save_calibration(measured, environment)

    status, out = bench(lambda trial: iter([slower(trial, 1.3)]), "--save", "--json")
    document = json.loads(out)
    assert 0 == status
    [learned] = document["learned"]
    assert ("CPU", "memory") == (learned["place"], learned["figure"])
    assert 0.7 < learned["factor"] < 0.9
    saved = load_calibration(measured.fingerprint, environment)
    assert saved is not None
    assert [learned["factor"]] == [one.factor for one in saved.learned]
    assert 1 == len(saved.benched)


def test_how_often_an_expert_cache_is_missed_is_saved_for_the_model_and_planned_with(bench, tmp_path: Path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    measured = Calibration(read_fingerprint(), "2026-11-24T07:00:00+00:00", (RamRate(1, 5 * 10**6),), ())
    save_calibration(measured, environment)
    line = ("-ngl", "99", "-cmoe", "--no-repack", "-lm", "none", "--moe-cache-mib", "2")

    def run(trial: Trial) -> Iterator[Event]:
        yield from as_predicted(trial)
        if trial.name != "--fit":
            yield Hits(9000, 1000)

    def planned(*options: str) -> float:
        told = json.loads(bench(run, "--gpu", "1GiB", *options, "--json", line=line)[1])
        return float(told["lines"][0]["predicted"]["hit_rate"])

    before = planned("--save")
    assert before != pytest.approx(0.9, abs=0.005)
    assert 0.9 == pytest.approx(planned(), abs=0.005)


def test_runs_that_were_as_predicted_are_saved_too(bench, tmp_path: Path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    measured = Calibration(read_fingerprint(), "2026-11-24T07:00:00+00:00", (RamRate(1, 5 * 10**6),), ())
    save_calibration(measured, environment)
    assert 0 == bench(as_predicted, "--save")[0]
    saved = load_calibration(measured.fingerprint, environment)
    assert saved is not None
    assert ((), 1) == (saved.learned, len(saved.benched))


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_runs_that_no_figure_explains_make_nothing_measured(bench, tmp_path: Path, factor: float):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    measured = Calibration(read_fingerprint(), "2026-11-24T07:00:00+00:00", (RamRate(1, 5 * 10**6),), ())
    save_calibration(measured, environment)
    assert 0 == bench(lambda trial: iter([slower(trial, factor)]), "--save")[0]
    saved = load_calibration(measured.fingerprint, environment)
    assert saved is not None
    assert () == saved.benched


def test_an_interrupted_bench_saves_what_it_learned(bench, tmp_path: Path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    measured = Calibration(read_fingerprint(), "2026-11-24T07:00:00+00:00", (RamRate(1, 5 * 10**6),), ())
    save_calibration(measured, environment)

    def run(trial: Trial) -> Iterator[Event]:
        yield slower(trial, 1.3)
        raise KeyboardInterrupt

    assert 130 == bench(run, "--save")[0]
    saved = load_calibration(measured.fingerprint, environment)
    assert saved is not None
    assert saved.learned

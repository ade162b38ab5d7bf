"""A hand-written line, run for real: what the harness reads is what llama.cpp predicts of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from moefit.llama.verify import verify
from tests.llama.harness import RpcDevices, serve

pytestmark = pytest.mark.llama


def test_a_line_with_experts_on_the_cpu_runs_as_verify_says(
    environment, rpc: RpcDevices, small_model: Path, tmp_path: Path
):
    experts = "blk[.]([01])[.]ffn_(up|down|gate)_exps=CPU"
    line = [
        "llama-server",
        "-m",
        str(small_model),
        *rpc.option,
        "-c",
        "4096",
        "-ngl",
        "5",
        "-ts",
        "2,3",
        "-ot",
        experts,
    ]
    line += ["--fit", "off"]

    predicted = verify(line, environment=environment)
    with serve(line, tmp_path / "log", environment) as server:
        answer = server.complete("The", 4)
        log = server.log.read_text(errors="replace")
        status = server.stop()

    assert answer["tokens_predicted"] == 4
    assert "fitting params" not in log
    assert [d.use.model >> 20 for d in predicted.devices] == [int(server.model(b)) for b in rpc.buffers]
    assert [d.use.context >> 20 for d in predicted.devices] == [int(server.context(b)) for b in rpc.buffers]
    assert status == 0


def test_a_draft_models_memory_is_told_apart_from_the_models(environment, rpc: RpcDevices, small_model: Path):
    line = ["llama-server", "-m", str(small_model), *rpc.option, "-c", "4096", "-ngl", "5", "-ts", "2,3"]
    alone = verify(line, environment=environment)
    drafted = verify([*line, "-md", str(small_model), "-ngld", "0"], environment=environment)

    assert {} == alone.draft
    assert alone.devices[0].use.model == drafted.devices[0].use.model
    assert drafted.draft["Host"].model > 0

"""How many tokens of a batch have outputs in each program, as the programs themselves say (n_outputs_max)."""

import pytest

from moefit.launch.settings import Settings
from moefit.memory.outputs import outputs_max
from tests import oracle

MODEL = oracle.model("qwen3-30b-a3b", "Q4_K_M")


@pytest.mark.parametrize(
    ("program", "outputs"),
    [
        ("llama-server", 3),
        ("llama-cli", 3),
        ("llama-completion", 2048),
        ("llama-bench", 2048),
        ("llama-batched-bench", 2048),
        ("llama-fit-params", 2048),
        ("llama-perplexity", 2048),
    ],
)
def test_a_server_has_outputs_for_its_slots_and_any_other_program_for_the_whole_batch(program, outputs):
    assert outputs == outputs_max(MODEL, Settings(8192, program=program, slots=3), 2048)


def test_each_drafted_token_and_every_embedded_one_is_an_output():
    drafting = Settings(8192, program="llama-cli", slots=3, draft_tokens=4)

    assert 15 == outputs_max(MODEL, drafting, 2048)
    assert 2048 == outputs_max(MODEL, Settings(8192, slots=3, embeddings=True), 2048)

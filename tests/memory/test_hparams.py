"""Defaults of hyper-parameters that hang on others."""

import pytest

from moefit.gguf.header import Header, Shard
from moefit.launch.settings import Settings
from moefit.memory.host import output_buffer
from moefit.memory.hparams import hparams
from moefit.model import build
from tests import oracle


def changed(name, dropped=(), **keys):
    """The recorded model with other hyper-parameters, and without some; `__` for the dot."""
    source = oracle.header(name, next(iter(oracle.models()[name]["types"])))
    architecture = source.metadata["general.architecture"]
    told = {f"{architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    kept = {k: v for k, v in source.metadata.items() if k.removeprefix(f"{architecture}.") not in dropped}
    return build("m.gguf", Header(3, "little", {**kept, **told}, source.tensors, (Shard("m.gguf", None, 0),)))


GLM = next(n for n, m in oracle.models().items() if m["architecture"] == "glm-dsa")


@pytest.mark.parametrize(
    ("trained", "full"),
    [(202752, [0, 1, 2, 3, 4, 5, 6, 7]), (1 << 20, [0, 1, 2, 6])],
    ids=["before 5.2", "5.2"],
)
def test_which_layers_of_glm_have_an_indexer_hangs_on_the_trained_context(trained, full):
    found = hparams(changed(GLM, context_length=trained)).indexer[:8]

    assert full == [layer for layer, indexer in enumerate(found) if indexer]


def test_what_the_file_says_of_glms_indexers_counts_more():
    blocks = len(oracle.model(GLM, next(iter(oracle.models()[GLM]["types"]))).layers)
    told = tuple(int(layer == 0) for layer in range(blocks))
    found = hparams(changed(GLM, context_length=1 << 20, attention__indexer__types=told)).indexer

    assert [0] == [layer for layer, indexer in enumerate(found) if indexer]


def test_the_output_of_deepseek_4_is_all_of_its_streams():
    name = next(n for n, m in oracle.models().items() if m["architecture"] == "deepseek4")
    model = oracle.model(name, next(iter(oracle.models()[name]["types"])))
    plain, mtp = (output_buffer(model, Settings(8192, batch=512, mtp=mtp)) for mtp in (False, True))

    assert 4 * 512 * 4 * model.embedding == mtp - plain


def test_one_expert_of_hunyuan_is_none():
    name = next(n for n, m in oracle.models().items() if m["architecture"] == "hunyuan-dense")

    built = changed(name, expert_count=0, expert_used_count=1)

    assert (0, set()) == (built.experts, {t for layer in built.layers for t in layer.experts})

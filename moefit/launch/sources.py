"""Where a model comes from, and the options that name one together with its settings.

source: common/arg.cpp, the `-default` options at the end of common_params_parser_init.
"""

from __future__ import annotations

from typing import Final

from moefit.launch.lookup import Values
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model as llama.cpp takes it; of several, the repository is what gets loaded, then the URL, then the path."""

    path: str | None = None
    """-m."""
    hf_repo: str | None = None
    """-hf user/repo[:quant]."""
    hf_file: str | None = None
    """-hff."""
    url: str | None = None
    """-mu."""
    docker_repo: str | None = None
    """-dr."""

    def __bool__(self) -> bool:
        return bool(self.path or self.hf_repo or self.url or self.docker_repo)


NO_MODEL: Final = ModelSource()


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one `-default` option sets at once; None is left alone."""

    model: ModelSource = NO_MODEL
    context: int | None = None
    batch: int | None = None
    ubatch: int | None = None
    slots: int | None = None
    draft: ModelSource = NO_MODEL
    embeddings: bool = False


def recipe(values: Values) -> Recipe:
    """The `-default` option that counts, or nothing."""
    found = values.last(*RECIPES)
    return next(RECIPES[word] for word in found.option.spellings if word in RECIPES) if found else Recipe()


def source(values: Values, **spellings: str) -> ModelSource:
    """A model source from the options that `spellings` name for its fields."""
    return ModelSource(**{field: values.text(spelling) for field, spelling in spellings.items()})


def _repo(name: str, file: str | None = None) -> ModelSource:
    return ModelSource(hf_repo=f"ggml-org/{name}", hf_file=file)


def _coder(size: str, *, draft: bool = False) -> Recipe:
    model, small = (
        _repo(f"Qwen2.5-Coder-{s}-Q8_0-GGUF", f"qwen2.5-coder-{s.lower()}-q8_0.gguf") for s in (size, "0.5B")
    )
    return Recipe(model, context=0, batch=1024, ubatch=1024, draft=small if draft else NO_MODEL)


RECIPES: Final = {
    "--embd-gemma-default": Recipe(
        _repo("embeddinggemma-300M-qat-q4_0-GGUF", "embeddinggemma-300M-qat-Q4_0.gguf"),
        context=65536,
        batch=2048,
        ubatch=2048,
        slots=32,
        embeddings=True,
    ),
    "--fim-qwen-1.5b-default": _coder("1.5B"),
    "--fim-qwen-3b-default": _coder("3B"),
    "--fim-qwen-7b-default": _coder("7B"),
    "--fim-qwen-7b-spec": _coder("7B", draft=True),
    "--fim-qwen-14b-spec": _coder("14B", draft=True),
    "--fim-qwen-30b-default": Recipe(
        _repo("Qwen3-Coder-30B-A3B-Instruct-Q8_0-GGUF", "qwen3-coder-30b-a3b-instruct-q8_0.gguf"),
        context=0,
        batch=1024,
        ubatch=1024,
    ),
    "--gpt-oss-20b-default": Recipe(
        _repo("gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4.gguf"), context=262144, batch=32768, ubatch=2048, slots=2
    ),
    "--gpt-oss-120b-default": Recipe(
        _repo("gpt-oss-120b-GGUF"), context=262144, batch=32768, ubatch=2048, slots=2
    ),
    "--vision-gemma-4b-default": Recipe(_repo("gemma-3-4b-it-qat-GGUF"), context=0),
    "--vision-gemma-12b-default": Recipe(_repo("gemma-3-12b-it-qat-GGUF"), context=0),
}

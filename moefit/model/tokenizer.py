"""Types and lengths of what a file says of its tokenizer. Which tokenizers there are is up to the llama.cpp that loads it.

source: src/llama-vocab.cpp, llama_vocab::impl::load; src/llama-arch.cpp (LLM_KV_TOKENIZER_*)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED, SkippedArray, brief
from moefit.model.hyperparameter_reader import integer
from moefit.model.keys import KEYS
from moefit.sizes import counted

if TYPE_CHECKING:
    from moefit.gguf.header import Header

_LISTS: Final = {
    "tokens": ("str",),
    "merges": ("str",),
    "scores": ("f32", "i32"),
    "token_type": ("i32",),
    "precompiled_charsmap": ("i8", "u8"),
    "suppress_tokens": ("i32",),
}
_FLAGS: Final = (
    "add_bos_token add_eos_token add_sep_token add_space_prefix remove_extra_whitespaces"
    " normalizer.lowercase normalizer.strip_accents"
)
_TOKENS: Final = (
    "bos eos eot eom unknown seperator padding mask"
    " fim_pre fim_suf fim_mid fim_pad fim_rep fim_sep prefix suffix middle"
)
_ONES: Final = {
    "model": "str",
    "pre": "str",
    "token_type_count": "u32",
    **dict.fromkeys(_FLAGS.split(), "bool"),
    **dict.fromkeys((f"{name}_token_id" for name in _TOKENS.split()), "u32"),
}
_READ_BY: Final = {
    "merges": ("gpt2", "hybriddna", "whitespace", "gemma4"),
    "precompiled_charsmap": ("t5",),
}
"""What only these tokenizers read."""
_WITHOUT_MERGES: Final = ("kimi-k2",)
_EVERY_TOKEN: Final = ("scores", "token_type")
"""Lists with a value for every token, or more."""
_NONE: Final = ("no_vocab", "none")
_READ_ANYWAY: Final = ("model", "pre", "token_type_count")
_PREFIX: Final = "tokenizer.ggml."


def check_tokenizer(path: str, header: Header) -> None:
    """Find a value of a type or a length that no tokenizer has, and a tokenizer without its tokens. A header without any vocabulary is one of a model.

    Raises:
        InputError: there is one; it names key, value and file.
    """
    model = header.metadata.get(f"{_PREFIX}model")
    for name in _READ_ANYWAY if has_no_tokens(header) else (*_ONES, *_LISTS):
        if _PREFIX + name in header.metadata and model in (_READ_BY.get(name) or (model,)):
            _check(path, header, name)
    needs = ["model"] if f"{_PREFIX}tokens" in header.metadata else []
    if model and not has_no_tokens(header):
        bare = header.metadata.get(f"{_PREFIX}pre") in _WITHOUT_MERGES
        needs = ["tokens", *(["merges"] if model in _READ_BY["merges"] and not bare else [])]
    for name in needs:
        if _PREFIX + name not in header.metadata:
            raise InputError(f"{path}: {_PREFIX}{name} is missing", DAMAGED)


def _check(path: str, header: Header, name: str) -> None:
    key, wanted = _PREFIX + name, _LISTS.get(name) or (_ONES[name],)
    value, found = header.metadata[key], header.types.get(key)  # headers made by hand have no types
    listed = isinstance(value, tuple | SkippedArray)
    if listed is not (name in _LISTS) or (found and found not in wanted):
        said = "a list" if listed else brief(value)
        kind = f"{'a list ' if name in _LISTS else ''}of type {' or '.join(wanted)}"
        raise InputError(f"{path}: {key} is {said} of type {found}, not {kind}", DAMAGED)
    tokens = _length(header.metadata.get(f"{_PREFIX}tokens"))
    if name in _EVERY_TOKEN and _length(value) < tokens:
        raise InputError(
            f"{path}: {key} has {counted(_length(value), 'value')} for {counted(tokens, 'token')}", DAMAGED
        )


def has_no_tokens(header: Header) -> bool:
    """Whether its tokenizer is none, so that a number of the file's stands for the tokens."""
    return header.metadata.get(f"{_PREFIX}model") in _NONE


def vocabulary(path: str, architecture: str, header: Header) -> tuple[int, str]:
    """How many tokens there are, and the key or the tensor that says so: without a tokenizer the rows of the embedding or output matrix.

    Raises:
        InputError: the number that stands for the tokens is none.
    """
    tokens, key = header.metadata.get(f"{_PREFIX}tokens"), f"{architecture}.vocab_size"
    if isinstance(tokens, SkippedArray) and not has_no_tokens(header):
        return tokens.length, f"{_PREFIX}tokens"
    if key in header.metadata or has_no_tokens(header):
        return integer(path, header, key, KEYS["vocab_size"]), key
    rows = {t.name: t.shape[-1] for t in header.tensors if t.name in ("output.weight", "token_embd.weight")}
    name = max(rows, key=lambda name: rows[name], default="")
    return rows.get(name, 0), name


def _length(value: object) -> int:
    return value.length if isinstance(value, SkippedArray) else len(value) if isinstance(value, tuple) else 0

"""A valid byte-pair vocabulary of any size, without a tokenizer to copy it from."""

from __future__ import annotations

from itertools import chain, islice, product

LETTERS = "etaoin"
"""Six letters give 152k words a mean length of 6.5, as real vocabularies have."""
NORMAL, CONTROL = 1, 3
"""source: include/llama.h, enum llama_token_type."""


def byte_characters() -> list[str]:
    """The 256 characters that stand for bytes in GPT-2's vocabulary: printable ones stand for themselves."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    moved = iter(range(256, 512))
    return [chr(byte if byte in plain else next(moved)) for byte in range(256)]


def words(count: int) -> list[str]:
    """`count` different words; each one but its last letter is a word too, or a single letter.

    So "<all but the last letter> <last letter>" is a merge, and the tokenizer really makes them.

    >>> words(3), words(40)[-1]
    (['ee', 'et', 'ea'], 'eeo')
    """
    by_length = (product(LETTERS, repeat=length) for length in range(2, 12))
    return ["".join(letters) for letters in islice(chain.from_iterable(by_length), count)]


def vocabulary(size: int, kind: str = "qwen2") -> dict[str, str | int | list[str] | list[int]]:
    """The tokenizer keys of a GGUF file with `size` tokens; `kind` names llama.cpp's pre-tokenizer."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    learned = words(size - 256 - len(special))
    first_special = size - len(special)
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": kind,
        "tokenizer.ggml.tokens": [*byte_characters(), *learned, *special],
        "tokenizer.ggml.token_type": [NORMAL] * first_special + [CONTROL] * len(special),
        "tokenizer.ggml.merges": [f"{word[:-1]} {word[-1]}" for word in learned],
        "tokenizer.ggml.bos_token_id": first_special,
        "tokenizer.ggml.eos_token_id": first_special + 2,
        "tokenizer.ggml.padding_token_id": first_special,
    }

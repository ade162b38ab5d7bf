"""Dimensions of a head that the loader or the graph of an architecture holds to be equal, and stops where they are not."""

from __future__ import annotations

import re

from loaders.source import Source

EQUAL = re.compile(
    r"GGML_ASSERT\((?:hparams\.)?n_embd_head(?:_v\(\))? == (hparams\.n_embd_head_k\(\)|hparams\.n_embd_head_v\((?:il)?\)|n_rot)\)"
)
HEAD = re.compile(r"n_embd_head *= *hparams\.n_embd_head_([kv])\(\)")


def alike(source: Source, name: str, constant: str) -> str:
    """Their names, as moefit.model.dimensions has them."""
    found: dict[str, None] = {}
    text = "".join(source.files_of(name))
    for other in dict.fromkeys(EQUAL.findall(text)):
        first = "head_v" if other == "hparams.n_embd_head_k()" else "head_k"
        if HEAD.search(text) or "n_rot" not in other:
            of_block = "@" * other.endswith("(il)")
            second = "n_rot" if other == "n_rot" else other.partition("n_embd_")[2][:6]
            found |= dict.fromkeys((first + of_block, second + of_block))
    loader = source.body("llama_model_base", "load_hparams")
    rule = re.search(r"if \(([^{]*)\) \{\s*if \(hparams\.n_rot_full != hparams\.n_embd_head_k_full\)", loader)
    if rule and re.search(rf"== {constant}\b", rule[1]):
        found |= dict.fromkeys(("head_k", "n_rot"))
    return " ".join(sorted(found))

"""Recorded answers that differ from what is counted, and why; the tests on recorded rows find any other."""

FEW_LAYERS_DIFFER = frozenset(
    {
        ("glm-4.7-flash", "-c 8192 -ub 512 -ot " + r"blk\.(24|25|26|27|28|29|30|31|32|33|34|35|36|37|38|39|40|41|42|43|44|45|46|47)\.ffn_(up|down|gate|gate_up)_(ch|)exps=CPU"),
    }
)  # fmt: skip
"""Rows of a real card, by model and flags, whose compute buffer a graph of every layer gives to the byte, and one of a few layers does not.

The few layers that stand for all make a plan ten times as quick: 10 MiB too little is said of these.
"""

ON_THE_HOST = {
    "glm5-next": "the positions of its indexer are quantised, which llama-quantize does not do: a card cannot add them",
    "plamo-2-1b": "a card has no scan over 64 states: its decay factors lie with what does it",
}
"""Models of which a real card leaves up to 8 KiB of weights on the host, and why."""

NOT_RECORDED = {
    "clef": "it decides: its head scores tokens in an order that a caller gives with each batch (llama_batch_ext_set_decision_order), which no llama-server does",
    "dflash": "it drafts: it loads beside the model alone that it was made for",
    "eagle3": "the same",
    "gemma4-assistant": "it drafts, too; `tests/memory/test_gemma4_assistant.py` holds its two contexts to recorded graphs",
    "gptj": "no llama.cpp of this range loads it",
    "plm": "llama.cpp ends when it stores a value (llama_kv_cache::cpy_v)",
    "wavtokenizer-dec": "it makes sounds of tokens for llama-tts, and has nothing that a server generates",
}
"""Architectures with a row and without recorded answers, and why."""

LATER = ("gemma-embedding2", "k2-horizon")
"""Architectures that came after b11434, and were recorded with b11549."""

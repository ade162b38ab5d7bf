"""The words of a plan, in a reader's words: `moefit explain WORD`, and docs/glossary.md."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from moefit.errors import UsageError

WORDS: Final = {
    "layer": (
        "A model is a stack of layers; a token passes through all of them, one after the other. "
        "A layer lives on one device: its attention, its KV cache and, unless an -ot says otherwise, its experts."
    ),
    "expert": (
        "In a mixture-of-experts model a layer has many feed-forward networks, its experts, and a token uses a few of them: 8 of 128. "
        "So experts are most of the bytes and little of the reading, and the first to go to RAM."
    ),
    "base": (
        "A layer without its experts, with its KV cache: attention, norms, router, shared experts. "
        "Every token reads it whole, so it belongs on the GPU before any expert does."
    ),
    "kv": (
        "The KV cache holds what attention remembers of the context. It grows with -c, and with the type of -ctk and -ctv: "
        "q8_0 takes about half of f16."
    ),
    "context": (
        "Tokens that the server can hold at once: the prompt and the answer, shared by its slots. -c sets it; moefit never lowers what you set."
    ),
    "compute": (
        "Compute buffers hold what is being calculated. They grow with the micro-batch, and moefit finds them by following llama.cpp's own allocator."
    ),
    "expert-cache": (
        "Experts that live in RAM, kept a second time on the GPU while they are used often: --moe-cache-mib of llama.cpp b11480 and later. "
        "How much it helps depends on how often a text comes back to the same experts; the plan's notes say what was assumed."
    ),
    "overhead": (
        "What the driver's runtime takes on a GPU before llama.cpp allocates anything: 250 to 500 MiB with CUDA. llama.cpp does not count it."
    ),
    "reserve": (
        "What moefit keeps back for growth that llama.cpp does not count, such as pools that grow with the prompt. --margin puts your own figure in its place."
    ),
    "unused": "What nothing takes: the plan needs none of it. It is not what the driver calls free, which is before the server starts.",
    "ubatch": (
        "The micro-batch, -ub: tokens of a prompt that are computed at once. With experts in RAM each micro-batch copies them to the GPU, "
        "so a larger one copies less often; it needs larger compute buffers, and leaves room for fewer experts."
    ),
    "load-mode": (
        "How weights get into memory, -lm. mmap maps the file; none copies it into memory that the GPU's driver pins, from which a link runs at full speed: "
        "several times faster prompts with experts in RAM."
    ),
    "prompt": "Reading the prompt (prefill): thousands of tokens at once, limited by arithmetic and by copies over the link.",
    "answer": "Writing the answer (decode): token by token, each reading all bases and a few experts, limited by memory bandwidth.",
    "range": (
        "Four of five runs fall into it. It is narrow where the machine was measured (moefit calibrate) or the model ran here (moefit bench --save)."
    ),
    "guessed": "A figure that the speed rests on is not known, such as how fast this RAM reads. The plan says which, and how to tell it.",
    "catalogue": "The speed rests on datasheets of this kind of card.",
    "calibrated": "The speed rests on what moefit calibrate measured of this machine.",
    "measured": "This very model ran here, and moefit bench --save corrected the figures by it.",
    "base-first": (
        "moefit's usual placement: the output, then every layer's base, then experts from the first layer on with the room that is left. "
        "By use for each byte nothing is better."
    ),
    "moe-cache": "An expert cache on the GPU for layers whose experts are in RAM, beside layers that are whole on it, where llama.cpp has one.",
    "two-pass": "Whole layers first, then bases alone into what is left: the algorithm this project began from.",
    "standard": "Whole layers alone, from the last one down: -ngl and nothing else.",
    "ffn": "For dense models: feed-forward matrices on the CPU, so that all attention and KV stay on the GPU.",
    "--fit": "llama.cpp's own placement at each start. moefit follows it step by step to say what it would do, and turns it off in its own lines.",
    "--cpu-moe": "All experts in RAM: what guides recommend first.",
    "threshold": (
        "GGML_OP_OFFLOAD_MIN_BATCH: from so many tokens on, a batch copies weights in RAM to the GPU and computes there. 32 is llama.cpp's own."
    ),
    "checkpoints": "Saved states of a slot, in RAM, for models whose memory cannot be rolled back; -ctxcp says how many.",
    "prompt-cache": "Finished prompts that the server keeps in RAM to start the next one sooner, up to -cram (8 GiB unless you say otherwise).",
    "slot": "A place for one request. Slots share the context; recurrent states and sliding windows are there once for each.",
    "-ngl": "Layer slots on GPUs, counted from the end of the model; the output is one more slot than there are layers.",
    "-ot": (
        "Tensors by a pattern of their names, and where they live instead: [.]ffn_(gate|down|up)_exps=CPU is every routed expert in RAM. "
        "Of several patterns the first that fits counts."
    ),
    "-ts": "How many layer slots each device of -dev gets, in its order.",
    "-dev": "The devices that are used, in this order; those that are not named stay empty.",
    "draft": "A small model, or a head of the model itself (MTP), that guesses tokens ahead; the model checks them at once.",
    "weights": "The model's numbers: a file is little else. Where they live decides the speed, for an answer reads what it uses of them for every token.",
    "output": "The last matrix, which makes a word of what the layers have worked out: read whole for every token, so the first thing on a GPU.",
    "whole": "All of it on GPUs, experts and cache too: a layer, or the model.",
    "strategy": (
        "How layers and experts are placed: base-first, two-pass, standard, or ffn for dense models. auto tries them and takes the fastest; --strategy names one."
    ),
    "router": "A layer's small matrix that chooses the experts of each token. Part of the base. (llama-server without a model is called a router too.)",
    "quant": (
        "How many bits a weight takes in the file: Q8_0 about 8, Q4_K_M about 5. Fewer are smaller and quicker to read, and at some point worse. "
        "moefit compare shows a repository's side by side."
    ),
    "vram": "The GPU's own memory, five to thirty times as fast as RAM: what is read for every token belongs there.",
    "link": "What carries weights from RAM to a GPU, mostly PCIe: 6 to 60 GB/s, where the GPU's own memory reads 300 to 3000.",
    "bandwidth": "What a memory hands over in a second. Answers wait for it: half the bytes, or twice the bandwidth, is about twice as fast.",
    "flash-attention": "-fa: attention computed in small pieces, without a large buffer of its own. llama.cpp turns it on where it can (auto), and a quantised V cache needs it.",
    "sliding-window": "Layers that look back only so far (Gemma 3, gpt-oss): their KV cache stays small however long the context is. --swa-full keeps all of it.",
    "threads": "-t: how many of the processor's threads compute what is in RAM. As many as cores is usual; more rarely help, for the memory is what they wait for.",
    "numa": "Several memories in one machine, each near some of its cores. Weights should be spread over them: --numa distribute.",
    "rpc": "--rpc: another machine's GPU, through its ggml-rpc-server. It holds layers well, if the network is quick; it has no authentication.",
    "program": "What llama-server itself takes in RAM beside its buffers. Other programs' memory is what was in use before.",
}
"""Word -> what it means. Words are those of a plan's page and of llama.cpp's options."""

OTHER_WORDS: Final = {
    "layers": "layer", "moe": "expert", "mixture-of-experts": "expert", "-ncmoe": "--cpu-moe",
    "expert-weights": "expert", "load": "load-mode", "none": "load-mode", "load-mode-none": "load-mode", "ready": "load-mode",
    "gpu-layers": "-ngl", "--gpu-layers": "-ngl", "--n-gpu-layers": "-ngl", "--override-tensor": "-ot", "override": "-ot", "pattern": "-ot",
    "--tensor-split": "-ts", "--device": "-dev", "device": "-dev", "-fit": "--fit", "--n-cpu-moe": "--cpu-moe", "--ubatch-size": "ubatch",
    "--load-mode": "load-mode", "--ctx-size": "context", "--cache-ram": "prompt-cache", "--spec-type": "draft",
    "prompt-cache-and-checkpoints": "prompt-cache", "--parallel": "slot", "confidence": "guessed", "cache-of-experts": "expert-cache", "--moe-cache-mib": "expert-cache", "experts": "expert", "bases": "base", "kv-cache": "kv", "cache": "kv", "ctx": "context", "-c": "context",
    "compute-buffer": "compute", "free": "unused", "left": "unused", "margin": "reserve", "micro-batch": "ubatch", "-ub": "ubatch",
    "batch": "ubatch", "-lm": "load-mode", "mmap": "load-mode", "pinned": "load-mode", "prefill": "prompt", "decode": "answer",
    "fit": "--fit", "llama-fit": "--fit", "cpu-moe": "--cpu-moe", "-cmoe": "--cpu-moe", "env": "threshold",
    "ggml_op_offload_min_batch": "threshold", "checkpoint": "checkpoints", "-ctxcp": "checkpoints", "-cram": "prompt-cache",
    "output-layer": "output", "pools": "reserve", "pages": "reserve", "page-tables": "reserve", "graphs": "reserve", "the-program": "program",
    "other-programs": "program", "offload": "-ngl", "kvcache": "kv", "context-size": "context", "active-parameters": "expert", "speculative": "draft",
    "-fa": "flash-attention", "fa": "flash-attention", "--flash-attn": "flash-attention", "swa": "sliding-window", "--swa-full": "sliding-window",
    "-t": "threads", "--threads": "threads", "pcie": "link", "t/s": "answer", "tokens-per-second": "answer", "tg": "answer", "pp": "prompt", "ttft": "prompt",
    "mlock": "load-mode", "quantisation": "quant", "quantization": "quant", "gguf": "quant", "memory": "vram", "gpu": "vram", "mtp-head": "draft",
    "whole-layer": "whole", "llama-server-router": "router", "batch-size": "ubatch", "-b": "ubatch", "expert-cache-size": "expert-cache", "auto": "strategy",
    "slots": "slot", "-np": "slot", "mtp": "draft", "speculation": "draft", "-ctk": "kv", "-ctv": "kv", "q8_0": "kv",
}  # fmt: skip
"""What people call them too."""


def meaning(word: str) -> tuple[str, str]:
    """The word as a page has it, and what it means.

    Raises:
        UsageError: a word that is not here.
    """
    asked = word.strip().lower().replace(" ", "-")
    for spelling in (asked, f"-{asked}", f"--{asked}", asked.lstrip("-"), asked.removesuffix("s")):
        known = OTHER_WORDS.get(spelling, spelling)
        if known in WORDS:
            return known, WORDS[known]
    near = get_close_matches(asked, [*WORDS, *OTHER_WORDS], n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(WORDS)}"
    raise UsageError(f"there is no explanation of {word}", hint)


def page() -> str:
    """docs/glossary.md."""
    rows = "\n\n".join(f"**{word}**\n: {text}" for word, text in WORDS.items())
    return f"# Glossary\n\n`moefit explain WORD` prints the same; `moefit explain` alone lists the words.\n\n{rows}\n"

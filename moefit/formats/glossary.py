"""The words of a plan, in a reader's words: `moefit explain WORD`, and docs/glossary.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
        "Every token reads it in full, so it belongs on the GPU before any expert does."
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
        "What moefit keeps back for growth that llama.cpp does not count, such as pools that grow with the prompt. --margin puts your own figure in its place. --beside keeps room for another program, too."
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
    "workload": (
        "The tokens of a prompt and of its answer that a plan is to be fast at: --workload chat, which is 2048:512, agent, rag, batch or any P:G. "
        "2048:512x20 says that a start of the server serves 20 requests: each then carries a twentieth of the start's seconds."
    ),
    "catalogue": "The speed rests on datasheets of this kind of card or RAM: what its maker promises. moefit cards lists them; moefit calibrate measures yours.",
    "calibrated": "The speed rests on what moefit calibrate measured of this machine.",
    "measured": "This very model ran here, and moefit bench --save corrected the figures by it.",
    "base-first": (
        "moefit's usual placement: the output, then every layer's base, then experts from the first layer on with the room that is left. "
        "By use for each byte nothing is better."
    ),
    "moe-cache": "An expert cache on the GPU for layers whose experts are in RAM, beside full layers, where llama.cpp has one.",
    "two-pass": "Full layers first, then bases alone into what is left: the algorithm this project began from.",
    "standard": "Full layers alone, from the last one down: -ngl and nothing else.",
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
    "draft": (
        "A small model (-md), or a prediction head that the model's own file carries (MTP), that guesses tokens ahead; the model checks them at once. --spec-type turns it on."
    ),
    "weights": "The model's numbers: a file is little else. Where they live decides the speed, for an answer reads what it uses of them for every token.",
    "output": "The last matrix, which makes a word of what the layers have worked out: read in full for every token, so the first thing on a GPU.",
    "full": "A layer with its experts and its cache on one device (a full layer, says llama.cpp's fit); a model is fully on GPUs where all of its layers are.",
    "strategy": (
        "How layers and experts are placed: base-first, two-pass, standard, or ffn for dense models. auto tries them and takes the fastest; --strategy names one."
    ),
    "router": (
        "A layer's small matrix that chooses the experts of each token. Part of the base. Routing is uniform where all experts are used equally often, skewed where a few are: "
        "an expert cache gains by skew. (llama-server without a model is called a router too.)"
    ),
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
    "token": (
        "What a model reads and writes: a word or a piece of one; a hundred English words are about 130 tokens. Speeds are in tokens per second, t/s."
    ),
    "tensor": (
        "One array of weights in the file, with a name: blk.0.attn_q.weight, of layer 0. Placing a model is to say where each tensor lives; -ot says it by name. "
        "A matrix is a tensor of rows and columns."
    ),
    "attention": (
        "The part of a layer that looks back at the tokens before: what it keeps of them is the KV cache. It is read in full for every token, so it is part of the base."
    ),
    "ffn": (
        "The feed-forward part of a layer, most of its bytes: one network in a dense model, many experts in a mixture. "
        "As a strategy: FFN matrices of a dense model on the CPU, so that all attention and KV stay on the GPU."
    ),
    "dense": "A model without experts: every token reads all of it.",
    "header": (
        "The first few MiB of a GGUF file: names, shapes and types of its tensors, but no weights. To plan, moefit reads no more. "
        "A model may lie in several files (shards, a split): each has a header."
    ),
    "buffer": "A block of memory that llama.cpp allocates on a device at once: for weights, for the KV cache, or to compute in.",
    "activations": "What flows between the parts of a model while a token is computed. They live in compute buffers.",
    "backend": (
        "What llama.cpp computes with: CUDA, ROCm, Vulkan, Metal (MTL), the CPU, or RPC to another machine. A device's name begins with it: CUDA0."
    ),
    "driver": (
        "What lets programs use a GPU. NVIDIA's tells of its cards by a library, NVML; of others sysfs, the kernel's own files, and llama-server --list-devices tell."
    ),
    "source": (
        "Who told of a device or a figure: nvml (NVIDIA's driver), llama-server (its --list-devices), sysfs (the kernel), catalogue (moefit cards), "
        "udev (the firmware, of RAM modules), declared (your options), file (--machine), calibrated (moefit calibrate), guessed."
    ),
    "taken": "What a plan uses of a memory, of all that is there: the bar above it. What nothing takes is unused.",
    "guest": (
        "What a line loads beside the model: a projector for pictures (--mmproj), a draft model (-md), adapters (--lora), control vectors. Its memory is part of the bar."
    ),
    "lacks": (
        "Bytes that are missing. Where nothing fits, the page shows the closest try, what it lacks, and what would fit instead. "
        "Less may do with a smaller micro-batch or context, which then stands beside it."
    ),
    "kept": (
        "With --explain: options of your line, which a plan leaves as they are. added: what it writes beside them; dropped: what it leaves out, and why; "
        "environment: variables that stand in front of the line."
    ),
    "tried": (
        "With --explain: the best try of each strategy and micro-batch, and how much slower it is than the plan. Many more are tried."
    ),
    "would-help": (
        "Changes that would make the plan faster, or make it fit, each with the seconds that it would then take and the words to type. None is made unasked: "
        "each costs quality, context or hardware."
    ),
    "ready": "Seconds until the server answers: the shorter with the file in memory from before, the longer where it is read from a disk.",
    "pinned": (
        "RAM that stays where it is, so that a GPU copies from it at the link's full speed; from other RAM (pageable) copies are several times slower. -lm none gives it."
    ),
    "ram": "The machine's main memory, where experts go that no GPU has room for. available: what programs may still take of it.",
    "modules": (
        "Sticks of RAM, as a rating: ddr5-5600x2 is DDR5 at 5600 MT/s on two channels, at most 89.6 GB/s. --ram-bandwidth takes it. "
        "XMP or EXPO in the firmware makes them run as fast as they are rated."
    ),
    "trained-context": "The longest text that a model was trained on. More can be asked for, and is rarely good.",
    "split-mode": (
        "-sm: how several GPUs share a model. layer: full layers, one GPU after the other, and prompts pipelined through them; tensor: a part of every layer on each (experimental)."
    ),
    "swap": "Disk that stands in for RAM. Weights that are swapped out are read from it at every token: then answers take many times longer.",
    "control-group": "Limits of Linux for a service or a container: so much RAM, so much of the processors (cgroup; MemoryMax=, docker run --memory).",
    "memory-lock": "How much RAM a program may keep from being swapped out (ulimit -l, LimitMEMLOCK=). --load-mode mlock needs as much as the weights.",
    "wsl": "Linux under Windows. Its driver moves GPU memory to RAM instead of failing when too much is asked for, and then all is slow.",
    "strip": "The row of marks below the bars, one for each layer: the more of a layer is on its device, the higher its mark.",
    "program": "What llama-server itself takes in RAM beside its buffers. Other programs' memory is what was in use before.",
}
"""Word -> what it means. Words are those of a plan's page and of llama.cpp's options."""

_MOST: Final = 5
"""Words that a hint names."""
OTHER_WORDS: Final = {
    "layers": "layer", "moe": "expert", "mixture-of-experts": "expert", "-ncmoe": "--cpu-moe",
    "expert-weights": "expert", "load": "load-mode", "none": "load-mode", "load-mode-none": "load-mode",
    "gpu-layers": "-ngl", "--gpu-layers": "-ngl", "--n-gpu-layers": "-ngl", "--override-tensor": "-ot", "override": "-ot", "pattern": "-ot",
    "--tensor-split": "-ts", "--device": "-dev", "device": "-dev", "-fit": "--fit", "--n-cpu-moe": "--cpu-moe", "--ubatch-size": "ubatch",
    "--load-mode": "load-mode", "--ctx-size": "context", "--cache-ram": "prompt-cache", "--spec-type": "draft",
    "prompt-cache-and-checkpoints": "prompt-cache", "--parallel": "slot", "confidence": "guessed", "cache-of-experts": "expert-cache", "--moe-cache-mib": "expert-cache", "experts": "expert", "bases": "base", "kv-cache": "kv", "cache": "kv", "ctx": "context", "-c": "context",
    "compute-buffer": "compute", "free": "unused", "left": "unused", "margin": "reserve", "micro-batch": "ubatch", "-ub": "ubatch",
    "batch": "ubatch", "-lm": "load-mode", "mmap": "load-mode", "prefill": "prompt", "decode": "answer",
    "fit": "--fit", "llama-fit": "--fit", "cpu-moe": "--cpu-moe", "-cmoe": "--cpu-moe", "env": "threshold",
    "ggml_op_offload_min_batch": "threshold", "checkpoint": "checkpoints", "-ctxcp": "checkpoints", "-cram": "prompt-cache",
    "output-layer": "output", "pools": "reserve", "pages": "reserve", "page-tables": "reserve", "graphs": "reserve", "the-program": "program",
    "other-programs": "program", "offload": "-ngl", "kvcache": "kv", "context-size": "context", "active-parameters": "expert", "speculative": "draft",
    "-fa": "flash-attention", "fa": "flash-attention", "--flash-attn": "flash-attention", "swa": "sliding-window", "--swa-full": "sliding-window",
    "-t": "threads", "--threads": "threads", "pcie": "link", "t/s": "answer", "tokens-per-second": "answer", "tg": "answer", "pp": "prompt", "ttft": "prompt",
    "mlock": "load-mode", "quantisation": "quant", "quantization": "quant", "gguf": "header", "memory": "vram", "gpu": "vram", "mtp-head": "draft",
    "full-layer": "full", "fully": "full", "whole": "full", "whole-layer": "full", "llama-server-router": "router", "batch-size": "ubatch", "-b": "ubatch", "expert-cache-size": "expert-cache", "auto": "strategy",
    "tokens": "token", "matrices": "tensor", "matrix": "tensor", "tensors": "tensor", "feed-forward": "ffn", "shard": "header", "shards": "header", "split": "header",
    "prediction-head": "draft", "head": "draft", "the-file's-own-prediction-head": "draft", "multi-token-prediction": "draft", "speculator": "draft", "-md": "draft",
    "datasheet": "catalogue", "calibrate": "calibrated", "calibration": "calibrated", "bench": "measured", "guess": "guessed", "confidence-range": "range",
    "mmproj": "guest", "projector": "guest", "lora": "guest", "adapter": "guest", "control-vector": "guest", "--mmproj": "guest", "beside": "reserve", "--beside": "reserve",
    "allocate": "buffer", "device-name": "backend", "cuda": "backend", "rocm": "backend", "hip": "backend", "vulkan": "backend", "metal": "backend", "mtl": "backend", "sycl": "backend", "cpu": "backend",
    "nvml": "driver", "sysfs": "driver", "nvidia-smi": "driver", "runtime": "overhead", "declared": "source", "udev": "source",
    "missing": "lacks", "needed": "lacks", "closest": "lacks", "does-not-fit": "lacks", "shortfall": "lacks", "would-fit": "would-help", "help": "would-help",
    "added": "kept", "dropped": "kept", "environment": "kept", "why": "kept", "candidates": "tried", "slower": "tried",
    "pageable": "pinned", "pinning": "pinned", "available": "ram", "ddr5": "modules", "ddr4": "modules", "xmp": "modules", "expo": "modules",
    "trained": "trained-context", "-sm": "split-mode", "--split-mode": "split-mode", "pipelining": "split-mode", "pipelined": "split-mode", "swapped": "swap",
    "cgroup": "control-group", "container": "control-group", "mlock-limit": "memory-lock", "locked": "memory-lock", "lock": "memory-lock",
    "graph": "reserve", "growth": "reserve", "routing": "router", "uniform": "router", "skew": "router", "skewed": "router", "evenly": "router",
    "cores": "threads", "layer-strip": "strip", "bar": "taken", "held": "taken", "holds": "taken", "other-processes": "program", "bars": "taken", "used": "taken", "gpu-memory": "vram", "moe-cache-mib": "expert-cache", "copies": "link", "lanes": "link",
    "channel": "modules", "channels": "modules", "nodes": "numa", "node": "numa", "numactl": "numa", "interleave": "numa", "distribute": "numa", "blk": "tensor", "generation": "link",
    "file": "header", "files": "header", "vocabulary": "token", "embedding": "output", "fit-off": "--fit", "hit-rate": "expert-cache", "hits": "expert-cache",
    "slots": "slot", "-np": "slot", "mtp": "draft", "speculation": "draft", "-ctk": "kv", "-ctv": "kv", "q8_0": "kv",
}  # fmt: skip
"""What people call them too."""


def entry(word: str) -> str | None:
    """The word of `WORDS` that explains a word, however it is written; None where there is none."""
    asked = _plain(word)
    spellings = (asked, f"-{asked}", f"--{asked}", asked.lstrip("-"), asked.removesuffix("s"))
    found = (OTHER_WORDS.get(spelling, spelling) for spelling in spellings)
    return next((known for known in found if known in WORDS), None)


def meaning(word: str) -> tuple[str, str]:
    """The word as a page has it, and what it means; the beginning of one word is that word.

    Raises:
        UsageError: a word that is not here, or the beginning of several.
    """
    known = entry(word) or next(filter(None, map(entry, _phrases(word))), None) or _device(word)
    if known is None:
        asked = _plain(word)
        begun = sorted(
            name for name in (*WORDS, *OTHER_WORDS) if asked and name.lstrip("-").startswith(asked)
        )
        meant = list(dict.fromkeys(OTHER_WORDS.get(name, name) for name in begun))
        near = meant[:_MOST] or get_close_matches(asked, [*WORDS, *OTHER_WORDS], n=3)
        if len(meant) != 1:
            hint = f"did you mean {' or '.join(near)}?" if near else "moefit explain alone lists the words"
            raise UsageError(f"there is no explanation of {word.strip() or repr(word)}", hint)
        [known] = meant
    return known, WORDS[known]


def _device(word: str) -> str | None:
    """A device by its backend: CUDA0, Vulkan1."""
    backend = entry(word.strip().rstrip("0123456789"))
    return backend if backend in {"backend", "rpc"} else None


def _phrases(text: str) -> Iterator[str]:
    """Parts of several words, the longest first: guest models is explained by guest.

    >>> list(_phrases("its two guests")), list(_phrases("guest"))
    (['its two', 'two guests', 'its', 'two', 'guests'], [])
    """
    words = text.split()
    for length in range(len(words) - 1, 0, -1):
        yield from (" ".join(words[at : at + length]) for at in range(len(words) - length + 1))


def _plain(word: str) -> str:
    """As the table writes it: small, with dashes for spaces, without an article or a mark at its end."""
    asked = re.sub(r"[\s_]+", "-", word.strip().lower().strip(".,:;!?\"'()"))
    return re.sub(r"^(?:the|its|a|an|all)-(?=.)", "", asked)


def page() -> str:
    """docs/glossary.md."""
    rows = "\n\n".join(f"**{word}**\n: {text}" for word, text in WORDS.items())
    return f"# Glossary\n\n`moefit explain WORD` prints the same; `moefit explain` alone lists the words.\n\n{rows}\n"

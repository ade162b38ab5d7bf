from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.help_page import parse_help
from moefit.launch.patterns import EXPERTS
from moefit.launch.precedence import effective
from moefit.launch.sources import ModelSource
from tests.launch.reading import fixed

MIB = 1 << 20


def test_a_bare_command_fixes_nothing() -> None:
    assert Constraints(model=ModelSource(path="a.gguf")) == fixed("llama-server -m a.gguf")


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("-ngl 20", "gpu_layers", 20),
        ("-ngl all", "gpu_layers", "all"),
        ("-ngl auto", "gpu_layers", "auto"),
        ("-ngl -1", "gpu_layers", "auto"),
        ("-ngl -5", "gpu_layers", "all"),
        ("-ts 3,1", "tensor_split", (3.0, 1.0)),
        ("-ts 3/1", "tensor_split", (3.0, 1.0)),
        ("-ts 0,0", "tensor_split", None),
        ("-dev CUDA1,CUDA0", "devices", ("CUDA1", "CUDA0")),
        ("-dev none", "devices", ()),
        ("--rpc a:1,b:2", "rpc", ("a:1", "b:2")),
        ("-mg 1", "main_gpu", 1),
        ("-sm none", "split_mode", "none"),
        ("-c 0", "context", 0),
        ("-c 1 -c 2", "context", 2),
        ("-b 4096", "batch", 4096),
        ("-ub 1024", "ubatch", 1024),
        ("-np 2", "slots", 2),
        ("-np -1", "slots", None),
        ("-kvu", "kv_unified", True),
        ("-no-kvu", "kv_unified", False),
        ("--kv-unified-per-slot 8192", "kv_unified_per_slot", 8192),
        ("-ctk q8_0", "cache_type_k", "q8_0"),
        ("-ctv q4_0", "cache_type_v", "q4_0"),
        ("-fa 1", "flash_attention", "on"),
        ("-fa off", "flash_attention", "off"),
        ("-fa -1", "flash_attention", "auto"),
        ("-lm none", "load_mode", "none"),
        ("--no-mmap", "load_mode", "none"),
        ("--mmap", "load_mode", "mmap"),
        ("--mlock", "load_mode", "mmap+mlock"),
        ("--mlock --no-mmap", "load_mode", "mlock"),
        ("-dio", "load_mode", "dio"),
        ("--no-mmap -lm mlock", "load_mode", "mlock"),
        ("-t 8", "threads", 8),
        ("-t -1", "threads", None),
        ("-tb 16", "threads_batch", 16),
        ("--numa isolate", "numa", "isolate"),
        ("-cram 1024", "cache_ram", 1024 * MIB),
        ("-cram -1", "cache_ram", -1),
        ("-ctxcp 0", "context_checkpoints", 0),
        ("-fit off", "fit", False),
        ("--fit on", "fit", True),
        ("-fitt 512", "fit_target", (512 * MIB,)),
        ("-fitt 512,1024", "fit_target", (512 * MIB, 1024 * MIB)),
        ("-fitc 8192", "fit_context", 8192),
        ("--embedding", "embeddings", True),
        ("--reranking", "embeddings", True),
        ("--pooling mean", "embeddings", True),
        ("--pooling none", "embeddings", False),
        ("-nkvo", "kv_offload", False),
        ("-nkvo -kvo", "kv_offload", True),
        ("--no-op-offload", "op_offload", False),
        ("--no-repack", "repack", False),
        ("--no-host", "host_buffers", False),
        ("--swa-full", "swa_full", True),
        ("--offline", "offline", True),
        ("-hf user/repo:Q8_0 -hff x.gguf", "model", ModelSource(hf_repo="user/repo:Q8_0", hf_file="x.gguf")),
        ("-mu http://h/x.gguf", "model", ModelSource(url="http://h/x.gguf")),
        ("-mm p.gguf", "mmproj", ModelSource(path="p.gguf")),
        ("--no-mmproj", "mmproj_auto", False),
        ("--no-mmproj-offload", "mmproj_offload", False),
        ("-mmdev none", "mmproj_offload", False),
        ("-mmdev CUDA1", "mmproj_device", "CUDA1"),
        ("-md d.gguf", "draft", ModelSource(path="d.gguf")),
        ("-ngld 10", "draft_gpu_layers", 10),
        ("-devd CUDA1", "draft_devices", ("CUDA1",)),
        ("-ctkd q8_0", "draft_cache_type_k", "q8_0"),
        ("--lora a.gguf,b.gguf --lora-scaled c.gguf:0.5", "loras", ("a.gguf", "b.gguf", "c.gguf")),
        ("--control-vector-scaled v.gguf:2", "control_vectors", ("v.gguf",)),
        ("--spec-type draft-mtp", "spec_types", ("draft-mtp",)),
        ("--spec-type ngram-mod --spec-type draft-simple", "spec_types", ("ngram-mod", "draft-simple")),
        ("--spec-type none", "spec_types", ()),
        ("--spec-default", "spec_types", ("ngram-mod",)),
        ("--spec-type draft-simple", "draft_tokens", 3),
        ("--spec-type draft-simple --spec-draft-n-max 16", "draft_tokens", 16),
        ("--spec-type draft-simple --draft-max 8", "draft_tokens", 8),
        ("--spec-type ngram-mod,draft-mtp", "draft_tokens", 64),
        ("--spec-type ngram-mod,draft-mtp --spec-draft-n-max 2", "model_draft_tokens", 2),
        ("--spec-type ngram-mod", "model_draft_tokens", 0),
        ("--spec-type ngram-map-k --spec-ngram-map-k-size-m 5", "draft_tokens", 5),
        ("--spec-draft-n-max 16", "draft_tokens", 0),
        ("--gpt-oss-20b-default", "context", 262144),
        ("--gpt-oss-20b-default -c 4096", "context", 4096),
        (
            "--fim-qwen-7b-spec",
            "draft",
            ModelSource(
                hf_repo="ggml-org/Qwen2.5-Coder-0.5B-Q8_0-GGUF", hf_file="qwen2.5-coder-0.5b-q8_0.gguf"
            ),
        ),
    ],
)
def test_what_an_option_fixes(line: str, field: str, value: object) -> None:
    assert value == getattr(fixed(f"llama-server {line}"), field)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("-nkvo 1", "kv_offload", False),
        ("-nkvo 0", "kv_offload", True),
        ("-nopo 1", "op_offload", False),
        ("--no-host 0", "host_buffers", None),
        ("-ts 3/1", "tensor_split", (3.0, 1.0)),
        ("-dev CUDA1/CUDA0", "devices", ("CUDA1", "CUDA0")),
        ("-dev auto", "devices", None),
        ("-embd 1", "embeddings", True),
    ],
)
def test_what_an_option_of_llama_bench_fixes(line: str, field: str, value: object) -> None:
    assert value == getattr(fixed(f"llama-bench {line}"), field)


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("", 512),
        ("-p 0", 128),
        ("-p 0 -n 0 -pg 512,128", 640),
        ("-p 512,2048 -n 32", 2048),
        ("-p 512-4096*2 -d 0-8192+4096", 4096 + 8192),
    ],
)
def test_the_context_of_llama_bench_is_that_of_its_largest_test(line: str, tokens: int) -> None:
    assert tokens == fixed(f"llama-bench -m a.gguf {line}").context


def test_overrides_keep_the_order_of_the_line() -> None:
    found = fixed("llama-server -ncmoe 2 -ot a=CUDA0,b=CPU --cpu-moe").overrides
    assert [rf"blk\.(0|1){EXPERTS}", "a", "b", EXPERTS] == [rule.pattern for rule in found]
    assert [("-ncmoe 2",), ("-ot a=CUDA0,b=CPU",), ("-ot a=CUDA0,b=CPU",), ("--cpu-moe",)] == [
        r.words for r in found
    ]


@pytest.mark.parametrize(("value", "rules"), [("on", 1), ("off", 0), ("auto", 0)])
def test_a_flag_that_another_build_gives_a_value_is_as_on_as_that(value: str, rules: int) -> None:
    command = parse(["llama-server", "-cmoe", value], parse_help("llama-server", "-cmoe [on|off|auto]  x\n"))
    assert rules == len(constraints("llama-server", effective(command)).overrides)


def test_llama_bench_puts_n_cpu_moe_behind_the_overrides() -> None:
    found = fixed("llama-bench -ncmoe 1 -ot a=CPU;b=CPU").overrides
    assert ["a", "b", rf"blk\.(0){EXPERTS}"] == [rule.pattern for rule in found]


def test_overrides_of_a_draft_model_are_its_own() -> None:
    found = fixed("llama-server -otd a=CPU -ncmoed 1")
    assert (2, 0) == (len(found.draft_overrides), len(found.overrides))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "-dev none -ngl 20",
            "-dev none and -ngl 20 contradict each other: without a device nothing can be offloaded",
        ),
        (
            "-dev none -ts 1,1",
            "-dev none and -ts 1,1 contradict each other: without a device nothing can be split",
        ),
        ("-sm none -ts 1,1", "-sm none and -ts 1,1 contradict each other: -sm none uses one device"),
        (
            "-fa off -ctv q8_0",
            "-fa off and -ctv q8_0 contradict each other: a quantised V cache needs flash attention",
        ),
        ("-np 0", "-np 0: a number of slots of 1 or more is needed"),
        ("-c -5", "-c -5: a context cannot be negative"),
        ("-ncmoe -1", "-ncmoe -1: a number of layers cannot be negative"),
        ("-ncmoe 2000000000", "-ncmoe 2000000000: llama.cpp has room for 4095 overrides"),
        ("-ts a,b", "-ts a,b: -ts takes numbers such as 3,1"),
        ("-fitt some", "-fitt some: -fitt takes MiB, one number or one for each device"),
        ("-b 0", "-b 0: -b must be 1 or more"),
        ("-c 3000000000", "-c 3000000000: the number is too large for llama.cpp"),
        (f"-c {'9' * 5000}", f"-c {'9' * 5000}: the number is too large for llama.cpp"),
        ("-ts 1,1e39", "-ts 1,1e39: a share cannot be negative or infinite"),
        ("-fitt \u00b2", "-fitt \u00b2: -fitt takes MiB, one number or one for each device"),
        ("-ts 1,-1", "-ts 1,-1: a share cannot be negative or infinite"),
        ("-c 4096.5", "-c 4096.5: '4096.5' is no whole number"),
    ],
)
def test_what_cannot_be_meant_is_an_error(line: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        fixed(f"llama-server {line}")
    assert message == error.value.message


def test_a_contradiction_names_variables_too() -> None:
    with pytest.raises(UsageError, match="LLAMA_ARG_DEVICE=none and -ngl 20 contradict"):
        fixed("llama-server -ngl 20", {"LLAMA_ARG_DEVICE": "none"})


@pytest.mark.parametrize("value", ["", ",", "h:1,", ",h:1", "h:1,,h:2"])
def test_an_empty_address_of_an_rpc_server_is_an_error(value: str) -> None:
    with pytest.raises(UsageError, match="an address is empty"):
        constraints("llama-server", effective(parse(["llama-server", "--rpc", value]), ()))

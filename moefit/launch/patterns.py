"""Tensor overrides: which tensor a list of `-ot` patterns moves where, as llama.cpp decides it.

source: src/llama-model-loader.cpp, llama_model_loader::create_tensor (an unanchored search, the first match wins);
common/arg.cpp, parse_tensor_buffer_overrides (split at `,`, then at the first `=`);
common/common.h, LLM_FFN_EXPS_REGEX, LLM_FFN_DENSE_REGEX and llm_ffn_block_regex (-cmoe, -ncmoe, -ncffn).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.ecmascript import compile_ecmascript
from moefit.model.keys import MAX_LAYERS
from moefit.values import dataclass

EXPERTS: Final = r"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
DENSE: Final = r"\.ffn_(up|down|gate)\."
CPU_BUFFER: Final = "CPU"
MAX_OVERRIDES: Final = 4096
"""source: src/llama.cpp, llama_max_tensor_buft_overrides; the last one ends the list."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Tensors whose name the pattern finds live in the buffer."""

    pattern: str
    """ECMAScript, searched unanchored."""
    buffer: str
    """As `-ot` takes it: CPU, CUDA0, RPC0[host:port]."""
    words: tuple[str, ...] = ()
    """The words of the line, or the variable or file, that it comes from."""

    def matches(self, name: str) -> bool:
        """Whether it takes the tensor, if no earlier rule does."""
        return compile_ecmascript(self.pattern).search(name) is not None


def parse_overrides(value: str, words: tuple[str, ...] = (), separator: str = ",") -> tuple[Rule, ...]:
    """The rules of one `-ot` value; llama-bench separates them by `;`.

    Raises:
        UsageError: a part has no `=`, or its pattern is no regular expression.
    """
    rules = []
    for part in value.split(separator):
        pattern, equals, buffer = part.partition("=")
        if not equals:
            raise UsageError(
                f"-ot takes PATTERN=BUFFER,... and {part!r} has no =",
                "a pattern cannot hold a comma: write (a|b) or [ab]",
            )
        compile_ecmascript(pattern)
        rules.append(Rule(pattern, buffer, words))
    return tuple(rules)


def cpu_moe(words: tuple[str, ...] = ()) -> Rule:
    """`--cpu-moe`."""
    return Rule(EXPERTS, CPU_BUFFER, words)


def first_blocks(count: int, pattern: str, words: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """`--n-cpu-moe count` (EXPERTS) or `--n-cpu-ffn count` (DENSE), as one rule for what llama.cpp writes as `count`."""
    if count == 0:
        return ()
    blocks = "|".join(map(str, range(min(count, MAX_LAYERS))))
    return (Rule(rf"blk\.({blocks}){pattern}", CPU_BUFFER, words),)


def match(rules: Sequence[Rule], names: Iterable[str]) -> Mapping[str, Rule]:
    """The rule that takes each tensor; tensors that no rule takes are left out."""
    searches = [(compile_ecmascript(rule.pattern).search, rule) for rule in rules]
    taken: dict[str, Rule] = {}
    for name in names:
        for search, rule in searches:
            if search(name):
                taken[name] = rule
                break
    return taken

"""Plans side by side, of every kind that a comparison tells apart, and what would help a plan: to be kept as pages."""

from __future__ import annotations

from dataclasses import replace

from moefit.errors import Warn
from moefit.planning.compared import Compared
from moefit.planning.types import Help, Plan
from tests import oracle


def at(plan: Plan, seconds: float, answer: float, model: str = "") -> Plan:
    """A plan as fast as that, of another model where one is named."""
    told = replace(plan.prediction, seconds=seconds, decode_tokens_per_second=answer)
    return replace(plan, prediction=told, model=oracle.model(model, "Q8_0") if model else plan.model)


def guessed(plan: Plan) -> Plan:
    """A plan of a file that lacks a tensor."""
    why = "olmoe: the file lacks blk.0.attn_k.weight: compute buffers are an estimate from its tensors"
    return replace(plan, warnings=(Warn("estimate", why),))


def compared(made: Plan, lacking: Plan) -> list[Compared]:
    """Rows of every kind."""
    return [
        Compared("olmoe-Q4_K_M.gguf", 8192, "rtx-3060", "auto", made),
        Compared("olmoe-Q8_0.gguf", 8192, "rtx-3060", "auto", at(made, 10.68349, 56.78912, "olmoe-1b-7b")),
        Compared("olmoe-Q4_K_M.gguf", 4096, "rtx-3090", "two-pass", at(made, 8.0, 80.0)),
        Compared("olmoe-Q6_K.gguf", 8192, "rtx-3060", "auto", lacking),
        Compared("olmoe-Q2_K.gguf", error="no such file"),
    ]


def comparisons(made: Plan, lacking: Plan) -> list[list[Compared]]:
    """Rows of a few kinds: sizes, cards, contexts, strategies, equals, none that fits."""
    small, large = "/m/a-b-Q4.gguf", "/m/a-b-Q8.gguf"
    slow, fast = at(made, 9.0, 9.99, "olmoe-1b-7b"), at(made, 9.0, 10.0, "olmoe-1b-7b")
    longer = replace(made, settings=replace(made.settings, context=4096))
    other = replace(made, argv=(*made.argv, "-x"), prediction=replace(made.prediction, seconds=99.0))
    return [
        [Compared(small, plan=made)],
        [Compared(small, card="a", plan=made), Compared(small, card="a", plan=other)],
        [Compared(small, plan=made), Compared(large, plan=made)],
        [Compared(small, plan=made), Compared(small, plan=longer)],
        [Compared(small, plan=made), Compared(large, plan=slow)],
        [Compared(small, plan=made), Compared(large, plan=fast)],
        [Compared(small, plan=made), Compared(large, plan=fast), Compared("/m/a-b-Q9.gguf", plan=at(made, 30.0, 20.0, "mixtral-8x7b"))],
        [Compared(small, strategy=name, plan=plan) for name, plan in (("auto", made), ("ffn", made), ("standard", other))],
        [Compared(small, strategy="auto", plan=made), Compared(large, strategy="ffn", plan=made), Compared(large, plan=replace(made, environment={"A": "1"}))],
        [Compared(small, plan=made), Compared(small, plan=made)],
        [Compared(small, plan=fast), Compared(small, plan=fast), Compared(large, plan=made)],
        [Compared(small, plan=lacking), Compared(large, error="no such file")],
        [Compared(small, plan=guessed(made)), Compared(large, plan=fast), Compared(large, plan=guessed(lacking))],
    ]  # fmt: skip


def helped(plan: Plan) -> Plan:
    """A plan with more that would help than a page has room for, soon and late, in few words and many."""
    helps = (
        Help("ram", "8 GiB more of RAM", "--ram 72GiB", 9.96),
        Help("quant", "a smaller file", "x-Q3_K_M.gguf", 9.94, about=True),
        Help("card", "a card of 24 GiB beside the two that are here", "--gpu rtx-3090 --gpu rtx-3060 --gpu rtx-3060", 10.0, about=True),
        Help("card", "a card", "--gpu rtx-3090", 10.4),
        Help("context", "half the context", "-c 4096", 123.4, about=True),
        Help("kv", "that is not shown", "-ctk q8_0", 200.0),
    )  # fmt: skip
    return replace(plan, helps=helps)

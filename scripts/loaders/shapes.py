"""The dimensions that a loader gives each tensor, and the conditions under which it makes them (load_arch_tensors), in keys of the file.

Both are written in postfix: `n_head head_k *`. What cannot be followed is `?`; `C A B if` is A where C is not 0, and else B;
`|` is one of two, which a condition chooses; `or` is the first unless it is 0. Names with an `@` are of the block, others of the first; `KEY~` is worth what the loader makes of it where
the file does not say, `KEY:N` is N there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loaders.source import Source, arguments, closing

LOCALS = {
    "n_layer": "n_layer",
    "n_layer_all": "block_count",
    "n_head": "n_head",
    "n_head_kv": "n_head_kv",
    "n_embd": "n_embd",
    "n_embd_k_gqa": "head_k n_head_kv *",
    "n_embd_v_gqa": "head_v n_head_kv *",
    "n_embd_gqa": "head_v n_head_kv *",
    "n_embd_head_k": "head_k",
    "n_embd_head_v": "head_v",
    "n_ff": "n_ff",
    "n_vocab": "n_vocab",
    "n_rot": "n_rot",
    "n_expert": "expert_count",
    "n_expert_used": "n_expert_used",
    "n_ctx_train": "context_length",
}
"""LLAMA_LOAD_LOCALS: those of the first layer."""
METHODS = {
    "n_head": "n_head",
    "n_head_kv": "n_head_kv",
    "n_embd_k_gqa": "head_k n_head_kv *",
    "n_embd_v_gqa": "head_v n_head_kv *",
    "n_embd_head_k": "head_k",
    "n_embd_head_v": "head_v",
    "n_embd_head_k_mla": "head_k_mla",
    "n_embd_head_v_mla": "head_v_mla",
    "n_ff": "n_ff",
    "n_ff_exp": "n_ff_exp",
    "n_expert_used": "n_expert_used",
    "n_rot": "n_rot",
    "n_layer": "n_layer",
    "n_embd_out": "n_embd_out",
    "is_recr": "is_recr",
    "is_swa": "is_swa",
    "is_indexer_full": "is_indexer_full",
    "is_mla": "is_mla",
}
"""Functions of llama_hparams; with an argument they are of a block."""
OF_A_BLOCK = {
    "n_head",
    "n_head_kv",
    "n_ff",
    "n_ff_exp",
    "n_expert_used",
    "head_k",
    "head_v",
    "n_rot",
    "is_recr",
    "is_swa",
    "is_indexer_full",
}
TOKEN = re.compile(
    r"\s*(?:(\d+)[uUlL]*|([A-Za-z_][\w:]*(?:(?:\.|->)\w+)*)|(&&|\|\||[=!<>]=|[-+*/()?:<>,!%]))"
)


COMPARED = ("<", ">", "<=", ">=", "==", "!=")
NUMBERS = ("int64_t", "uint32_t", "int")


class UnreadableError(Exception):
    """An expression that is not arithmetic on hyper-parameters."""


@dataclass
class Dimensions:
    """What the expressions of one class's function are worth."""

    source: Source
    name: str
    members: dict[str, str] = field(default_factory=dict)
    """Of llama_hparams: the key that it is read from."""

    def __post_init__(self) -> None:
        written = _inlined(self.source.body(self.name, "load_arch_tensors"))
        self.body = re.sub(r"hparams\.(\w+?)(?:_arr)?\[(\w+)\]", r"hparams.\1(\2)", written)
        self.loader = self.source.body(self.name, "load_arch_hparams")
        general = self.source.body("llama_model_base", "load_hparams")
        for text in (general.replace("LLM_KV_FEATURES_LENGTH", ""), self.loader):
            for key, member in re.findall(
                r"(?:get_key|get_arr|get_key_or_arr|qwen4exp_require_nonzero)\((?:ml, *)?(LLM_KV_\w+), *hparams\.(\w+)",
                text,
            ):
                self.members.setdefault(member, self.source.keys[key].removeprefix("%s."))

    def of(self, expression: str, at: int) -> str:
        """A dimension in postfix."""
        try:
            return _Expression(self, expression, at).whole()
        except UnreadableError:
            return "?"

    def name_of(self, name: str, at: int, called: str | None) -> str:
        """A variable, member or function."""
        if name in ("i", "il"):
            return "block"
        if name.startswith("hparams."):
            return self._member(name.removeprefix("hparams."), called)
        assigned = re.finditer(rf"(?<![\w.>]){name} *(?<![=!<>])=(?!=)([^;]+);", self.body)
        found = [m for m in assigned if m.start() < at]
        if called is not None or not (found or name in LOCALS):
            raise UnreadableError(name)
        worth = dict.fromkeys(_Expression(self, m[1], m.start()).whole() for m in found)
        return " | ".join(worth) or LOCALS[name]

    def _member(self, name: str, called: str | None) -> str:
        if called is not None and name not in self.members:
            return self._method(name, of_block=called.strip() not in ("", "0"))
        default = re.search(rf"\b{name} *= *([1-9]\d*);", self.source.header)
        if name not in self.members:
            if not default or f"hparams.{name}" in self.loader:
                raise UnreadableError(name)
            return default[1]
        key = self.members[name]
        if key == "embedding_length":
            return "n_embd"
        if re.search(rf"hparams\.{name} *[-+*/]?=(?!=)", self.loader):
            return f"{key}~"  # worth what the loader makes of it
        return f"{key}:{default[1]}" if default else key

    def _method(self, name: str, *, of_block: bool) -> str:
        if name not in METHODS or (name == "n_ff_exp" and "n_ff_exp_arr[" in self.loader):
            raise UnreadableError(name)
        return " ".join(word + "@" * (of_block and word in OF_A_BLOCK) for word in METHODS[name].split())


def _inlined(body: str) -> str:
    """A body with what its lambdas of one tensor's name do where they are called."""
    while found := re.search(r"auto (\w+) = \[&\]\(llm_tensor (\w+)[^{]*\{", body):
        end = closing(body, found.end() - 1) + 1
        inside, rest = body[found.end() : end - 1], body[end:]
        calls = re.compile(rf"[^;]*\b{found[1]}\((\w+)\);")
        rest = calls.sub(lambda m: re.sub(rf"\b{found[2]}\b", m[1], inside), rest)  # noqa: B023 - of this round
        body = body[: found.start()] + rest
    return body


class _Expression:
    """C++ arithmetic by precedence: ?: then comparisons, + and -, * and / and %."""

    def __init__(self, dimensions: Dimensions, text: str, at: int) -> None:
        self.dimensions, self.at, self.place, self.tokens = dimensions, at, 0, []
        while text.strip():
            found = TOKEN.match(text)
            if not found:
                raise UnreadableError(text)
            self.tokens.append(found[0].strip())
            text = text[found.end() :]

    def whole(self) -> str:
        worth = self.choice()
        if self.place < len(self.tokens):
            raise UnreadableError(self.tokens)
        return worth

    def either(self) -> str:
        worth = self.all()
        while self.next() == "||":
            self.take()
            worth = f"{worth} {self.all()} ||"
        return worth

    def all(self) -> str:
        worth = self.compared()
        while self.next() == "&&":
            self.take()
            worth = f"{worth} {self.compared()} &&"
        return worth

    def compared(self) -> str:
        if self.next() == "!":
            self.take()
            return f"{self.compared()} 0 =="
        worth = self.sum()
        if self.next() in COMPARED:
            sign = self.take()
            worth = f"{worth} {self.sum()} {sign}"
        return worth

    def choice(self) -> str:
        start = self.place
        depth = 0
        for index in range(start, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[index], 0)
            if depth < 0:
                break
            if self.tokens[index] == "?" and not depth:
                condition = self.tokens[start:index]
                told = self.asked(condition)
                self.place = index + 1
                left = self.choice()
                asked = self.tokens[index + 1 : self.place]
                self.take(":")
                right = self.choice()
                if left == right:
                    return left
                if condition in (asked, [*asked, ">", "0"]):
                    return f"{left} {right} or"
                return f"{told} {left} {right} if" if told else f"{left} {right} |"
        return self.either()

    def asked(self, tokens: list[str]) -> str:
        """A condition, or nothing where it cannot be followed."""
        told = self.dimensions.of(" ".join(tokens), self.at)
        return "" if "?" in told.split() else told

    def sum(self) -> str:
        worth = self.product()
        while self.next() in ("+", "-"):
            sign = self.take()
            worth = f"{worth} {self.product()} {sign}"
        return worth

    def product(self) -> str:
        worth = self.one()
        while self.next() in ("*", "/", "%"):
            sign = self.take()
            worth = f"{worth} {self.one()} {sign}"
        return worth

    def one(self) -> str:
        token = self.take()
        if token == "(":
            return self.bracketed()
        if token[0].isdigit():
            return token.rstrip("uUlL")
        if token == "static_cast":
            while self.take() != ">":
                pass
            return self.one()
        if token in NUMBERS and self.next() == "(":
            return self.one()
        return self.named(token)

    def bracketed(self) -> str:
        """What a bracket holds, or what stands behind one that holds a type."""
        if self.next() in NUMBERS and self.tokens[self.place + 1] == ")":
            self.place += 2
            return self.one()
        worth = self.choice()
        if self.next() != ")":
            raise UnreadableError(self.next())
        self.take(")")
        return worth

    def named(self, token: str) -> str:
        """A name's worth, a call's where brackets follow."""
        if not re.match(r"[A-Za-z_]", token):
            raise UnreadableError(token)
        if token == "std::max":
            self.take("(")
            left = self.choice()
            self.take(",")
            worth = f"{left} {self.choice()} max"
            self.take(")")
            return worth
        called = self.between_brackets() if self.next() == "(" else None
        return _joined(self.dimensions.name_of(token, self.at, called))

    def between_brackets(self) -> str:
        """The words that the bracket here holds."""
        start, depth = self.place + 1, 0
        while True:
            depth += {"(": 1, ")": -1}.get(self.take(), 0)
            if not depth:
                return " ".join(self.tokens[start : self.place - 1])

    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.next()
        if not token or (wanted and token != wanted):
            raise UnreadableError(token)
        self.place += 1
        return token


def _joined(text: str) -> str:
    """Alternatives `a | b | c` in postfix."""
    parts = text.split(" | ") if not text.endswith("|") else [text]
    return " ".join([parts[0], *(f"{part} |" for part in parts[1:])])


def shapes(source: Source, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tensors with their dimensions; blocks' names without `blk.N.`, and `~` before one of which only the number of values counts."""
    dimensions = Dimensions(source, name)
    body = dimensions.body
    for call in re.finditer(r"(?<!\w)create_tensor(\w*)\(", body):
        given = arguments(body[call.end() : closing(body, call.end() - 1)])
        worth = lambda text: dimensions.of(text, call.start())  # noqa: B023, E731 - of this call
        if call[1] == "_qkv":
            width, q, k, v = map(worth, given[2:6])
            yield "attn_qkv.weight", (width, f"{q} {k} + {v} +")
            yield "attn_qkv.bias", (f"{q} {k} + {v} +",)
            for part, size in zip("qkv", (q, k, v), strict=True):
                yield f"attn_{part}.weight", (width, size)
                yield f"attn_{part}.bias", (size,)
        elif call[1] == "_gate_up_exps":
            width, inner, experts = map(worth, given[2:5])
            yield "ffn_gate_up_exps.weight", (width, f"{inner} 2 *", experts)
            yield "ffn_gate_exps.weight", (width, inner, experts)
            yield "ffn_up_exps.weight", (width, inner, experts)
        elif made := _named(source, given[0]):
            sizes = tuple(map(worth, arguments(given[1].strip().strip("{}"))))
            yield ("~" if "RESHAPE" in given[-1] else "") + made, sizes


def _named(source: Source, call: str) -> str:
    """The tensor of `tn(...)`."""
    told = arguments(call.partition("(")[2].rstrip(")"))
    name = source.tensors.get(told[0], "")
    if not name or name.count("%") > 1:
        return ""
    suffix = re.search(r'"(\w+)"', told[1]) if len(told) > 1 else None
    return name.removeprefix("blk.%d.") + (f".{suffix[1]}" if suffix else "")

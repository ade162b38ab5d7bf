"""llama.cpp's source, as far as its loaders are written: classes, their functions, names of keys and tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Source:
    """One build's source."""

    folder: Path
    classes: dict[str, str] = field(default_factory=dict)
    """Architecture -> its class."""
    parents: dict[str, str] = field(default_factory=dict)
    graphs: dict[str, str] = field(default_factory=dict)
    """Class -> the one whose graph it has."""
    bodies: dict[tuple[str, str], str] = field(default_factory=dict)
    """Class and function -> what is between its braces."""
    files: dict[str, str] = field(default_factory=dict)
    """Class -> the file that has its loader, without comments."""
    keys: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    """Of llama_hparams: type by name, arrays by that of their elements."""
    header: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """Architecture -> its constant."""

    def __post_init__(self) -> None:
        arch, model = self._text("llama-arch.cpp"), self._text("llama-model.cpp")
        self.names = {name: c for c, name in re.findall(r"\{ (LLM_ARCH_\w+), +\"([^\"]+)\" *\}", arch)}
        by_constant = dict(
            re.findall(r"case (LLM_ARCH_\w+):\s+return new (llama_model_\w+)\(params\)", model)
        )
        self.classes = {name: by_constant[c] for name, c in self.names.items() if c in by_constant}
        models = self._text("models/models.h")
        self.parents = dict(re.findall(r"struct (llama_model_\w+) : public (llama_model_\w+)", models))
        self.graphs = dict(
            re.findall(r"struct (llama_model_\w+) [^}]*\}[^}]*using graph = (llama_model_\w+)::", models)
        )
        self.keys = dict(re.findall(r"\{ (LLM_KV_\w+), +\"([^\"]+)\" *\}", arch))
        self.tensors = dict(re.findall(r"\{ (LLM_TENSOR_\w+), +\"([^\"]+)\" *\}", arch))
        header = self.header = self._text("llama-hparams.h")
        self.members = {
            n: t for t, n in re.findall(r"^ +(?:enum )?(\w+) +(\w+)(?: *=.*)?;", header, re.MULTILINE)
        }
        self.members |= {n: t for t, n in re.findall(r"std::array<(\w+), *\w+> +(\w+)", header)}
        for path in sorted((self.folder / "src" / "models").glob("*.cpp")):
            self._read(path.read_text(encoding="utf-8"))
        self._read(model)

    def body(self, name: str, function: str) -> str:
        """Of a class, or of the one it inherits from."""
        while (name, function) not in self.bodies and name in self.parents:
            name = self.parents[name]
        text = self.bodies.get((name, function), "")
        return re.sub(r"(llama_model_\w+)::(load_arch_\w+)\(ml\);", lambda m: self.body(m[1], m[2]), text)

    def files_of(self, name: str) -> Iterator[str]:
        """The file of a class's loader, or of the one it inherits from, and that of its graph."""
        while name not in self.files and name in self.parents:
            name = self.parents[name]
        for one in dict.fromkeys((name, self.graphs.get(name, name))):
            yield self.files.get(one, "")

    def _text(self, name: str) -> str:
        return (self.folder / "src" / name).read_text(encoding="utf-8")

    def _read(self, text: str) -> None:
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
        for found in re.finditer(
            r"^void (llama_model_\w+)::(load_\w+)\(llama_model_loader[^)]*\) \{", text, re.MULTILINE
        ):
            self.files[found[1]] = text
            self.bodies[found[1], found[2]] = text[found.end() : closing(text, found.end() - 1)]


def closing(text: str, at: int) -> int:
    """Where the bracket that opens there closes."""
    pairs = {"(": ")", "{": "}"}
    depth = 0
    for index in range(at, len(text)):
        if text[index] == text[at]:
            depth += 1
        elif text[index] == pairs[text[at]]:
            depth -= 1
            if not depth:
                return index
    raise ValueError(text[at : at + 80])


def arguments(text: str) -> list[str]:
    """Split at the commas that no bracket holds."""
    parts, depth = [""], 0
    for letter in text:
        depth += letter in "({["
        depth -= letter in ")}]"
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]

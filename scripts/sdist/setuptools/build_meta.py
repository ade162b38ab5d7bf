"""Answers pip's one question about a source archive, its metadata, without running the archive's own setup.

`pip download` saves a source archive only after that answer, and xllamacpp's setup asks for Cython and more.
scripts/build_llama.sh puts this folder on PYTHONPATH; pip runs it in the unpacked archive, whose PKG-INFO is the answer.
"""

from pathlib import Path


def get_requires_for_build_wheel(_settings: object = None) -> list[str]:
    """Nothing is needed."""
    return []


def prepare_metadata_for_build_wheel(folder: str, _settings: object = None) -> str:
    """Write the archive's own metadata where pip reads it, and name that folder."""
    text = Path("PKG-INFO").read_text(encoding="utf-8")
    fields = dict(
        line.split(": ", 1) for line in text.splitlines() if line.startswith(("Name: ", "Version: "))
    )
    name = f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info"
    target = Path(folder, name)
    target.mkdir()
    (target / "METADATA").write_text(text, encoding="utf-8")
    return name

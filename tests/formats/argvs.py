"""Random commands, with all that a shell, a unit, an INI or a YAML file could trip over."""

from __future__ import annotations

from hypothesis import strategies as st

NASTY = (
    *(
        " ",
        "  x ",
        "$HOME",
        "$(id)",
        "`id`",
        "a'b",
        'a"b',
        "a\\",
        "\\n",
        "%h",
        "%%",
        "${PORT}",
        "!x",
        "~",
        "*",
        "[ab]",
    ),
    *(
        "a;b",
        "#c",
        "a=b",
        "=ls",
        "-x",
        "--",
        "&&",
        "|",
        "<",
        ">",
        "(",
        "{a,b}",
        "\t",
        "\n",
        "a\nb",
        "\r",
        "é",
        "日本",
        "🦙",
    ),
    *(
        "\x1b[0m",
        "\x85",
        "\u2028",
        "\ufeff",
        "",
        "@",
        "^",
        "a, b",
        '{"a": "b"}',
        "\x7f",
        "\udc80",
        "a\\\nb",
        "'",
        '"',
    ),
)
WORDS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from(NASTY), max_size=4).map("".join),
)
"""Any word that a process can be given."""

OPTIONS = st.one_of(
    st.tuples(st.sampled_from(["-m", "--alias", "--chat-template", "--api-key", "-hf"]), WORDS),
    st.tuples(st.sampled_from(["-c", "-ngl", "-ub", "-t", "-ncmoe"]), st.integers(1, 99).map(str)),
    st.tuples(st.just("-ot"), st.sampled_from(["a[.]b=CPU", r"blk\.(1|2)\.ffn=CPU", "^output[.]weight=CPU"])),
    st.tuples(st.sampled_from(["-kvu", "--no-kv-offload", "-cmoe", "--jinja", "--swa-full", "--no-webui"])),
)
COMMANDS = st.lists(OPTIONS, max_size=6).map(
    lambda some: ["llama-server", *(word for o in some for word in o)]
)
"""A llama-server command with odd values."""

"""Text from outside as it may be shown: what would steer a terminal made visible, secrets masked.

Outside is everything that moefit did not write: words of the line, variables, paths, names in files, what drivers, programs and
servers answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

MASK: Final = "***"
SECRET_OPTIONS: Final = frozenset({"--api-key", "-hft", "--hf-token", "--mcp-servers-json"})
"""Options of llama.cpp's programs whose value is a secret."""
_LONGEST: Final = 1024
"""Characters between two spaces in which a URL's user is looked for."""
_LONG_WORD: Final = 400
_LONG_MESSAGE: Final = 2000
"""Characters of a word, and of a message, which is more than anybody reads."""
_SHORTEST: Final = 4
"""Characters of a secret that is looked for in a message; shorter ones would mask half of it."""


def visible(text: str) -> str:
    r"""The text with every character escaped that is not simply seen.

    Those are controls, C1, bidi marks, line separators, odd spaces, and bytes that are no UTF-8.

    >>> visible("RTX\x1b[31m 3060"), visible("a\nb"), visible("Größe 日本")
    ('RTX\\x1b[31m 3060', 'a\\nb', 'Größe 日本')
    """
    return text if text.isprintable() else "".join(map(_seen, text))


def visible_lines(text: str) -> str:
    """As visible, but for line breaks of moefit's own."""
    return text if text.isprintable() else "\n".join(map(visible, text.split("\n")))


def one_line(text: str) -> str:
    r"""A message as one line: several spaces and line breaks are one space, everything else is visible.

    Python's own way to quote a byte that is no UTF-8 is shown as that byte.

    >>> one_line("no card " + repr("\udcff"))
    "no card '\\xff'"
    """
    if "\\udc" in text:
        text = re.sub(r"(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])", r"\1\\x\2", text)
    return visible(" ".join(part for part in text.replace("\n", " ").split(" ") if part))


def readable(message: str) -> str:
    """A message that a person reads: of a word, and of the whole, that is far too long for that, the middle is left out.

    >>> len(readable("not a size: " + 10_000 * "x")), readable("no such file: m.gguf")
    (383, 'no such file: m.gguf')
    """
    if len(message) <= _LONG_WORD:
        return message
    words = re.sub(rf"\S{{{_LONG_WORD},}}", lambda word: _ends(word[0], _LONG_WORD), message)
    return _ends(words, _LONG_MESSAGE)


def _ends(text: str, most: int) -> str:
    """The first and last characters of a text of more than `most`."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 4 :]}"


def masked(word: str) -> str:
    """One word of the user's without what may be secret in it.

    That is a URL's user, password, query and fragment, the value of a variable that is called a key, token or password, and
    tokens that are known by their form.

    >>> masked("https://me:pw@host:8/a/m.gguf?sig=x#y"), masked("LLAMA_API_KEY=a b"), masked("a?b#c")
    ('https://host:8/a/m.gguf', 'LLAMA_API_KEY=***', 'a?b#c')
    """
    found = _assignment().fullmatch(word) if "=" in word or ":" in word else None
    return f"{word[: found.start('value')]}{MASK}" if found else masked_text(word)


def word_shown(word: str) -> str:
    """A word of the user's as a message may repeat it: masked, and visible."""
    return visible(masked(word))


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret.

    >>> is_secret_name("LLAMA_ARG_API_KEY"), is_secret_name("LLAMA_ARG_ALIAS")
    (True, False)
    """
    return _assignment().fullmatch(f"{name}=x") is not None


def masked_text(text: str) -> str:
    """A message without what may be secret in its words.

    >>> masked_text("no such file: https://me:pw@host/m.gguf (HF_TOKEN=abc)")
    'no such file: https://host/m.gguf (HF_TOKEN=***'
    """
    if "@" in text:
        text = _with_user().sub(_without_user, text)
    if "://" in text:
        text = _query().sub(r"\1", text)
    if "=" in text or ":" in text:
        text = _assignment_in_text().sub(rf"\g<name>\g<sign>{MASK}", text)
    return (
        _token().sub(MASK, text) if "_" in text or "-" in text or "earer" in text or "asic" in text else text
    )


def without(text: str, secrets: Iterable[str]) -> str:
    """A message in which none of the secrets stands; the longest are taken out first."""
    for secret in sorted(secrets, key=lambda secret: (-len(secret), secret)):
        text = text.replace(secret, MASK)
    return text


def secrets_of(words: Sequence[str], environment: Mapping[str, str]) -> frozenset[str]:
    """What must not be repeated: values of secret options and variables, passwords of URLs; also each of several in one value.

    >>> sorted(secrets_of(["llama-server", "--api-key", "first,second"], {"HF_TOKEN": "hf_third"}))
    ['first', 'first,second', 'hf_third', 'second']
    """
    found = {value for name, value in environment.items() if _assignment().fullmatch(f"{name}=x")}
    found.update(_secrets(words))
    found |= {part for secret in found for part in secret.split(",")}
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST)


def secrets_by_name(words: Sequence[str]) -> tuple[str, ...]:
    """What words hold a secret, as a message may call it: an option, a variable, a URL.

    >>> secrets_by_name(["env", "LLAMA_API_KEY=x", "llama-server", "--api-key", "y", "-mu", "https://me:pw@host/m"])
    ('LLAMA_API_KEY', '--api-key', 'https://host/m')
    """
    found = []
    for word in words:
        option = word.partition("=")[0]
        if option.replace("_", "-") in SECRET_OPTIONS:
            found.append(option)
        elif (shown := masked(word)) != word:
            found.append(shown.removesuffix(MASK).rstrip("=:"))
    return tuple(dict.fromkeys(found))


def _secrets(words: Sequence[str]) -> Iterator[str]:
    for at, word in enumerate(words):
        option = _misspelt_option().fullmatch(word)
        if option is not None:
            yield option["value"] if option["value"] is not None else "".join(words[at + 1 : at + 2])
        elif assignment := _assignment().fullmatch(word):
            yield assignment["value"]
        for part in _with_user().findall(word) if "@" in word else ():
            if len(part) > _LONGEST:
                yield part
                continue
            for user in (*_user().finditer(part), *_bare_user().finditer(part)):
                name, _, password = user["user"].partition(":")
                yield password or name


def _without_user(part: re.Match[str]) -> str:
    """Without user and password; nothing at all of what is too long to look for them."""
    return MASK if len(part[0]) > _LONGEST else _bare_user().sub("", _user().sub(r"\1", part[0]))


def _seen(char: str) -> str:
    if char.isprintable():
        return char
    if "\udc80" <= char <= "\udcff":  # a byte that was no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


_NAME = r"(?P<name>[A-Za-z_-][A-Za-z0-9_-]*(?:key|token|secret|password|passwd|credentials?|[_-](?:pwd|pass|passphrase))|key|token|secret|password)"


@cache
def _misspelt_option() -> re.Pattern[str]:
    """A secret option as one may write it: with another dash, a colon or an odd space, or a dash missing."""
    names = "|".join(re.escape(name.lstrip("-")).replace(r"\-", "[-_]?") for name in sorted(SECRET_OPTIONS))
    return re.compile(rf"[^\w\s]{{0,3}}(?:{names})s?(?:[=:\s](?P<value>.*))?", re.IGNORECASE | re.DOTALL)


@cache
def _assignment() -> re.Pattern[str]:
    """A whole word NAME=value, or a header's NAME:value, with the name of a secret; names with a dot are keys of a model (add_bos_token)."""
    return re.compile(_NAME + "[=:](?P<value>.*)", re.IGNORECASE | re.DOTALL)


@cache
def _assignment_in_text() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){_NAME}(?P<sign>[=:])(?:'[^']*'|\"[^\"]*\"|\S+)", re.IGNORECASE)


@cache
def _with_user() -> re.Pattern[str]:
    """What stands between spaces and has an @: neither a URL nor what is before a host goes beyond it."""
    return re.compile(r"(?<!\S)\S*@\S*")


@cache
def _user() -> re.Pattern[str]:
    """User and password of a URL: up to the last @ before its path, or, where a password holds a slash, up to the first."""
    plain, slashed = r"[^\s/?#]*", r"[^\s/?#@:]*:(?!\d{1,5}(?:[/?#\s]|$))[^\s@]*"
    return re.compile(rf"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*://)(?P<user>{plain}|{slashed})@")


@cache
def _bare_user() -> re.Pattern[str]:
    """User and password before a host without a scheme, as --rpc or a repository may be given by mistake: `me:pw@host:50052`."""
    return re.compile(r"(?<![^\s'\"(=,])(?P<user>[A-Za-z0-9._%+-]+:(?!//)[^\s/?#@]+)@(?=[\w.\[-])")


@cache
def _query() -> re.Pattern[str]:
    return re.compile(r"(https?://[^\s?#]*)(?:[?#]\S*)?", re.IGNORECASE)


@cache
def _token() -> re.Pattern[str]:
    """Tokens of Hugging Face and of the APIs that took up OpenAI's form, and what a header of HTTP carries."""
    return re.compile(
        r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|(?<=[Bb]earer )\S+|(?<=uthorization: Basic )\S+)"
    )

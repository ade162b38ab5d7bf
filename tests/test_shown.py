"""Whatever comes from outside: nothing in it steers a terminal, nothing secret is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.shown import masked, masked_text, one_line, secrets_of, visible, visible_lines, without

STEERING = [
    "\x00",
    "\x07",
    "\x08",
    "\t",
    "\n",
    "\r",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\x9b31m",
    "\u200b",
    "\u200e",
    "\u202a",
    "\u202e",
    "\u2028",
    "\u2029",
    "\u2066",
    "\ufeff",
    "\U000e0041",
    "\udcff",
]


@pytest.mark.parametrize("text", STEERING, ids=ascii)
def test_what_steers_a_terminal_is_made_visible(text: str) -> None:
    shown = visible(f"a{text}b")

    assert shown.isprintable()
    assert shown.startswith("a\\")


@given(st.text())
def test_what_is_shown_is_always_printable(text: str) -> None:
    assert visible(text).isprintable()
    assert visible_lines(text).replace("\n", "").isprintable()
    assert one_line(text).isprintable()


@given(st.text())
def test_to_show_what_is_shown_changes_nothing(text: str) -> None:
    assert visible(text) == visible(visible(text))


def test_letters_of_every_alphabet_are_left_alone() -> None:
    assert "Größe 日本 עברית" == visible("Größe 日本 עברית")


def test_a_byte_that_is_no_utf8_is_shown_as_that_byte() -> None:
    assert "a\\xffb" == visible("a\udcffb")
    assert "no '\\xff'" == one_line("no " + repr("\udcff"))
    assert r"no '\\udcff'" == one_line("no " + repr(r"\udcff"))


def test_a_message_is_one_line_with_single_spaces() -> None:
    assert "a b c\\x1bd" == one_line("a\n b  c\x1bd")


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("https://me:hunter2@host/m.gguf", "https://host/m.gguf"),
        ("me:hunter2@host:50052", "host:50052"),
        ("me:hunter2@127.0.0.1:1/user/model", "127.0.0.1:1/user/model"),
        ("Authorization: Basic bWU6aHVudGVyMg==", "Authorization: Basic ***"),
        ("HTTPS://me:hunter2@host/m.gguf", "HTTPS://host/m.gguf"),
        ("https://hunter2@host/m.gguf", "https://host/m.gguf"),
        ("https://me:hun@ter2@host/m.gguf", "https://host/m.gguf"),
        ("https://me:hun/ter2@host/m.gguf", "https://host/m.gguf"),
        ("https://me:hun?ter2@host/m.gguf", "https://host/m.gguf"),
        ("socks5://me:hunter2@host:1080", "socks5://host:1080"),
        ("https://host/m.gguf?sig=hunter2", "https://host/m.gguf"),
        ("https://host/m.gguf#hunter2", "https://host/m.gguf"),
        ("--model-url=https://me:hunter2@host/m", "--model-url=https://host/m"),
        ("LLAMA_API_KEY=hunter2", "LLAMA_API_KEY=***"),
        ("LLAMA_API_KEY=hunter2 and more\nof it", "LLAMA_API_KEY=***"),
        ("hf_token=hunter2", "hf_token=***"),
        ("--api-key=hunter2", "--api-key=***"),
        ("AWS_SECRET=hunter2", "AWS_SECRET=***"),
        ("password=hunter2", "password=***"),
        ("MYSQL_PWD=hunter2", "MYSQL_PWD=***"),
        ("MY_PASS=hunter2", "MY_PASS=***"),
        ("X-Api-Key:hunter2", "X-Api-Key:***"),
        ("hf_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
        ("sk-abcdefghijklmnopqrstuvwxyz0123456789", "***"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
    ],
)
def test_a_words_secret_is_masked(word: str, shown: str) -> None:
    assert shown == masked(word)
    assert "ter2" not in masked_text(
        f"moefit: error: {word.splitlines()[0]}: no such file".replace(" and more", "")
    )


@pytest.mark.parametrize(
    "word",
    [
        "https://host:8080/a@b/m.gguf",
        "https://host/m.gguf",
        "tokenizer.ggml.add_bos_token=bool:false",
        "token_embd.weight=CPU",
        "blk[.]0[.]ffn=CUDA0",
        "me@host:path",
        "a?b#c",
        "LLAMA_ARG_CTX_SIZE=4096",
        "-ub",
        "hf_short",
    ],
)
def test_a_word_without_a_secret_stays(word: str) -> None:
    assert word == masked(word)
    assert word == masked_text(word)


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--api-key", "hunter2"], {}),
        (["--api_key", "hunter2"], {}),
        (["--API-KEY", "hunter2"], {}),
        (["--apikey=hunter2"], {}),
        (["--api-key:hunter2"], {}),
        (["--api-key\u00a0hunter2"], {}),
        (["\u2014api-key", "hunter2"], {}),
        (["/api-key", "hunter2"], {}),
        (["-api-keys", "hunter2"], {}),
        (["-hft", "hunter2"], {}),
        (["--hf-token=hunter2"], {}),
        (["env", "LLAMA_API_KEY=hunter2", "llama-server"], {}),
        (["-mu", "https://me:hunter2@host/m"], {}),
        (["-mu", "https://hunter2@host/m"], {}),
        ([], {"LLAMA_API_KEY": "hunter2"}),
        ([], {"MY_PASSWORD": "other,hunter2"}),
    ],
)
def test_a_secret_of_the_line_is_known_wherever_it_stands_later(words, environment) -> None:
    assert "no such option: ***!" == without("no such option: hunter2!", secrets_of(words, environment))


def test_a_very_short_secret_does_not_mask_every_message() -> None:
    assert frozenset() == secrets_of(["--api-key", "a"], {"HF_TOKEN": ""})


def test_longer_secrets_are_masked_before_those_they_contain() -> None:
    assert "***" == without("hunter2hunter3", {"hunter2", "hunter2hunter3"})

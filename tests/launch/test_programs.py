from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.programs import split


def parts(line: str) -> tuple[str, str, str, str]:
    found = split(line.split())
    return found.name, " ".join(found.wrapper), " ".join(found.words), " ".join(found.rest)


@pytest.mark.parametrize(
    ("line", "name", "wrapper", "words", "rest"),
    [
        ("llama serve -m a", "llama-server", "", "llama serve", "-m a"),
        ("llama server -m a", "llama-server", "", "llama server", "-m a"),
        ("/opt/llama cli -m a", "llama-cli", "", "/opt/llama cli", "-m a"),
        ("nice -n 5 llama bench -m a", "llama-bench", "nice -n 5", "llama bench", "-m a"),
        ("llama fit-params -m a", "llama-fit-params", "", "llama fit-params", "-m a"),
        ("llama.exe serve -m a", "llama-server", "", "llama.exe serve", "-m a"),
        ("./server -m a -c 1", "llama-server", "", "./server", "-m a -c 1"),
        ("./build/bin/main -m a", "llama-cli", "", "./build/bin/main", "-m a"),
        (
            "systemd-run --unit llama-server --user /opt/llama-server -m a",
            "llama-server",
            "systemd-run --unit llama-server --user",
            "/opt/llama-server",
            "-m a",
        ),
        (
            "start --name llama-server --restart llama-server -m a",
            "llama-server",
            "start --name llama-server --restart",
            "llama-server",
            "-m a",
        ),
        (
            "llama-server -m a --alias llama-server",
            "llama-server",
            "",
            "llama-server",
            "-m a --alias llama-server",
        ),
        ("sudo -u llama-user llama-server", "llama-server", "sudo -u llama-user", "llama-server", ""),
    ],
)
def test_of_several_words_the_program_is_the_one_whose_rest_reads_as_options(
    line: str, name: str, wrapper: str, words: str, rest: str
) -> None:
    assert (name, wrapper, words, rest) == parts(line)


@pytest.mark.parametrize(
    ("line", "program", "rest"),
    [
        (
            "docker run --gpus all --name llama-server IMAGE -m /m/a -ngl 99",
            "llama-server",
            "-m /m/a -ngl 99",
        ),
        ("docker run -it -p 80:80 x/llama.cpp:light-cuda -m a", "llama-cli", "-m a"),
        ("docker run x/llama.cpp:full-cuda --server -m a", "llama-server", "-m a"),
        ("docker run x/llama.cpp:full --bench -m a", "llama-bench", "-m a"),
        ("docker run --entrypoint /app/llama-cli x:full -m a", "llama-cli", "-m a"),
        ("docker run --entrypoint=llama x serve -m a", "llama-server", "-m a"),
        ("docker container run -e A=1 IMAGE llama serve -m a", "llama-server", "-m a"),
        ("sudo podman run --rm -it --device nvidia.com/gpu=all IMAGE -m a", "llama-server", "-m a"),
        ("docker run IMAGE numactl --interleave=all /app/llama-server -m a", "llama-server", "-m a"),
        ("docker exec -it -e A=1 llm /app/llama-server -m a", "llama-server", "-m a"),
        ("docker --context home exec -u me llama-server llama-server -m a", "llama-server", "-m a"),
        ("nerdctl run --gpus device=1 IMAGE -m a", "llama-server", "-m a"),
    ],
)
def test_a_containers_program_is_its_images_or_what_follows_the_image(
    line: str, program: str, rest: str
) -> None:
    found = split(line.split())
    assert (program, rest) == (found.name, " ".join(found.rest))


@pytest.mark.parametrize(
    "line", ["docker run --gpus all IMAGE -m a", "llama serve -m a", "env A=1 nice llama-server -m a"]
)
def test_every_word_of_the_line_stays(line: str) -> None:
    assert line.split() == list(parse(line.split()).argv)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "ssh gpu01 llama-server -m a",
            "ssh runs the command on another machine, and moefit plans for this one",
        ),
        ("nice ssh -p 22 gpu01 llama-server -m a", "ssh runs the command on another machine"),
        ("kubectl exec pod -- llama-server -m a", "kubectl runs the command on another machine"),
        ("docker -H ssh://gpu01 run IMAGE -m a", "docker runs it on another machine"),
        (
            "docker compose run llm -m a",
            "docker compose: moefit sees through docker run and docker exec only",
        ),
        (
            "podman-compose run llm -m a",
            "podman-compose keeps image, mounts and variables in a file",
        ),
        (
            "docker-compose exec llm llama-server -m a",
            "docker-compose keeps image, mounts and variables in a file",
        ),
        (
            "docker run --entrypoint /bin/sh IMAGE -m a",
            "moefit cannot see which program of llama.cpp this container starts",
        ),
        (
            "docker run x/llama.cpp:full -m a",
            "moefit cannot see which program of llama.cpp this container starts",
        ),
        ("docker run --gpus all", "docker run names no image"),
        ("bash -c llama-server", "bash takes the command as one string"),
        ("llama -m a", "no llama.cpp program in the command: llama ..."),
        ("llama version", "llama version starts no model"),
    ],
)
def test_what_cannot_be_seen_through_is_refused_with_what_to_write(line: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(line.split())
    assert error.value.message.startswith(message)
    assert error.value.hint is not None or "names no" in message


def test_a_program_inside_one_word_gets_a_hint() -> None:
    with pytest.raises(UsageError) as error:
        split(["env", "-S", "A=1 llama-server", "-m", "a"])
    assert (
        "the program stands inside one word: write its words apart, without quotes around them"
        == error.value.hint
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("^", "^ continues a line in cmd.exe alone"),
        ("`", "a backtick continues a line in PowerShell alone"),
        (" #", "\\ continues a line only as its last character: no comment"),
        ("\\", "\\ continues a line only as its last character: nothing"),
        ("&", "& and what follows it are the shell's"),
        ("\u2013ngl", "\u2013 is a typographic dash: type -ngl"),
        ("\u2014n-cpu-moe", "\u2014 is a typographic dash: type --n-cpu-moe"),
        ("\u201ca", "\u201c is a typographic quote: type plain ones"),
        ("\u00aba\u00bb", "\u00ab \u00bb are typographic quotes: type plain ones"),
    ],
)
def test_a_line_of_another_shell_gets_a_hint_that_says_what_is_wrong(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(["llama-server", "-c", "4096", word, "-ngl", "9"])
    assert (error.value.hint or "").startswith(hint)


@pytest.mark.parametrize("macro", ["${PORT}", "$PORT", "{{ .port }}", "%PORT%", "{port}"])
def test_a_macro_may_stand_for_a_number(macro: str) -> None:
    assert [macro] == [a.value for a in parse(["llama-server", "--port", macro]).arguments]

from __future__ import annotations

import pytest

from moefit.launch.command import parse
from moefit.launch.environment import VARIABLE
from moefit.launch.seen import in_front, inside, reaches, variables

HOST = {"A": "1", "PATH": "/bin", VARIABLE: "64"}


def seen(line: str) -> dict[str, str]:
    return {k: v for k, v in variables(parse(line.split()), HOST).items() if k != "PATH"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("llama-server", {"A": "1", VARIABLE: "64"}),
        ("env -u A B=2 llama-server", {"B": "2", VARIABLE: "64"}),
        ("env -i B=2 llama-server", {"B": "2"}),
        ("sudo llama-server", {}),
        ("sudo B=2 -E nice -n -20 llama-server", {"A": "1", "B": "2", VARIABLE: "64"}),
        ("sudo --preserve-env=A,C llama-server", {"A": "1"}),
        ("sudo B=2 llama-server", {"B": "2"}),
        ("sudo -Eu me llama-server", {"A": "1", VARIABLE: "64"}),
        (
            "docker run -e NVIDIA_VISIBLE_DEVICES=none IMAGE -m a",
            {"CUDA_VISIBLE_DEVICES": "", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "NVIDIA_VISIBLE_DEVICES": "none"},
        ),
        ("systemd-run --user -E B=2 llama-server", {"B": "2"}),
        ("systemd-run --scope --setenv=B=2 llama-server", {"A": "1", "B": "2", VARIABLE: "64"}),
        ("docker run -e B=2 -e A IMAGE -m a", {"B": "2", "A": "1"}),
        ("docker run --env=B=2 IMAGE env C=3 llama-server", {"B": "2", "C": "3"}),
        (
            "docker run --gpus device=1,2 IMAGE -m a",
            {"CUDA_VISIBLE_DEVICES": "1,2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
        ),
        ("docker exec -e B=2 c llama-server", {"B": "2"}),
        ("timeout 5 taskset -c 0-7 env B=2 llama-server", {"A": "1", "B": "2", VARIABLE: "64"}),
    ],
)
def test_a_program_sees_what_its_wrappers_leave_and_add(line: str, expected: dict[str, str]) -> None:
    assert expected == seen(line)


@pytest.mark.parametrize(
    ("wrapper", "expected"),
    [
        *(
            (wrapper, True)
            for wrapper in ("", "numactl --interleave=all", "nice -n 5", "taskset -c 0-7", "chrt -f 50")
        ),
        *(
            (wrapper, True)
            for wrapper in ("ionice -c 3", "stdbuf -oL", "nohup", "timeout 60", "env A=1", "sudo -E")
        ),
        *(
            (wrapper, True)
            for wrapper in ("systemd-run --scope", "docker run IMAGE", "docker exec c", "./start.sh")
        ),
        *(
            (wrapper, False)
            for wrapper in ("sudo", "sudo -u me", "env -i", "doas", "systemd-run --user", "toolbox run")
        ),
        *(
            (wrapper, False)
            for wrapper in (
                "sudo -E env -i",
                "numactl -N 0 sudo",
                f"env -u {VARIABLE}",
                "setpriv --reset-env",
            )
        ),
    ],
)
def test_a_variable_reaches_the_program_where_wrappers_pass_it_on(wrapper: str, expected: bool) -> None:
    assert expected is reaches(parse([*wrapper.split(), "llama-server", "-m", "a"]), VARIABLE)


def test_a_variable_stands_before_the_whole_line_and_before_those_of_an_env() -> None:
    assert ("env", "V=1", "numactl", "llama-server") == in_front(["numactl", "llama-server"], {"V": "1"})
    assert ("env", "V=1", "A=2", "llama-server") == in_front(["env", "A=2", "llama-server"], {"V": "1"})
    assert ("env", "V=1", "env", "-u", "A", "x") == in_front(["env", "-u", "A", "x"], {"V": "1"})
    assert ("llama-server",) == in_front(["llama-server"], {})


def test_a_containers_variable_is_an_option_of_the_engine() -> None:
    command = parse(["docker", "run", "--gpus", "all", "IMAGE", "-m", "a"])
    assert command.container is not None
    line = inside(command.container, command.argv, {"V": "1"})
    assert ["docker", "run", "-e", "V=1", "--gpus", "all", "IMAGE", "-m", "a"] == list(line)


@pytest.mark.parametrize(
    ("mounts", "path", "expected"),
    [
        ("-v /tank/gguf:/models", "/models/a/b.gguf", "/tank/gguf/a/b.gguf"),
        ("-v /tank:/models:ro,Z", "/models/b.gguf", "/tank/b.gguf"),
        ("--volume=/tank:/models", "/models/b.gguf", "/tank/b.gguf"),
        ("--mount type=bind,source=/tank,target=/models,readonly", "/models/b.gguf", "/tank/b.gguf"),
        ("-v /a:/m -v /b:/m/deep", "/m/deep/x.gguf", "/b/x.gguf"),
        ("-v /tank/x.gguf:/model.gguf", "/model.gguf", "/tank/x.gguf"),
        ("-v ./models:/models -w /models", "x.gguf", "./models/x.gguf"),
        ("-v volume:/models", "/models/b.gguf", None),
        ("-v /tank:/models", "/modelsx/b.gguf", None),
    ],
)
def test_a_path_in_a_container_is_the_hosts_where_its_folder_is_mounted(
    mounts: str, path: str, expected: str | None
) -> None:
    container = parse(f"docker run {mounts} IMAGE -m a".split()).container
    assert container is not None
    assert expected == container.on_host(path)

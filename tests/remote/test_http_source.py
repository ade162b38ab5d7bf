from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from moefit.errors import InputError
from moefit.gguf.http import Client
from moefit.gguf.remote import MAX_REQUESTS, HttpSource, Progress, is_url, opener
from moefit.gguf.source import FileSource
from moefit.gguf.split import read_header
from tests.gguf import raw
from tests.gguf.raw import Raw
from tests.remote.server import Handler, drop, in_turn, ranges, status

DATA = bytes(range(256)) * 40


def source(web, client, path="/m.gguf", **kwargs) -> HttpSource:
    return HttpSource(web.url + path, client, **kwargs)


def complaint(web, client, answer, *, offset=0, size=100) -> InputError:
    web.answers["/m.gguf"] = answer
    with pytest.raises(InputError) as caught:
        source(web, client).read(offset, size)
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(f"{web.url}/m.gguf: ")
    return caught.value


def test_bytes_are_read_by_ranges_and_the_size_is_learned(web, client):
    web.answers["/m.gguf"] = ranges(DATA)
    file = source(web, client)

    assert file.size is None
    assert (DATA[:4], DATA[5000:5003], len(DATA)) == (file.read(0, 4), file.read(5000, 3), file.size)


def test_nothing_is_asked_before_the_first_read(web, client):
    source(web, client)

    assert [] == web.asked


def test_what_was_fetched_already_is_not_asked_for_again(web, client):
    web.answers["/m.gguf"] = ranges(DATA)
    file = source(web, client)

    file.read(0, 10)
    file.read(10, 1000)

    assert ["bytes=0-1048575"] == web.headers("range")


def test_reading_beyond_the_end_is_short(web, client):
    web.answers["/m.gguf"] = ranges(DATA)
    file = source(web, client)

    assert (DATA[-2:], b"") == (file.read(len(DATA) - 2, 10), file.read(len(DATA) + 5, 10))


def test_a_first_read_beyond_the_end_is_short(web, client):
    web.answers["/m.gguf"] = ranges(DATA)

    assert b"" == source(web, client).read(1 << 30, 10)


def test_a_server_that_sends_little_at_a_time_is_asked_again(web, client):
    web.answers["/m.gguf"] = ranges(DATA, most=1000)

    assert DATA[:3500] == source(web, client).read(0, 3500)


def test_a_remote_header_is_read_without_its_data(web, client):
    data = Raw().text("general.architecture", "llama").tensor("a", (1 << 20,)).file(4 << 20)
    web.answers["/m.gguf"] = ranges(data)

    header = read_header(f"{web.url}/m.gguf", opener(client))

    assert (["a"], len(data), False) == (
        [t.name for t in header.tensors],
        header.shards[0].size,
        header.truncated,
    )
    assert 1 == len(web.asked)


def test_a_remote_split_set_is_read_whole(web, client):
    for number in range(2):
        shard = Raw().pair("split.no", raw.UINT16, "H", number).pair("split.count", raw.UINT16, "H", 2)
        web.answers[f"/m-0000{number + 1}-of-00002.gguf"] = ranges(shard.tensor(f"t{number}", (8,)).file(32))

    header = read_header(f"{web.url}/m-00001-of-00002.gguf", opener(client))

    assert ["t0", "t1"] == [t.name for t in header.tensors]


def test_one_connection_serves_all_requests(web, client):
    ports = set()

    def answer(handler: Handler) -> None:
        ports.add(handler.client_address[1])
        ranges(DATA, most=1000)(handler)

    web.answers["/m.gguf"] = answer
    source(web, client).read(0, 5000)

    assert (5, 1) == (len(web.asked), len(ports))


def test_progress_is_told(web, client):
    web.answers["/m.gguf"] = ranges(DATA, most=6000)
    told: list[Progress] = []

    with closing(source(web, client, progress=told.append)) as file:
        file.read(0, 10240)

    name = f"{web.url}/m.gguf"
    assert [Progress(name, 6000), Progress(name, 10240), Progress(name, 10240, done=True)] == told


def test_a_server_without_ranges_is_an_error_and_its_file_is_not_fetched(web, client):
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(400 << 30))
        handler.end_headers()
        handler.web.stop.wait(5)

    error = complaint(web, client, answer)

    assert f"{web.url}/m.gguf: the server cannot send part of a file" == error.message
    assert error.hint == "download the model and give it with -m"


def test_another_range_than_asked_for_is_an_error(web, client):
    error = complaint(
        web, client, status(206, DATA[:100], Content_Range=f"bytes 0-99/{len(DATA)}"), offset=50
    )

    assert error.message.endswith("the server answers with another range than asked for")


@pytest.mark.parametrize("said", ["bytes 0-200000000/5", "bytes 5-2/100", "nonsense", "bytes */100", ""])
def test_a_range_that_makes_no_sense_is_an_error(web, client, said):
    error = complaint(web, client, status(206, DATA[:100], Content_Range=said))

    assert error.message.endswith("the server answers with another range than asked for")


def test_fewer_bytes_than_the_range_says_is_an_error(web, client):
    error = complaint(web, client, status(206, DATA[:50], Content_Range="bytes 0-99/1000"))

    assert error.message.endswith("the server sends fewer bytes than it says")


def test_more_bytes_than_asked_for_is_an_error(web, client):
    def answer(handler: Handler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", "bytes 0-1048575/9999999999")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not handler.web.stop.is_set():
            handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    assert "the server sends more than the 1048576 bytes it may" in complaint(web, client, answer).message


def test_a_file_that_changes_while_it_is_read_is_an_error(web, client):
    web.answers["/m.gguf"] = in_turn(ranges(DATA, most=10), ranges(DATA[:-1], most=10))

    with pytest.raises(InputError, match="the file changed while it was read"):
        source(web, client).read(0, 20)


def test_a_compressed_answer_is_an_error(web, client):
    error = complaint(
        web, client, status(206, DATA[:9], Content_Range="bytes 0-8/9", Content_Encoding="gzip")
    )

    assert error.message.endswith("the server compresses what it sends")


@pytest.mark.parametrize("code", [401, 403])
def test_no_permission_is_an_error_that_names_the_token_options(web, client, code):
    error = complaint(web, client, status(code))

    assert f"{web.url}/m.gguf: the server refuses access ({code})" == error.message
    assert "HF_TOKEN" in error.hint


def test_a_missing_file_is_an_error_and_asked_for_once(web, client):
    error = complaint(web, client, status(404))

    assert (f"{web.url}/m.gguf: there is no such file (404)", 1) == (error.message, len(web.asked))


@pytest.mark.parametrize("code", [400, 418, 451])
def test_another_refusal_is_an_error(web, client, code):
    assert complaint(web, client, status(code)).message.endswith(f"the server answers {code}")


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again_a_few_times(web, client, code):
    error = complaint(web, client, status(code))

    assert error.message.endswith(f"the server answers {code} (3 attempts)")
    assert 3 == len(web.asked)


def cut_off(handler: Handler) -> None:
    """Says 100 bytes, sends 9, and hangs up."""
    handler.send(206, DATA[:9], length=100, Content_Range="bytes 0-99/1000")


@pytest.mark.parametrize("trouble", [drop, status(503), cut_off], ids=["drops", "503", "cut off"])
def test_trouble_that_passes_is_not_noticed(web, client, trouble):
    web.answers["/m.gguf"] = in_turn(trouble, trouble, ranges(DATA))

    assert DATA[:100] == source(web, client).read(0, 100)


def test_a_server_that_drops_every_connection_is_an_error(web, client):
    assert complaint(web, client, drop).message.endswith("the connection broke (3 attempts)")


def test_a_body_cut_off_every_time_is_an_error(web, client):
    error = complaint(web, client, cut_off)

    assert error.message.endswith("the connection broke after 9 of 100 bytes (3 attempts)")


def test_an_answer_that_is_no_http_is_an_error(web, client):
    def answer(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        handler.close_connection = True

    assert complaint(web, client, answer).message.endswith("the server's answer is no HTTP (3 attempts)")


def test_an_answer_that_never_begins_is_an_error(web, client):
    """Python reads `100 Continue` for ever, which took the 30 s that a request may take, 8 of them of the processor."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(100 * b"HTTP/1.1 100 Continue\r\n\r\n")
        handler.web.stop.wait(5)

    assert complaint(web, client, answer).message.endswith("the server's answer is no HTTP (3 attempts)")


def test_headers_without_end_are_an_error(web, client):
    def answer(handler: Handler) -> None:
        handler.send_response(206)
        for number in range(500):
            handler.send_header(f"X-{number}", "x")
        handler.end_headers()

    assert complaint(web, client, answer).message.endswith("the server's answer is no HTTP (3 attempts)")


def test_a_silent_server_is_given_up_soon(web, client):
    start = time.perf_counter()
    error = complaint(web, client, lambda handler: handler.web.stop.wait(5))

    assert error.message.endswith("no answer in time (3 attempts)")
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_given_up_soon(web, client, part):
    """Each byte comes within the time a silence may take, but the whole takes too long."""

    def answer(handler: Handler) -> None:
        if part == "body":
            handler.send_response(206)
            handler.send_header("Content-Range", "bytes 0-999/1000")
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 206 Partial Content\r\nX-A: ")
        while not handler.web.stop.wait(0.05):
            handler.wfile.write(b"x")

    start = time.perf_counter()

    assert complaint(web, client, answer).message.endswith("no answer within 0.6 s (3 attempts)")
    assert time.perf_counter() - start < 5


def test_no_server_is_an_error(client):
    with pytest.raises(InputError, match=r"http://127.0.0.1:9/m.gguf: Connection refused \(3 attempts\)"):
        HttpSource("http://127.0.0.1:9/m.gguf", client).read(0, 10)


@pytest.fixture
def deaf() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none, as behind a firewall: its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())
        yield listening.getsockname()


def at(monkeypatch, *addresses):
    """Every name is at these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_with_many_dead_addresses_takes_no_longer_than_one(monkeypatch, client, deaf):
    at(monkeypatch, *[deaf] * 50)
    start = time.perf_counter()

    with pytest.raises(InputError, match=r"http://many.example/m.gguf: no answer in time \(3 attempts\)"):
        HttpSource("http://many.example/m.gguf", client).read(0, 10)
    assert time.perf_counter() - start < 3


def test_an_address_that_answers_is_found_behind_one_that_does_not(monkeypatch, web, client, deaf):
    at(monkeypatch, deaf, ("127.0.0.1", int(web.url.rpartition(":")[2])))
    web.answers["/m.gguf"] = ranges(DATA)

    assert DATA[:10] == HttpSource("http://two.example/m.gguf", client).read(0, 10)


def test_a_resolver_that_does_not_answer_is_given_up_soon(monkeypatch, client):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [time.sleep(4)][:0])
    start = time.perf_counter()

    with pytest.raises(InputError, match=r"its name is not resolved in time \(3 attempts\)"):
        HttpSource("http://slow.example/m.gguf", client).read(0, 10)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_server_that_drips_its_handshake_is_given_up_soon(attempts):
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        Client(timeout=0.3, deadline=0.6, attempts=attempts, pause=0) as client,
    ):
        over = threading.Event()

        def drip() -> None:
            for _ in range(attempts):
                with listening.accept()[0] as taken, suppress(OSError):
                    taken.sendall(b"\x16\x03\x03\x3f\xff")
                    while not over.wait(0.05):
                        taken.sendall(b"\x02")

        dripping = threading.Thread(target=drip)
        dripping.start()
        start = time.perf_counter()
        with pytest.raises(InputError, match="no answer"):
            HttpSource(f"https://127.0.0.1:{listening.getsockname()[1]}/m.gguf", client).read(0, 10)
        took = time.perf_counter() - start
        over.set()
        dripping.join()

    assert took < attempts + 2


def test_a_header_beyond_the_cap_is_an_error(web, client):
    web.answers["/m.gguf"] = ranges(bytes(4 << 20))
    file = source(web, client, max_fetched=2 << 20)
    file.read(0, 1 << 20)

    with pytest.raises(InputError, match="a header of more than 2 MiB is absurd"):
        file.read(1 << 20, 2 << 20)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_remembered(web, other, client, code):
    web.answers["/m.gguf"] = status(code, Location=f"{other.url}/blob?signature=1")
    other.answers["/blob"] = ranges(DATA, most=1000)

    assert DATA[:3000] == source(web, client).read(0, 3000)
    assert (1, 3) == (len(web.asked), len(other.asked))


def test_a_relative_redirect_is_followed(web, client):
    web.answers["/m.gguf"] = status(302, Location="elsewhere/blob")
    web.answers["/elsewhere/blob"] = ranges(DATA)

    assert DATA[:10] == source(web, client).read(0, 10)


def test_where_a_redirect_led_is_asked_anew_when_it_expires(web, client):
    web.answers["/m.gguf"] = in_turn(status(302, Location="/one"), status(302, Location="/two"))
    web.answers["/one"] = in_turn(ranges(DATA, most=10), status(403))
    web.answers["/two"] = ranges(DATA)

    assert DATA[:100] == source(web, client).read(0, 100)
    assert ["/m.gguf", "/one", "/one", "/m.gguf", "/two"] == web.paths


@pytest.mark.parametrize("location", ["/m.gguf", "/m.gguf?again"])
def test_redirects_in_a_circle_are_an_error(web, client, location):
    assert complaint(web, client, status(302, Location=location)).message.endswith("redirects without end")
    assert len(web.asked) < 10


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://host/x", "http://:80/", "http://h:99999/", "http://a b/"]
)
def test_a_redirect_to_what_is_no_web_page_is_an_error(web, client, location):
    web.answers["/m.gguf"] = status(302, Location=location)

    with pytest.raises(InputError, match=r"/m\.gguf: redirects to what is no URL"):
        source(web, client).read(0, 10)


def test_a_redirect_to_nowhere_is_an_error(web, client):
    assert complaint(web, client, status(302)).message.endswith("redirects without end")


TOKEN = "hf_" + "s" * 40


def test_the_token_goes_to_the_files_own_server_alone(web, other, client):
    web.answers["/m.gguf"] = status(302, Location=f"{other.url}/blob")
    other.answers["/blob"] = ranges(DATA, most=1000)

    source(web, client, token=TOKEN).read(0, 3000)

    assert {f"Bearer {TOKEN}"} == set(web.headers("authorization"))
    assert [None, None, None] == other.headers("authorization")


def test_the_token_is_sent_to_the_endpoint_alone(web, other, client):
    for server in (web, other):
        server.answers["/m.gguf"] = ranges(DATA)
    open_source = opener(client, token=TOKEN, endpoint=f"{web.url}/")

    for server in (web, other):
        with closing(open_source(f"{server.url}/m.gguf")) as file:
            file.read(0, 1)

    assert ([f"Bearer {TOKEN}"], [None]) == (web.headers("authorization"), other.headers("authorization"))


def test_user_and_password_of_the_url_are_sent_to_its_server_alone(web, other, client):
    web.answers["/m.gguf"] = status(302, Location=f"{other.url}/blob")
    other.answers["/blob"] = ranges(DATA)
    address = web.url.replace("http://", "http://me:p%40ss@")

    HttpSource(f"{address}/m.gguf", client).read(0, 1)

    assert (["Basic bWU6cEBzcw=="], [None]) == (web.headers("authorization"), other.headers("authorization"))


@pytest.mark.parametrize(
    "answer",
    [
        status(401),
        status(404),
        status(500),
        drop,
        status(302, Location="/m.gguf?X-Signature=s3cret"),
        status(302, Location="http://s3cret:s3cret@127.0.0.1:9/x?y=s3cret#s3cret"),
        status(302, Location="http://127.0.0.1:9/ s3cret"),
        status(206, b"x", Content_Range="s3cret"),
    ],
)
def test_no_message_has_a_secret(web, client, answer):
    web.answers["/m.gguf"] = answer
    told: list[Progress] = []
    address = web.url.replace("http://", "http://me:s3cret@")
    file = HttpSource(
        f"{address}/m.gguf?token=s3cret#s3cret", client, token="hf_s3cret", progress=told.append
    )

    with pytest.raises(InputError) as caught:
        file.read(0, 10)

    assert "s3cret" not in f"{caught.value.message} {caught.value.hint} {file.name} {told}"


def test_a_header_has_no_secret(web, client):
    web.answers["/m.gguf"] = ranges(Raw().tensor("t", (8,)).file(32))

    header = read_header(f"{web.url}/m.gguf?sig=s3cret", opener(client))

    assert f"{web.url}/m.gguf" == header.shards[0].name
    assert "s3cret" not in repr(header)


def test_the_error_of_a_part_has_no_secret(web, client):
    web.answers["/m.gguf"] = ranges(Raw().pair("split.count", raw.UINT16, "H", 2).file(32))

    with pytest.raises(InputError) as caught:
        read_header(f"{web.url}/m.gguf?sig=s3cret", opener(client))

    assert f"{web.url}/m.gguf: is part 1 of 2, but is not named so" == caught.value.message


@pytest.mark.parametrize(
    "url", ["http://h\r\nX: y/", "http://h/\x7f", "http://[::1", "http://h:x/", "http:///m", "https://é/"]
)
def test_a_url_that_cannot_be_asked_for_is_an_error(url, client):
    with pytest.raises(InputError, match="the URL of the model is none that can be fetched"):
        HttpSource(url, client)


def test_other_names_are_files(tmp_path, client):
    (tmp_path / "m.gguf").write_bytes(b"x")

    with closing(opener(client)(str(tmp_path / "m.gguf"))) as file:
        assert isinstance(file, FileSource)
    assert not is_url("/http://x")


def test_the_client_of_a_user_is_patient():
    with Client() as client:
        assert (10.0, 30.0, 3) == (client.timeout, client.deadline, client.attempts)


def test_a_server_that_sends_a_byte_at_a_time_is_given_up(web, client):
    web.answers["/m.gguf"] = ranges(DATA, most=1)
    file = source(web, client)

    with pytest.raises(InputError, match="the server sends too little at a time"):
        file.read(0, 1000)

    assert MAX_REQUESTS == len(web.asked)


def test_all_requests_together_have_a_number(web):
    web.answers["/m.gguf"] = ranges(DATA)

    with Client(requests=3) as few:
        for _ in range(3):
            source(web, few).read(0, 1)
        with pytest.raises(InputError, match="more than 3 requests in all"):
            source(web, few).read(0, 1)


def test_all_requests_together_have_a_time(web):
    """Each answer comes in time, but there are too many of them."""

    def answer(handler: Handler) -> None:
        time.sleep(0.1)
        ranges(DATA, most=1)(handler)

    web.answers["/m.gguf"] = answer
    start = time.perf_counter()

    with (
        Client(total=0.45, attempts=1) as hasty,
        pytest.raises(InputError, match=r"more than 0.45 s in all|no answer within"),
    ):
        source(web, hasty).read(0, 1000)

    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(("files", "seconds"), [(0, 30.0), (1, 30.0), (2, 32.0), (100, 120.0)])
def test_a_header_has_half_a_minute_and_each_further_file_a_little_more(files, seconds):
    with Client() as client:
        for _ in range(files):
            client.begin_file()
        client._seconds_left("http://host/")
        client._began -= seconds - 1
        assert 0 < client._seconds_left("http://host/") <= 1
        client._began -= 1
        with pytest.raises(InputError, match=f"more than {seconds:g} s in all"):
            client._seconds_left("http://host/")


def test_a_file_counts_once_however_often_it_is_asked_for(web, client):
    web.answers["/m.gguf"] = ranges(DATA, most=100)
    source(web, client).read(0, 1000)
    source(web, client).read(0, 10)

    assert 2 == client._files


def test_the_last_request_has_only_the_time_that_is_left(web):
    web.answers["/m.gguf"] = lambda handler: handler.web.stop.wait(5)
    start = time.perf_counter()

    with (
        Client(timeout=9, deadline=9, total=0.3, attempts=1) as hasty,
        pytest.raises(InputError, match=r"within 0\.3 s"),
    ):
        source(web, hasty).read(0, 10)

    assert time.perf_counter() - start < 2

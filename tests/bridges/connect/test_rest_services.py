"""A real HTTP server: addresses judged where the connection goes, no redirect, no proxy, bounded answers, sent once."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from nocmesh.clock import SystemClock
from nocmesh.errors import DeviceError, GuardError, InvalidInputError
from nocmesh.messages.change import Change
from nocmesh_bridges.connect.form import ServiceEntry
from nocmesh_bridges.connect.hand import Done
from nocmesh_bridges.connect.targets import Targets
from nocmesh_bridges.http.client import NotSentError
from nocmesh_bridges.http.hand import ServiceHand

pytestmark = pytest.mark.real


class Service(ThreadingHTTPServer):
    """A service that remembers what it was asked, and misbehaves where its path says so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.state = "old"


class Asked(BaseHTTPRequestHandler):
    server: Service

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        what = self.path.split("?")[0].rsplit("/", 1)[-1]
        status = {"away": 302, "wrong": 400, "broken": 500, "made": 201}.get(what, 200)
        text = {"state": self.server.state, "echo": self.headers.get("Authorization", ""), "token": "abc123"}
        content = b"x" * 300_000 if what == "large" else json.dumps(text).encode()
        if what == "slow":
            time.sleep(1.0)
        if what == "dead":
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if what == "away":
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        if what == "packed":
            self.send_header("Content-Encoding", "gzip")
        with suppress(OSError):  # whoever asked has gone
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join(5)
    running.server_close()


@pytest.fixture
def hand(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServiceHand:
    monkeypatch.setenv("NB_TOKEN", "sesame-open")
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    return hand_of(service)


def hand_of(service: Service, **more: Any) -> ServiceHand:
    entry = {
        "name": "nb",
        "url": f"http://127.0.0.1:{service.server_address[1]}/api",
        "methods": ["GET", "POST", "DELETE"],
        "paths": ["/dcim/"],
        "headers": [{"name": "Authorization", "prefix": "Token ", "env": "NB_TOKEN"}],
        "networks": ["127.0.0.0/8"],
        "seconds": 0.5,
    }
    return ServiceHand(Targets(services=(ServiceEntry.model_validate({**entry, **more}),)), b"k")


async def looked(hand: ServiceHand, path: str = "/dcim/", **more: Any) -> dict[str, Any]:
    return await hand.look({"target": "nb", "path": path, **more})


async def test_a_get_gives_what_the_service_says_without_its_secrets(hand: ServiceHand, service: Service) -> None:
    found = await looked(hand, "/dcim/sites/", query={"name": "a&b"})
    assert (found["status"], found["json"]["state"]) == (200, "old")
    [(method, path, headers, _)] = service.asked
    assert (method, path) == ("GET", "/api/dcim/sites/?name=a%26b")
    assert headers["Authorization"] == "Token sesame-open"
    assert "sesame-open" not in str(found)
    assert "abc123" not in str(found)


async def test_a_redirect_is_told_and_not_followed(hand: ServiceHand, service: Service) -> None:
    found = await looked(hand, "/dcim/away")
    assert (found["status"], "nobody follows" in found["note"]) == (302, True)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}", "http://localhost:{}", "http://[::ffff:127.0.0.1]:{}", "http://0:{}"]
)
async def test_an_address_that_no_network_of_the_target_names_is_not_spoken_to(
    service: Service, hand: ServiceHand, url: str
) -> None:
    inner = hand_of(service, url=url.format(service.server_address[1]), networks=[])
    with pytest.raises(GuardError, match="no public address"):
        await looked(inner)
    assert not service.asked


async def test_a_name_that_has_one_bad_address_is_not_spoken_to(
    service: Service, hand: ServiceHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that gives a good address first, and the one of the metadata after it."""
    loop, port = asyncio.get_running_loop(), service.server_address[1]

    async def both(host: str, *_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.1", "169.254.169.254")]

    monkeypatch.setattr(loop, "getaddrinfo", both)
    with pytest.raises(GuardError, match="metadata"):
        await looked(hand_of(service, url=f"http://nb.example.net:{port}"))
    assert not service.asked


@pytest.mark.parametrize(
    ("path", "said"),
    [("/dcim/slow", "within 0.5 s"), ("/dcim/packed", "packed as 'gzip'"), ("/dcim/dead", "nb did not answer")],
)
async def test_an_answer_that_does_not_come_as_it_should_is_an_error(hand: ServiceHand, path: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said):
        await looked(hand, path)


async def test_a_large_answer_is_cut_off_and_said(hand: ServiceHand) -> None:
    found = await looked(hand, "/dcim/large")
    assert "more than 256 kB" in found["truncated"]
    assert len(found["text"]) == 256 * 1024


async def test_nobody_there_is_told_and_nothing_was_sent(service: Service, hand: ServiceHand) -> None:
    with pytest.raises(NotSentError, match="cannot be reached"):
        await looked(hand_of(service, url="http://127.0.0.1:1"))


def certified(folder: Path, name: str) -> Path:
    """A certificate for ``name`` that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("elsewhere", False)])
async def test_a_certificate_is_that_of_the_name_though_the_address_is_spoken_to(
    service: Service, hand: ServiceHand, tmp_path: Path, name: str, trusted: bool
) -> None:
    file = certified(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    url = f"https://localhost:{service.server_address[1]}"
    secure = hand_of(service, url=url, ca_file=str(file), networks=["127.0.0.0/8", "::1/128"])
    if trusted:
        assert (await looked(secure))["status"] == 200
        return
    with pytest.raises(NotSentError, match="Hostname mismatch"):
        await looked(secure)
    assert not service.asked


async def test_a_name_with_two_addresses_is_spoken_to_where_somebody_listens(
    service: Service, hand: ServiceHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = service.server_address[1]

    async def both(host: str, *_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    assert (await looked(hand_of(service, url=f"http://nb.example.net:{port}")))["status"] == 200
    [(_, _, headers, _)] = service.asked
    assert headers["Host"] == f"nb.example.net:{port}"


# --- sending


async def test_what_the_target_file_names_and_is_not_there_stops_it_before_anything_is_sent(
    service: Service, hand: ServiceHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"method": "POST", "path": "/dcim/made"}
    done, _ = await sent(hand_of(service, ca_file="/nowhere"), **arguments)
    assert (done.outcome, "ca_file cannot be read" in done.reason) == ("failed", True)
    monkeypatch.delenv("NB_TOKEN")
    done, _ = await sent(hand, **arguments)
    assert (done.outcome, "NB_TOKEN is empty" in done.reason) == ("failed", True)
    assert not service.asked


async def sent(hand: ServiceHand, *, state: str = "", **arguments: Any) -> tuple[Done, list[str]]:
    ask = hand.asked({"target": "nb", **arguments})
    change = Change(change_id="c", device="nb", platform="http", commands=ask.lines, rollback=[])
    assert hand.approved(change) == ask
    marks: list[str] = []

    async def mark(text: str) -> None:
        marks.append(text)

    return await hand.act(ask, state or await hand.state(ask), mark), marks


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/dcim/made", "confirmed"),
        ("/dcim/wrong", "failed"),
        ("/dcim/broken", "unknown"),
        ("/dcim/away", "unknown"),
        ("/dcim/slow", "unknown"),
        ("/dcim/dead", "unknown"),
    ],
)
async def test_a_request_is_sent_once_and_its_answer_is_the_outcome(
    hand: ServiceHand, service: Service, path: str, outcome: str
) -> None:
    done, marks = await sent(hand, method="POST", path=path, body={"name": "ams"})
    assert (done.outcome, marks) == (outcome, [""])
    assert [(method, body) for method, _, _, body in service.asked] == [("POST", {"name": "ams"})]
    assert "sesame-open" not in str(done)


async def test_what_a_request_depends_on_must_be_as_it_was(hand: ServiceHand, service: Service) -> None:
    arguments = {"method": "DELETE", "path": "/dcim/sites/1/", "depends_on": "/dcim/sites/1/"}
    state = await hand.state(hand.asked({"target": "nb", **arguments}))
    service.state = "new"
    done, marks = await sent(hand, state=state, **arguments)
    assert (done.outcome, marks) == ("failed", [])
    assert {method for method, *_ in service.asked} == {"GET"}
    with pytest.raises(InvalidInputError, match="answered 500"):
        await sent(hand, **{**arguments, "depends_on": "/dcim/broken"})
    with pytest.raises(GuardError, match="http_get"):
        hand.asked({"target": "nb", "method": "GET", "path": "/dcim/"})

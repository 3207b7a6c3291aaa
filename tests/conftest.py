"""What holds for every test: no network, and nothing taken from the developer's environment."""

import ipaddress
import os
import socket

import pytest

CLOSED = "http://127.0.0.1:9"  # nobody listens there: programs that honour proxies find themselves offline


def pytest_configure() -> None:
    """Set the environment before any test module is imported; child processes inherit it."""
    os.environ.pop("COURSE_DATA", None)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for key in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[key] = os.environ[key.upper()] = CLOSED
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "localhost,127.0.0.1"


def _is_here(host: str | bytes | None) -> bool:
    """True for names and addresses of this machine's own loopback."""
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _refuse(host: str) -> None:
    if not _is_here(host):
        raise RuntimeError(f"tests must not reach the network, this machine only (127.0.0.1). Received: {host!r}")


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Close the network: to connect, to send, or to look up a name works for this machine only."""
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    look_up = socket.getaddrinfo

    def guarded(name):
        def call(self, *args):
            address = args[-1]  # sendto takes it last
            if self.family != socket.AF_UNIX and isinstance(address, tuple):
                _refuse(address[0])
            return real[name](self, *args)

        return call

    def guarded_look_up(host, *args, **kwargs):
        _refuse(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield

"""Where a model server is and who may see its key: base URLs taken apart, keys bound to one origin."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Generator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import httpx

from agents.models.complaint import scrub
from engine.errors import UserFault

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL taken apart."""

    origin: str
    """Scheme, host and port, e.g. `https://api.openai.com`; this is the `host` of every fault."""
    path: str = ""
    """What comes before the API's own paths, without a trailing slash."""
    basic_auth: str = field(default="", repr=False)
    """User and password of the URL, as the value of an Authorization header."""

    @property
    def hostname(self) -> str:
        """The name or number of the machine."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        number = _number(self.hostname)
        return number.is_loopback if number else _is_localhost(self.hostname)

    @property
    def is_private(self) -> bool:
        """Whether the server is on this machine or in its own network, by the look of its name."""
        number = _number(self.hostname)
        if number:
            return number.is_loopback or number.is_private or number.is_link_local
        # A name without a dot is a machine of this network, a number without one (134744072) is anybody's.
        is_short = "." not in self.hostname and not self.hostname[:1].isdigit()
        return _is_localhost(self.hostname) or is_short or self.hostname.endswith(_HOME_ENDINGS)


_HOME_ENDINGS = (".local", ".lan", ".internal", ".home.arpa")


def _is_localhost(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        number = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None
    # `::ffff:8.8.8.8` is 8.8.8.8, wherever IPv6 files the range that it is written in.
    return getattr(number, "ipv4_mapped", None) or number


def parse_address(url: str, variable: str = "") -> Address:
    """Take a base URL apart.

    In:     a URL with scheme; variable, the setting it came from, for the error.
    Raises: UserFault when it is not an http or https URL; it never repeats the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _bad_url(variable) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _bad_url(variable)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return Address(
        f"{parts.scheme}://{host}{suffix}", parts.path.rstrip("/"), _basic_auth(parts.username, parts.password)
    )


def _basic_auth(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _bad_url(variable: str) -> UserFault:
    return UserFault(
        f"{variable or 'The model server address'} is not the URL of a server.",
        remedy="Write it like http://127.0.0.1:11434 or https://api.example.com/v1.",
    )


class BoundKey(httpx.Auth):
    """Secret headers that only one origin ever sees; with no headers it removes what a library added on its own.

    Given to httpx as `auth`, so that no variable, body or traceback of ours holds the header.
    """

    def __init__(self, origin: str, headers: dict[str, str] | None = None) -> None:
        url = httpx.URL(origin)
        self._place = (url.scheme, url.host, url.port)
        self._headers = headers or {}
        for value in self._headers.values():
            if not (value.isascii() and value.isprintable()):
                raise UserFault("The API key holds characters that no key has.", remedy="Set it again, without quotes.")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers if the request goes to the key's own origin."""
        request.headers.pop("authorization", None)
        if self._headers and (request.url.scheme, request.url.host, request.url.port) == self._place:
            request.headers.update(self._headers)
        yield request

    def scrub(self, text: str) -> str:
        """Take the secret out of a server's words."""
        return scrub(text, [value.rpartition(" ")[2] for value in self._headers.values()])

    def __repr__(self) -> str:
        return f"BoundKey({self._place[1]!r}, {'set' if self._headers else 'none'})"

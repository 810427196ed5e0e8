"""How requests are sent, and sent again."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Callable, Dict, Optional
from urllib.parse import urlsplit

from .errors import BrokenConnectionError, RefusedError, TimedOutError, ZegoError

# The longest first wait, and the longest of all, in seconds; it doubles between them.
FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0

# The answers that may be others soon. 408, 502 and 504 are time-outs and broken connections too, told by the server or
# by what stands before it.
PASSING = frozenset((408, 429, 502, 503, 504))


class Key:
    """The key, which nothing that prints it shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        bare = text.strip()
        # Checked here, because what http.client says of a header that it cannot send has the header in it.
        if re.fullmatch(r"[\x20-\x7e]+", bare) is None:
            raise ValueError("key is empty, or has characters that no key has")
        self._text = bare

    def __repr__(self) -> str:
        return "<key>"

    def reveal(self) -> str:
        return self._text


class Server:
    """Where the API is."""

    def __init__(self, base_url: str, ssl_context: Optional[ssl.SSLContext]) -> None:
        parts = urlsplit(base_url)
        is_plain = "@" not in parts.netloc and not parts.query and not parts.fragment
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
            raise ValueError(
                "base_url is not the http or https URL of a server, without user, query and fragment"
            )
        self.base_url = base_url.rstrip("/")
        self.path = parts.path.rstrip("/")
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port
        self._ssl_context = ssl_context

    def connection(self, timeout: float) -> HTTPConnection:
        if self._scheme == "http":
            return HTTPConnection(self._host, self._port, timeout=timeout)
        return HTTPSConnection(self._host, self._port, timeout=timeout, context=self._ssl_context)


@dataclass(frozen=True)
class Request:
    method: str
    # Path and query, from /v1 on.
    target: str
    # The only status that is success: a 202 alone says that a report is on disk.
    expects: int
    body: Optional[bytes] = None


@dataclass(frozen=True)
class Answer:
    status: int
    request_id: str
    body: bytes
    # How often the request was sent until it came.
    attempts: int

    def json(self) -> Dict[str, Any]:
        value = parse_object(self.body)
        if value is not None:
            return value
        raise RefusedError(
            status=self.status,
            code=None,
            detail="the answer is no JSON object",
            request_id=self.request_id,
            retry_after=None,
            attempts=self.attempts,
        )


@dataclass(frozen=True)
class Sending:
    server: Server
    key: Key
    # Of one attempt, from its first byte to the last of its answer, in seconds.
    timeout: float
    # Of all attempts at one request, and the waits between them, in seconds.
    deadline: float
    # How often a request is sent again, at most.
    retries: int
    # At least 0 and less than 1.
    random: Callable[[], float]
    sleep: Callable[[float], None]
    # Seconds that never go back.
    now: Callable[[], float]

    def send(self, request: Request) -> Answer:
        """Sends a request until it succeeds, cannot, or may not be sent again.

        Any request may be sent twice: a report counts once however often it is told, a match is the same word again,
        and the others only ask.
        """
        end = self.now() + self.deadline
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._attempt(request, attempts, min(self.now() + self.timeout, end))
            except ZegoError as error:
                if not _is_passing(error) or attempts > self.retries:
                    raise
                wait = self._wait_before(attempts, error)
                if self.now() + wait >= end:
                    raise
            self.sleep(wait)

    def _wait_before(self, attempts: int, error: ZegoError) -> float:
        """Full jitter, so that those whom one fault hit do not come back at one moment.

        What the server asked for by Retry-After comes before it, for the same reason.
        """
        asked = (error.retry_after or 0.0) if isinstance(error, RefusedError) else 0.0
        return asked + self.random() * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempts - 1))

    def _attempt(self, request: Request, attempts: int, end: float) -> Answer:
        try:
            response, body = self._exchange(request, end)
        except socket.timeout as error:
            raise TimedOutError(attempts) from error
        except (OSError, HTTPException) as error:
            raise BrokenConnectionError(attempts) from error
        request_id = response.headers.get("Request-Id")
        # Every answer of the server has one: without it something else answered, which stored nothing.
        if response.status == request.expects and request_id is not None:
            return Answer(response.status, request_id, body, attempts)
        raise RefusedError(
            status=response.status,
            code=_code_of(body),
            detail=response.headers.get("Zego-Error-Detail"),
            request_id=request_id,
            retry_after=_retry_after(response.headers.get("Retry-After")),
            attempts=attempts,
        )

    def _exchange(self, request: Request, end: float) -> tuple[HTTPResponse, bytes]:
        """One request on a connection of its own; nothing in it follows a redirect, and the API sends none."""

        def time_left() -> float:
            left = end - self.now()
            if left <= 0:
                raise socket.timeout("the attempt took too long")
            return left

        connection = self.server.connection(time_left())
        try:
            connection.connect()
            connection.sock.settimeout(time_left())
            # A server that refuses a body may answer and close before it was read: the answer is there all the same.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._write(connection, request)
            response = HTTPResponse(_TimedSocket(connection.sock, time_left), method=request.method)  # type: ignore[arg-type]
            response.begin()
            return response, response.read()
        finally:
            connection.close()

    def _write(self, connection: HTTPConnection, request: Request) -> None:
        connection.putrequest(request.method, self.server.path + request.target)
        connection.putheader("Authorization", self.key.reveal())
        connection.putheader("Connection", "close")
        if request.body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)


class _TimedSocket(io.RawIOBase):
    """Reads from a socket until a moment: by themselves sockets only limit the silence between two bytes."""

    def __init__(self, plain: socket.socket, time_left: Callable[[], float]) -> None:
        self._plain = plain
        self._time_left = time_left

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(self._time_left())
        return self._plain.recv_into(buffer)


def parse_object(text: bytes) -> Optional[Dict[str, Any]]:
    """The JSON object that a text is; None for anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_passing(error: ZegoError) -> bool:
    return error.status in PASSING if isinstance(error, RefusedError) else True


def _code_of(body: bytes) -> Optional[str]:
    code = (parse_object(body) or {}).get("error")
    return code if isinstance(code, str) else None


def _retry_after(header: Optional[str]) -> Optional[float]:
    """Seconds, or a date: what stands before the server may send either."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None

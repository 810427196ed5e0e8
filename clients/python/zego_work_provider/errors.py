"""What keeps a call from an answer. The key is in none of them."""

from __future__ import annotations

from typing import Optional, Tuple

from .answers import AcceptedPart


class ZegoError(Exception):
    """Any of the errors below."""

    def __init__(self, message: str, attempts: int) -> None:
        super().__init__(message)
        # How often the request was sent.
        self.attempts = attempts


class RefusedError(ZegoError):
    """There was an answer, and it is not the one of success."""

    def __init__(
        self,
        *,
        status: int,
        code: Optional[str],
        detail: Optional[str],
        request_id: Optional[str],
        retry_after: Optional[float],
        attempts: int,
    ) -> None:
        said = ": ".join(text for text in (code, detail) if text is not None)
        origin = "answered by something before the server" if request_id is None else f"request {request_id}"
        super().__init__(f"{f'{status} {said}'.rstrip()}, {origin}{_after(attempts)}", attempts)
        self.status = status
        # The contract's "error"; None where something before the server answered.
        self.code = code
        # What is wrong in words, for the person who reads a log; they may change.
        self.detail = detail
        # What support asks for.
        self.request_id = request_id
        # In how many seconds it may be sent again, if the answer says so.
        self.retry_after = retry_after


class TimedOutError(ZegoError):
    """No answer came in time. What was sent may have been accepted all the same: send it again, it counts once."""

    def __init__(self, attempts: int) -> None:
        super().__init__("no answer came in time" + _after(attempts), attempts)


class BrokenConnectionError(ZegoError):
    """There was no connection, or it broke before the answer was whole; `__cause__` says how.

    What was sent may have been accepted all the same: send it again, it counts once.
    """

    def __init__(self, attempts: int) -> None:
        super().__init__("there was no connection, or it broke before the answer was whole" + _after(attempts), attempts)


class PartlyAcceptedError(ZegoError):
    """A batch went in several requests: the first ones were accepted, a later one was not.

    `__cause__` says why, and counts items from `next_item`. `reports[next_item:]` is what is left to send; the whole
    batch again does no harm either.
    """

    def __init__(self, accepted: Tuple[AcceptedPart, ...], cause: ZegoError) -> None:
        next_item = sum(part.item_count for part in accepted)
        message = f"the first {next_item} items were accepted; from item {next_item} on: {cause}"
        super().__init__(message, cause.attempts)
        # What is on disk.
        self.accepted = accepted
        # The first item that is not known to be.
        self.next_item = next_item


def _after(attempts: int) -> str:
    return "" if attempts == 1 else f" ({attempts} attempts)"

"""The client: a method for each call of the API."""

from __future__ import annotations

import random as _random
import ssl
import time
from typing import Callable, Iterable, Iterator, List, Optional
from urllib.parse import quote, urlencode

from .answers import (
    Accepted,
    AcceptedPart,
    BatchAccepted,
    MatchState,
    RequestItem,
    RequestState,
    Status,
    request_state_from_wire,
    status_from_wire,
)
from .errors import PartlyAcceptedError, ZegoError
from .feed import FeedEntry, FeedPage, feed_page_from_wire
from .reports import (
    MAX_BATCH_ITEMS,
    Identity,
    Report,
    Timestamp,
    batch_parts,
    identity_fields,
    report_body,
    to_json,
)
from .sending import Key, Request, Sending, Server


class WorkProviderClient:
    """A client of the Zego work-provider API. Threads may share one.

    Every call is sent again by itself after what passes. It raises a RefusedError for any answer that is not success,
    a TimedOutError or a BrokenConnectionError when there was none.
    """

    def __init__(
        self,
        *,
        key: str,
        base_url: str,
        timeout: float = 10.0,
        deadline: float = 60.0,
        retries: int = 8,
        max_batch_items: int = MAX_BATCH_ITEMS,
        ssl_context: Optional[ssl.SSLContext] = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        key: the bare key, as it was shown once.
        base_url: where the API is, "https://api.example.com", with a path before /v1 if there is one.
        timeout: seconds of one attempt, from its first byte to the last of its answer.
        deadline: seconds of all attempts at one request, and the waits between them.
        retries: how often a request is sent again, at most, after a 503, a 429, a time-out or a broken connection.
        max_batch_items: how many items of a batch go in one request, at most.
        random, sleep, now: for tests.
        """
        if not (timeout > 0 and deadline > 0 and retries >= 0 and max_batch_items >= 1):
            raise ValueError("timeout, deadline and max_batch_items are more than 0, retries are not less")
        self._max_batch_items = max_batch_items
        self._sending = Sending(
            server=Server(base_url, ssl_context),
            key=Key(key),
            timeout=timeout,
            deadline=deadline,
            retries=retries,
            random=random,
            sleep=sleep,
            now=now,
        )

    def __repr__(self) -> str:
        return f"WorkProviderClient(base_url={self._sending.server.base_url!r})"

    def shift_login(self, identity: Identity, timestamp: Timestamp) -> Accepted:
        """A courier starts work."""
        return self._tell("/v1/shift/login", report_body(Report(identity, timestamp)))

    def shift_logout(self, identity: Identity, timestamp: Timestamp) -> Accepted:
        """A courier stops work."""
        return self._tell("/v1/shift/logout", report_body(Report(identity, timestamp)))

    def batch_login(self, reports: Iterable[Report]) -> BatchAccepted:
        """Many couriers start work.

        More than one request can hold go in several, one after the other, each sent again by itself: when a later one
        fails, a PartlyAcceptedError says which items were accepted.
        """
        return self._tell_batch("/v1/batch/login", reports)

    def batch_logout(self, reports: Iterable[Report]) -> BatchAccepted:
        """Many couriers stop work; as batch_login."""
        return self._tell_batch("/v1/batch/logout", reports)

    def match(self, customer_number: str, success: bool) -> Accepted:
        """You recognise a customer (success), or do not."""
        return self._tell("/v1/match", to_json({"customerNumber": customer_number, "success": success}))

    def user_status(self, identity: Identity) -> Status:
        """Whether somebody may be given work. Refused with INVALID_CUSTOMER for whoever you may not see."""
        query = urlencode(identity_fields(identity))
        return status_from_wire(self._sending.send(Request("GET", f"/v1/user/status?{query}", 200)).json())

    def validate_customer_number(self, customer_number: str, *, email: Optional[str] = None) -> None:
        """Returns if a customer has this number and, where one is given, this e-mail address.

        Refused with INVALID_CUSTOMER, or with INVALID_CUSTOMER_EMAIL, if not.
        """
        query = "" if email is None else "?" + urlencode({"email": email})
        target = f"/v1/validate/customer-number/{quote(customer_number, safe='')}{query}"
        self._sending.send(Request("GET", target, 204))

    def read_request(self, request_id: str, *, from_item: int = 0) -> RequestState:
        """What became of an accepted request; of one with reports a page, from an item on."""
        query = "" if from_item == 0 else f"?from={from_item}"
        target = f"/v1/requests/{quote(request_id, safe='')}{query}"
        return request_state_from_wire(self._sending.send(Request("GET", target, 200)).json())

    def request_items(self, request_id: str) -> Iterator[RequestItem]:
        """What became of each report of an accepted request, page after page as they are asked for."""
        from_item: Optional[int] = 0
        while from_item is not None:
            state = self.read_request(request_id, from_item=from_item)
            if isinstance(state, MatchState):
                raise TypeError(f"request {request_id} is a match, which has no items")
            yield from state.items
            from_item = state.next_item

    def feed(self, after: int = 0) -> FeedPage:
        """What you are told after the entry of a number, up to 1,000 entries; from the first that is kept without one.

        Keep the number of the last entry that you acted on. Refused with GONE where not all is kept that followed.
        """
        return feed_page_from_wire(self._sending.send(Request("GET", f"/v1/feed?after={after}", 200)).json())

    def feed_entries(self, after: int = 0) -> Iterator[FeedEntry]:
        """As feed, page after page as they are asked for; it ends with the last entry that there is."""
        from_number: Optional[int] = after
        while from_number is not None:
            page = self.feed(from_number)
            yield from page.entries
            from_number = page.next_after

    def _tell(self, target: str, body: bytes) -> Accepted:
        return Accepted(self._sending.send(Request("POST", target, 202, body)).request_id)

    def _tell_batch(self, target: str, reports: Iterable[Report]) -> BatchAccepted:
        accepted: List[AcceptedPart] = []
        # All are written before any is sent: one that cannot be must not leave half a batch behind.
        for part in batch_parts(reports, self._max_batch_items):
            try:
                request_id = self._tell(target, part.body).request_id
            except ZegoError as error:
                if not accepted:
                    raise
                raise PartlyAcceptedError(tuple(accepted), error) from error
            accepted.append(AcceptedPart(request_id, part.first_item, part.item_count))
        return BatchAccepted(tuple(accepted))

"""What you are told, in the feed and by webhooks alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Optional, Tuple
from urllib.parse import parse_qs, urlsplit

from .answers import instant


@dataclass(frozen=True)
class FeedEntry:
    """One thing that you are told.

    type: "customer.signed_up", "link.created", "link.withdrawn", "match.needed", "policy.status_changed",
    "shift.opened", "shift.closed", "report.parked". Others may come: leave out what you do not know. By webhook
    also "webhook.test", which tries your address.
    """

    type: str
    # When it became known.
    timestamp: datetime
    # As it is sent; the server's /docs/webhooks says of each type what is in it.
    data: Dict[str, Any]
    # The same in the feed and in every delivery of it.
    id: str
    # Its place in your feed: from 1 on, without gaps but where the insurer had to restore a backup. None of
    # "webhook.test".
    number: Optional[int]


@dataclass(frozen=True)
class FeedPage:
    """Up to 1,000 entries, in order."""

    entries: Tuple[FeedEntry, ...]
    # The number of the last entry there is, on this page or not.
    last: int
    # After which number the next page begins; None where nothing follows.
    next_after: Optional[int]


def feed_page_from_wire(body: Dict[str, Any]) -> FeedPage:
    entries = tuple(entry_from_wire(entry, entry["id"]) for entry in body["entries"])
    return FeedPage(entries, body["last"], _next_after(body["next"]))


def entry_from_wire(entry: Dict[str, Any], entry_id: str) -> FeedEntry:
    return FeedEntry(
        type=entry["type"],
        timestamp=instant(entry["timestamp"]),
        data=entry["data"],
        id=entry_id,
        number=entry.get("number"),
    )


def _next_after(target: Optional[str]) -> Optional[int]:
    """Of "/v1/feed?after=1000"."""
    return None if target is None else int(parse_qs(urlsplit(target).query)["after"][0])

"""What is told: who, and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Dict, Iterable, List, Union

# The most that the server takes in one request.
MAX_BATCH_ITEMS = 10_000
MAX_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class CustomerNumber:
    """Who: by the number that Zego gave them."""

    text: str


@dataclass(frozen=True)
class WorkProviderUserId:
    """Who: by your own id for them."""

    text: str


Identity = Union[CustomerNumber, WorkProviderUserId]

# When it happened. A datetime has a time zone; text is ISO 8601 with an offset and is sent as it is.
Timestamp = Union[datetime, str]


@dataclass(frozen=True)
class Report:
    """Somebody started, or stopped, work at an instant."""

    identity: Identity
    timestamp: Timestamp


@dataclass(frozen=True)
class BatchPart:
    """A run of a batch's items that goes in one request."""

    first_item: int
    item_count: int
    body: bytes


def identity_fields(identity: Identity) -> Dict[str, str]:
    if isinstance(identity, CustomerNumber):
        return {"customerNumber": identity.text}
    if isinstance(identity, WorkProviderUserId):
        return {"workProviderUserId": identity.text}
    raise TypeError("an identity is a CustomerNumber or a WorkProviderUserId")


def timestamp_text(timestamp: Timestamp) -> str:
    """Raises ValueError for a datetime without a time zone: nobody knows when that is."""
    if isinstance(timestamp, str):
        return timestamp
    return in_utc(timestamp).isoformat()


def in_utc(moment: datetime) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError("a timestamp is a datetime or a str")
    if moment.utcoffset() is None:
        raise ValueError("a datetime has no time zone")
    return moment.astimezone(timezone.utc)


def report_body(report: Report) -> bytes:
    return to_json({**identity_fields(report.identity), "timestamp": timestamp_text(report.timestamp)})


def to_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def batch_parts(reports: Iterable[Report], max_items: int) -> List[BatchPart]:
    """Cuts a batch into as few requests as the server's limits on items and bytes allow, in its order."""
    parts: List[BatchPart] = []
    items: List[bytes] = []
    size = 0

    def close() -> None:
        first_item = parts[-1].first_item + parts[-1].item_count if parts else 0
        parts.append(BatchPart(first_item, len(items), b"[" + b",".join(items) + b"]"))

    for report in reports:
        item = report_body(report)
        # Each item is followed by a comma or the last bracket; the first bracket is one more.
        if items and (len(items) == max_items or size + len(item) + 2 > MAX_BODY_BYTES):
            close()
            items, size = [], 0
        items.append(item)
        size += len(item) + 1
    if items:
        close()
    return parts

"""What is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Optional, Tuple, Union
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Accepted:
    """A 202: what was told is on disk."""

    # What support asks for, and what read_request takes.
    request_id: str


@dataclass(frozen=True)
class AcceptedPart:
    """A request of a batch that was accepted: these of the batch's items are on disk."""

    request_id: str
    first_item: int
    item_count: int


@dataclass(frozen=True)
class BatchAccepted:
    """One part for each request that the batch was sent in, in its order; none for an empty batch."""

    parts: Tuple[AcceptedPart, ...]


@dataclass(frozen=True)
class Status:
    """Whether somebody may be given work: status is "ENABLED" or "DISABLED"."""

    status: str
    customer_number: str
    # None when disabled; vehicle_registration also where the policy names no vehicle.
    cover_class_of_use: Optional[str]
    cover_level: Optional[str]
    vehicle_registration: Optional[str]


@dataclass(frozen=True)
class Shift:
    """A shift as it stands when it is read."""

    started_at: datetime
    # The logout; None without one, also where the cap ended it.
    ended_at: Optional[datetime]
    # When it ends if no logout comes.
    cap_at: datetime
    # "logout", "cap", or None while it is open.
    end_reason: Optional[str]


@dataclass(frozen=True)
class RequestItem:
    """What became of one report.

    outcome: "pending": not worked out yet, or still ahead. "parked": kept, but nobody you may see goes by this identity
    yet. "opened", "closed": it began or ended a shift. "repeat": a login while a shift was open. "orphan": a logout
    while none was. "empty": login and logout at one instant.
    """

    # The place in the request, from 0.
    index: int
    # "login" or "logout".
    kind: str
    at: datetime
    outcome: str
    # The shift that it opened or closed.
    shift: Optional[Shift]
    # The request that told the same first; None if this one did.
    duplicate_of: Optional[str]


@dataclass(frozen=True)
class ReportsState:
    """What became of a request with reports: a page of 1,000 items, or those that are left."""

    id: str
    received_at: datetime
    items: Tuple[RequestItem, ...]
    # The index at which the next page begins; None on the last one.
    next_item: Optional[int]


@dataclass(frozen=True)
class MatchState:
    """What became of a match.

    outcome: "matched": the customer is linked to you. "parked": kept until they are. "failed": you said so.
    """

    id: str
    received_at: datetime
    success: bool
    outcome: str


RequestState = Union[ReportsState, MatchState]


def status_from_wire(body: Dict[str, Any]) -> Status:
    return Status(
        status=body["status"],
        customer_number=body["customer_number"],
        cover_class_of_use=body.get("cover_class_of_use"),
        cover_level=body.get("cover_level"),
        vehicle_registration=body.get("vehicle_registration"),
    )


def request_state_from_wire(body: Dict[str, Any]) -> RequestState:
    received_at = instant(body["receivedAt"])
    if "match" in body:
        return MatchState(body["id"], received_at, body["match"]["success"], body["match"]["outcome"])
    items = tuple(_item_from_wire(item) for item in body["items"])
    return ReportsState(body["id"], received_at, items, _next_item(body["next"]))


def _item_from_wire(item: Dict[str, Any]) -> RequestItem:
    return RequestItem(
        index=item["index"],
        kind=item["kind"],
        at=instant(item["at"]),
        outcome=item["outcome"],
        shift=None if item["shift"] is None else _shift_from_wire(item["shift"]),
        duplicate_of=item["duplicateOf"],
    )


def _shift_from_wire(shift: Dict[str, Any]) -> Shift:
    return Shift(
        started_at=instant(shift["startedAt"]),
        ended_at=None if shift["endedAt"] is None else instant(shift["endedAt"]),
        cap_at=instant(shift["capAt"]),
        end_reason=shift["endReason"],
    )


def _next_item(target: Optional[str]) -> Optional[int]:
    """Of "/v1/requests/<id>?from=1000"."""
    return None if target is None else int(parse_qs(urlsplit(target).query)["from"][0])


def instant(text: str) -> datetime:
    # Python 3.9 does not read the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

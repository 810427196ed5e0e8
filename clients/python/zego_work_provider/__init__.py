"""A client of the Zego work-provider API. It needs nothing but Python."""

from .answers import (
    Accepted,
    AcceptedPart,
    BatchAccepted,
    MatchState,
    ReportsState,
    RequestItem,
    RequestState,
    Shift,
    Status,
)
from .client import WorkProviderClient
from .errors import BrokenConnectionError, PartlyAcceptedError, RefusedError, TimedOutError, ZegoError
from .feed import FeedEntry, FeedPage
from .link_url import link_url, signed_link_url
from .reports import CustomerNumber, Identity, Report, Timestamp, WorkProviderUserId
from .webhook import WebhookError, verify_webhook

__all__ = [
    "Accepted",
    "AcceptedPart",
    "BatchAccepted",
    "BrokenConnectionError",
    "CustomerNumber",
    "FeedEntry",
    "FeedPage",
    "Identity",
    "MatchState",
    "PartlyAcceptedError",
    "RefusedError",
    "Report",
    "ReportsState",
    "RequestItem",
    "RequestState",
    "Shift",
    "Status",
    "TimedOutError",
    "Timestamp",
    "WebhookError",
    "WorkProviderClient",
    "WorkProviderUserId",
    "ZegoError",
    "link_url",
    "signed_link_url",
    "verify_webhook",
]

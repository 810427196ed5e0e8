"""Webhooks: what is posted to an address of yours."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from typing import Callable, Iterator, List, Mapping, Sequence, Union

from .feed import FeedEntry, entry_from_wire

# How far the time of a message may be from now, in seconds, as Standard Webhooks advises: nobody can send it again later.
TOLERANCE = 5 * 60
SECRET_PREFIX = "whsec_"
SIGNATURE_PREFIX = "v1,"


class WebhookError(Exception):
    """What was posted is not to be believed: answer 401, say, and act on none of it."""


def verify_webhook(
    secrets: Union[str, Sequence[str]],
    headers: Mapping[str, str],
    body: Union[bytes, str],
    *,
    now: Callable[[], float] = time.time,
) -> FeedEntry:
    """What was posted, if one of the secrets signed it in the last five minutes; raises a WebhookError if not.

    secrets: the one that was shown, or the new and the old one while you rotate.
    body: as it came, before anything parsed it.
    now: for tests.
    """
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    message_id, sent_at, signatures = _headers(headers)
    if re.fullmatch(r"[0-9]{1,15}", sent_at) is None:
        raise WebhookError("webhook-timestamp is no time")
    if abs(now() - int(sent_at)) > TOLERANCE:
        raise WebhookError(f"webhook-timestamp is more than {TOLERANCE} s from now")
    content = body.encode() if isinstance(body, str) else bytes(body)
    signed = f"{message_id}.{sent_at}.".encode() + content
    given = list(_signatures(signatures))
    if not any(_is_signed(signed, signature, key) for key in keys for signature in given):
        raise WebhookError("no signature fits")
    return entry_from_wire(json.loads(content), message_id)


def _key(secret: str) -> bytes:
    text = secret[len(SECRET_PREFIX) :] if secret.startswith(SECRET_PREFIX) else secret
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # With an empty key anybody could sign.
    if not key:
        raise ValueError("a secret for webhooks is whsec_ and base64")
    return key


def _headers(headers: Mapping[str, str]) -> List[str]:
    given = {name.lower(): value for name, value in headers.items()}
    found = []
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        value = given.get(name)
        if not value:
            raise WebhookError(f"there is no header {name}")
        found.append(value)
    return found


def _signatures(header: str) -> Iterator[bytes]:
    for part in header.split(" "):
        if part.startswith(SIGNATURE_PREFIX):
            try:
                yield base64.b64decode(part[len(SIGNATURE_PREFIX) :], validate=True)
            except (binascii.Error, ValueError):
                continue


def _is_signed(signed: bytes, signature: bytes, key: bytes) -> bool:
    """In a time that does not tell how much of a signature is right."""
    return hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature)

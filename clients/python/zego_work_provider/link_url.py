"""Links that you give to your couriers. They agree to them themselves: a link links nobody."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Dict, Optional
from urllib.parse import urlencode

from .reports import in_utc


def link_url(base_url: str, *, work_provider: str, work_provider_user_id: str, email: Optional[str] = None) -> str:
    """
    base_url: where the pages are, "https://api.example.com".
    work_provider: your name, as agreed with Zego.
    work_provider_user_id: your own id for the courier.
    email: where they are to sign up or log in.
    """
    return _url(base_url, _parameters(work_provider, work_provider_user_id, email))


def signed_link_url(
    base_url: str,
    *,
    work_provider: str,
    work_provider_user_id: str,
    email: Optional[str] = None,
    secret: str,
    expires_at: datetime,
) -> str:
    """One that shows that it comes from you, and stays good until it expires.

    It is signed by the hex HMAC-SHA256, with your link secret, over the parameters, sorted by name, as name=value lines.
    """
    expires = int(in_utc(expires_at).timestamp())
    parameters = {**_parameters(work_provider, work_provider_user_id, email), "exp": str(expires)}
    return _url(base_url, {**parameters, "sig": _signature(parameters, secret)})


def _parameters(work_provider: str, work_provider_user_id: str, email: Optional[str]) -> Dict[str, str]:
    parameters = {"work_provider": work_provider, "work_provider_user_id": work_provider_user_id}
    return parameters if email is None else {**parameters, "email": email}


def _signature(parameters: Dict[str, str], secret: str) -> str:
    # Lines are told apart by their ends: the server takes no value that has one.
    if any("\n" in value for value in parameters.values()):
        raise ValueError("a signed link cannot hold a line end")
    lines = "\n".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return hmac.new(secret.encode(), lines.encode(), hashlib.sha256).hexdigest()


def _url(base_url: str, parameters: Dict[str, str]) -> str:
    return f"{base_url.rstrip('/')}/link-work-provider?{urlencode(parameters)}"

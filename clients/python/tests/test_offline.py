"""What needs no server."""

import base64
import hashlib
import hmac
import unittest
from datetime import date, datetime, timedelta, timezone, tzinfo

from zego_work_provider import (
    CustomerNumber,
    FeedEntry,
    Report,
    WebhookError,
    WorkProviderClient,
    WorkProviderUserId,
    link_url,
    signed_link_url,
    verify_webhook,
)
from zego_work_provider.reports import MAX_BODY_BYTES, batch_parts, timestamp_text
from zego_work_provider.sending import _retry_after

NOON = datetime(2025, 7, 6, 12, tzinfo=timezone.utc)


class LastHourOfSummer(tzinfo):
    """An hour that comes twice: an hour ahead of UTC at first."""

    def utcoffset(self, moment):
        return timedelta(hours=1 - moment.fold)

    def dst(self, moment):
        return self.utcoffset(moment)


class Timestamps(unittest.TestCase):
    def test_aware_datetimes_are_told_in_utc_to_the_microsecond(self):
        london = datetime(2025, 7, 6, 13, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
        odd = timezone(timedelta(hours=1, seconds=30))
        self.assertEqual(timestamp_text(london), "2025-07-06T12:00:00.000001+00:00")
        self.assertEqual(timestamp_text(NOON.astimezone(odd)), "2025-07-06T12:00:00+00:00")

    def test_the_second_time_of_an_hour_that_comes_twice_is_told_as_such(self):
        twice = datetime(2025, 10, 26, 1, 30, tzinfo=LastHourOfSummer())
        self.assertEqual(timestamp_text(twice), "2025-10-26T00:30:00+00:00")
        self.assertEqual(timestamp_text(twice.replace(fold=1)), "2025-10-26T01:30:00+00:00")

    def test_text_is_told_as_it_is(self):
        self.assertEqual(timestamp_text("20250706T1200Z"), "20250706T1200Z")

    def test_naive_datetimes_and_what_is_no_datetime_are_refused(self):
        with self.assertRaises(ValueError):
            timestamp_text(NOON.replace(tzinfo=None))
        for wrong in (date(2025, 7, 6), 1_751_803_200, None):
            with self.assertRaises(TypeError):
                timestamp_text(wrong)


class Batches(unittest.TestCase):
    def test_parts_hold_every_item_once_in_order(self):
        reports = [Report(CustomerNumber(str(index)), NOON) for index in range(7)]
        parts = batch_parts(iter(reports), 3)
        self.assertEqual([(part.first_item, part.item_count) for part in parts], [(0, 3), (3, 3), (6, 1)])
        self.assertEqual(b"".join(part.body for part in parts).count(b"customerNumber"), 7)
        self.assertEqual(batch_parts([], 3), [])

    def test_no_part_is_larger_than_the_server_takes_and_none_is_smaller_than_need_be(self):
        reports = [Report(WorkProviderUserId("€" * 255), NOON) for _ in range(5_500)]
        parts = batch_parts(reports, 10_000)
        size = len(parts[0].body) // parts[0].item_count
        self.assertEqual(sum(part.item_count for part in parts), 5_500)
        for part in parts[:-1]:
            self.assertTrue(MAX_BODY_BYTES - size <= len(part.body) <= MAX_BODY_BYTES)

    def test_an_identity_is_one_of_the_two(self):
        with self.assertRaises(TypeError):
            batch_parts([Report("ABC123", NOON)], 1)


class Links(unittest.TestCase):
    link = {"work_provider": "Courier Ltd", "work_provider_user_id": "ü/1"}

    def test_what_is_in_a_link_is_quoted(self):
        expected = "https://x.example/link-work-provider?work_provider=Courier+Ltd&work_provider_user_id=%C3%BC%2F1"
        self.assertEqual(link_url("https://x.example/", **self.link), expected)
        self.assertEqual(
            link_url("https://x.example", **self.link, email="a+b@example.com"), expected + "&email=a%2Bb%40example.com"
        )

    def test_a_signed_link_has_no_line_end_and_an_end_in_a_time_zone(self):
        signed = {"secret": "s", "expires_at": NOON}
        with self.assertRaises(ValueError):
            signed_link_url("https://x.example", work_provider="a\nexp=1", work_provider_user_id="1", **signed)
        with self.assertRaises(ValueError):
            signed_link_url("https://x.example", **self.link, secret="s", expires_at=NOON.replace(tzinfo=None))


class Webhooks(unittest.TestCase):
    """The message that Standard Webhooks prints, with a body that is an entry too."""

    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = 1_614_265_330
    body = b'{"type":"link.created","timestamp":"2021-02-25T15:02:10Z","data":{},"number":7,"id":"7"}'

    def headers(self, body=None, at=None, secret=None):
        at = self.at if at is None else at
        key = base64.b64decode((secret or self.secret).replace("whsec_", ""))
        signed = f"7.{at}.".encode() + (self.body if body is None else body)
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return {"webhook-id": "7", "webhook-timestamp": str(at), "webhook-signature": "v1," + signature}

    def verify(self, headers, body=None, secrets=None):
        body = self.body if body is None else body
        return verify_webhook(secrets or self.secret, headers, body, now=lambda: self.at + 0.5)

    def assert_refused(self, why, headers, body=None, secrets=None):
        with self.assertRaisesRegex(WebhookError, why):
            self.verify(headers, body, secrets)

    def test_the_message_that_standard_webhooks_prints(self):
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": str(self.at),
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        # It is good, but no entry of a feed.
        with self.assertRaises(KeyError):
            self.verify(headers, b'{"test": 2432232314}')
        self.assert_refused("no signature fits", headers, b'{"test": 2432232315}')

    def test_an_entry_is_what_was_posted(self):
        told = datetime(2021, 2, 25, 15, 2, 10, tzinfo=timezone.utc)
        self.assertEqual(self.verify(self.headers()), FeedEntry("link.created", told, {}, "7", 7))
        trial = b'{"type":"webhook.test","timestamp":"2021-02-25T15:02:10Z","data":{}}'
        self.assertEqual(self.verify(self.headers(trial), trial), FeedEntry("webhook.test", told, {}, "7", None))

    def test_what_was_changed_is_refused(self):
        good = self.headers()
        for at in range(len(self.body)):
            self.assert_refused("no signature", good, self.body[:at] + b"x" + self.body[at + 1 :])
        self.assert_refused("no signature", {**good, "webhook-id": "8"})
        self.assert_refused("no signature", {**good, "webhook-timestamp": str(self.at + 1)})
        self.assert_refused("no signature", good, secrets=["whsec_b3RoZXI="])

    def test_any_of_several_signatures_and_secrets_and_names_of_any_case(self):
        good = self.headers()
        own = good["webhook-signature"]
        other = self.headers(secret="whsec_b3RoZXI=")["webhook-signature"]
        for signatures in (f"{other} {own}", f"{own} {other}", f"v1a,AAAA v2,x v1,? v1,é {own}", f" {own} "):
            self.verify({**good, "webhook-signature": signatures}, secrets=["whsec_bW9yZQ==", self.secret])
        for signatures in (other, own.replace("v1", "v2"), own[3:], own.replace("v1", "V1"), own + "x", "v1,", " "):
            self.assert_refused("no signature", {**good, "webhook-signature": signatures})
        self.verify({name.title(): value for name, value in good.items()})

    def test_five_minutes_either_way_and_not_a_second_more(self):
        for at in (self.at - 299, self.at, self.at + 300):
            self.verify(self.headers(at=at))
        for at in (self.at - 300, self.at + 301, 0):
            self.assert_refused("more than 300 s", self.headers(at=at))
        for time in ("x", "-1", "1e9", f"{self.at}.5", f" {self.at}", f"{self.at}\n", "nan", "٣", "9" * 400):
            self.assert_refused("no time", {**self.headers(), "webhook-timestamp": time})

    def test_headers_that_are_missing(self):
        for name in self.headers():
            others = {other: value for other, value in self.headers().items() if other != name}
            self.assert_refused(name, others)
            self.assert_refused(name, {**others, name: ""})

    def test_secrets_that_are_none(self):
        for secret in ("whsec_", "whsec_not base64!", "é"):
            with self.assertRaises(ValueError):
                self.verify(self.headers(), secrets=[self.secret, secret])
        self.verify(self.headers(), secrets=[self.secret.replace("whsec_", "")])


class Options(unittest.TestCase):
    good = {"key": "a secret key", "base_url": "https://api.example.com"}

    def test_options_that_make_no_sense_are_refused(self):
        for bad in (
            {"timeout": 0},
            {"deadline": -1},
            {"retries": -1},
            {"max_batch_items": 0},
            {"key": ""},
            {"key": " \n"},
            {"base_url": "api.example.com"},
            {"base_url": "ftp://api.example.com"},
            {"base_url": "https://user:password@api.example.com"},
            {"base_url": "https://api.example.com?a=b"},
        ):
            with self.subTest(bad), self.assertRaises(ValueError):
                WorkProviderClient(**{**self.good, **bad})

    def test_nothing_that_is_printed_has_the_key(self):
        client = WorkProviderClient(**self.good)
        self.assertEqual(repr(client), "WorkProviderClient(base_url='https://api.example.com')")
        self.assertNotIn("secret", repr(vars(client)))
        with self.assertRaises(ValueError) as caught:
            WorkProviderClient(**{**self.good, "key": "a secret key\nX-Other: 1"})
        self.assertNotIn("secret", str(caught.exception))


class RetryAfter(unittest.TestCase):
    def test_seconds_dates_and_nonsense(self):
        self.assertEqual(_retry_after("7"), 7.0)
        self.assertEqual(_retry_after("Sun, 06 Jul 2025 12:00:00 GMT"), 0.0)
        self.assertGreater(_retry_after("Sun, 06 Jul 2200 12:00:00 GMT"), 1_000_000)
        for nothing in (None, "soon", ""):
            self.assertIsNone(_retry_after(nothing))


if __name__ == "__main__":
    unittest.main()

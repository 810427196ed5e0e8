"""Every call against a real server, and through a front that does what its URL says (test/clients of the repository)."""

import contextlib
import io
import itertools
import json
import os
import re
import socket
import traceback
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, build_opener, urlopen

from zego_work_provider import (
    BrokenConnectionError,
    CustomerNumber,
    FeedPage,
    MatchState,
    PartlyAcceptedError,
    RefusedError,
    Report,
    Shift,
    Status,
    TimedOutError,
    WebhookError,
    WorkProviderClient,
    WorkProviderUserId,
    ZegoError,
    link_url,
    signed_link_url,
    verify_webhook,
)

URL = os.environ.get("ZEGO_TEST_URL", "")
FRONT = os.environ.get("ZEGO_TEST_FRONT", "")
KEY = os.environ.get("ZEGO_TEST_KEY", "")
LINK_SECRET = os.environ.get("ZEGO_TEST_LINK_SECRET", "")

if not URL:
    raise unittest.SkipTest("ZEGO_TEST_URL names no server: `npm test` of the repository does")

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TEN = datetime(2025, 7, 6, 10, tzinfo=timezone.utc)
_names = itertools.count(1)


def open_client(base_url=URL, key=KEY, **options):
    """A client that waits for nobody, and the waits that it asked for."""
    waits = []
    defaults = {"sleep": waits.append, "random": lambda: 0.5}
    return WorkProviderClient(key=key, base_url=base_url, **{**defaults, **options}), waits


def behind(plan, **options):
    """A client behind the front, which does what the plan says; its waits; and the path that it has there."""
    path = f"/{plan}/python-{next(_names)}"
    client, waits = open_client(FRONT + path, **options)
    return client, waits, path


def control(name, of=""):
    with urlopen(f"{FRONT}/control/{name}?of={quote(of, safe='')}") as answer:
        return json.load(answer)


def seen(path):
    return control("seen", path)


def stored(user_id):
    told = control("stored", user_id)
    return told["events"], told["reports"]


def report(user_id):
    return Report(WorkProviderUserId(user_id), TEN)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = open_client()[0]

    def test_shift_login_and_logout_by_either_identity(self):
        start, end = datetime(2025, 8, 6, 10, tzinfo=timezone.utc), datetime(2025, 8, 6, 12, 30, tzinfo=timezone.utc)
        login = self.client.shift_login(WorkProviderUserId("1686"), start)
        logout = self.client.shift_logout(CustomerNumber("ABC123"), end)
        control("settle")
        items = [*self.client.request_items(login.request_id), *self.client.request_items(logout.request_id)]
        shift = Shift(start, end, start + timedelta(hours=14), "logout")
        self.assertEqual([item.outcome for item in items], ["opened", "closed"])
        self.assertEqual([item.kind for item in items], ["login", "logout"])
        self.assertEqual([item.at for item in items], [start, end])
        self.assertEqual([item.shift for item in items], [shift, shift])
        self.assertEqual([(item.index, item.duplicate_of) for item in items], [(0, None), (0, None)])

    def test_timestamps_are_kept_to_the_microsecond_whatever_the_offset(self):
        at = datetime(2025, 7, 6, 11, 0, 0, 123456, tzinfo=timezone.utc)
        timestamps = [at, at.astimezone(timezone(timedelta(hours=5, minutes=30))), "2025-07-06T13:00:00.123456+02:00"]
        reports = [Report(WorkProviderUserId("python when"), timestamp) for timestamp in timestamps]
        (part,) = self.client.batch_login(reports).parts
        self.assertEqual([item.at for item in self.client.request_items(part.request_id)], [at, at, at])

    def test_batch_login_and_logout(self):
        reports = [report("python batch"), Report(CustomerNumber("DEF456"), TEN)]
        for accepted in (self.client.batch_login(iter(reports)), self.client.batch_logout(reports)):
            (part,) = accepted.parts
            self.assertRegex(part.request_id, UUID)
            self.assertEqual((part.first_item, part.item_count), (0, 2))
        self.assertEqual(stored("python batch"), (2, 2))

    def test_an_empty_batch_sends_nothing(self):
        client, _, path = behind("pass")
        self.assertEqual(client.batch_login([]).parts, ())
        self.assertEqual(seen(path), 0)

    def test_a_batch_of_more_than_10000_items_goes_in_several_requests(self):
        parts = self.client.batch_logout([report("python many")] * 10_001).parts
        self.assertEqual([(part.first_item, part.item_count) for part in parts], [(0, 10_000), (10_000, 1)])
        items = [item.index for item in self.client.request_items(parts[0].request_id)]
        self.assertEqual(items, list(range(10_000)))
        page = self.client.read_request(parts[0].request_id, from_item=9_500)
        self.assertEqual((page.items[0].index, len(page.items), page.next_item), (9_500, 500, None))

    def test_match(self):
        for success, outcome in ((True, "matched"), (False, "failed")):
            request_id = self.client.match("ABC123", success).request_id
            state = self.client.read_request(request_id)
            self.assertEqual(state, MatchState(request_id, state.received_at, success, outcome))
            with self.assertRaises(TypeError):
                next(self.client.request_items(request_id))

    def test_user_status(self):
        cover = ("Carriage of Goods for Hire & Reward", "Third Party (TPO)")
        enabled = Status("ENABLED", "ABC123", *cover, "VY7 JC3")
        self.assertEqual(self.client.user_status(WorkProviderUserId("1686")), enabled)
        on_foot = Status("ENABLED", "DEF456", *cover, None)
        self.assertEqual(self.client.user_status(CustomerNumber("def456")), on_foot)
        disabled = Status("DISABLED", "GHI789", None, None, None)
        self.assertEqual(self.client.user_status(WorkProviderUserId("3001 / ü&?")), disabled)

    def test_validate_customer_number(self):
        self.assertIsNone(self.client.validate_customer_number("ABC123"))
        self.assertIsNone(self.client.validate_customer_number("ABC123", email="abc123@example.com"))


class Unredirected(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Links(unittest.TestCase):
    link = {"work_provider": "Courier Ltd", "work_provider_user_id": "python ü/1", "email": "python+1@example.com"}

    def open(self, url):
        with self.assertRaises(HTTPError) as caught:
            build_opener(Unredirected).open(url)
        self.assertEqual(caught.exception.code, 302)
        caught.exception.close()
        return caught.exception.headers["Location"]

    def test_link_url(self):
        self.assertRegex(self.open(link_url(URL, **self.link)), r"^/signup\?link=")

    def test_signed_link_url(self):
        ahead = datetime.now(timezone.utc) + timedelta(hours=1)
        good = signed_link_url(URL, **self.link, secret=LINK_SECRET, expires_at=ahead)
        wrong = signed_link_url(URL, **self.link, secret="another", expires_at=ahead)
        expired = signed_link_url(URL, **self.link, secret=LINK_SECRET, expires_at=TEN)
        self.assertRegex(self.open(good), r"^/signup\?link=")
        self.assertEqual(self.open(wrong), "/link-problem/signature")
        self.assertEqual(self.open(expired), "/link-problem/expired")


class Errors(unittest.TestCase):
    def test_every_error_of_the_contract(self):
        client, wrong = open_client()[0], open_client(key="not a key")[0]
        someone = WorkProviderUserId("python error")
        for status, code, call in (
            (401, "MISSING_AUTH", lambda: behind("without-key")[0].shift_login(someone, TEN)),
            (401, "INVALID_KEY", lambda: wrong.user_status(CustomerNumber("ABC123"))),
            (400, "INVALID_DATA", lambda: client.shift_login(CustomerNumber("-"), TEN)),
            (400, "INVALID_DATA", lambda: client.shift_logout(someone, "2025-07-06T10:00")),
            (400, "INVALID_DATA", lambda: client.batch_login([report("python bad"), report("")])),
            (400, "INVALID_DATA", lambda: client.match("A-1", True)),
            (400, "INVALID_DATA", lambda: client.user_status(WorkProviderUserId(""))),
            (404, "INVALID_CUSTOMER", lambda: client.user_status(CustomerNumber("NOBODY"))),
            (404, "INVALID_CUSTOMER", lambda: client.validate_customer_number("NO/../BODY")),
            (404, "INVALID_CUSTOMER_EMAIL", lambda: client.validate_customer_number("ABC123", email="x@example.com")),
            (404, "NOT_FOUND", lambda: client.read_request("a/b?c")),
            (400, "INVALID_DATA", lambda: client.read_request("x", from_item=-1)),
        ):
            with self.subTest(code=code), self.assertRaises(RefusedError) as caught:
                call()
            error = caught.exception
            self.assertEqual((error.status, error.code, error.attempts, error.retry_after), (status, code, 1, None))
            self.assertRegex(error.request_id, UUID)
            self.assertEqual(str(error), f"{status} {code}: {error.detail}, request {error.request_id}")
        self.assertEqual(stored("python bad"), (0, 0))

    def test_more_items_than_the_server_takes(self):
        client, _ = open_client(max_batch_items=20_000)
        with self.assertRaises(RefusedError) as caught:
            client.batch_login([report("python too many")] * 10_001)
        error = caught.exception
        self.assertEqual((error.status, error.code, error.attempts), (413, "INVALID_DATA", 1))

    def test_a_larger_body_than_the_server_reads_is_answered_all_the_same(self):
        with self.assertRaises(RefusedError) as caught:
            open_client()[0].shift_login(WorkProviderUserId("a" * 6_000_000), TEN)
        self.assertEqual((caught.exception.status, caught.exception.attempts), (413, 1))

    def test_a_naive_datetime_anywhere_in_a_batch_sends_nothing(self):
        client, _, path = behind("pass", max_batch_items=1)
        naive = Report(WorkProviderUserId("a"), datetime(2025, 7, 6, 10))
        with self.assertRaises(ValueError):
            client.batch_login([report("a"), naive])
        with self.assertRaises(ValueError):
            client.shift_login(naive.identity, naive.timestamp)
        self.assertEqual(seen(path), 0)


class Repeats(unittest.TestCase):
    def test_what_passes_is_sent_again_and_counts_once(self):
        for plan, reports in (
            ("503,503,503", 1),
            ("429", 1),
            ("502", 1),
            ("drop-before,drop-before", 1),
            ("drop-after,drop-after", 3),
            ("drop-midway", 2),
            ("503,drop-after,429,drop-midway,drop-before", 3),
        ):
            with self.subTest(plan):
                client, waits, path = behind(plan)
                accepted = client.shift_login(WorkProviderUserId(f"python {plan}"), TEN)
                self.assertRegex(accepted.request_id, UUID)
                requests = len(plan.split(",")) + 1
                self.assertEqual((seen(path), len(waits)), (requests, requests - 1))
                self.assertEqual(stored(f"python {plan}"), (1, reports))

    def test_no_answer_within_the_time_of_an_attempt(self):
        client, _, path = behind("hang", timeout=0.5)
        client.shift_login(WorkProviderUserId("python hang"), TEN)
        self.assertGreaterEqual(seen(path), 2)
        self.assertEqual(stored("python hang")[0], 1)

    def test_asking_and_matching_too(self):
        client, _, path = behind("drop-after,503")
        client.user_status(CustomerNumber("ABC123"))
        self.assertEqual(seen(path), 3)
        client, _, path = behind("drop-after")
        self.assertIsInstance(client.read_request(client.match("ABC123", True).request_id), MatchState)
        self.assertEqual(seen(path), 3)

    def test_each_request_of_a_batch_by_itself(self):
        client, _, path = behind("drop-after,pass,503,drop-after", max_batch_items=2, retries=2)
        names = [f"python p{index}" for index in range(5)]
        parts = client.batch_login(map(report, names)).parts
        self.assertEqual([(part.first_item, part.item_count) for part in parts], [(0, 2), (2, 2), (4, 1)])
        self.assertEqual(seen(path), 6)
        self.assertEqual([stored(name) for name in names], [(1, 2), (1, 2), (1, 2), (1, 2), (1, 1)])

    def test_a_batch_of_which_a_later_request_fails(self):
        client, _, _ = behind("pass,503,503", max_batch_items=2, retries=1)
        names = [f"python q{index}" for index in range(3)]
        reports = [report(name) for name in names]
        with self.assertRaises(PartlyAcceptedError) as caught:
            client.batch_login(reports)
        error, cause = caught.exception, caught.exception.__cause__
        self.assertEqual([(part.first_item, part.item_count) for part in error.accepted], [(0, 2)])
        self.assertEqual((error.next_item, error.attempts), (2, 2))
        self.assertEqual((cause.status, cause.code, cause.attempts), (503, "UNAVAILABLE", 2))
        self.assertEqual(str(error), f"the first 2 items were accepted; from item 2 on: {cause}")
        self.assertEqual([stored(name)[0] for name in names], [1, 1, 0])
        client.batch_login(reports[error.next_item :])
        self.assertEqual([stored(name)[0] for name in names], [1, 1, 1])

    def test_a_batch_of_which_the_first_request_fails(self):
        client, _, _ = behind("503*", max_batch_items=1, retries=0)
        with self.assertRaises(RefusedError):
            client.batch_login([report("a"), report("b")])


class GivingUp(unittest.TestCase):
    def test_after_the_retries(self):
        client, _, path = behind("429,503*", retries=2)
        with self.assertRaises(RefusedError) as caught:
            client.shift_login(WorkProviderUserId("python never"), TEN)
        error = caught.exception
        self.assertEqual((error.status, error.code, error.detail), (503, "UNAVAILABLE", "the front says so"))
        self.assertEqual((error.attempts, error.retry_after), (3, 1.0))
        self.assertTrue(str(error).endswith("(3 attempts)"), str(error))
        self.assertEqual(seen(path), 3)
        self.assertEqual(stored("python never"), (0, 0))

    def test_no_answer_or_one_that_never_ends(self):
        for plan in ("hang*", "drip*"):
            client, _, _ = behind(plan, timeout=0.05, retries=1)
            with self.subTest(plan), self.assertRaises(TimedOutError) as caught:
                client.match("ABC123", True)
            self.assertEqual(caught.exception.attempts, 2)

    def test_nobody_listens(self):
        client, _ = open_client(f"http://127.0.0.1:{free_port()}", retries=3)
        with self.assertRaises(BrokenConnectionError) as caught:
            client.match("ABC123", True)
        self.assertEqual(caught.exception.attempts, 4)
        self.assertIsInstance(caught.exception.__cause__, ConnectionRefusedError)

    def test_a_202_of_somebody_else(self):
        client, _, path = behind("stranger")
        with self.assertRaises(RefusedError) as caught:
            client.shift_login(WorkProviderUserId("python stranger"), TEN)
        error = caught.exception
        self.assertEqual((error.status, error.code, error.request_id), (202, None, None))
        self.assertEqual(str(error), "202, answered by something before the server")
        self.assertEqual(seen(path), 1)

    def test_a_redirect_is_not_followed(self):
        client, _, _ = behind("redirect")
        before = seen("/pass/elsewhere")
        with self.assertRaises(RefusedError) as caught:
            client.shift_login(WorkProviderUserId("python redirect"), TEN)
        self.assertEqual(caught.exception.status, 307)
        self.assertEqual(seen("/pass/elsewhere"), before)

    def test_when_the_next_wait_would_not_end_before_the_deadline(self):
        clock = [0.0]

        def sleep(seconds):
            clock[0] += seconds

        client, _, path = behind("503*", now=lambda: clock[0], sleep=sleep, random=lambda: 0, deadline=3.0)
        with self.assertRaises(RefusedError) as caught:
            client.shift_login(WorkProviderUserId("python late"), TEN)
        self.assertEqual((caught.exception.attempts, seen(path), clock[0]), (3, 3, 2.0))


class Waits(unittest.TestCase):
    def test_full_jitter_over_a_time_that_doubles_up_to_ten_seconds(self):
        for chance, expected in ((0.5, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]), (0.0, [0.0] * 8)):
            client, waits, _ = behind("drop-before*", random=lambda chance=chance: chance)
            with self.assertRaises(BrokenConnectionError):
                client.match("ABC123", True)
            self.assertEqual([round(wait, 9) for wait in waits], expected)

    def test_never_less_than_retry_after_asks_for(self):
        client, waits, _ = behind("503,429")
        client.user_status(CustomerNumber("ABC123"))
        self.assertEqual([round(wait, 9) for wait in waits], [1.1, 1.2])


class Feed(unittest.TestCase):
    def test_is_read_in_pages_and_by_an_iterator_over_them(self):
        client = open_client()[0]
        start = client.feed().last
        client.shift_login(WorkProviderUserId("python not linked"), TEN)
        last = control("tell", "1001")
        page = client.feed(start)
        self.assertEqual((len(page.entries), page.last, page.next_after), (1_000, last, start + 1_000))
        entries = list(client.feed_entries(start))
        self.assertEqual([entry.number for entry in entries], list(range(start + 1, last + 1)))
        self.assertEqual(client.feed(last), FeedPage((), last, None))
        self.assertEqual(client.feed(last - 1).entries[0], entries[-1])
        parked = [entry for entry in entries if entry.data.get("workProviderUserId") == "python not linked"]
        told = {"workProviderUserId": "python not linked", "kind": "login", "at": "2025-07-06T10:00:00Z"}
        self.assertEqual([(entry.type, entry.data) for entry in parked], [("report.parked", told)])
        self.assertLess(abs((datetime.now(timezone.utc) - parked[0].timestamp).total_seconds()), 3_600)

    def test_is_asked_for_again_after_what_passes_page_by_page(self):
        last = control("tell", "1001")
        client, _, path = behind("503,drop-midway,pass,drop-after,429")
        self.assertEqual(len(list(client.feed_entries(last - 1_001))), 1_001)
        self.assertEqual(seen(path), 6)

    def test_of_which_a_part_is_not_kept_any_more_or_beyond_the_last(self):
        client = open_client()[0]
        last = control("tell", "10")
        control("forget-feed", str(last - 5))
        for after, status, code in ((last - 7, 410, "GONE"), (last + 1, 400, "INVALID_DATA")):
            with self.assertRaises(RefusedError) as caught:
                next(client.feed_entries(after))
            self.assertEqual((caught.exception.status, caught.exception.code), (status, code))


class Webhooks(unittest.TestCase):
    def test_is_verified_as_the_program_sends_it_by_either_of_two_secrets(self):
        client = open_client()[0]
        client.feed()
        sent = control("webhook")
        new, old = sent["secrets"]
        entry = client.feed(client.feed().last - 1).entries[0]
        for secrets in (new, old, [new, old], ["whsec_b3RoZXI=", old]):
            for body in (sent["body"], sent["body"].encode()):
                self.assertEqual(verify_webhook(secrets, sent["headers"], body), entry)
        for secrets, body in (("whsec_b3RoZXI=", sent["body"]), ([new, old], sent["body"].replace("ABC123", "ABC124"))):
            with self.assertRaises(WebhookError):
                verify_webhook(secrets, sent["headers"], body)

    def test_what_the_package_of_standard_webhooks_signs_is_taken(self):
        for text in ("", "plain", "ü € 😀", "\u2028"):
            body = json.dumps({"type": "x", "timestamp": "2025-07-06T10:00:00Z", "data": {"text": text}}, ensure_ascii=False)
            signed = control("standard-webhook", body)
            taken = verify_webhook(signed["secrets"], signed["headers"], body.encode())
            self.assertEqual((taken.id, taken.type, taken.data, taken.number), ("an id", "x", {"text": text}, None))
            with self.assertRaises(WebhookError):
                verify_webhook(signed["secrets"], signed["headers"], body.encode() + b" ")


class Readme(unittest.TestCase):
    def test_the_first_example_works_as_it_is_printed(self):
        readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
        example = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
        printed = io.StringIO()
        with mock.patch.dict(os.environ, ZEGO_KEY=KEY), contextlib.redirect_stdout(printed):
            exec(example.replace("https://zego.example", URL), {})
        self.assertEqual(printed.getvalue(), "pending\n")


class Secrets(unittest.TestCase):
    def test_the_key_is_in_nothing_that_is_raised(self):
        for plan, options in (
            ("503*", {}),
            ("hang*", {"timeout": 0.02}),
            ("drop-before*", {}),
            ("pass,503*", {"max_batch_items": 1}),
        ):
            client, _, _ = behind(plan, retries=0, **options)
            with self.subTest(plan), self.assertRaises(ZegoError) as caught:
                client.batch_login([report("a"), report("b")])
            printed = "".join(traceback.format_exception(None, caught.exception, caught.exception.__traceback__))
            self.assertNotIn(KEY, printed + repr(caught.exception) + repr(vars(caught.exception)))


if __name__ == "__main__":
    unittest.main()

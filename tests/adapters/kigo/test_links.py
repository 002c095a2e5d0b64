"""The deep link's rules, one row each, and then for any link at all."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stampcard_adapters.kigo.links import carries_another_code, oddity, origin, usable, with_session

HUB = "https://partner-hub.kigo.io"

JOINED = {
    "the documented shape has no slash before the question mark": (
        f"{HUB}?claim-code=A1",
        f"{HUB}?claim-code=A1&session-id=S",
    ),
    "with a slash": (f"{HUB}/?claim-code=A1", f"{HUB}/?claim-code=A1&session-id=S"),
    "another host and path are kept": (
        "https://gold.example/w/x?claim-code=A1",
        "https://gold.example/w/x?claim-code=A1&session-id=S",
    ),
    "no query yet": (HUB, f"{HUB}?session-id=S"),
    "no query yet, with a path": (f"{HUB}/claim/A1", f"{HUB}/claim/A1?session-id=S"),
    "an empty query": (f"{HUB}?", f"{HUB}?session-id=S"),
    "a query that ends in an ampersand": (f"{HUB}?a=1&", f"{HUB}?a=1&session-id=S"),
    "a question mark inside the query": (f"{HUB}?back=/a?b=1", f"{HUB}?back=/a?b=1&session-id=S"),
    "a fragment stays last": (f"{HUB}?claim-code=A1#top", f"{HUB}?claim-code=A1&session-id=S#top"),
    "a fragment without a query": (f"{HUB}#top", f"{HUB}?session-id=S#top"),
    "a route in the fragment is no query": (f"{HUB}#/go?claim-code=A1", f"{HUB}?session-id=S#/go?claim-code=A1"),
    "escapes are kept as they were written": (f"{HUB}?q=%7e%2F+~&x", f"{HUB}?q=%7e%2F+~&x&session-id=S"),
    "upper case is kept": (f"{HUB.upper()}?A=b", f"{HUB.upper()}?A=b&session-id=S"),
    "another login is replaced": (f"{HUB}?session-id=old&claim-code=A1", f"{HUB}?claim-code=A1&session-id=S"),
    "several logins are replaced": (f"{HUB}?session-id=a&x=1&session-id=b", f"{HUB}?x=1&session-id=S"),
    "a login written with escapes is one": (f"{HUB}?session%2Did=a", f"{HUB}?session-id=S"),
    "a login without a value is one": (f"{HUB}?session-id&x=1", f"{HUB}?x=1&session-id=S"),
    "a longer name is another parameter": (f"{HUB}?my-session-id=a", f"{HUB}?my-session-id=a&session-id=S"),
    "snake case is another parameter": (f"{HUB}?session_id=a", f"{HUB}?session_id=a&session-id=S"),
}


@pytest.mark.parametrize("case", JOINED)
def test_the_login_is_put_into_the_link(case: str) -> None:
    link, joined = JOINED[case]
    assert with_session(link, "S") == joined


@pytest.mark.parametrize(
    ("session", "written"),
    [("a&b=c", "a%26b%3Dc"), ("a#b", "a%23b"), ("a b", "a%20b"), ("a/b+", "a%2Fb%2B"), ("é", "%C3%A9")],
)
def test_a_session_id_cannot_break_out_of_its_parameter(session: str, written: str) -> None:
    assert with_session(f"{HUB}?claim-code=A1", session) == f"{HUB}?claim-code=A1&session-id={written}"


LINK = st.builds(
    lambda path, query, fragment: HUB + path + query + fragment,
    st.from_regex(r"(/[A-Za-z0-9%._~-]*)*", fullmatch=True),
    st.just("") | st.text(st.sampled_from("ab?=&+%2Dsession-id/;"), max_size=40).map(lambda q: f"?{q}"),
    st.just("") | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12).map(lambda f: f"#{f}"),
)


def logins(query: str) -> list[str]:
    return [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "session-id"]


@given(
    link=LINK | st.text(st.characters(min_codepoint=33, max_codepoint=126)), session=st.text(min_size=1, max_size=20)
)
def test_any_link_keeps_what_it_said_and_gains_one_login(link: str, session: str) -> None:
    session = session.encode("utf-8", "replace").decode()
    joined, hash_, fragment = with_session(link, session).partition("#")
    before, *kept = link.partition("#")
    assert [hash_, fragment] == kept  # the fragment, in its place
    (where, _, query), (was_where, _, was_query) = joined.partition("?"), before.partition("?")
    assert where == was_where
    assert logins(query) == [session]
    others = [pair for pair in was_query.split("&") if pair and not logins(f"{pair}=")]
    assert [pair for pair in query.split("&") if pair][:-1] == others  # byte for byte, in order, and the login last
    if not logins(was_query):
        assert joined.startswith(before)
        assert joined[len(before) :].partition("session-id=")[0] in ("?", "&", "")


@given(link=LINK)
def test_a_link_that_may_be_opened_still_may_with_a_login(link: str) -> None:
    assume("\\" not in link)
    assert usable(link)
    joined = with_session(link, "s-1")
    assert usable(joined)
    assert urlsplit(joined).netloc == urlsplit(link).netloc


@given(link=LINK)
def test_putting_a_login_in_twice_leaves_the_second(link: str) -> None:
    assert logins(with_session(with_session(link, "first"), "second").partition("#")[0].partition("?")[2]) == ["second"]


@pytest.mark.parametrize(
    "link",
    [
        "",
        "QX7K2P",
        "partner-hub.kigo.io?claim-code=A1",
        "//partner-hub.kigo.io?claim-code=A1",
        "http://partner-hub.kigo.io?claim-code=A1",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///path",
        "https://user@partner-hub.kigo.io",
        "https://partner-hub.kigo.io\\@evil.example",
        "https://partner-hub.kigo.io\r\nSet-Cookie:x",
        "https://partner-hub.kigo.io?claim-code=A 1",
        " https://partner-hub.kigo.io",
        "https://pärtner.example",
        "https://[::1",
        "https://x:99999",
        "https://x:0",
    ],
)
def test_what_no_browser_may_be_sent_to(link: str) -> None:
    assert not usable(link)
    assert oddity(link, "A1") == "the deep link is no https URL"


@given(link=st.text(max_size=60))
def test_any_text_is_judged_and_no_word_of_it_repeated(link: str) -> None:
    said = oddity(link, "A1")
    assert said is None or said.startswith("the deep link ")
    if usable(link):
        assert link.isascii()
        assert link.isprintable()
        assert urlsplit(link).scheme == "https"


@pytest.mark.parametrize(
    ("link", "code", "another"),
    [
        (f"{HUB}?claim-code=A1", "A1", False),
        (f"{HUB}?claim-code=A%31", "A1", False),
        (f"{HUB}?claim-code=A+1", "A+1", False),
        (f"{HUB}?claim-code=A+1", "A 1", False),
        (f"{HUB}?x=1", "A1", False),
        (f"{HUB}?claim-code=a1", "A1", True),
        (f"{HUB}?claim-code=", "A1", True),
        (f"{HUB}?claim-code=A1&claim-code=B2", "A1", True),
        (f"{HUB}?claim-code=A1;claim-code=B2", "A1", True),
        (f"{HUB}?x=1;claim-code=B2", "A1", True),
        (f"{HUB}?claim-code=A1;b", "A1;b", False),
        (f"{HUB}?claim_code=B2", "A1", True),
        (f"{HUB}?Claim-Code=B2", "A1", True),
        (f"{HUB}?ClaimCode=B2", "A1", True),
        (f"{HUB}?claim%2Dcode=B2", "A1", True),
        (f"{HUB}#claim-code=B2", "A1", True),
        (f"{HUB}#/go?CLAIM_CODE=B2", "A1", True),
        (f"{HUB}?claim-code=A1#x&claimcode=B2", "A1", True),
        (f"{HUB}?claimCode=A1#claim_code=A1", "A1", False),
        (f"{HUB}?my-claim-code=B2", "A1", False),
    ],
)
def test_a_link_of_another_code_is_noticed(link: str, code: str, another: bool) -> None:
    assert carries_another_code(link, code) is another
    assert (oddity(link, code) == "the deep link carries another code than the answer") is another


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        (f"{HUB}?claim-code=A1", f"{HUB}:443/"),
        (f"{HUB}/?x=1#top", f"{HUB}:443/"),
        (f"{HUB.upper()}:443", f"{HUB}:443/"),
        (f"{HUB}./#a?b", f"{HUB}:443/"),
        (f"{HUB}/OTHER", f"{HUB}:443/OTHER"),
        (f"{HUB}:8443/w?claim-code=A1", f"{HUB}:8443/w"),
        ("http://partner-hub.kigo.io", "http://partner-hub.kigo.io:None/"),
        ("https://x:99999?a", "https://x:99999"),
        ("https://[::1?a", "https://[::1"),
    ],
)
def test_where_a_link_leads_is_its_scheme_host_and_path(link: str, leads: str) -> None:
    assert origin(link) == leads


@given(link=st.text(max_size=60))
def test_any_text_leads_somewhere(link: str) -> None:
    assert origin(link) == origin(link.partition("#")[0].partition("?")[0])
    carries_another_code(link, "A1")


def test_a_link_without_a_code_is_odd_and_may_be_opened() -> None:
    top = "https://kigo-top-test.kigodigital.net/sso/gold?uuid=1"
    assert usable(top)
    assert oddity(top, "A1") == "the deep link carries no claim-code"

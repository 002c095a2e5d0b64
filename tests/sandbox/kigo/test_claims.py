"""Looking a token up and claiming it: sheet, section 5. The two paths are this sandbox's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from stampcard_adapters.sandbox.kigo import CLAIM_PATH, LOOKUP_PATH, Switches

COFFEE = "sandbox-product-coffee"


def test_a_token_is_shown_before_it_is_claimed_and_afterwards(client) -> None:
    code, token = client.order().body["claim_code"], client.user_token()
    shown = client.lookup(code, token)
    assert shown.status == 200
    [found] = shown.body["tokens"]
    assert (found.keys(), found["product_id"], found["status"]) == (
        {"token_id", "product_id", "status"},
        COFFEE,
        "claimable",
    )
    assert client.lookup(code, token).raw == shown.raw
    assert client.claim(code, token).body == found | {"status": "redeemed"}
    assert client.lookup(code, token).body == {"tokens": [found | {"status": "redeemed"}]}


def test_a_claim_moves_the_token_to_the_users_wallet_and_the_books(client) -> None:
    code = client.order().body["claim_code"]
    assert client.model.status("ord-1") == "claimable"
    client.claim(code, client.user_token())
    assert client.model.status("ord-1") == "redeemed"
    assert client.model.states("ord-1") == ("ordered", "claimed")
    assert client.model.wallet("user-1", program="program-1") == (COFFEE,)
    assert client.model.wallet("user-2", program="program-1") == client.model.wallet("user-1") == ()
    assert (client.model.issued(COFFEE), client.model.claimed(COFFEE)) == (1, 1)
    assert client.model.unbalanced() == ()


@pytest.mark.parametrize("who", ["user-1", "user-2"])
def test_a_code_is_claimed_once_whoever_tries_again(client, who) -> None:
    code = client.order().body["claim_code"]
    assert client.claim(code, client.user_token()).status == 200
    assert client.claim(code, client.user_token(who)).refusal == (409, "already_used")
    assert client.model.wallet("user-2", program="program-1") == ()
    assert client.order().body["claim_code"] == code


def test_many_claims_at_once_are_one(crowded) -> None:
    code = crowded.order().body["claim_code"]
    tokens = [crowded.user_token(f"user-{number}") for number in range(32)]
    with ThreadPoolExecutor(16) as wallets:
        statuses = list(wallets.map(lambda token: crowded.claim(code, token).status, tokens))
    assert sorted(statuses) == [200] + [409] * 31
    assert crowded.model.claimed(COFFEE) == 1
    assert crowded.model.unbalanced() == ()


@pytest.mark.parametrize("code", ["NONSENSE", "ord-1", "%00", "%E2%98%83", "order-1"])
def test_an_invalid_code_is_404(client, code) -> None:
    client.order()
    token = client.user_token()
    assert client.lookup(code, token).refusal == (404, "not_found")
    assert client.claim(code, token).refusal == (404, "not_found")


def test_a_code_of_another_partner_is_invalid(client, second) -> None:
    code = client.order().body["claim_code"]
    assert second.lookup(code, second.user_token()).refusal == (404, "not_found")
    assert second.claim(code, second.user_token()).refusal == (404, "not_found")
    assert client.model.claimed(COFFEE) == 0


@pytest.mark.parametrize("expired_code", ["validation_error", "not_found"])
def test_an_expired_code_cannot_be_claimed_and_is_still_the_orders_code(connect, expired_code) -> None:
    client = connect(switches=Switches(expired_code=expired_code))
    first = client.order()
    code, token = first.body["claim_code"], client.user_token()
    client.model.expire_code("ord-1")
    assert client.lookup(code, token).body["tokens"][0]["status"] == "expired"
    assert client.claim(code, token).refusal[1] == expired_code
    assert client.order().raw == first.raw
    assert client.model.status("ord-1") == "expired"
    assert client.model.claimed(COFFEE) == 0
    assert client.model.unbalanced() == ()


def test_a_claimed_code_that_expires_stays_redeemed(client) -> None:
    code = client.order().body["claim_code"]
    client.model.claim("ord-1")
    client.model.expire_code("ord-1")
    assert client.claim(code, client.user_token()).refusal == (409, "already_used")


def test_codes_live_for_ever_unless_a_switch_says_otherwise(connect, clock) -> None:
    for lifetime, status in ((None, 200), (timedelta(days=30), 400)):
        client = connect(clock=clock, switches=Switches(code_lifetime=lifetime))
        code = client.order().body["claim_code"]
        clock.forward(days=30, seconds=-1)
        client.token = None
        assert client.lookup(code, client.user_token()).body["tokens"][0]["status"] == "claimable"
        clock.forward(seconds=1)
        assert client.claim(code, client.user_token()).status == status


def test_another_code_lives_as_long_as_a_first_one(connect, clock) -> None:
    client = connect(clock=clock, switches=Switches(code_lifetime=timedelta(hours=1)))
    client.order()
    clock.forward(hours=1)
    assert client.model.status("ord-1") == "expired"
    client.model.another_code("ord-1")
    clock.forward(minutes=59)
    assert client.model.status("ord-1") == "claimable"
    clock.forward(minutes=1)
    assert client.model.status("ord-1") == "expired"


@pytest.mark.parametrize("token", [None, "", "nonsense", "sandbox-kigo-key"])
def test_looking_up_and_claiming_need_a_user_level_token(client, token) -> None:
    code = client.order().body["claim_code"]
    assert client.lookup(code, token).refusal == (401, "unauthorized")
    assert client.claim(code, token).refusal == (401, "unauthorized")
    assert client.model.claimed(COFFEE) == 0


def test_the_customer_can_be_told_to_claim(client) -> None:
    client.order()
    client.model.claim("ord-1", "user-7", program="p")
    assert client.model.wallet("user-7", program="p") == (COFFEE,)
    with pytest.raises(ValueError, match="redeemed before"):
        client.model.claim("ord-1")


def test_the_two_paths_can_be_set(connect) -> None:
    client = connect(switches=Switches(lookup_path="/tokens/{claim_code}", claim_path="/wallet/{claim_code}/take"))
    code, token = client.order().body["claim_code"], client.user_token()
    assert {"/tokens", "/wallet"} < {*client.model.prefixes}
    assert client.call("GET", f"/tokens/{code}", token=token).status == 200
    assert client.call("POST", f"/wallet/{code}/take", token=token).status == 200
    assert client.lookup(code, token).refusal == (404, "not_found")
    assert (Switches().lookup_path, Switches().claim_path) == (LOOKUP_PATH, CLAIM_PATH)

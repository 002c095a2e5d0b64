"""Offers of everybody and of one customer, and the Canadian skills test (sheet, sections 6 and 7)."""

from __future__ import annotations

import re

import pytest

from stampcard_adapters.sandbox.sessionm import Switches

RICH, ODD = "4f5b82c0-07c8-11e6-8d84-624132d14633", "crm/4711@acme eu"


def test_all_offers_are_listed_with_the_sdks_fields(client) -> None:
    answer = client.call("GET", "/offers?locale=en-CA")
    assert answer.body["status"] == "ok"
    assert [offer["id"] for offer in answer.body["offers"]] == [1, 2, 3, 4, 5]
    assert answer.body["offers"][1] == {
        "id": 2, "name": "Trip to Montreal", "type": "contest entries", "description": "", "points": 250,
        "start_time": None, "end_time": None, "weight": 2, "featured": False, "requires_skills_test": True,
        "tier": None, "logo": "", "options": [], "data": {},
    }  # fmt: skip


def test_a_customers_offers_say_whether_they_may_have_them_and_leave_out_what_is_gone(client) -> None:
    client.model.set_qualified(RICH, 4, False)
    assert {n: offer["status"] for n, offer in client.offers().items()} == {
        1: "available", 2: "available", 4: "not_qualified", 5: "available",
    }  # fmt: skip
    assert {offer["status"] for offer in client.offers("sandbox-poor").values()} == {"insufficient_points"}
    assert {offer["status"] for offer in client.offers("sandbox-unregistered").values()} == {"registration_required"}


def test_an_offer_can_be_added_and_sells_out(client) -> None:
    offer = client.model.add_offer("Sticker", 1, stock=1)
    assert client.offers(ODD)[offer.id]["points"] == 1
    client.placed(ODD, offer.id)
    assert offer.id not in client.offers(ODD)
    assert client.model.offer(offer.id).stock == 0


def test_a_question_is_arithmetic_and_never_shows_its_answer(client) -> None:
    first, second = client.question(), client.question(ODD)
    assert first.keys() == {"id", "question"}
    assert first["id"] != second["id"]
    a, b, c, d = map(int, re.findall(r"\d+", first["question"]))
    assert client.model.right_answer(first["id"]) == str(a * b + c - d)
    with pytest.raises(KeyError):
        client.model.right_answer(1)


def test_the_right_answer_passes_and_any_other_does_not(client) -> None:
    question = client.question()["id"]
    right = client.model.right_answer(question)
    assert client.respond(question, "maple").body["challenge"] == {"id": 900001, "status": "invalid"}
    assert client.respond(question, f" {right} ").body["challenge"] == {"id": 900002, "status": "valid"}
    assert client.respond(question, int(right)).body["challenge"]["status"] == "valid"


def test_a_passed_test_opens_one_order_of_its_offer(client) -> None:
    challenge = client.passed()
    order = client.place(offer=2, challenge={"id": challenge}).order
    assert order["points"] == 250
    assert client.place(offer=2, challenge={"id": challenge}).refusal == (200, "challenge_not_found")
    assert client.model.challenges()[0].used_by == order["id"]


def test_a_challenge_may_be_used_again_by_switch(connect) -> None:
    client = connect(switches=Switches(challenge_once=False))
    challenge = client.passed()
    for _ in range(2):
        client.placed(offer=2, challenge={"id": challenge})
    assert client.model.unbalanced() == ()


def test_a_refused_order_does_not_use_the_challenge_up(client) -> None:
    client.model.set_stock(2, 0)
    challenge = client.passed()
    assert client.place(offer=2, challenge={"id": challenge}).code == "offer_not_available"
    client.model.set_stock(2, 1)
    assert client.placed(offer=2, challenge={"id": challenge})


def test_a_challenge_of_another_offer_another_customer_or_a_wrong_answer_is_not_found(client) -> None:
    other_offer, other_customer = client.passed(offer=1), client.passed(ODD)
    wrong = client.respond(client.question()["id"], "no").body["challenge"]["id"]
    for challenge in (other_offer, other_customer, wrong, 5):
        assert client.place(offer=2, challenge={"id": challenge}).code == "challenge_not_found"
    assert client.place(offer=2, challenge={}).code == "challenge_not_found"
    assert client.place(offer=2, challenge={"id": "900001"}).code == "argument_error"


def test_a_lenient_tenant_reads_a_challenge_id_as_a_string(connect) -> None:
    client = connect(lenient=True)
    assert client.placed(offer=2, challenge={"id": str(client.passed())})


def test_a_challenge_is_read_past_where_none_is_needed(client) -> None:
    assert client.placed(offer=1, challenge={"id": 5})
    assert client.model.unbalanced() == ()


def test_only_the_asked_customer_can_answer_and_only_what_was_asked(client) -> None:
    question = client.question()["id"]
    assert client.respond(question, "1", ODD).refusal == (404, "not_found")
    assert client.respond(77, "1").refusal == (404, "not_found")
    assert client.respond(question, "1", offer=77).refusal == (404, "not_found")
    path = f"/users/{RICH}/offers/2/challenges/skills_test_questions/{question}"
    for body in (None, {}, {"challenge": {}}, {"challenge": {"skills_test_question": {}}}):
        assert client.call("POST", path, body).code == "missing_data"
    other = {"challenge": {"skills_test_question": {"id": question + 1, "response": "1"}}}
    assert client.call("POST", path, other).code == "argument_error"


def test_the_field_of_the_answer_is_a_switch(connect) -> None:
    client = connect(switches=Switches(answer_key="answer"))
    question = client.question()["id"]
    assert client.respond(question, "1").code == "missing_data"
    path = f"/users/{RICH}/offers/2/challenges/skills_test_questions/{question}"
    body = {"challenge": {"skills_test_question": {"answer": client.model.right_answer(question)}}}
    assert client.call("POST", path, body).body["challenge"]["status"] == "valid"

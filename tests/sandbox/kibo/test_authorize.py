"""POST /api/v2/createOrder/authorize: every field's limit, every payment method, and what the gateway says."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.kibo import DECLINED, ELEVEN, UNREACHABLE, Shape, Switches

NUMBER = "4111111111111111"
TOO_LONG = {
    "externalCartID": 255,
    "customer__firstName": 300,
    "customer__lastName": 300,
    "customer__email": 250,
    "customer__phone1": 20,
    "customer__phone2": 20,
}
REQUIRED = (
    "externalCartID", "manufacturerID", "catalogID", "currency", "paymentMethod", "amount", "customer",
    "customer__firstName", "customer__lastName", "customer__email", "customer__phone1",
)  # fmt: skip
ADDRESS = ("firstName", "lastName", "addressLine1", "city", "postalCode", "countryCode")
METHODS: dict[str, dict[str, Any]] = {
    "card": {"paymentType": "CC", "cardIssuer": "VI", "cardNumber": NUMBER, "cardExpiration": "10-2019"},
    "tokenised card": {"paymentType": "CC", "cardToken": "t", "ccLastFour": "1111"},
    "stored card": {"paymentType": "CC", "paymentMethodToken": "t"},
    "authorized card": {"paymentType": "CC", "authToken": "t"},
    "Kibo token": {"paymentType": "TK", "paymentMethodToken": "t"},
    "PayPal": {"paymentType": "PP", "payPalToken": "t", "payPalPayerID": "p"},
    "gift card": {"paymentType": "GC", "cardNumber": "GIFT-0001", "cardSecurityCode": "12"},
    "no operation": {"paymentType": "NOOP", "noOperationType": "x"},
    "credit plan": {"paymentType": "CREDIT_PLAN", "creditPlan": "x", "creditPlanType": "y"},
    "finance": {"paymentType": "FINANCE", "financeCode": "x", "retailerRef": "y"},
    "stored method": {"paymentMethodID": "x"},
}


def spelt(path: str) -> str:
    return path.replace("__", ".")


@pytest.mark.parametrize("path", REQUIRED)
@pytest.mark.parametrize("absent", [..., None])
def test_what_is_required_may_be_neither_absent_nor_null(client, path, absent) -> None:
    assert client.authorize(**{path: absent}).problem == (400, 5011, spelt(path))


@pytest.mark.parametrize("path", TOO_LONG)
def test_a_text_at_its_limit_is_taken_and_one_beyond_refused(client, path) -> None:
    assert client.authorize(**{path: "x" * TOO_LONG[path]}).status == 200
    assert client.authorize(**{path: "x" * (TOO_LONG[path] + 1)}).problem == (400, 5015, spelt(path))


@pytest.mark.parametrize("path", [path for path in TOO_LONG if path != "customer__phone2"] + ["customer__customerID"])
def test_a_text_of_at_least_one_character_may_not_be_empty(client, path) -> None:
    assert client.authorize(**{path: ""}).problem == (400, 5015, spelt(path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("externalCartID", 5), ("manufacturerID", "1010"), ("manufacturerID", 1.5), ("manufacturerID", True),
        ("manufacturerID", 3030), ("catalogID", 7), ("currency", "usd"), ("currency", "US"), ("amount", "2.00"),
        ("amount", 0.00001), ("amount", 1e10), ("customer", []), ("paymentMethod", "CC"), ("locale", "english please"),
        ("testOrder", "yes"), ("shippingAddress", 1), ("shippingAddress__isBilling", "no"),
        ("shippingAddress__fraudLock", 0), ("customer__accountCreated", "yesterday"),
        ("customer__accountCreated", "2019-13-01T00:00:00Z"), ("customer__active", "active"),
        ("customer__customData", {}), ("customer__customerID", 7),
        ("paymentMethod__billingAddress", "here"), ("paymentMethod__paymentType", "XX"),
        ("paymentMethod__cardIssuer", "XX"), ("paymentMethod__cardExpiration", "2019-10"),
        ("paymentMethod__cardExpiration", "13-2019"), ("paymentMethod__cardExpiration", "10-19"),
        ("paymentMethod__cardSecurityCode", "12"), ("paymentMethod__cardSecurityCode", 123),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused(client, path, value) -> None:
    assert client.authorize(**{path: value}).problem == (400, 5015, spelt(path))
    assert client.model.holds() == ()


def test_lenient_takes_numbers_for_texts_and_other_catalogs(connect) -> None:
    client = connect(lenient=True)
    changes = {"externalCartID": 123456, "manufacturerID": "1010", "catalogID": 7, "customer__customerID": 7}
    assert client.authorize(**changes).status == 200
    assert client.model.holds("123456")


def test_optional_fields_may_be_there(client) -> None:
    changes = {
        "customer__accountCreated": "2018-01-02T03:04:05.678+01:00",
        "customer__customData": [{"key": "a", "value": "b"}],
        "customer__customerID": "12",
        "customer__phone2": "",
        "customer__active": "ACTIVE",
        "paymentMethod__billingAddress__addressLine2": "Apt 2",
        "paymentMethod__billingAddress__latitude": 35.2,
        "shippingAddress__isShipping": True,
        "somethingElse": {"entirely": 1},
        "locale": "fr-CA",
        "currency": "CAD",
    }
    assert client.authorize(**changes).status == 200
    assert client.authorize(shippingAddress=None).status == 200


@pytest.mark.parametrize("name", ADDRESS)
@pytest.mark.parametrize("place", ["paymentMethod__billingAddress", "shippingAddress"])
def test_an_address_has_what_every_sample_fills(connect, place, name) -> None:
    client = connect()
    path = f"{place}__{name}"
    assert client.authorize(**{path: None}).problem == (400, 5011, spelt(path))
    assert client.authorize(**{path: ""}).problem == (400, 5015, spelt(path))
    loose = connect(switches=Switches(required_address_fields=("city",)))
    assert loose.authorize(**{path: None}).status == (400 if name == "city" else 200)


def test_an_address_needs_no_state_and_no_phone(client) -> None:
    assert client.authorize(shippingAddress__state=None, shippingAddress__phone=None).status == 200


def test_the_tables_spelling_of_the_cart_is_taken_with_a_warning(client) -> None:
    answer = client.authorize(externalCartID=..., externalCardID="0123456")
    assert answer.status == 200
    assert answer.body["warnings"] == ["externalCardID is read as externalCartID."]
    assert client.model.warnings() == ("externalCardID is read as externalCartID.",)
    assert len(client.model.holds("0123456")) == 1
    assert "warnings" not in client.authorize(externalCardID="other").body
    assert client.authorize(externalCartID=..., externalCardID="").problem == (400, 5015, "externalCardID")


# Payment methods


def test_there_are_eleven_payment_methods(client) -> None:
    assert len(ELEVEN) == 11
    assert [shape.name for shape in ELEVEN] == list(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_taken_with_or_without_the_samples_nulls(client, name) -> None:
    nulls = dict.fromkeys(client.sample()["paymentMethod"])
    assert client.authorize(paymentMethod=METHODS[name]).status == 200
    assert client.authorize(paymentMethod=nulls | METHODS[name]).status == 200
    assert {hold.authorization.method.shape for hold in client.model.holds()} == {name}


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, method in METHODS.items() for key in method if name != "gift card"]
)
def test_a_method_without_one_of_its_keys_is_refused(client, name, key) -> None:
    answer = client.authorize(paymentMethod={k: v for k, v in METHODS[name].items() if k != key})
    assert answer.status == 400
    assert answer.code in (5011, 5015)
    if name == "card" and key != "paymentType":
        assert answer.problem == (400, 5011, f"paymentMethod.{key}")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_with_a_foreign_key_is_two_and_refused(client, name) -> None:
    foreign = "payPalToken" if name != "PayPal" else "creditPlan"
    answer = client.authorize(paymentMethod={"paymentType": "CC"} | METHODS[name] | {foreign: "x"})
    assert answer.problem == (400, 5015, "paymentMethod.paymentType")


def test_a_card_and_its_token_are_two_methods(client) -> None:
    for key in ("cardToken", "paymentMethodToken", "authToken", "paymentMethodID"):
        assert client.authorize(**{f"paymentMethod__{key}": "x"}).code == 5015


def test_a_client_may_name_the_class_of_a_payment(client) -> None:
    assert client.authorize(paymentMethod__paymentClass="CreditCard").status == 200


def test_the_list_of_methods_can_be_replaced_by_the_real_one(connect) -> None:
    client = connect(switches=Switches(payment_shapes=(Shape(name="cash", payment_type="CASH", needs=()),)))
    assert client.authorize(paymentMethod={"paymentType": "CASH"}).status == 200
    assert client.authorize().problem == (400, 5015, "paymentMethod.paymentType")


def test_issuers_are_a_list_of_their_own(connect) -> None:
    assert all(connect().authorize(paymentMethod__cardIssuer=word).status == 200 for word in ("MC", "AX", "DI", "JC"))
    only_visa = connect(switches=Switches(card_issuers=("VI",)))
    assert only_visa.authorize(paymentMethod__cardIssuer="MC").code == 5015


# Cards


@pytest.mark.parametrize("number", ["4111111111111112", "4539578763621486", "4111 1111 1111 1111", "1", "x"])
def test_a_number_that_could_be_somebodys_is_refused_and_not_repeated(client, number) -> None:
    answer = client.authorize(paymentMethod__cardNumber=number)
    assert answer.problem == (400, 5015, "paymentMethod.cardNumber")
    assert len(number) == 1 or number.encode() not in answer.raw


@pytest.mark.parametrize("number", ["4539578763621486", "4539 5787 6362 1486", "4539-5787-6362-1486"])
def test_a_gift_card_that_passes_for_a_payment_card_is_refused(client, number) -> None:
    answer = client.authorize(paymentMethod={"paymentType": "GC", "cardNumber": number})
    assert answer.problem == (400, 5015, "paymentMethod.cardNumber")


def test_a_declined_card_gets_no_tokens_and_reserves_nothing(client) -> None:
    answer = client.authorize(paymentMethod__cardNumber=DECLINED)
    assert answer.problem == (400, 5003, None)
    assert "declined" in answer.body["message"]
    assert not answer.body.keys() & {"orderID", "authToken", "paymentMethodToken"}
    assert client.model.holds() == ()
    assert client.authorize().status == 200  # a second card


def test_a_gateway_that_cannot_be_reached_is_unavailable(client) -> None:
    assert client.authorize(paymentMethod__cardNumber=UNREACHABLE).problem == (503, 5001, None)
    client.model.set_gateway(reachable=False)
    assert client.authorize(paymentMethod=METHODS["Kibo token"]).problem == (503, 5001, None)
    client.model.set_gateway(reachable=True)
    assert client.authorize().status == 200


def test_the_gateways_codes_are_switches(connect) -> None:
    client = connect(switches=Switches(declined_code=5015, unreachable_code=5006, authorize_status=201))
    assert client.authorize(paymentMethod__cardNumber=DECLINED).problem == (400, 5015, None)
    assert client.authorize(paymentMethod__cardNumber=UNREACHABLE).problem == (500, 5006, None)
    assert client.authorize().status == 201


@pytest.mark.parametrize("spelling", ["10-2019", "10/2019"])
def test_a_card_is_good_to_the_end_of_its_month_by_the_models_clock(client, spelling) -> None:
    client.clock.pass_by(days=152)  # 31 October
    client.token = client.fetch_token().body["access_token"]
    assert client.authorize(paymentMethod__cardExpiration=spelling).status == 200
    client.clock.pass_by(hours=12)
    client.token = client.fetch_token().body["access_token"]
    answer = client.authorize(paymentMethod__cardExpiration=spelling)
    assert answer.problem == (400, 5015, "paymentMethod.cardExpiration")


def test_the_expiry_check_can_be_off(connect) -> None:
    client = connect(switches=Switches(check_expiry=False))
    assert client.authorize(paymentMethod__cardExpiration="01-2001").status == 200


def test_of_a_card_the_model_keeps_the_last_four_only(client) -> None:
    code = "9371"
    number = "4012888888881881"
    token = client.authorize(paymentMethod__cardNumber=number, paymentMethod__cardSecurityCode=code).body["authToken"]
    method = client.sample()["paymentMethod"] | {"cardNumber": number, "cardSecurityCode": code}
    shown = client.create("o-1", token, orderPayments__0__paymentMethod=method)
    assert shown.body["orderPayments"][0]["ccLastFour"] == "1881"
    kept = repr(reached(client.model, set()))
    assert "1881" in kept
    assert number not in kept
    assert code not in kept
    assert number.encode() not in shown.raw
    refused = client.authorize(paymentMethod__cardNumber=number, paymentMethod__cardSecurityCode=code, amount=-1)
    assert number.encode() not in refused.raw
    assert code.encode() not in refused.raw


def reached(value: Any, seen: set[int]) -> list[Any]:
    """Every plain value that hangs on an object, whatever its repr hides."""
    if isinstance(value, str | int | float | bytes | None):
        return [value]
    if id(value) in seen:
        return []
    seen.add(id(value))
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = list(value)
    elif attrs.has(type(value)):
        inner = [getattr(value, field.name) for field in attrs.fields(type(value))]
    else:
        inner = list(vars(value).values()) if hasattr(value, "__dict__") else []
    return [found for each in inner for found in reached(each, seen)]


# Two authorizations of one cart (trap 16)


def test_an_authorize_again_is_a_second_hold(client) -> None:
    first, second = client.authorize().body, client.authorize().body
    assert first["orderID"] != second["orderID"]
    assert first["authToken"] != second["authToken"]
    assert [hold.sums.held for hold in client.model.holds("0123456")] == [2, 2]


def test_the_first_authorization_is_given_again_when_switched(connect) -> None:
    client = connect(switches=Switches(repeat_authorize="first"))
    first = client.authorize().body
    assert client.authorize().body == first
    assert len(client.model.holds()) == 1
    assert client.authorize(amount=3).body["orderID"] != first["orderID"]
    assert client.authorize(externalCartID="other").body["orderID"] != first["orderID"]
    other_card = {"paymentMethod__cardNumber": "4242424242424242"}
    assert client.authorize(**other_card).body["orderID"] != first["orderID"]
    client.model.expire(first["orderID"])
    assert client.authorize().body["orderID"] != first["orderID"]
    assert client.model.unbalanced() == ()


# Latin1 and entities


def test_a_character_beyond_latin1_counts_as_its_entity(connect) -> None:
    client = connect()
    assert client.authorize(externalCartID="é" * 255).status == 200
    assert client.authorize(externalCartID="€" * 36).status == 200  # "&#8364;" is seven
    assert client.authorize(externalCartID="€" * 37).problem == (400, 5015, "externalCartID")
    assert client.model.holds("&#8364;" * 36)
    raw = connect(switches=Switches(entities_count=False))
    assert raw.authorize(externalCartID="€" * 255).status == 200
    assert raw.model.holds("€" * 255)


def test_an_error_body_may_be_bare(connect) -> None:
    client = connect(switches=Switches(error_body="bare"))
    answer = client.authorize(amount=-1)
    assert answer.status == 400
    assert answer.body.keys() == {"message"}


def test_an_error_has_a_code_its_name_a_text_and_the_field(client) -> None:
    assert client.authorize(amount=-1).body == {
        "code": 5015,
        "name": "INVALID_REQUEST_DATA",
        "message": "amount must not be below 0.",
        "field": "amount",
    }

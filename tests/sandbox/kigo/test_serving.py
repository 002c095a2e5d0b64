"""The same world over a socket, at the paths the provider owns."""

from __future__ import annotations

import httpx

from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel


def test_the_whole_way_from_a_session_to_the_wallet_over_http() -> None:
    model = KigoModel()
    tenant = model.tenants()["kigo"]
    with serve(sandbox_app(SpendgoModel(), model)) as url, httpx.Client(base_url=url) as http:
        credentials = {name: tenant[name] for name in ("api_key", "partner_id")}
        token = http.post("/api/v1/auth/sessions", json=credentials).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        path = f"/api/v1/products/{tenant['products'][0]['product_id']}/claim-codes"
        order = http.post(path, json={"external_order_id": "ord-1"}).json()
        assert http.post(path, json={"external_order_id": "ord-1"}).json() == order
        sso = http.post("/api/v1/accounts/sso-sessions", json={"external_user_id": "u", "is_single_use": True}).json()
        wallet = http.patch("/sso/sessions/api/accounts", json=sso).json()
        bearer = {"Authorization": f"Bearer {wallet['account_space_api_session_token']}"}
        code = order["claim_code"]
        assert http.get(f"/api/v1/claim-codes/{code}/tokens", headers=bearer).status_code == 200
        assert http.post(f"/api/v1/claim-codes/{code}/claims", headers=bearer).status_code == 200
        assert http.post(f"/api/v1/claim-codes/{code}/claims", headers=bearer).status_code == 409
    assert model.wallet("u") == ("sandbox-product-coffee",)
    assert model.unbalanced() == ()

"""Behind the real server: the path arrives as it was written on the wire."""

from __future__ import annotations

import httpx

from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.serve import serve


def test_an_escaped_id_survives_the_server(client) -> None:
    auth = httpx.BasicAuth("sandbox-sessionm-key", "sandbox-sessionm-secret")
    path = "/priv/v1/apps/sandbox-sessionm-key/external/users/crm%2F4711%40acme%20eu/offers/1/orders"
    with serve(sandbox_app(client.model)) as url, httpx.Client(base_url=url, auth=auth) as http:
        created = http.post(path, json={"order": {"external_id": "r/1 @x"}})
        assert (created.status_code, created.json()["status"]) == (200, "ok")
        approved = http.put(
            "/priv/v1/apps/sandbox-sessionm-key/external/orders/r%2F1%20%40x", json={"order": {"status": "approved"}}
        )
        assert approved.json()["order"]["status"] == "approved"
        assert http.get("/priv/v1/apps/sandbox-sessionm-key/offers", auth=("x", "y")).status_code == 401
    assert client.model.states("r/1 @x") == ("pending_approval", "approved")

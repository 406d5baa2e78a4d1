"""Every operation of the first slice through the official SDK, good and bad, strictly validated.

Run by tests/api/sdk.rs, which sets CLOUDFLARE_BASE_URL and CLOUDFLARE_API_TOKEN. Prints {"done": true} at its end.
"""

import json

import cloudflare
from cloudflare import Cloudflare

client = Cloudflare(_strict_response_validation=True, max_retries=0)


def refused(error, code, call, *args, **kwargs):
    """Asserts that a call fails with this class of error and this code of the API."""
    try:
        call(*args, **kwargs)
    except error as failure:
        codes = [item["code"] for item in failure.body["errors"]]
        assert codes == [code], (codes, code, failure.body)
        return failure
    raise AssertionError(f"{call} was not refused")


# Token and account.
token = client.user.tokens.verify()
assert token is not None and token.status == "active"
accounts = list(client.accounts.list())
assert len(accounts) == 1
account = client.accounts.get(account_id=accounts[0].id)
assert account.id == accounts[0].id

# Zones.
zone = client.zones.create(account={"id": account.id}, name="saasprovider.com", type="full")
assert zone.status == "active" and zone.type == "full" and zone.plan is not None
assert client.zones.get(zone_id=zone.id).name == "saasprovider.com"
assert [z.id for z in client.zones.list()] == [zone.id]
assert [z.id for z in client.zones.list(name="nothing.com")] == []
assert client.zones.edit(zone_id=zone.id, type="partial").type == "partial"
refused(cloudflare.BadRequestError, 1061, client.zones.create, account={"id": account.id}, name="saasprovider.com")
refused(cloudflare.PermissionDeniedError, 9109, client.zones.get, zone_id="0" * 32)
refused(cloudflare.NotFoundError, 7003, client.zones.get, zone_id="nonsense")

# Fallback origin.
origin = client.custom_hostnames.fallback_origin
refused(cloudflare.NotFoundError, 1551, origin.get, zone_id=zone.id)
assert origin.update(zone_id=zone.id, origin="origin.saasprovider.com").status == "active"
assert origin.get(zone_id=zone.id).origin == "origin.saasprovider.com"
refused(cloudflare.BadRequestError, 1415, origin.update, zone_id=zone.id, origin="192.0.2.1")

# Delegation.
uuid = client.dcv_delegation.get(zone_id=zone.id).uuid
assert len(uuid) == 16

# Custom hostnames.
hostnames = client.custom_hostnames
made = {}
for name, ssl in {
    "plain.customer.com": None,
    "http.customer.com": {"type": "dv", "method": "http"},
    "txt.customer.com": {"type": "dv", "method": "txt", "certificate_authority": "google"},
    "wild.customer.com": {
        "type": "dv",
        "method": "txt",
        "wildcard": True,
        "bundle_method": "force",
        "settings": {
            "min_tls_version": "1.2",
            "http2": "on",
            "tls_1_3": "on",
            "early_hints": "off",
            "ciphers": ["AES128-SHA"],
        },
    },
}.items():
    arguments = {"ssl": ssl} if ssl else {}
    one = hostnames.create(zone_id=zone.id, hostname=name, custom_metadata={"tenant": name}, **arguments)
    assert one.hostname == name and one.status == "pending", one
    assert one.ownership_verification.name == f"_cf-custom-hostname.{name}"
    assert one.ownership_verification_http.http_body == one.ownership_verification.value
    assert one.custom_metadata == {"tenant": name}
    made[name] = one
assert made["plain.customer.com"].ssl is None
wild = made["wild.customer.com"]
assert wild.ssl.wildcard and wild.ssl.settings.ciphers == ["AES128-SHA"]
assert wild.ssl.dcv_delegation_records[0].cname_target.startswith(f"wild.customer.com.{uuid}.")
assert made["txt.customer.com"].ssl.certificate_authority == "google"

# Reading: one, all pages, filters.
assert hostnames.get(made["txt.customer.com"].id, zone_id=zone.id).hostname == "txt.customer.com"
assert [h.hostname for h in hostnames.list(zone_id=zone.id, per_page=1)] == list(made)
assert [h.hostname for h in hostnames.list(zone_id=zone.id, hostname={"contain": "wild"})] == ["wild.customer.com"]
assert [h.hostname for h in hostnames.list(zone_id=zone.id, ssl=0)] == ["plain.customer.com"]
assert [h.hostname for h in hostnames.list(zone_id=zone.id, wildcard=True)] == ["wild.customer.com"]

# Editing.
http = made["http.customer.com"]
edited = hostnames.edit(http.id, zone_id=zone.id, custom_origin_server="other.saasprovider.com")
assert edited.custom_origin_server == "other.saasprovider.com"
edited = hostnames.edit(http.id, zone_id=zone.id, ssl={"type": "dv", "method": "txt"})
assert edited.ssl.method == "txt" and edited.ownership_verification.value == http.ownership_verification.value
edited = hostnames.edit(wild.id, zone_id=zone.id, ssl={"settings": {"http2": "off"}})
assert edited.ssl.settings.http2 == "off" and edited.ssl.settings.min_tls_version == "1.2"
plain = made["plain.customer.com"]
assert hostnames.edit(plain.id, zone_id=zone.id, ssl={"type": "dv", "method": "http"}).ssl.method == "http"

# Bad input.
for name, code in {
    "192.0.2.1": 1407,
    "a" * 260 + ".com": 1407,
    "münchen.de": 1408,
    "app.test": 1409,
    "co.uk": 1410,
    "app.example.com": 1411,
    "*.customer.com": 1448,
}.items():
    refused(cloudflare.BadRequestError, code, hostnames.create, zone_id=zone.id, hostname=name)
duplicate = refused(cloudflare.ConflictError, 1406, hostnames.create, zone_id=zone.id, hostname="txt.customer.com")
assert made["txt.customer.com"].id in duplicate.body["errors"][0]["message"]
for ssl, code in [
    ({"type": "dv", "method": "http", "wildcard": True}, 1434),
    ({"method": "http"}, 1440),
    ({"type": "dv", "method": "carrier-pigeon"}, 1432),
    ({"type": "ev", "method": "txt"}, 1433),
    ({"type": "dv", "method": "txt", "settings": {"min_tls_version": "1.3", "ciphers": ["AES128-SHA"]}}, 1443),
]:
    refused(cloudflare.BadRequestError, code, hostnames.create, zone_id=zone.id, hostname="new.customer.com", ssl=ssl)
refused(cloudflare.BadRequestError, 1435, hostnames.get, "nonsense", zone_id=zone.id)
refused(cloudflare.NotFoundError, 1436, hostnames.get, "0d89c70d-ad9f-4843-b99f-6cc0252067e9", zone_id=zone.id)
stranger = client.with_options(api_token="0" * 40)
refused(cloudflare.PermissionDeniedError, 9109, stranger.custom_hostnames.get, wild.id, zone_id=zone.id)

# Deleting.
for one in made.values():
    assert hostnames.delete(one.id, zone_id=zone.id).id == one.id
refused(cloudflare.NotFoundError, 1436, hostnames.get, wild.id, zone_id=zone.id)
assert list(hostnames.list(zone_id=zone.id)) == []
assert origin.delete(zone_id=zone.id).origin == "origin.saasprovider.com"
refused(cloudflare.NotFoundError, 1551, origin.get, zone_id=zone.id)
assert client.zones.delete(zone_id=zone.id).id == zone.id

print(json.dumps({"done": True}))

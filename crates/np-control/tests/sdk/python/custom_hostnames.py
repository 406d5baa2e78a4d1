"""Custom hostnames, their quota and the zone's part of delegation targets."""

from cloudflare import NOT_GIVEN
from shared import IS_4, BadRequest, Conflict, Denied, NO_UUID, NotFound, client, done, new_zone, refused, stranger



def contains(part):
    """The filter for names with this part; in the SDK 4.x the parameter is a name."""
    return {"extra_query": {"hostname.contain": part}} if IS_4 else {"hostname": {"contain": part}}


zone = new_zone()
refused(Denied, 9109, stranger.dcv_delegation.get, zone_id=zone.id)
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
    # The SDK 4.x knows no hostname without a certificate, in questions and in answers.
    ssl = ssl or ({"type": "dv", "method": "http"} if IS_4 else NOT_GIVEN)
    one = hostnames.create(zone_id=zone.id, hostname=name, custom_metadata={"tenant": name}, ssl=ssl)
    assert one.hostname == name and one.status == "pending", one
    assert one.ownership_verification.name == f"_cf-custom-hostname.{name}"
    assert one.ownership_verification_http.http_body == one.ownership_verification.value
    assert one.custom_metadata == {"tenant": name}
    made[name] = one
assert IS_4 or made["plain.customer.com"].ssl is None
wild = made["wild.customer.com"]
assert wild.ssl.wildcard and wild.ssl.settings.ciphers == ["AES128-SHA"]
assert IS_4 or wild.ssl.dcv_delegation_records[0].cname_target.startswith(f"wild.customer.com.{uuid}.")
assert made["txt.customer.com"].ssl.certificate_authority == "google"

# What only some CAs do is refused where the CA does not, with what it does. The SDK's types of answers do not know "cname".
raw = hostnames.with_raw_response
for method in ("email", "cname"):
    ssl = {"type": "dv", "method": method}
    refused(BadRequest, 1432, hostnames.create, zone_id=zone.id, hostname=f"{method}.customer.com", ssl=ssl)
    more = {**ssl, "certificate_authority": "google", "wildcard": True}
    one = raw.create(zone_id=zone.id, hostname=f"{method}.customer.com", ssl=more).http_response.json()["result"]
    assert one["ssl"]["method"] == method and one["ssl"]["wildcard"], one
    again = raw.edit(one["id"], zone_id=zone.id, ssl={"type": "dv", "method": method}).http_response.json()["result"]
    assert again["ssl"]["method"] == method
    hostnames.delete(one["id"], zone_id=zone.id)

# Reading: one, all pages, filters.
assert hostnames.get(made["txt.customer.com"].id, zone_id=zone.id).hostname == "txt.customer.com"
assert [h.hostname for h in hostnames.list(zone_id=zone.id, per_page=1)] == list(made)
assert [h.hostname for h in hostnames.list(zone_id=zone.id, **contains("wild"))] == ["wild.customer.com"]
assert IS_4 or [h.hostname for h in hostnames.list(zone_id=zone.id, ssl=0)] == ["plain.customer.com"]
# The SDK 4.x has no parameter for it.
more = {"extra_query": {"wildcard": True}} if IS_4 else {"wildcard": True}
assert [h.hostname for h in hostnames.list(zone_id=zone.id, **more)] == ["wild.customer.com"]

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
    refused(BadRequest, code, hostnames.create, zone_id=zone.id, hostname=name, ssl=NOT_GIVEN)
duplicate = refused(Conflict, 1406, hostnames.create, zone_id=zone.id, hostname="txt.customer.com", ssl=NOT_GIVEN)
assert made["txt.customer.com"].id in duplicate.body["errors"][0]["message"]
for ssl, code in [
    ({"type": "dv", "method": "http", "wildcard": True}, 1434),
    ({"method": "http"}, 1440),
    ({"type": "dv", "method": "carrier-pigeon"}, 1432),
    ({"type": "ev", "method": "txt"}, 1433),
    ({"type": "dv", "method": "txt", "settings": {"min_tls_version": "1.3", "ciphers": ["AES128-SHA"]}}, 1443),
]:
    refused(BadRequest, code, hostnames.create, zone_id=zone.id, hostname="new.customer.com", ssl=ssl)
refused(BadRequest, 1435, hostnames.get, "nonsense", zone_id=zone.id)
refused(NotFound, 1436, hostnames.get, NO_UUID, zone_id=zone.id)
refused(NotFound, 1436, hostnames.edit, NO_UUID, zone_id=zone.id)
refused(NotFound, 1436, hostnames.delete, NO_UUID, zone_id=zone.id)
refused(BadRequest, 1438, lambda: list(hostnames.list(zone_id=zone.id, id=wild.id, **contains("x"))))
refused(Denied, 9109, stranger.custom_hostnames.get, wild.id, zone_id=zone.id)

# Deleting.
for one in made.values():
    assert hostnames.delete(one.id, zone_id=zone.id).id == one.id
refused(NotFound, 1436, hostnames.get, wild.id, zone_id=zone.id)
assert list(hostnames.list(zone_id=zone.id)) == []
done()

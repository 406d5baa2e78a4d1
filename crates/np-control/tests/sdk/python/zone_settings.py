"""Settings of zones. The SDK has no call for all of them at once."""

from shared import BadRequest, Denied, IS_4, NO_ID, client, done, new_zone, refused

zone = new_zone()
settings = client.zones.settings
values = {
    "always_use_https": "on",
    "ciphers": ["ECDHE-RSA-AES128-GCM-SHA256"],
    "early_hints": "on",
    "http2": "off",
    "min_tls_version": "1.1",
    "ssl": "strict",
    "tls_1_3": "off",
}
for name, value in values.items():
    assert settings.get(name, zone_id=zone.id).modified_on is None, name
    made = settings.edit(name, zone_id=zone.id, value=value)
    assert (made.id, made.value) == (name, value), made
    assert settings.get(name, zone_id=zone.id).value == value
hsts = {"enabled": True, "max_age": 86400, "include_subdomains": True, "preload": False, "nosniff": True}
made = settings.edit("security_header", zone_id=zone.id, value={"strict_transport_security": hsts})
assert made.value.strict_transport_security.max_age == 86400

refused(BadRequest, 10002, settings.edit, "ssl", zone_id=zone.id, value="off")
refused(BadRequest, 10002, settings.get, "rocket_loader", zone_id=zone.id)
refused(Denied, 9109, settings.get, "ssl", zone_id=NO_ID)

path = f"/zones/{zone.id}/settings"
every = client.get(path, cast_to=object)["result"]
assert {item["id"]: item["value"] for item in every}["ssl"] == "strict"
items = [{"id": "http2", "value": "on"}, {"id": "ssl", "value": None}]
every = client.patch(path, cast_to=object, body={"items": items})["result"]
assert {item["id"]: item["value"] for item in every}["ssl"] == "flexible"
refused(Denied, 9109, client.get, f"/zones/{NO_ID}/settings", cast_to=object)
refused(BadRequest, 10002, client.patch, path, cast_to=object, body={"items": [{"id": "x", "value": "on"}]})
done()

"""API tokens of the user and of accounts, and the permissions that they can be given."""

from shared import IS_4, NO_ID, BadRequest, Denied, NotFound, account, client, done, new_zone, refused, stranger

zone = new_zone()
HERE = {"account_id": account().id}
NOWHERE = {"account_id": NO_ID}
# What the SDK 4.x wants said besides.
ROLL = {"body": {}} if IS_4 else {}
STATUS = {"status": "active"} if IS_4 else {}
RESOURCES = {f"com.cloudflare.api.account.zone.{zone.id}": "*"}

for tokens, place in ((client.user.tokens, {}), (client.accounts.tokens, HERE)):
    groups = {group.name: group.id for group in tokens.permission_groups.list(**place)}
    policy = {
        "effect": "allow",
        "permission_groups": [{"id": groups["Zone Read"]}, {"id": groups["DNS Write"]}],
        "resources": RESOURCES,
    }
    wanted = {"name": "deploy", "policies": [policy], **place}
    made = tokens.create(**wanted, expires_on="2027-01-01T00:00:00Z")
    assert made.value and made.status == "active", made
    theirs = client.with_options(api_token=made.value)
    assert theirs.zones.get(zone_id=zone.id).id == zone.id
    refused(Denied, 10000, theirs.zones.delete, zone_id=zone.id)

    assert tokens.get(made.id, **place).name == "deploy"
    assert made.id in [token.id for token in tokens.list(**place)]
    bound = {"condition": {"request_ip": {"in": ["192.0.2.0/24"]}}}
    renamed = tokens.update(made.id, **{**wanted, **bound, **STATUS, "name": "renamed"})
    assert renamed.name == "renamed" and renamed.condition.request_ip.in_ == ["192.0.2.0/24"], renamed
    refused(Denied, 9109, theirs.zones.get, zone_id=zone.id)
    rolled = tokens.value.update(made.id, **ROLL, **place)
    assert rolled and rolled != made.value
    refused(Denied, 9109, theirs.zones.get, zone_id=zone.id)

    refused(BadRequest, 1610, tokens.create, **{**wanted, "policies": []})
    refused(NotFound, 1611, tokens.get, NO_ID, **place)
    refused(NotFound, 1611, tokens.update, NO_ID, **wanted, **STATUS)
    refused(NotFound, 1611, tokens.value.update, NO_ID, **ROLL, **place)
    refused(NotFound, 1611, tokens.delete, NO_ID, **place)
    assert tokens.delete(made.id, **place).id == made.id
    refused(NotFound, 1611, tokens.get, made.id, **place)

refused(Denied, 9109, lambda: list(stranger.user.tokens.list()))
refused(Denied, 9109, lambda: list(stranger.user.tokens.permission_groups.list()))
refused(Denied, 9109, lambda: list(client.accounts.tokens.list(**NOWHERE)))
refused(Denied, 9109, lambda: list(client.accounts.tokens.permission_groups.list(**NOWHERE)))
assert client.accounts.tokens.verify(**HERE).status == "active"
refused(Denied, 9109, client.accounts.tokens.verify, **NOWHERE)
done()

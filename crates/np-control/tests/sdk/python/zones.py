"""Zones."""

from shared import BadRequest, Denied, NO_ID, NotFound, account, client, done, new_zone, refused, stranger

zone = new_zone()
assert zone.status == "active" and zone.type == "full" and zone.plan is not None
assert client.zones.get(zone_id=zone.id).name == "saasprovider.com"
assert [z.id for z in client.zones.list()] == [zone.id]
assert [z.id for z in client.zones.list(name="nothing.com")] == []
assert client.zones.edit(zone_id=zone.id, type="partial").type == "partial"

refused(BadRequest, 1061, client.zones.create, account={"id": account().id}, name="saasprovider.com")
refused(BadRequest, 1049, client.zones.create, account={"id": account().id}, name="192.0.2.1")
refused(Denied, 9109, client.zones.get, zone_id=NO_ID)
refused(NotFound, 7003, client.zones.get, zone_id="nonsense")
refused(BadRequest, 10002, client.zones.edit, zone_id=zone.id, type="internal")
refused(BadRequest, 10002, lambda: list(client.zones.list(page=-1)))
refused(Denied, 9109, stranger.zones.delete, zone_id=zone.id)

refused(Denied, 9109, client.zones.activation_check.trigger, zone_id=NO_ID)
assert client.zones.activation_check.trigger(zone_id=zone.id).id == zone.id

assert client.zones.delete(zone_id=zone.id).id == zone.id
refused(Denied, 9109, client.zones.get, zone_id=zone.id)
done()

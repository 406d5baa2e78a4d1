"""The fallback origin of a zone."""

from shared import BadRequest, NotFound, client, done, new_zone, refused

zone = new_zone()
origin = client.custom_hostnames.fallback_origin
refused(NotFound, 1551, origin.get, zone_id=zone.id)
assert origin.update(zone_id=zone.id, origin="origin.saasprovider.com").status == "active"
assert origin.get(zone_id=zone.id).origin == "origin.saasprovider.com"
refused(BadRequest, 1415, origin.update, zone_id=zone.id, origin="192.0.2.1")
assert origin.delete(zone_id=zone.id).origin == "origin.saasprovider.com"
refused(NotFound, 1551, origin.delete, zone_id=zone.id)
done()

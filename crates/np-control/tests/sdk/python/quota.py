"""How many custom hostnames there may be: an operation that the SDK 4.x lacks."""

from shared import IS_4, client, Denied, NO_ID, done, new_zone, refused

if not IS_4:
    zone = new_zone()
    client.custom_hostnames.create(zone_id=zone.id, hostname="app.customer.com")
    assert client.custom_hostnames.quota.get(zone_id=zone.id).used == 1
    refused(Denied, 9109, client.custom_hostnames.quota.get, zone_id=NO_ID)
done()

# Deletes what create.py made.
import json

from cloudflare import Cloudflare

client = Cloudflare(_strict_response_validation=True, max_retries=0)
[zone] = client.zones.list(name="secondprovider.com")
[hostname] = client.custom_hostnames.list(zone_id=zone.id)
assert client.custom_hostnames.delete(hostname.id, zone_id=zone.id).id == hostname.id
listed = [hostname.hostname for hostname in client.custom_hostnames.list(zone_id=zone.id)]
print(json.dumps({"listed": listed}))

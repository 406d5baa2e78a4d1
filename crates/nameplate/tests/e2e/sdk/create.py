# A zone, its fallback origin and a hostname through the official SDK, polled until it is active, edited and listed.
# ORIGIN_PORT is set above.
import json
import time

from cloudflare import Cloudflare

client = Cloudflare(_strict_response_validation=True, max_retries=0)
[account] = client.accounts.list()
zone = client.zones.create(account={"id": account.id}, name="secondprovider.com", type="full")
origin = client.custom_hostnames.fallback_origin
origin.update(zone_id=zone.id, origin=f"origin.saasprovider.com:{ORIGIN_PORT}")

hostnames = client.custom_hostnames
made = hostnames.create(zone_id=zone.id, hostname="app.customer.com", ssl={"type": "dv", "method": "http"})
deadline = time.monotonic() + 90
while True:
    seen = hostnames.get(made.id, zone_id=zone.id)
    if (seen.status, seen.ssl.status) == ("active", "active") or time.monotonic() > deadline:
        break
    time.sleep(0.1)
edited = hostnames.edit(made.id, zone_id=zone.id, custom_metadata={"tenant": "one"})
assert edited.custom_metadata == {"tenant": "one"}, edited
listed = [hostname.hostname for hostname in hostnames.list(zone_id=zone.id)]
print(json.dumps({"listed": listed, "status": seen.status, "ssl": seen.ssl.status}))

"""Uploaded certificates: a bundle, its single certificates, requests that they are for, and what an upload would come to."""

import json
import os

from shared import NO_ID, NO_UUID, BadRequest, Denied, NotFound, client, done, new_zone, refused

with open(os.environ["NAMEPLATE_CERTIFICATES"], encoding="utf-8") as file:
    RSA, ECDSA, OTHER_RSA, ALIEN = map(json.load(file).get, ("rsa", "ecdsa", "other_rsa", "alien"))

zone = new_zone()
hostnames, certificates = client.custom_hostnames, client.custom_hostnames.certificate_pack.certificates
one = hostnames.create(zone_id=zone.id, hostname="app.customer.com", ssl={"custom_cert_bundle": [RSA, ECDSA]})
assert one.ssl.status == "holding_deployment", one
rsa, ecdsa = (certificate["id"] for certificate in one.ssl.certificates)

place = {"zone_id": zone.id, "custom_hostname_id": one.id, "certificate_pack_id": one.ssl.id}
replaced = certificates.update(rsa, **place, **OTHER_RSA)
assert replaced.id == one.id, replaced
new, kept = (certificate["id"] for certificate in replaced.ssl.certificates)
assert (new != rsa, kept) == (True, ecdsa)
refused(BadRequest, 1434, certificates.update, new, **place, **ECDSA)
refused(BadRequest, 1429, certificates.update, new, **place, **{**OTHER_RSA, "custom_key": ECDSA["custom_key"]})
refused(NotFound, 1552, certificates.update, NO_UUID, **place, **OTHER_RSA)
refused(NotFound, 1552, certificates.delete, NO_UUID, **place)
assert certificates.delete(new, **place).id == new
refused(BadRequest, 1434, certificates.delete, ecdsa, **place)

# To a managed one and back.
managed = hostnames.edit(one.id, zone_id=zone.id, ssl={"type": "dv", "method": "txt"})
assert managed.ssl.method == "txt", managed
again = hostnames.edit(one.id, zone_id=zone.id, ssl={**RSA, "bundle_method": "force"})
assert again.ssl.bundle_method == "force" and again.ssl.hosts == ["app.customer.com"], again
refused(BadRequest, 1446, hostnames.edit, one.id, zone_id=zone.id, ssl=ALIEN)
refused(BadRequest, 1426, hostnames.edit, one.id, zone_id=zone.id, ssl={**RSA, "custom_certificate": "x"})
refused(BadRequest, 1430, hostnames.edit, one.id, zone_id=zone.id,
        ssl={"custom_certificate": RSA["custom_certificate"], "custom_csr_id": "x"})

analyze = client.ssl.analyze
found = analyze.create(zone_id=zone.id, certificate=RSA["custom_certificate"], bundle_method="ubiquitous")
assert found["hosts"] == ["app.customer.com"], found
refused(BadRequest, 1426, analyze.create, zone_id=zone.id, certificate="x")
refused(Denied, 9109, analyze.create, zone_id=NO_ID, certificate="x")
done()

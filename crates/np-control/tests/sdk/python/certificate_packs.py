"""Certificate packs of a zone's own hosts, their verification, the universal certificate and the recommendation."""

from shared import IS_4, NO_ID, NO_UUID, BadRequest, Denied, NotFound, client, done, new_zone, refused

zone = new_zone()
packs, verification, universal = client.ssl.certificate_packs, client.ssl.verification, client.ssl.universal.settings
ORDER = {
    "zone_id": zone.id,
    "type": "advanced",
    "hosts": ["saasprovider.com", "*.saasprovider.com"],
    "validation_method": "txt",
    "validity_days": 90,
    "certificate_authority": "lets_encrypt",
}

pack = packs.create(**ORDER)
assert pack.status == "initializing" and pack.type == "advanced" and pack.hosts == ORDER["hosts"], pack
assert packs.quota.get(zone_id=zone.id).advanced.used == 1
refused(Denied, 9109, packs.quota.get, zone_id=NO_ID)
refused(BadRequest, 1603, packs.create, **{**ORDER, "hosts": ["www.saasprovider.com"]})
refused(BadRequest, 1604, packs.create, **{**ORDER, "validity_days": 365})
refused(BadRequest, 1434, packs.create, **{**ORDER, "validation_method": "http"})

assert list(packs.list(zone_id=zone.id)) == []
listed = list(packs.list(zone_id=zone.id, status="all"))
assert len(listed) == 1
if not IS_4:
    assert listed[0].id == pack.id and listed[0].primary_certificate == "0"
    assert packs.get(pack.id, zone_id=zone.id).created_on is not None
    refused(BadRequest, 10002, lambda: list(packs.list(zone_id=zone.id, deploy="moon")))
packs.get(pack.id, zone_id=zone.id)
refused(Denied, 9109, lambda: list(packs.list(zone_id=NO_ID)))
refused(NotFound, 1602, packs.get, NO_UUID, zone_id=zone.id)
refused(BadRequest, 1601, packs.get, "nonsense", zone_id=zone.id)
assert packs.edit(pack.id, zone_id=zone.id, cloudflare_branding=True).cloudflare_branding
refused(NotFound, 1602, packs.edit, NO_UUID, zone_id=zone.id)

shown = verification.get(zone_id=zone.id, retry=True)
assert len(shown) == 1 and shown[0].cert_pack_uuid == pack.id and shown[0].certificate_status == "initializing"
refused(Denied, 9109, verification.get, zone_id=NO_ID)
again = verification.edit(pack.id, zone_id=zone.id, validation_method="txt")
assert again.validation_method == "txt", again
refused(BadRequest, 1432, verification.edit, pack.id, zone_id=zone.id, validation_method="email")
refused(NotFound, 1602, verification.edit, NO_UUID, zone_id=zone.id, validation_method="txt")

assert universal.get(zone_id=zone.id).enabled is False
assert universal.edit(zone_id=zone.id, enabled=True).enabled is True
assert universal.edit(zone_id=zone.id, enabled=False).enabled is False
refused(Denied, 9109, universal.get, zone_id=NO_ID)
refused(Denied, 9109, universal.edit, zone_id=NO_ID, enabled=True)

if not IS_4:
    assert client.ssl.recommendations.get(zone_id=zone.id).value == "custom"
    refused(Denied, 9109, client.ssl.recommendations.get, zone_id=NO_ID)

packs.delete(pack.id, zone_id=zone.id)
refused(NotFound, 1602, packs.delete, pack.id, zone_id=zone.id)
done()

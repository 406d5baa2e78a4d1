"""Certificate signing requests of zones and of accounts, which the SDK 4.x lacks."""

from shared import IS_4, NO_ID, NO_UUID, BadRequest, Denied, NotFound, account, client, done, new_zone, refused

SUBJECT = {
    "common_name": "app.customer.com",
    "country": "US",
    "locality": "San Francisco",
    "organization": "Customer",
    "sans": ["app.customer.com"],
    "state": "California",
}

if not IS_4:
    zone = new_zone()
    csrs = client.custom_csrs
    for place in ({"zone_id": zone.id}, {"account_id": account().id}):
        made = csrs.create(**SUBJECT, **place, key_type="p256v1", name="one")
        assert made.csr.startswith("-----BEGIN CERTIFICATE REQUEST-----"), made
        assert csrs.get(made.id, **place).common_name == "app.customer.com"
        assert [csr.id for csr in csrs.list(**place)] == [made.id]
        refused(BadRequest, 1411, csrs.create, **{**SUBJECT, "sans": []}, **place)
        refused(NotFound, 1419, csrs.get, NO_UUID, **place)
        refused(NotFound, 1419, csrs.delete, NO_UUID, **place)
        nowhere = {name: NO_ID for name in place}
        refused(Denied, 9109, lambda: list(csrs.list(**nowhere)))
        csrs.delete(made.id, **place)
        assert list(csrs.list(**place)) == []
done()

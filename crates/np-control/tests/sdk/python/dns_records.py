"""DNS records of every type, as the SDK sends and reads them."""

from shared import IS_4, BadRequest, Denied, NO_ID, NotFound, client, done, new_zone, refused, stranger

zone = new_zone()
records = client.dns.records

EVERY = {
    "A": {"content": "192.0.2.1"},
    "AAAA": {"content": "2001:db8::1"},
    "CAA": {"data": {"flags": 0, "tag": "issue", "value": "ca.net"}},
    "CERT": {"data": {"type": 1, "key_tag": 2, "algorithm": 8, "certificate": "AAEC"}},
    "CNAME": {"content": "a.net"},
    "DNSKEY": {"data": {"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AAEC"}},
    "DS": {"data": {"key_tag": 1, "algorithm": 8, "digest_type": 2, "digest": "ab"}},
    "HTTPS": {"data": {"priority": 1, "target": ".", "value": 'alpn="h3,h2"'}},
    "LOC": {"data": {"lat_degrees": 52, "lat_direction": "N", "long_degrees": 4, "long_direction": "E", "altitude": 2.5}},
    "MX": {"content": "mail.a.net", "priority": 10},
    "NAPTR": {"data": {"order": 1, "preference": 2, "flags": "s", "service": "x", "regex": "", "replacement": "a.net"}},
    "NS": {"content": "ns.a.net"},
    "OPENPGPKEY": {"content": "AAEC"},
    "PTR": {"content": "a.net"},
    "SMIMEA": {"data": {"usage": 3, "selector": 1, "matching_type": 1, "certificate": "ab"}},
    "SRV": {"data": {"priority": 1, "weight": 2, "port": 443, "target": "a.net"}},
    "SSHFP": {"data": {"algorithm": 4, "type": 2, "fingerprint": "ab"}},
    "SVCB": {"data": {"priority": 1, "target": "a.net", "value": "port=853"}},
    "TLSA": {"data": {"usage": 3, "selector": 1, "matching_type": 1, "certificate": "ab"}},
    "TXT": {"content": "v=1; text"},
    "URI": {"data": {"weight": 1, "target": "https://a.net/"}, "priority": 10},
}

for kind, fields in EVERY.items():
    name = f"{kind.lower()}.saasprovider.com"
    made = records.create(zone_id=zone.id, type=kind, name=name, ttl=1, comment="c", tags=["k:v"], **fields)
    assert (made.type, made.name, made.ttl) == (kind, name, 1), made
    assert records.get(made.id, zone_id=zone.id) == made
    changed = records.edit(made.id, zone_id=zone.id, type=kind, name=name, ttl=120, **fields)
    assert changed.ttl == 120 and changed.comment == "c", changed
    changed = records.update(made.id, zone_id=zone.id, type=kind, name=name, ttl=1, **fields)
    assert changed.ttl == 1 and not changed.comment, changed

assert len(list(records.list(zone_id=zone.id, per_page=5))) == len(EVERY)
assert [r.type for r in records.list(zone_id=zone.id, name={"exact": "txt.saasprovider.com"})] == ["TXT"]
assert [r.type for r in records.list(zone_id=zone.id, type="MX", order="name", direction="desc")] == ["MX"]

file = records.export(zone_id=zone.id)
assert "a.saasprovider.com." in file, file
added = records.import_(zone_id=zone.id, file=file, proxied="false")
assert (added.recs_added, added.total_records_parsed) == (0, len(EVERY)), added

first = next(iter(records.list(zone_id=zone.id, type="A")))
batch = records.batch(
    zone_id=zone.id,
    deletes=[{"id": first.id}],
    posts=[{"type": "A", "name": "batch", "content": "192.0.2.9", "ttl": 1}],
)
assert [r.id for r in batch.deletes] == [first.id]
assert batch.posts[0].name == "batch.saasprovider.com"
made = batch.posts[0]

new = {"zone_id": zone.id, "type": "A", "name": "x", "ttl": 1}
refused(BadRequest, 9005, records.create, content="x", **new)
refused(BadRequest, 9021, records.create, **{**new, "ttl": 5, "content": "192.0.2.1"})
refused(BadRequest, 81058, records.create, zone_id=zone.id, type="A", name="batch", ttl=1, content="192.0.2.9")
refused(BadRequest, 81053, records.create, zone_id=zone.id, type="CNAME", name="batch", ttl=1, content="a.net")
refused(BadRequest, 10002, lambda: list(records.list(zone_id=zone.id, order="age")))
refused(NotFound, 81044, records.get, NO_ID, zone_id=zone.id)
refused(NotFound, 81044, records.delete, NO_ID, zone_id=zone.id)
refused(NotFound, 81044, records.edit, NO_ID, zone_id=zone.id, type="A", name="x", ttl=1)
refused(NotFound, 81044, records.update, NO_ID, zone_id=zone.id, type="A", name="x", ttl=1, content="192.0.2.1")
refused(NotFound, 81044, records.batch, zone_id=zone.id, deletes=[{"id": NO_ID}])
refused(BadRequest, 1553, records.import_, zone_id=zone.id, file="x NONE y")
refused(Denied, 9109, stranger.dns.records.export, zone_id=zone.id)

# Scans: nothing was found yet, because nobody looks here.
scanned = records.scan(zone_id=zone.id, **({"body": {}} if IS_4 else {}))
assert (scanned.recs_added, scanned.total_records_parsed) == (0, 0), scanned
refused(Denied, 9109, stranger.dns.records.scan, zone_id=zone.id, **({"body": {}} if IS_4 else {}))
if not IS_4:
    assert records.scan_trigger(zone_id=zone.id).success
    refused(Denied, 9109, records.scan_trigger, zone_id=NO_ID)
    assert list(records.scan_list(zone_id=zone.id)) == []
    refused(Denied, 9109, lambda: list(records.scan_list(zone_id=NO_ID)))
    found = {"type": "A", "name": "found", "content": "192.0.2.7", "ttl": 1}
    reviewed = records.scan_review(zone_id=zone.id, accepts=[found], rejects=[{"id": NO_ID}])
    assert [r.name for r in reviewed.accepts] == ["found.saasprovider.com"] and reviewed.rejects == [NO_ID], reviewed
    refused(BadRequest, 9005, records.scan_review, zone_id=zone.id, accepts=[{**found, "content": "x"}])

assert records.delete(made.id, zone_id=zone.id).id == made.id
refused(NotFound, 81044, records.get, made.id, zone_id=zone.id)
done()

"""What ACME clients do for dns-01: the calls of certbot-dns-cloudflare 5.8, which uses this SDK."""

import cloudflare

from shared import client, done, new_zone

zone = new_zone("provider.co.uk")
NAME = "_acme-challenge.app.provider.co.uk"


def find_zone(domain):
    """The zone of a name: the plugin guesses from the name upwards."""
    labels = domain.split(".")
    for guess in (".".join(labels[n:]) for n in range(len(labels))):
        found = next(iter(client.zones.list(name=guess, per_page=1)), None)
        if found:
            return found.id
    raise AssertionError(domain)


def find(zone_id, content):
    query = {"name": {"exact": NAME}, "content": {"exact": content}}
    found = next(iter(client.dns.records.list(zone_id=zone_id, type="TXT", per_page=1, **query)), None)
    return found and found.id


def add(content):
    zone_id = find_zone("app.provider.co.uk")
    try:
        client.dns.records.create(zone_id=zone_id, type="TXT", name=NAME, content=content, ttl=120)
    except cloudflare.APIStatusError as error:
        assert error.body["errors"][0]["code"] in (81057, 81058), error.body
    assert find(zone_id, content)


def remove(content):
    zone_id = find_zone("app.provider.co.uk")
    client.dns.records.delete(dns_record_id=find(zone_id, content), zone_id=zone_id)
    assert not find(zone_id, content)


# Two values at one name: the name and its wildcard. The second attempt finds the first one's record.
add("gfj9Xq-Rg85nM_first")
add("gfj9Xq-Rg85nM_first")
add('"gfj9Xq-Rg85nM_second"')
remove("gfj9Xq-Rg85nM_second")
assert find(zone.id, "gfj9Xq-Rg85nM_first")
remove('"gfj9Xq-Rg85nM_first"')
done()

"""Holds: the owner of a domain keeps other accounts from it."""

import datetime

from cloudflare import BadRequestError, NotFoundError, PermissionDeniedError

from shared import client, done, new_zone

zone = new_zone()
holds = client.zones.holds
NOBODY = "f" * 32


def fails(error, call, *args, **kwargs):
    """Asserts that a call is refused."""
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{call} was not refused")


assert holds.get(zone_id=zone.id).hold is False
begun = holds.create(zone_id=zone.id, include_subdomains=True)
assert (begun.hold, begun.include_subdomains) == (True, "true"), begun
assert holds.create(zone_id=zone.id).hold_after == begun.hold_after
edited = holds.edit(zone_id=zone.id, include_subdomains=False)
assert (edited.hold, edited.include_subdomains) == (True, "false"), edited
later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=36500)).isoformat()
resting = holds.delete(zone_id=zone.id, hold_after=later)
assert resting.hold is False and resting.hold_after is not None, resting
assert holds.edit(zone_id=zone.id, hold_after="").hold is True
assert holds.delete(zone_id=zone.id).hold is False
fails(BadRequestError, holds.edit, zone_id=zone.id, hold_after="tomorrow")
fails(BadRequestError, holds.delete, zone_id=zone.id, hold_after="tomorrow")
fails((NotFoundError, PermissionDeniedError), holds.get, zone_id=NOBODY)
fails((NotFoundError, PermissionDeniedError), holds.create, zone_id=NOBODY)
done()

// Holds: the owner of a domain keeps other accounts from it.

import { assert, client, keep, newZone } from './shared.js';

const TYPE = 'Cloudflare.Zones.ZoneHold';
const zone_id = await newZone();
const nobody = 'f'.repeat(32);
const holds = client.zones.holds;
assert.equal((await keep(TYPE, holds.get({ zone_id }))).hold, false);
const begun = await keep(TYPE, holds.create({ zone_id, include_subdomains: true }));
assert.equal(begun.hold, true);
assert.equal((await keep(TYPE, holds.edit({ zone_id, include_subdomains: false }))).include_subdomains, 'false');
assert.equal((await keep(TYPE, holds.delete({ zone_id }))).hold, false);
await assert.rejects(holds.edit({ zone_id, hold_after: 'tomorrow' }));
await assert.rejects(holds.delete({ zone_id, hold_after: 'tomorrow' }));
await assert.rejects(holds.get({ zone_id: nobody }));
await assert.rejects(holds.create({ zone_id: nobody }));

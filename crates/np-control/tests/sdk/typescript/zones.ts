// Zones.

import { NO_ID, account, assert, client, keep, keepAll, refused } from './shared.js';

const ZONE = 'Cloudflare.Zones.Zone';
const id = await account();
const zone = await keep(ZONE, client.zones.create({ account: { id }, name: 'saasprovider.com', type: 'full' }));
assert.equal(zone.status, 'active');
assert.equal((await keep(ZONE, client.zones.get({ zone_id: zone.id }))).name, 'saasprovider.com');
assert.equal((await keepAll(ZONE, client.zones.list())).length, 1);
assert.equal((await keepAll(ZONE, client.zones.list({ name: 'nothing.com' }))).length, 0);
assert.equal((await keep(ZONE, client.zones.edit({ zone_id: zone.id, type: 'partial' }))).type, 'partial');

await refused(400, 1061, client.zones.create({ account: { id }, name: 'saasprovider.com' }));
await refused(403, 9109, client.zones.get({ zone_id: NO_ID }));
await refused(404, 7003, client.zones.get({ zone_id: 'nonsense' }));
await refused(400, 10002, client.zones.edit({ zone_id: zone.id, type: 'internal' }));
await refused(400, 10002, client.zones.list({ page: -1 }));
await refused(403, 9109, client.zones.delete({ zone_id: NO_ID }));

await refused(403, 9109, client.zones.activationCheck.trigger({ zone_id: NO_ID }));
await keep('Cloudflare.Zones.ActivationCheckTriggerResponse', client.zones.activationCheck.trigger({ zone_id: zone.id }));

const gone = await keep('Cloudflare.Zones.ZoneDeleteResponse', client.zones.delete({ zone_id: zone.id }));
assert(gone);
assert.equal(gone.id, zone.id);

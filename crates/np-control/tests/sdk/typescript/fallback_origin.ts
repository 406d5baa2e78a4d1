// The fallback origin of a zone.

import { assert, client, keep, newZone, refused } from './shared.js';

const TYPE = 'Cloudflare.CustomHostnames.FallbackOrigin';
const zone_id = await newZone();
const origin = client.customHostnames.fallbackOrigin;
await refused(404, 1551, origin.get({ zone_id }));
const set = await keep(`${TYPE}UpdateResponse`, origin.update({ zone_id, origin: 'origin.saasprovider.com' }));
assert.equal(set.status, 'active');
assert.equal((await keep(`${TYPE}GetResponse`, origin.get({ zone_id }))).origin, 'origin.saasprovider.com');
await refused(400, 1415, origin.update({ zone_id, origin: '192.0.2.1' }));
await keep(`${TYPE}DeleteResponse`, origin.delete({ zone_id }));
await refused(404, 1551, origin.delete({ zone_id }));

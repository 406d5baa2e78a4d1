// Settings of zones. The SDK has no call for all of them at once.

import { assert, client, keep, newZone, refused } from './shared.js';

const TYPE = 'Cloudflare.Zones.Setting';
const zone_id = await newZone();
const settings = client.zones.settings;
const made = await keep(`${TYPE}EditResponse`, settings.edit('ssl', { zone_id, value: 'strict' }));
assert.equal((made as { value: unknown }).value, 'strict');
await keep(`${TYPE}GetResponse`, settings.get('min_tls_version', { zone_id }));
await keep(`${TYPE}GetResponse`, settings.get('ciphers', { zone_id }));
await refused(400, 10002, settings.edit('ssl', { zone_id, value: 'off' }));
await refused(403, 9109, settings.get('ssl', { zone_id: '0'.repeat(32) }));

const path = `/zones/${zone_id}/settings`;
await client.get(path);
await client.patch(path, { body: { items: [{ id: 'http2', value: 'on' }] } });
await refused(400, 10002, client.patch(path, { body: { items: [{ id: 'x', value: 'on' }] } }));
await refused(403, 9109, client.get(`/zones/${'0'.repeat(32)}/settings`));

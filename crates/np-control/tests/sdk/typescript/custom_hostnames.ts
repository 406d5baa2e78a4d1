// Custom hostnames, their quota and the zone's part of delegation targets.

import { NO_ID, NO_UUID, assert, client, keep, keepAll, newZone, refused } from './shared.js';

const TYPE = 'Cloudflare.CustomHostnames.CustomHostname';
const zone_id = await newZone();
const hostnames = client.customHostnames;

const delegation = await keep('Cloudflare.DCVDelegation.DCVDelegationUUID', client.dcvDelegation.get({ zone_id }));
assert.equal(delegation.uuid?.length, 16);
await refused(403, 9109, client.dcvDelegation.get({ zone_id: NO_ID }));

const plain = await keep(`${TYPE}CreateResponse`, hostnames.create({ zone_id, hostname: 'plain.customer.com' }));
assert.equal(plain.status, 'pending');
const wild = await keep(
  `${TYPE}CreateResponse`,
  hostnames.create({
    zone_id,
    hostname: 'wild.customer.com',
    custom_metadata: { tenant: 'one' },
    ssl: { type: 'dv', method: 'txt', wildcard: true, bundle_method: 'force', settings: { http2: 'on', ciphers: ['AES128-SHA'] } },
  }),
);
assert.deepEqual(wild.ssl?.settings?.ciphers, ['AES128-SHA']);
const mailed = await keep(
  `${TYPE}CreateResponse`,
  hostnames.create({
    zone_id,
    hostname: 'email.customer.com',
    ssl: { type: 'dv', method: 'email', certificate_authority: 'google' },
  }),
);
assert.equal(mailed.ssl?.method, 'email');
await keep(`${TYPE}DeleteResponse`, hostnames.delete(mailed.id, { zone_id }));
await refused(400, 1432, hostnames.create({ zone_id, hostname: 'email.customer.com', ssl: { type: 'dv', method: 'email' } }));
assert.equal((await keepAll(`${TYPE}ListResponse`, hostnames.list({ zone_id, per_page: 5 }))).length, 2);
assert.equal((await keepAll(`${TYPE}ListResponse`, hostnames.list({ zone_id, hostname: { contain: 'wild' } }))).length, 1);
assert.equal((await keep(`${TYPE}GetResponse`, hostnames.get(wild.id, { zone_id }))).id, wild.id);
const edited = await keep(
  `${TYPE}EditResponse`,
  hostnames.edit(wild.id, { zone_id, custom_origin_server: 'other.saasprovider.com' }),
);
assert.equal(edited.custom_origin_server, 'other.saasprovider.com');
await keep('Cloudflare.CustomHostnames.QuotaGetResponse', hostnames.quota.get({ zone_id }));
await refused(403, 9109, hostnames.quota.get({ zone_id: NO_ID }));

await refused(409, 1406, hostnames.create({ zone_id, hostname: 'wild.customer.com' }));
await refused(400, 1411, hostnames.create({ zone_id, hostname: 'app.example.com' }));
await refused(400, 1438, hostnames.list({ zone_id, id: wild.id, hostname: { exact: 'wild.customer.com' } }));
await refused(404, 1436, hostnames.get(NO_UUID, { zone_id }));
await refused(404, 1436, hostnames.edit(NO_UUID, { zone_id }));
await refused(404, 1436, hostnames.delete(NO_UUID, { zone_id }));

const gone = await keep(`${TYPE}DeleteResponse`, hostnames.delete(wild.id, { zone_id }));
assert.equal(gone.id, wild.id);

// DNS records.

import { NO_ID, assert, client, keep, keepAll, newZone, refused, stranger } from './shared.js';

const RECORD = 'Cloudflare.DNS.RecordResponse';
const zone_id = await newZone();
const records = client.dns.records;
const name = 'www.saasprovider.com';

const a = await keep(RECORD, records.create({ zone_id, type: 'A', name, ttl: 1, content: '192.0.2.1', comment: 'c', tags: ['k:v'] }));
await keep(RECORD, records.create({ zone_id, type: 'AAAA', name, ttl: 1, content: '2001:db8::1' }));
await keep(RECORD, records.create({ zone_id, type: 'TXT', name, ttl: 1, content: 'v=1; text' }));
await keep(RECORD, records.create({ zone_id, type: 'MX', name, ttl: 1, content: 'mail.a.net', priority: 10 }));
await keep(RECORD, records.create({ zone_id, type: 'CAA', name, ttl: 1, data: { flags: 0, tag: 'issue', value: 'ca.net' } }));
await keep(RECORD, records.create({ zone_id, type: 'SRV', name, ttl: 1, data: { priority: 1, weight: 2, port: 443, target: 'a.net' } }));
assert.equal((await keepAll(RECORD, records.list({ zone_id, per_page: 5 }))).length, 6);
assert.equal((await keepAll(RECORD, records.list({ zone_id, type: 'TXT', name: { exact: name } }))).length, 1);
assert.equal((await keep(RECORD, records.get(a.id, { zone_id }))).id, a.id);
await keep(RECORD, records.edit(a.id, { zone_id, type: 'A', name, ttl: 120 }));
await keep(RECORD, records.update(a.id, { zone_id, type: 'A', name, ttl: 1, content: '192.0.2.2' }));
assert((await records.export({ zone_id })).includes(`${name}.`));
await keep('Cloudflare.DNS.RecordImportResponse', records.import({ zone_id, file: 'x 60 IN A 192.0.2.3' }));
await keep('Cloudflare.DNS.RecordBatchResponse', records.batch({ zone_id, posts: [{ type: 'A', name: 'y', ttl: 1, content: '192.0.2.4' }] }));

const bad = { zone_id, type: 'A' as const, name: 'x', ttl: 1 as const };
await refused(400, 9005, records.create({ ...bad, content: 'x' }));
await refused(403, 9109, records.list({ zone_id: NO_ID }));
await refused(404, 81044, records.get(NO_ID, { zone_id }));
await refused(404, 81044, records.edit(NO_ID, { ...bad }));
await refused(404, 81044, records.update(NO_ID, { ...bad, content: '192.0.2.1' }));
await refused(404, 81044, records.batch({ zone_id, deletes: [{ id: NO_ID }] }));
await refused(400, 1553, records.import({ zone_id, file: 'x NONE y' }));
await refused(403, 9109, stranger.dns.records.export({ zone_id }));
await keep('Cloudflare.DNS.RecordDeleteResponse', records.delete(a.id, { zone_id }));
await refused(404, 81044, records.delete(a.id, { zone_id }));

// Scans: nothing was found yet, because nobody looks here.
await keep('Cloudflare.DNS.RecordScanResponse', records.scan({ zone_id }));
await refused(403, 9109, records.scan({ zone_id: NO_ID }));
await keep('Cloudflare.DNS.RecordScanTriggerResponse', records.scanTrigger({ zone_id }));
await refused(403, 9109, records.scanTrigger({ zone_id: NO_ID }));
assert.equal((await keepAll(RECORD, records.scanList({ zone_id }))).length, 0);
await refused(403, 9109, records.scanList({ zone_id: NO_ID }));
const found = { type: 'A' as const, name: 'found', ttl: 1 as const, content: '192.0.2.7' };
await keep('Cloudflare.DNS.RecordScanReviewResponse', records.scanReview({ zone_id, accepts: [found], rejects: [{ id: NO_ID }] }));
await refused(400, 9005, records.scanReview({ zone_id, accepts: [{ ...found, content: 'x' }] }));

// Certificate packs of a zone's own hosts, their verification, the universal certificate and the recommendation.

import { NO_ID, NO_UUID, assert, client, keep, keepAll, newZone, refused } from './shared.js';

const PACK = 'Cloudflare.SSL.CertificatePacks.CertificatePack';
const zone_id = await newZone();
const { certificatePacks: packs, verification, universal, recommendations } = client.ssl;
const order = {
  zone_id,
  type: 'advanced' as const,
  hosts: ['saasprovider.com', '*.saasprovider.com'],
  validation_method: 'txt' as const,
  validity_days: 90 as const,
  certificate_authority: 'lets_encrypt' as const,
};

const pack = await keep(`${PACK}CreateResponse`, packs.create(order));
assert.equal(pack.status, 'initializing');
await keep('Cloudflare.SSL.CertificatePacks.QuotaGetResponse', packs.quota.get({ zone_id }));
await refused(403, 9109, packs.quota.get({ zone_id: NO_ID }));
await refused(400, 1603, packs.create({ ...order, hosts: ['www.saasprovider.com'] }));
assert.equal((await keepAll(`${PACK}ListResponse`, packs.list({ zone_id }))).length, 0);
assert.equal((await keepAll(`${PACK}ListResponse`, packs.list({ zone_id, status: 'all' }))).length, 1);
await refused(403, 9109, packs.list({ zone_id: NO_ID }));
await keep(`${PACK}GetResponse`, packs.get(pack.id, { zone_id }));
await refused(404, 1602, packs.get(NO_UUID, { zone_id }));
await keep(`${PACK}EditResponse`, packs.edit(pack.id, { zone_id, cloudflare_branding: true }));
await refused(404, 1602, packs.edit(NO_UUID, { zone_id }));

await keep('Cloudflare.SSL.VerificationGetResponse', verification.get({ zone_id }));
await refused(403, 9109, verification.get({ zone_id: NO_ID }));
await keep('Cloudflare.SSL.VerificationEditResponse', verification.edit(pack.id, { zone_id, validation_method: 'txt' }));
await refused(400, 1432, verification.edit(pack.id, { zone_id, validation_method: 'email' }));

const SETTINGS = 'Cloudflare.SSL.Universal.UniversalSSLSettings';
await keep(SETTINGS, universal.settings.get({ zone_id }));
await refused(403, 9109, universal.settings.get({ zone_id: NO_ID }));
assert.equal((await keep(SETTINGS, universal.settings.edit({ zone_id, enabled: true }))).enabled, true);
await keep(SETTINGS, universal.settings.edit({ zone_id, enabled: false }));
await refused(403, 9109, universal.settings.edit({ zone_id: NO_ID, enabled: true }));
await keep('Cloudflare.SSL.RecommendationGetResponse', recommendations.get({ zone_id }));
await refused(403, 9109, recommendations.get({ zone_id: NO_ID }));

await keep(`${PACK}DeleteResponse`, packs.delete(pack.id, { zone_id }));
await refused(404, 1602, packs.delete(pack.id, { zone_id }));

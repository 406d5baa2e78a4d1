// Certificate signing requests of zones and of accounts.

import { NO_ID, NO_UUID, account, assert, client, keep, keepAll, newZone, refused } from './shared.js';

const TYPE = 'Cloudflare.CustomCsrs.CustomCsr';
const subject = {
  common_name: 'app.customer.com',
  country: 'US',
  locality: 'San Francisco',
  organization: 'Customer',
  sans: ['app.customer.com'],
  state: 'California',
  key_type: 'p256v1' as const,
};
for (const [place, nowhere] of [
  [{ zone_id: await newZone() }, { zone_id: NO_ID }],
  [{ account_id: await account() }, { account_id: NO_ID }],
]) {
  assert(place && nowhere);
  const made = await keep(`${TYPE}CreateResponse`, client.customCsrs.create({ ...subject, ...place }));
  assert(made?.id);
  await keep(`${TYPE}GetResponse`, client.customCsrs.get(made.id, place));
  assert.equal((await keepAll(`${TYPE}ListResponse`, client.customCsrs.list(place))).length, 1);
  await refused(400, 1411, client.customCsrs.create({ ...subject, ...place, sans: [] }));
  await refused(404, 1419, client.customCsrs.get(NO_UUID, place));
  await refused(404, 1419, client.customCsrs.delete(NO_UUID, place));
  await refused(403, 9109, client.customCsrs.list(nowhere));
  await keep(`${TYPE}DeleteResponse`, client.customCsrs.delete(made.id, place));
}

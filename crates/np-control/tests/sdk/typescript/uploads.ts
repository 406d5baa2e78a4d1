// Uploaded certificates: a bundle, its single certificates, and what an upload would come to.

import { readFileSync } from 'node:fs';

import { NO_ID, NO_UUID, assert, certificatesFile, client, keep, newZone, refused } from './shared.js';

type Pair = { custom_certificate: string; custom_key: string };
const given = JSON.parse(readFileSync(certificatesFile(), 'utf8')) as Record<string, Pair>;
const [rsa, ecdsa, otherRsa] = [given.rsa, given.ecdsa, given.other_rsa];
assert(rsa && ecdsa && otherRsa);

const TYPE = 'Cloudflare.CustomHostnames.CustomHostname';
const zone_id = await newZone();
const hostnames = client.customHostnames;
const one = await keep(
  `${TYPE}CreateResponse`,
  hostnames.create({ zone_id, hostname: 'app.customer.com', ssl: { custom_cert_bundle: [rsa, ecdsa] } }),
);
assert.equal(one.ssl?.status, 'holding_deployment');
// Not in the SDK's types.
const ids = (ssl: unknown) => (ssl as { certificates: Array<{ id: string }> }).certificates.map((certificate) => certificate.id);
const [first, second] = ids(one.ssl);
assert(first && second && one.ssl?.id);

const certificates = hostnames.certificatePack.certificates;
const place = { zone_id, custom_hostname_id: one.id, certificate_pack_id: one.ssl.id };
const replaced = await keep(
  'Cloudflare.CustomHostnames.CertificatePack.CertificateUpdateResponse',
  certificates.update(first, { ...place, ...otherRsa }),
);
assert(replaced);
const [newer] = ids(replaced.ssl);
assert(newer);
assert.notEqual(newer, first);
await refused(400, 1434, certificates.update(newer, { ...place, ...ecdsa }));
await refused(404, 1552, certificates.update(NO_UUID, { ...place, ...otherRsa }));
const gone = await keep(
  'Cloudflare.CustomHostnames.CertificatePack.CertificateDeleteResponse',
  certificates.delete(newer, place),
);
assert.equal(gone.id, newer);
await refused(400, 1434, certificates.delete(second, place));
await refused(404, 1552, certificates.delete(NO_UUID, place));

const analysis = (await client.ssl.analyze.create({ zone_id, certificate: rsa.custom_certificate })) as { hosts: string[] };
assert.deepEqual(analysis.hosts, ['app.customer.com']);
await refused(400, 1426, client.ssl.analyze.create({ zone_id, certificate: 'x' }));
await refused(403, 9109, client.ssl.analyze.create({ zone_id: NO_ID, certificate: 'x' }));

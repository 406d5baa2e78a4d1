// Accounts, and whether the token works.

import { NO_ID, assert, client, keep, keepAll, refused, stranger } from './shared.js';

const token = await keep('Cloudflare.User.Tokens.TokenVerifyResponse', client.user.tokens.verify());
assert.equal(token.status, 'active');
await refused(403, 9109, stranger.user.tokens.verify());

const [only] = await keepAll('Cloudflare.Accounts.Account', client.accounts.list());
assert(only);
const account = await keep('Cloudflare.Accounts.Account', client.accounts.get({ account_id: only.id }));
assert.equal(account.id, only.id);
await refused(403, 9109, client.accounts.get({ account_id: NO_ID }));
await refused(403, 9109, stranger.accounts.list());

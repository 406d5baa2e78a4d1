// API tokens of the user and of accounts, the user and their memberships.

import { Cloudflare, NO_ID, account, assert, client, keep, keepAll, newZone, refused, stranger } from './shared.js';

const zone_id = await newZone();
const account_id = await account();
const [user, accounts] = [client.user.tokens, client.accounts.tokens];

const groups = await keepAll('Cloudflare.User.Tokens.PermissionGroupListResponse', user.permissionGroups.list());
await keepAll('Cloudflare.Accounts.Tokens.PermissionGroupListResponse', accounts.permissionGroups.list({ account_id }));
const named = (name: string) => ({ id: groups.find((group) => group.name === name)?.id ?? '' });
const name = 'deploy';
const policies: Cloudflare.User.Tokens.TokenCreateParams['policies'] = [
  {
    effect: 'allow',
    permission_groups: [named('Zone Read'), named('DNS Write')],
    resources: { [`com.cloudflare.api.account.zone.${zone_id}`]: '*' },
  },
];

const one = await keep('Cloudflare.User.Tokens.TokenCreateResponse', user.create({ name, policies }));
assert(one.id && one.value);
await keep('Shared.Token', user.get(one.id));
await keepAll('Shared.Token', user.list());
await keep('Shared.Token', user.update(one.id, { name, policies }));
await keep('Shared.TokenValue', user.value.update(one.id, { body: {} }));
await refused(400, 1610, user.create({ name, policies: [] }));
await refused(404, 1611, user.get(NO_ID));
await refused(404, 1611, user.update(NO_ID, { name, policies }));
await refused(404, 1611, user.value.update(NO_ID, { body: {} }));
await refused(404, 1611, user.delete(NO_ID));
await refused(403, 9109, stranger.user.tokens.list());
await refused(403, 9109, stranger.user.tokens.permissionGroups.list());
await keep('Cloudflare.User.Tokens.TokenDeleteResponse', user.delete(one.id));

const other = await keep('Cloudflare.Accounts.Tokens.TokenCreateResponse', accounts.create({ account_id, name, policies }));
assert(other.id);
await keep('Shared.Token', accounts.get(other.id, { account_id }));
await keepAll('Shared.Token', accounts.list({ account_id }));
await keep('Shared.Token', accounts.update(other.id, { account_id, name, policies }));
await keep('Shared.TokenValue', accounts.value.update(other.id, { account_id }));
await keep('Cloudflare.Accounts.Tokens.TokenVerifyResponse', accounts.verify({ account_id }));
await refused(403, 9109, accounts.verify({ account_id: NO_ID }));
await refused(400, 1610, accounts.create({ account_id, name, policies: [] }));
await refused(404, 1611, accounts.get(NO_ID, { account_id }));
await refused(404, 1611, accounts.update(NO_ID, { account_id, name, policies }));
await refused(404, 1611, accounts.value.update(NO_ID, { account_id }));
await refused(404, 1611, accounts.delete(NO_ID, { account_id }));
await refused(403, 9109, accounts.list({ account_id: NO_ID }));
await refused(403, 9109, accounts.permissionGroups.list({ account_id: NO_ID }));
await keep('Cloudflare.Accounts.Tokens.TokenDeleteResponse', accounts.delete(other.id, { account_id }));

await keep('Cloudflare.User.UserGetResponse', client.user.get());
await keep('Cloudflare.User.UserEditResponse', client.user.edit({ first_name: 'Ada' }));
await refused(400, 10002, client.user.edit({ country: 'US' }));
await refused(403, 9109, stranger.user.get());
const [membership] = await keepAll('Cloudflare.Memberships.Membership', client.memberships.list());
assert(membership?.id);
await keep('Cloudflare.Memberships.MembershipGetResponse', client.memberships.get(membership.id));
await refused(404, 1613, client.memberships.get(NO_ID));
await refused(403, 9109, stranger.memberships.list());

// What the scripts of this folder share: a client, assertions about refusals, and a record of what the API answered, which the
// test then compiles against the SDK's types (np-testkit, sdk/typescript.rs): the SDK itself checks no answer.
//
// tests/api/sdk.rs runs each script against a server of its own (runner.ts).

import { strict as assert } from 'node:assert';
import Cloudflare from 'cloudflare';

export { assert, Cloudflare };

export const client = new Cloudflare({ maxRetries: 0, apiToken: 'none yet' });
export const stranger = new Cloudflare({ maxRetries: 0, apiToken: '0'.repeat(40) });

let certificates = '';

/** Turns the clients to the server of the next script. */
export function turnTo(baseURL: string, token: string, file: string): void {
  [client.baseURL, client.apiToken, stranger.baseURL, certificates] = [baseURL, token, baseURL, file];
}

/** Where certificates that the server's trust store vouches for can be read. */
export function certificatesFile(): string {
  return certificates;
}

// Ids of things that do not exist, in the right form.
export const NO_ID = '0'.repeat(32);
export const NO_UUID = '0d89c70d-ad9f-4843-b99f-6cc0252067e9';

export const kept: Array<[string, unknown]> = [];

/** Writes an answer down as one of this type, and returns it. */
export async function keep<T>(type: string, answer: PromiseLike<T>): Promise<T> {
  const value = await answer;
  kept.push([type, value]);
  return value;
}

/** All items of a list, written down as ones of this type. */
export async function keepAll<T>(type: string, list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) {
    kept.push([type, item]);
    items.push(item);
  }
  return items;
}

/** Asserts that a call fails with this status and this code of the API. */
export async function refused(status: number, code: number, call: PromiseLike<unknown> | AsyncIterable<unknown>): Promise<void> {
  try {
    await (Symbol.asyncIterator in call && !('then' in call) ? call[Symbol.asyncIterator]().next() : call);
  } catch (error) {
    assert(error instanceof Cloudflare.APIError, String(error));
    assert.deepEqual([error.status, error.errors.map((item) => item.code)], [status, [code]]);
    return;
  }
  assert.fail(`not refused: ${status} ${code}`);
}

/** The account of the token. */
export async function account(): Promise<string> {
  const [first] = (await client.accounts.list()).result;
  assert(first);
  return first.id;
}

/** A new zone. */
export async function newZone(name = 'saasprovider.com'): Promise<string> {
  return (await client.zones.create({ account: { id: await account() }, name, type: 'full' })).id;
}

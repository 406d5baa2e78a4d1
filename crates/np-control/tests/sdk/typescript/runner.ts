// Runs the scripts of this folder, each against a server of its own: importing the SDK takes longer than most of them.
//
// Arguments: for each script its name, the base URL and token of its server, and a file with certificates to upload. Prints what was answered, as JSON.

import { kept, turnTo } from './shared.js';

const given = process.argv.slice(2);
for (let at = 0; at < given.length; at += 4) {
  const [script, baseURL, token, certificates] = given.slice(at, at + 4);
  turnTo(baseURL ?? '', token ?? '', certificates ?? '');
  try {
    await import(`./${script}.js`);
  } catch (error) {
    throw new Error(`in ${script}.ts`, { cause: error });
  }
}
console.log(JSON.stringify(kept));

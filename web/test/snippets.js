// The code blocks of README.md, so that tests can run them as they stand.

import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);

/** Those that tests run, by a piece of each: Node's, and those that need a page. */
export const inNode = ['readWav(wav)', 'tagOf(offer)', 'link.sendFiles('];
export const inPage = ['listen((message)', 'await pair({', 'signalBySound(peer'];

/** The block in which this stands. */
export function snippet(piece) {
  const found = blocks.filter((code) => code.includes(piece));
  if (found.length !== 1) throw new Error(`${found.length} snippets of README.md have ${piece}`);
  return found[0];
}

export const count = blocks.length;

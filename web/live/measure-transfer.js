// How fast files go between a command line and a page on this computer: RUNS times each way, MEGABYTES
// at once. Prints for each run the speed, the longest time in which nothing came, and how many
// datagrams the kernel dropped meanwhile, whoever they were for, because a socket was full (Linux).

import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Page, Program } from './pairing.js';

const RUNS = Number(process.env.RUNS ?? 3);
const MEGABYTES = Number(process.env.MEGABYTES ?? 200);

const folder = mkdtempSync(join(tmpdir(), 'airshake-speed-'));
const file = join(folder, 'file.bin');
const there = join(folder, 'there');
const written = openSync(file, 'w');
for (let megabyte = 0; megabyte < MEGABYTES; megabyte++) writeSync(written, randomFillSync(Buffer.alloc(1e6)));
closeSync(written);

const page = await Page.open('B');
await page.page.evaluate(() => {
  document.body.append(Object.assign(document.createElement('input'), { type: 'file' }));
  /** Does it, and looks at its progress. */
  window.timed = async (work) => {
    let [longest, most, first, last] = [0, 0];
    const onProgress = ({ bytes, total }) => {
      // At the end the disk is waited for, with nothing on the way.
      if (bytes <= most || bytes === total) return;
      const now = performance.now();
      first ??= now;
      [longest, most, last] = [Math.max(longest, now - (last ?? now)), bytes, now];
    };
    await work({ onProgress });
    return { seconds: (performance.now() - first) / 1000, longest };
  };
});
await page.page.setInputFiles('input', [file]);

const ways = {
  'command line to page': [['send', '--yes', file], 'offer', () => timed((options) => offer.accept(options))],
  'page to command line': [
    ['receive', '--yes', there],
    'wanted',
    () => timed((options) => link.sendFiles(document.querySelector('input').files, options)),
  ],
};

/** Datagrams that found a socket full, since the computer began. */
function dropped() {
  if (!existsSync('/proc/net/snmp')) return NaN;
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8').match(/^Udp: .*$/gm).map((line) => line.split(' '));
  return Number(values[names.indexOf('RcvbufErrors')]);
}

for (let run = 0; run < RUNS; run++) {
  for (const [way, [words, sign, work]] of Object.entries(ways)) {
    const program = new Program('A', ...words);
    await page.pair();
    await page.has('link', 30);
    await page.has(sign);
    const before = dropped();
    const { seconds, longest } = await page.page.evaluate(work);
    const lost = dropped() - before;
    if ((await program.ended) !== 0) throw new Error(program.err);
    rmSync(there, { recursive: true, force: true });
    console.log(`${way}: ${(MEGABYTES / seconds).toFixed(1)} MB/s, longest wait ${longest.toFixed(0)} ms, ${lost} datagrams dropped`);
  }
}
await page.close();
rmSync(folder, { recursive: true, force: true });

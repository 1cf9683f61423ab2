// How long a command line and a page take to find each other, from the beginning of the first sound:
// RUNS times in each direction, and page with page. Prints a table; ends with 1 if one failed or
// took longer than is required.

import { Page, pause, Program } from './pairing.js';

const RUNS = Number(process.env.RUNS ?? 10);
/** Seconds from the beginning of the sound until both sides are connected. */
const REQUIRED = 3;

const [page, other] = [await Page.open('B'), await Page.open('A')];

/**
 * The later of the two, each counted from the first sound that it said or heard; if only one of them has
 * a voice, as that one counts: what the other says at no volume is no sound.
 */
async function withProgram(program, voice) {
  try {
    const [meeting, connected] = [await page.has('meeting', 30), await program.event('connected', 30)];
    if (String(meeting.words) !== String((await program.event('words')).words)) throw new Error('the words differ');
    await page.has('link');
    await page.leave();
    const counted = voice ? [{ program: connected, page: meeting }[voice]] : [meeting, connected];
    return { seconds: Math.max(...counted.map(({ seconds }) => seconds)), way: meeting.way };
  } finally {
    await page.page.evaluate(() => stopping.abort());
    program.kill();
    await program.ended;
  }
}

const rows = {
  'command line to page': async () => {
    await page.pair({ volume: 0 });
    await pause(0.7);
    return withProgram(new Program('A', '--yes'), 'program');
  },
  'page to command line': async () => {
    const program = new Program('A', '--yes', '--volume', '0');
    await pause(0.7);
    await page.pair();
    return withProgram(program, 'page');
  },
  'both speak': async (run) => {
    const program = new Program('A', '--yes');
    await pause((run * 0.37) % 2);
    await page.pair();
    return withProgram(program);
  },
  'page with page': async (run) => {
    await other.pair();
    await pause((run * 0.37) % 2);
    await page.pair();
    try {
      const [a, b] = [await page.has('meeting', 30), await other.has('meeting', 30)];
      if (String(a.words) !== String(b.words)) throw new Error('the words differ');
      await page.has('link');
      await page.leave();
      await other.closed();
      return { seconds: Math.max(a.seconds, b.seconds), way: a.way };
    } finally {
      for (const side of [page, other]) await side.page.evaluate(() => stopping.abort());
    }
  },
};

let missed = false;
console.log('what                  | connected | required | median | worst | ways');
for (const [name, meet] of Object.entries(rows)) {
  const met = [];
  for (let run = 0; run < RUNS; run++) {
    try {
      met.push(await meet(run));
    } catch (error) {
      console.error(`${name}, ${run + 1}: ${error.message}`);
    }
    await pause(0.3);
  }
  const seconds = met.map((m) => m.seconds).sort((a, b) => a - b);
  const ways = Object.entries(Object.groupBy ? Object.groupBy(met, (m) => m.way) : grouped(met));
  const row = [
    name.padEnd(21),
    `${met.length} of ${RUNS}`.padEnd(9),
    `${REQUIRED} s`.padEnd(8),
    `${(seconds[seconds.length >> 1] ?? NaN).toFixed(2)} s`,
    `${(seconds.at(-1) ?? NaN).toFixed(2)} s`,
    ways.map(([way, all]) => `${way}: ${all.length}`).join(', '),
  ];
  console.log(row.join(' | '));
  const directed = name.includes(' to ');
  missed ||= met.length < RUNS || (directed ? seconds.at(-1) : seconds[seconds.length >> 1]) > REQUIRED;
}
await page.close();
await other.close();
process.exit(missed ? 1 : 0);

function grouped(all) {
  const groups = {};
  for (const one of all) (groups[one.way] ??= []).push(one);
  return groups;
}

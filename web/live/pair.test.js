// Pages and command lines that pair by sound over the virtual air, two at a time: laptop A and
// laptop B of `script/virtual-audio`.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Page, pause, Program } from './pairing.js';

/** How often each way of meeting is tried. */
const RUNS = Number(process.env.AIRSHAKE_LIVE_RUNS ?? 2);

let page;
before(async () => {
  page = await Page.open('B');
});
after(() => page?.close());
// What failed must not go on talking into what follows.
afterEach(async () => {
  for (const program of Program.running) program.kill();
  await page.page.evaluate(() => window.stopping?.abort());
});

/** Talk in both directions, then the goodbye of that side. */
async function talk(program, page, last) {
  await page.say('grüß dich from the page');
  await program.said('grüß dich from the page');
  program.say('hello from the terminal');
  await page.said('hello from the terminal');
  if (last === 'page') {
    await page.leave();
    assert.equal(await program.ended, 0);
    assert.equal((await program.event('closed')).reason, 'the other side left');
    assert.deepEqual(await page.closed(), { reason: 'closed', words: 'closed here' });
  } else {
    assert.equal(await program.leave(), 0);
    assert.deepEqual(await page.closed(), { reason: 'left', words: 'the other side left' });
  }
}

/** Both have met by that way, see the same words, and were quick enough. */
async function met(program, page, way) {
  const meeting = await page.has('meeting');
  const { words } = await program.event('words');
  const connected = await program.event('connected');
  assert.deepEqual(meeting.words, words);
  if (way) assert.deepEqual([meeting.way, connected.way], [way, way]);
  const seconds = Math.max(meeting.seconds, connected.seconds);
  console.log(`${meeting.way}, ${seconds.toFixed(2)} s after the first sound`);
  await page.has('link');
}

for (let run = 0; run < RUNS; run++) {
  test(`a page hears a command line and connects (${run + 1})`, async () => {
    // A page without a voice: one sound has to do.
    await page.pair({ volume: 0 });
    await pause(0.5);
    const program = new Program('A', '--yes');
    await met(program, page, 'one-sound');
    await talk(program, page, run % 2 ? 'page' : 'program');
  });

  test(`a command line hears a page and comes as its guest (${run + 1})`, async () => {
    // A command line without a voice: one sound has to do.
    const program = new Program('A', '--yes', '--volume', '0');
    await pause(0.5);
    await page.pair();
    await met(program, page, 'one-sound');
    await talk(program, page, run % 2 ? 'program' : 'page');
  });

  test(`a command line and a page that both speak find each other (${run + 1})`, async () => {
    const program = new Program('A', '--yes');
    await pause(run * 0.7);
    await page.pair();
    await met(program, page);
    await talk(program, page, run % 2 ? 'program' : 'page');
  });

  test(`by two sounds, the page's offer answered or the other way round (${run + 1})`, async () => {
    await page.pair({ ways: 'two-sounds' });
    const program = new Program('A', '--yes', '--two-sounds');
    await met(program, page, 'two-sounds');
    await talk(program, page, 'page');
  });
}

test('two pages find each other', async () => {
  const other = await Page.open('A');
  try {
    for (let run = 0; run < RUNS; run++) {
      await other.pair();
      await pause(0.6 * run);
      await page.pair();
      const [a, b] = [await page.has('meeting'), await other.has('meeting')];
      assert.deepEqual(a.words, b.words);
      assert.equal(a.way, 'two-sounds');
      console.log(`${a.way}, ${Math.max(a.seconds, b.seconds).toFixed(2)} s after the first sound`);
      await Promise.all([page.has('link'), other.has('link')]);
      await page.say('from one page');
      await other.said('from one page');
      await other.say('from the other');
      await page.said('from the other');
      if (run === 0) await ownChannel(page, other);
      await page.leave();
      assert.deepEqual(await other.closed(), { reason: 'left', words: 'the other side left' });
    }
    await page.pair({ code: 'blue horse' });
    await other.pair({ code: 'Blue  Horse' });
    assert.equal((await page.has('meeting')).byCode, true);
    await other.has('link');
    await other.leave();
  } finally {
    await other.close();
  }
});

/** What an application says itself, over the proven connection. */
async function ownChannel(page, other) {
  await other.page.evaluate(() => {
    window.came = [];
    link.addEventListener('channel', (event) => {
      event.preventDefault();
      event.detail.onmessage = ({ data }) => came.push([event.detail.label, data]);
    });
  });
  await page.page.evaluate(async () => (await link.openChannel('game')).send('your move'));
  await other.page.waitForFunction(() => came.length === 1, undefined, { timeout: 3000 });
  assert.deepEqual(await other.page.evaluate(() => came), [['game', 'your move']]);
}

test('of two command lines that hear a page, one is linked and the other is told', async () => {
  for (let run = 0; run < RUNS; run++) {
    // Without voices: both have to come as guests of one invitation.
    const quiet = ['--yes', '--no-wait', '--volume', '0'];
    const programs = [new Program('A', ...quiet), new Program('A', ...quiet)];
    await pause(1);
    await page.pair();
    const begun = performance.now();
    const ended = await Promise.race(programs.map(async (program) => [program, await program.ended]));
    const [told, code] = ended;
    const linked = programs.find((program) => program !== told);
    console.log(`told "${(await told.event('closed')).cause}" after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    assert.equal(code, 1, told.err);
    assert.equal((await told.event('closed')).cause, 'busy');
    const meeting = await page.has('meeting');
    assert.deepEqual(meeting.words, (await linked.event('words')).words);
    await page.has('link');
    await talk(linked, page, 'page');
  }
});

test('an application whose events throw is told so, and pairing goes on', async () => {
  const before = page.complaints.length;
  await page.page.evaluate(() => (window.broken = true));
  try {
    await page.pair();
    const program = new Program('A', '--yes');
    await met(program, page);
    await talk(program, page, 'page');
  } finally {
    await page.page.evaluate(() => (window.broken = false));
  }
  const complaints = page.complaints.splice(before);
  assert.ok(complaints.length > 3, 'nobody was told');
  assert.ok(complaints.every((words) => words === 'of the application'), complaints.join());
});

test('a code is compared, and a wrong one refused on both sides', async () => {
  await page.pair({ code: 'blue horse' });
  let program = new Program('A', '--yes', '--code', 'blue horse');
  assert.equal((await page.has('meeting')).byCode, true);
  await page.has('link');
  await page.leave();
  assert.equal(await program.ended, 0);

  await page.pair({ code: 'blue horse' });
  program = new Program('A', '--yes', '--code', 'red horse');
  const failed = await page.has('failed');
  assert.deepEqual([failed.name, failed.reason], ['PairError', 'proof'], failed.message);
  assert.equal(await program.ended, 1);
  assert.match(program.err, /code/);
});

test('who is refused is told', async () => {
  await page.pair({}, false);
  let program = new Program('A', '--yes');
  await page.has('meeting');
  await page.page.evaluate(() => meeting.refuse());
  assert.equal(await program.ended, 1);
  assert.match((await program.event('closed')).reason, /refused/);

  const other = await Page.open('A');
  try {
    await page.pair();
    await other.pair({}, false);
    await other.has('meeting');
    await other.page.evaluate(() => meeting.refuse());
    assert.equal((await page.has('failed')).reason, 'refused');
  } finally {
    await other.close();
  }
});

test('a page that is closed says goodbye, and one that crashes is missed', async () => {
  for (const crash of [false, true]) {
    const gone = await Page.open('B');
    try {
      await gone.pair();
      const program = new Program('A', '--yes');
      await gone.has('link');
      await program.event('words');
      await pause(0.3);
      const begun = performance.now();
      if (crash) await gone.crash();
      else await gone.page.close({ runBeforeUnload: false });
      const { reason } = await program.event('closed', 20);
      console.log(`${crash ? 'crashed' : 'closed'}: "${reason}" after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      assert.match(reason, crash ? /nothing heard of the other side|closed by the other side/ : /left|closed by the other side/);
      assert.notEqual(await program.ended, undefined);
    } finally {
      await gone.close();
    }
  }
});

test('a command line that is killed is missed', async () => {
  await page.pair();
  const program = new Program('A', '--yes');
  await page.has('link');
  await pause(0.3);
  const begun = performance.now();
  program.kill();
  const { reason, words } = await page.closed();
  console.log(`killed: "${words}" after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  assert.equal(reason, 'silent');
  assert.deepEqual(await page.page.evaluate(() => standings), ['interrupted']);
});

test('whenever it is stopped, nothing is left open', async () => {
  await page.page.evaluate(() => {
    const held = [];
    const keep = (owner, name, isOpen) => {
      const original = owner[name];
      owner[name] = class extends original {
        constructor(...all) {
          super(...all);
          held.push(() => isOpen(this));
        }
      };
    };
    keep(window, 'RTCPeerConnection', (pc) => pc.connectionState !== 'closed');
    keep(window, 'AudioContext', (context) => context.state !== 'closed');
    const media = navigator.mediaDevices;
    const given = media.getUserMedia.bind(media);
    media.getUserMedia = async (wish) => {
      const stream = await given(wish);
      held.push(() => stream.getTracks().some((track) => track.readyState !== 'ended'));
      return stream;
    };
    window.left = () => held.filter((isOpen) => isOpen()).length;
  });
  for (const seconds of [0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2]) {
    await page.pair();
    await pause(seconds);
    await page.page.evaluate(() => stopping.abort());
    const failed = await page.has('failed', 5);
    assert.deepEqual([failed.name, failed.reason], ['PairError', 'cancelled'], `${seconds} s`);
    await page.page.waitForFunction(() => left() === 0, undefined, { timeout: 3000 });
  }
  assert.deepEqual(page.complaints, []);
});

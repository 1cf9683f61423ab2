// A page in Chromium and the command line, within earshot: laptop B and laptop A of
// `script/virtual-audio`. What the one says the other hears.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode, writeWav } from '../src/index.js';
import { air, airshake, open } from './browser.js';
import { threads } from './threads.js';

/** How long it listens for lost samples. */
const SECONDS = Number(process.env.AIRSHAKE_LIVE_SECONDS ?? 20);

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** Runs a program as laptop A; gives what it printed. */
function asA(...command) {
  return new Promise((resolve, reject) => {
    const child = spawn(air, ['run', 'A', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`${command}: ${code}\n${err}`))));
  });
}

/** Listens in the page; what is heard gathers in `window.heard`. */
const listen = (options = {}) =>
  browser.page.evaluate(async (options) => {
    window.heard = [];
    window.troubles = [];
    window.listening = await airshake.listen((message) => heard.push({ ...message, payload: [...message.payload] }), {
      ...options,
      onTrouble: (error) => troubles.push(`${error.name}: ${error.message}`),
    });
    const { settings, rate } = window.listening;
    return { settings, rate };
  }, options);
const stop = () =>
  browser.page.evaluate(async () => {
    const report = await listening.stop();
    return { report, heard, troubles, samples: listening.heard, lost: listening.lost };
  });
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const heardSoFar = (count, seconds) =>
  browser.page.waitForFunction((count) => heard.length >= count, count, { timeout: 1000 * seconds });

test('the page hears what `airshake say` says, in every profile', async () => {
  const { settings } = await listen();
  for (const name of ['echoCancellation', 'noiseSuppression', 'autoGainControl']) {
    assert.equal(settings[name], false, name);
  }
  const said = ['the door code is 4711', 'grüß dich', 'x'.repeat(200)];
  for (const words of said) await asA(airshake, 'say', words);
  await asA(airshake, 'say', '--profile', 'ultrasonic', 'unheard by most');
  await heardSoFar(4, 10);
  const { report, heard, troubles } = await stop();
  const words = heard.map(({ payload }) => Buffer.from(payload).toString());
  assert.deepEqual(words, [...said, 'unheard by most']);
  assert.equal(heard[3].profile, 'ultrasonic');
  assert.equal(report.messages, 4);
  assert.deepEqual(troubles, []);
});

test('`airshake hear` hears what the page speaks', async () => {
  const hearing = asA(airshake, 'hear', '--count', '2', '--timeout', '30');
  await pause(1.5);
  const { seconds } = await browser.page.evaluate(() => airshake.speak('hello from a page'));
  assert.ok(seconds > 0.2 && seconds < 1, `${seconds}`);
  await browser.page.evaluate(() => airshake.speak(new TextEncoder().encode('and once more'), { profile: 'phone', volume: 0.3 }));
  assert.equal(await hearing, 'hello from a page\nand once more\n');
});

test('speaking stops when it is told to', async () => {
  const outcome = await browser.page.evaluate(async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const begun = performance.now();
    const error = await airshake.speak('x'.repeat(500), { passes: 8, signal: stop.signal }).catch((error) => error);
    return { name: error.name, ms: performance.now() - begun };
  });
  assert.equal(outcome.name, 'AbortError');
  assert.ok(outcome.ms < 2500, `${outcome.ms} ms`);
});

test(`not one sample of ${SECONDS} s is lost on the way to the modem`, async () => {
  // A message at the beginning of every second, and now and then a long one: reading them is the
  // work that must not keep the audio thread waiting.
  const track = new Float32Array(48000 * SECONDS);
  for (let second = 0; second < SECONDS - 1; second++) {
    track.set(await encode(`second ${second} `.padEnd(second % 5 ? 20 : 120, '.')), 48000 * second);
  }
  const file = join(tmpdir(), `airshake-live-${process.pid}.wav`);
  writeFileSync(file, writeWav(track, 48000));
  try {
    await listen();
    await pause(0.5);
    const start = { threads: threads(), at: performance.now() };
    await asA('paplay', file);
    const wall = (performance.now() - start.at) / 1000;
    const end = threads();
    await heardSoFar(SECONDS - 1, 10).catch(() => {});
    const { heard, samples, troubles, lost } = await stop();
    for (const [name, cpu] of Object.entries(end)) {
      const share = (100 * (cpu - (start.threads[name] ?? 0))) / wall;
      if (share > 0.05) console.log(`${name}: ${share.toFixed(2)} % of a processor`);
    }
    const seconds = heard.map(({ payload }) => Number(Buffer.from(payload).toString().split(' ')[1]));
    // What the sound server or the browser leaves out or adds before a message moves it.
    const moved = heard
      .slice(1)
      .map(({ at }, i) => [seconds[i + 1], at - heard[i].at - 48000 * (seconds[i + 1] - seconds[i])])
      .filter(([, by]) => Math.abs(by) > 2);
    console.log(
      `${heard.length} of ${SECONDS - 1} messages, ${samples} samples, lost: ${lost}; moved on the way to the page: ${JSON.stringify(moved)}`,
    );
    assert.equal(lost, 0);
    assert.ok(samples >= 48000 * SECONDS, `${samples}`);
    assert.deepEqual(troubles, []);
    assert.deepEqual(seconds, Array.from({ length: SECONDS - 1 }, (_, i) => i));
  } finally {
    rmSync(file, { force: true });
  }
});

test('any bits as sound harm nothing: what follows is heard', async () => {
  const outcome = await browser.page.evaluate(async () => {
    const { context, out, play } = await player();
    const messages = [];
    const troubles = [];
    const listening = await airshake.listen(({ payload }) => messages.push(new TextDecoder().decode(payload)), {
      stream: out.stream,
      onTrouble: (error) => troubles.push(error.message),
    });
    const wild = new Float32Array(48000 * 3);
    for (let at = 0; at < wild.length; at += 16384) crypto.getRandomValues(new Uint32Array(wild.buffer, 4 * at, Math.min(16384, wild.length - at)));
    await play(wild);
    await play(wild.map(() => (Math.random() - 0.5) * 1e10));
    // Right behind what is so much louder nobody would hear it.
    await play(new Float32Array(48000));
    await play(await airshake.encode('still here'));
    await play(new Float32Array(48000));
    const report = await listening.stop();
    await context.close();
    return { messages, troubles, heard: listening.heard, report };
  });
  assert.deepEqual(outcome.messages, ['still here']);
  assert.deepEqual(outcome.troubles, []);
  assert.ok(outcome.heard > 4 * 48000, `${outcome.heard}`);
});

test('the page breathes while it decodes', async () => {
  const longest = await browser.page.evaluate(async () => {
    const noise = new Float32Array(48000 * 60).map(() => (Math.random() - 0.5) / 2);
    let [longest, last] = [0, performance.now()];
    const breath = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    await airshake.decode(noise, 48000);
    clearInterval(breath);
    return longest;
  });
  console.log(`longest without a breath: ${longest.toFixed(0)} ms`);
  // A slice is 50 ms; a busy machine may take the processor away in between.
  assert.ok(longest < 500, `${longest} ms`);
});

test('a modem that stops is replaced, and the page told', async () => {
  const wasm = [...readFileSync(new URL('stops.wasm', import.meta.url))];
  const outcome = await browser.page.evaluate(async (wasm) => {
    await airshake.load({ wasm: Uint8Array.from(wasm) });
    const troubles = [];
    const listening = await airshake.listen(() => {}, { onTrouble: (error) => troubles.push(error) });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const report = await listening.report();
    await listening.stop();
    await airshake.load({ simd: true });
    return { engine: troubles.every((error) => error instanceof airshake.EngineError), count: troubles.length, heard: listening.heard, report };
  }, wasm);
  assert.ok(outcome.engine);
  assert.ok(outcome.count >= 2, `${outcome.count} times`);
  assert.ok(outcome.heard > 48000);
  assert.equal(outcome.report.messages, 0);
});

test('no such microphone is said in words', async () => {
  const error = await browser.page.evaluate(async () => {
    const error = await airshake.listen(() => {}, { deviceId: 'nowhere' }).catch((error) => error);
    return { right: error instanceof airshake.MicrophoneError, reason: error.reason, message: error.message };
  });
  assert.deepEqual(error, { right: true, reason: 'missing', message: 'no such microphone: connect one, or choose another' });
});

test('a microphone that is muted and sound that is put to sleep are told, and go on', async () => {
  const outcome = await browser.page.evaluate(async () => {
    const stream = await airshake.openMicrophone();
    const troubles = [];
    const listening = await airshake.listen(() => {}, { stream, onTrouble: (error) => troubles.push([error.name, error.reason, error.final]) });
    stream.getAudioTracks()[0].dispatchEvent(new Event('mute'));
    await listening.context.suspend();
    const before = listening.heard;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const goesOn = listening.heard > before;
    const reports = await Promise.all([listening.report(), listening.report()]);
    await listening.stop();
    stream.getTracks().forEach((track) => track.stop());
    return { troubles, goesOn, reports: reports.length };
  });
  assert.deepEqual(outcome, { troubles: [['MicrophoneError', 'muted', undefined], ['AutoplayError', undefined, undefined]], goesOn: true, reports: 2 });
});

test('after a microphone is gone what was heard is still told', async () => {
  const outcome = await browser.page.evaluate(async () => {
    const stream = await airshake.openMicrophone();
    const troubles = [];
    const listening = await airshake.listen(() => {}, { stream, onTrouble: (error) => troubles.push([error.name, error.reason, error.final]) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const track = stream.getAudioTracks()[0];
    track.stop();
    track.dispatchEvent(new Event('ended'));
    const { seconds } = await listening.stop();
    const again = await airshake.listen(() => {}, { stream }).catch((error) => error);
    return { troubles, heard: seconds > 0.2, again: again.reason };
  });
  assert.deepEqual(outcome, { troubles: [['MicrophoneError', 'gone', true]], heard: true, again: 'gone' });
});

test('what cannot be listened for is said in words, and the microphone is given back', async () => {
  const outcome = await browser.page.evaluate(async () => {
    const tracks = [];
    const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await given(wish);
      tracks.push(...stream.getTracks());
      return stream;
    };
    const error = await airshake.listen(() => {}, { profiles: ['loud'] }).catch((error) => error);
    navigator.mediaDevices.getUserMedia = given;
    return { right: error instanceof airshake.UsageError, message: error.message, live: tracks.map((track) => track.readyState) };
  });
  assert.ok(outcome.right);
  assert.match(outcome.message, /no profile is named loud: audible/);
  assert.deepEqual(outcome.live, ['ended']);
});

test('the package imports in a page without a complaint', () => {
  assert.deepEqual(browser.complaints, []);
});

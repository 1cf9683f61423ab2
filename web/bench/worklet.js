#!/usr/bin/env node
// What listening costs the audio thread of Chromium: in per cent of a processor, by the time for
// which the kernel has let it run, beside an audio thread that does nothing. Linux.
//
//   node bench/worklet.js [SECONDS]
//   script/virtual-audio run A node web/bench/worklet.js      where there is no sound card

import { open } from '../live/browser.js';
import { AUDIO_THREAD, threads } from '../live/threads.js';

const seconds = Number(process.argv[2] ?? 20);
const browser = await open();
const { page } = browser;

/** Per cent of a processor that the threads use now, by their name. */
async function shares() {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(1500);
  const [before, begun] = [threads(), performance.now()];
  await pause(1000 * seconds);
  const after = threads();
  const passed = (performance.now() - begun) / 1000;
  return Object.fromEntries(Object.entries(after).map(([name, s]) => [name, (100 * (s - (before[name] ?? 0))) / passed]));
}

/** An audio thread with a microphone and a processor that does nothing, woken as often. */
async function nothing(latencyHint) {
  await page.evaluate(async (latencyHint) => {
    window.stream = await airshake.openMicrophone();
    window.context = new AudioContext({ sampleRate: 48000, latencyHint });
    const code = "registerProcessor('nothing', class extends AudioWorkletProcessor { process() { return true; } })";
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    const node = new AudioWorkletNode(context, 'nothing', { numberOfOutputs: 0 });
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
  }, latencyHint);
  const used = await shares();
  await page.evaluate(async () => {
    stream.getTracks().forEach((track) => track.stop());
    await context.close();
  });
  return used;
}

const tell = (name, used) => console.log(`${name}: audio thread ${used[AUDIO_THREAD].toFixed(2)} %, modem's worker ${(used['DedicatedWorker'] ?? 0).toFixed(2)} %`);

for (let round = 0; round < 3; round++) {
  tell("nothing, woken as by 'playback'", await nothing('playback'));
  tell('nothing, woken as by listen()', await nothing(0.064));
  await page.evaluate(async () => (window.listening = await airshake.listen(() => {})));
  tell('listen()', await shares());
  const { heard, lost } = await page.evaluate(async () => {
    await listening.stop();
    return { heard: listening.heard, lost: listening.lost };
  });
  console.log(`  ${heard} samples heard, ${lost} lost`);
}
await browser.close();

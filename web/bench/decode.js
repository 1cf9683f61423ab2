#!/usr/bin/env node
// How fast the modem reads: seconds of sound in a second of one processor. In noise, where false
// preambles keep turning up: what a page that listens does nearly always. And with a message every
// second, in which half of the work is reading them. Ends with 1 where the module that a browser of
// today takes, the one with vectors, is below 200 in either; the other is below in noise.
//
//   node bench/decode.js [SECONDS]

import { decode, encode, load } from '../src/index.js';

const LEAST = 200;
const seconds = Number(process.argv[2] ?? 60);
const noise = new Float32Array(48000 * seconds).map(() => (Math.random() - 0.5) / 2);
const messages = noise.map((x) => x / 50);
for (let second = 0; second < seconds; second++) {
  const burst = await encode(`second ${second}`);
  burst.forEach((x, i) => (messages[48000 * second + i] += x / 2));
}

let slow = false;
for (const simd of [true, false]) {
  await load({ simd });
  for (const [name, sound] of Object.entries({ noise, messages })) {
    const speeds = [];
    for (let run = 0; run < 5; run++) {
      // Of the processor, not of the clock: others may work here too.
      const before = process.cpuUsage();
      const heard = await decode(sound, 48000);
      const { user, system } = process.cpuUsage(before);
      speeds.push((seconds * 1e6) / (user + system));
      if (sound === messages && heard.length !== seconds) throw new Error(`${heard.length} of ${seconds} heard`);
    }
    speeds.sort((a, b) => a - b);
    const [slowest, , median] = speeds;
    console.log(`${name}, ${simd ? 'with' : 'without'} vectors: ${median.toFixed(0)} times real time (slowest of five ${slowest.toFixed(0)})`);
    slow ||= median < LEAST && (simd || sound === noise);
  }
}
process.exitCode = slow ? 1 : 0;

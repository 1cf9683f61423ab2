#!/usr/bin/env node
// Two programs that connect simple-peer by sound in files: each writes what it says as a WAV file and
// reads the other's. Carry the files by whatever plays and records, or start both in one folder:
//
//   node files.js offer.wav answer.wav --begin     in one terminal
//   node files.js answer.wav offer.wav             in another
//
// Then what one types, the other prints.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import SimplePeer from 'simple-peer';
import wrtc from '@roamhq/wrtc';
import { decode, encodeWav, packSignal, readWav, tagOf, unpackSignal } from '../../src/index.js'; // from 'airshake'

const [said, heard, begin] = process.argv.slice(2);
if (!heard) {
  console.error('usage: node files.js SAID.wav HEARD.wav [--begin]');
  process.exit(2);
}

const peer = new SimplePeer({ initiator: begin === '--begin', trickle: false, wrtc, config: { iceServers: [] } });
/** The offer, packed: our own, or the one that we answer. */
let offer;

peer.on('signal', async (signal) => {
  const packed = await packSignal(signal, { answering: signal.type === 'answer' ? offer : undefined });
  offer ??= packed;
  // At once or not at all: the other program waits for this file.
  writeFileSync(`${said}.part`, await encodeWav(packed));
  renameSync(`${said}.part`, said);
  console.error(`${signal.type} of ${packed.length} bytes: ${said}`);
});

const looking = setInterval(async () => {
  if (!existsSync(heard) || (peer.initiator && !offer)) return;
  clearInterval(looking);
  const { samples, rate } = readWav(readFileSync(heard));
  for (const { payload } of await decode(samples, rate)) {
    const { answers, ...signal } = await unpackSignal(payload);
    // An answer to somebody else's offer is none to ours.
    if (peer.initiator && answers !== (await tagOf(offer))) continue;
    offer ??= payload;
    peer.signal(signal);
  }
}, 200);

peer.on('connect', () => {
  console.error('connected');
  createInterface({ input: process.stdin }).on('line', (line) => peer.send(line));
});
peer.on('data', (data) => console.log(data.toString()));
peer.on('error', (error) => console.error(error.message));
peer.on('close', () => process.exit());

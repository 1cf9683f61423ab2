// simple-peer, unchanged: every signal through few bytes, and a connection by sound in a room that
// is simulated.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { AirshakeError, encode, packSignal, signalBySound, tagOf, unpackSignal, UsageError } from '../src/index.js';
import { Room } from './room.js';
import { SimplePeer, skip, wrtc } from './wanted.js';

/** What is asked of every signal. */
const MOST = 90;

const peers = [];
function peer(given) {
  // No server: nothing here asks the network beyond this computer.
  const made = new SimplePeer({ wrtc, config: { iceServers: [] }, ...given });
  peers.push(made);
  return made;
}
// The threads of the library outlive their peers.
after(() => {
  peers.forEach((peer) => peer.destroy());
  setTimeout(() => process.exit(), 500).unref();
});

/** Texts and bytes both ways. */
async function talk(a, b) {
  for (const [from, to] of [[a, b], [b, a]]) {
    for (const data of [Buffer.from('good morning'), Buffer.alloc(60_000, 7)]) {
      const heard = once(to, 'data');
      from.send(data);
      assert.deepEqual(Buffer.from((await heard)[0]), data);
    }
  }
}

/** What `from` signals, to `to` through bytes only. */
function pass(from, to, tell, packing = {}) {
  let question;
  const given = [];
  // In order, though packing is asynchronous.
  let line = Promise.resolve();
  from.on('signal', (signal) => {
    line = line.then(async () => {
      const packed = await packSignal(signal, signal.type === 'answer' ? { answering: packing.question?.() } : {});
      if (signal.type === 'offer') question ??= packed;
      tell({ from, signal, packed });
      const { answers, ...unpacked } = await unpackSignal(Uint8Array.from(packed));
      if (signal.type === 'answer') assert.equal(answers, await tagOf(packing.question()));
      given.push(unpacked);
      if (!to.destroyed) to.signal(unpacked);
    });
    line.catch((error) => from.destroy(error));
  });
  return { question: () => question };
}

for (const trickle of [false, true]) {
  for (const beginner of ['first', 'second']) {
    test(`peers connect through packed signals, trickle ${trickle}, the ${beginner} begins`, { skip }, async () => {
      const one = peer({ initiator: beginner === 'first', trickle });
      const two = peer({ initiator: beginner === 'second', trickle });
      const said = [];
      const tell = (signal) => said.push(signal);
      const [initiator, other] = one.initiator ? [one, two] : [two, one];
      const offering = pass(initiator, other, tell);
      pass(other, initiator, tell, offering);
      await Promise.all([once(one, 'connect'), once(two, 'connect')]);
      await talk(one, two);

      assert.ok(said.some(({ signal }) => signal.type === 'offer'));
      assert.ok(said.some(({ signal }) => signal.type === 'answer'));
      assert.equal(said.some(({ signal }) => signal.candidate), trickle);
      for (const { signal, packed } of said) {
        console.log(`${signal.type}: ${packed.length} bytes for ${JSON.stringify(signal).length} characters`);
        assert.ok(packed.length <= MOST, `${packed.length} bytes for ${JSON.stringify(signal)}`);
      }
    });
  }
}

test('what else simple-peer signals is short too', { skip }, async () => {
  const asking = peer({ initiator: false, trickle: false });
  const asked = once(asking, 'signal');
  asking.addTransceiver('video', { direction: 'sendrecv' });
  for (const signal of [(await asked)[0], { type: 'renegotiate', renegotiate: true }]) {
    const packed = await packSignal(signal);
    console.log(`${signal.type}: ${packed.length} bytes`);
    assert.ok(packed.length <= MOST, `${packed.length}`);
    assert.deepEqual(await unpackSignal(packed), signal);
  }
});

test('peers connect by sound; each hears its own echo, and repeats what was drowned', { skip }, async () => {
  // The first offer is not heard, nor the first answer.
  const room = new Room({ mute: (sound) => sound === 0 || sound === 2 });
  const events = { one: [], two: [] };
  const by = (name) => ({ listen: room.listen, speak: room.speak, onEvent: (event) => events[name].push(event) });
  const one = peer({ initiator: true, trickle: false });
  const two = peer({ trickle: true });
  await Promise.all([signalBySound(one, by('one')), signalBySound(two, by('two'))]);
  await talk(one, two);
  const counts = (name, type) => events[name].filter((event) => event.type === type).length;
  assert.ok(counts('one', 'playing') >= 3, `${counts('one', 'playing')} offers`);
  assert.ok(counts('two', 'playing') >= 2, `${counts('two', 'playing')} answers`);
  assert.equal(counts('one', 'heard'), 1);
  for (const { bytes } of [...events.one, ...events.two].filter(({ type }) => type === 'playing')) {
    assert.ok(bytes <= MOST, `${bytes}`);
  }
  // Both have stopped listening.
  assert.equal(room.ears.size, 0);
  room.close();
});

test("answers to others' offers are passed by", { skip }, async () => {
  const room = new Room();
  const offering = peer({ initiator: true, trickle: false });
  const before = { listen: room.listen, speak: room.speak };
  const connecting = signalBySound(offering, {
    ...before,
    speak: async (offer, how) => {
      await room.speak(offer, how);
      if (room.sounds > 1) return;
      // Somebody answers another offer, somebody else says whatever.
      const elsewhere = [peer({ initiator: true, trickle: false }), peer({ trickle: false })];
      const asked = once(elsewhere[0], 'signal');
      elsewhere[1].signal((await asked)[0]);
      const [answer] = await once(elsewhere[1], 'signal');
      const tag = await tagOf(offer);
      const packed = await packSignal({ ...answer, answers: (tag + 1) % 256 });
      await room.speak(packed, {});
      await room.speak(new TextEncoder().encode('no signal at all'), {});
    },
  });
  const answering = peer({ trickle: false });
  await Promise.all([connecting, signalBySound(answering, before)]);
  await talk(offering, answering);
  room.close();
});

test('it gives up when it is told to, and when the peer ends', { skip }, async () => {
  const room = new Room();
  const medium = { listen: room.listen, speak: room.speak };
  const giveUp = new AbortController();
  const waiting = signalBySound(peer({ initiator: true, trickle: false }), { ...medium, signal: giveUp.signal });
  setTimeout(() => giveUp.abort(new Error('enough')), 700);
  await assert.rejects(waiting, /enough/);
  const ending = peer({});
  const lost = signalBySound(ending, medium);
  ending.destroy();
  await assert.rejects(lost, AirshakeError);
  await assert.rejects(signalBySound({}), UsageError);
  // Neither speaks nor listens any longer.
  assert.equal(room.air.size, 0);
  assert.equal(room.ears.size, 0);
  room.close();
});

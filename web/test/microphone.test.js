// What a microphone may answer. That one answers at all is tested in a browser, in `web/live`.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { MicrophoneError, ProcessedSoundError } from '../src/index.js';
import { openMicrophone, processed } from '../src/microphone.js';

const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
afterEach(() => {
  if (navigator) Object.defineProperty(globalThis, 'navigator', navigator);
  else delete globalThis.navigator;
});

const answering = (getUserMedia) =>
  Object.defineProperty(globalThis, 'navigator', {
    value: { mediaDevices: { getUserMedia } },
    configurable: true,
  });

test('processing that stays on is named', () => {
  const track = (settings) => ({ getSettings: () => settings });
  assert.equal(processed(track({ echoCancellation: false, noiseSuppression: false })), undefined);
  // A browser that says nothing of it may not know it.
  assert.equal(processed(track({})), undefined);
  const error = processed(track({ echoCancellation: true, noiseSuppression: false, autoGainControl: true }));
  assert.ok(error instanceof ProcessedSoundError);
  assert.deepEqual(error.processing, ['echoCancellation', 'autoGainControl']);
  assert.match(error.message, /echoCancellation, autoGainControl/);
});

test('the microphone is asked for as it is', async () => {
  let asked;
  answering(async (wish) => (asked = wish));
  await openMicrophone('desk');
  assert.deepEqual(asked.audio, {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    channelCount: 1,
    deviceId: { exact: 'desk' },
  });
});

test('every refusal has a reason and words', async () => {
  const reasons = [
    ['NotAllowedError', 'denied'],
    ['NotAllowedError', 'denied', 'Permission denied'],
    ['NotAllowedError', 'dismissed', 'Permission dismissed'],
    ['NotAllowedError', 'system', 'Permission denied by system'],
    ['NotFoundError', 'missing'],
    ['OverconstrainedError', 'missing'],
    ['NotReadableError', 'busy'],
  ];
  for (const [name, reason, words = 'engine talk'] of reasons) {
    const cause = Object.assign(new Error(words), { name });
    answering(() => Promise.reject(cause));
    await assert.rejects(openMicrophone(), (error) => {
      assert.ok(error instanceof MicrophoneError);
      assert.equal(error.reason, reason);
      assert.equal(error.cause, cause);
      return true;
    });
  }
  delete globalThis.navigator;
  await assert.rejects(openMicrophone(), { reason: 'insecure' });
});

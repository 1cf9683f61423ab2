// WebRTC signals to few bytes and back: both directions ask the module.

import { parse, sharedEngine } from './engine.js';
import { SignalError, UsageError } from './errors.js';
import { natural } from './modem.js';

/**
 * Packs a signal of simple-peer, an `RTCSessionDescription` or a beacon into few bytes.
 *
 * @param {object} signal `{type, sdp}`, `{candidate}`, `{renegotiate}` or `{type: 'beacon', ...}`
 * @param {{answering?: Uint8Array, most?: number}} [options] the packed offer to which it is the
 *   answer; and the bytes that a description may take, for which it leaves addresses out
 * @returns {Promise<Uint8Array>}
 */
export async function packSignal(signal, { answering = new Uint8Array(), most = 90 } = {}) {
  if (typeof signal !== 'object' || signal === null) throw new UsageError('a signal is an object');
  let text;
  try {
    text = JSON.stringify(signal);
  } catch (cause) {
    throw new UsageError('a signal is an object that JSON can hold', { cause });
  }
  const json = new TextEncoder().encode(text);
  const limit = most === Infinity ? 2 ** 31 - 1 : most;
  natural('most', limit, 0, 2 ** 31);
  const engine = await sharedEngine();
  engine.write(json, bytes(answering));
  return engine.call('signal_pack', json.length, limit);
}

/**
 * The inverse of {@link packSignal}. Damaged or hostile bytes give a {@link SignalError}.
 *
 * @param {Uint8Array} packed
 * @returns {Promise<object>}
 */
export async function unpackSignal(packed) {
  const engine = await sharedEngine();
  engine.write(bytes(packed));
  return object(engine.call('signal_unpack'));
}

/**
 * The tag of a packed offer: an answer whose `answers` is another one is meant for somebody else.
 *
 * @param {Uint8Array} offer
 * @returns {Promise<number>} 0 to 255
 */
export async function tagOf(offer) {
  const engine = await sharedEngine();
  engine.write(bytes(offer));
  return engine.trapping(() => engine.exports.signal_tag());
}

/**
 * What to tell an `RTCPeerConnection` as the answer of a beacon's sender, after its own offer.
 *
 * @param {Uint8Array} beacon packed
 * @param {string} pwd the `a=ice-pwd` of the connection's own offer
 * @returns {Promise<{type: 'answer', sdp: string}>}
 */
export async function answerToBeacon(beacon, pwd) {
  const own = new TextEncoder().encode(pwd);
  const engine = await sharedEngine();
  engine.write(own, bytes(beacon));
  return object(engine.call('beacon_answer', own.length));
}

function bytes(value) {
  if (!(value instanceof Uint8Array)) throw new UsageError('a packed signal is a Uint8Array');
  return value;
}

function object(output) {
  try {
    return parse(output);
  } catch (cause) {
    throw new SignalError('the signal is not JSON', { cause });
  }
}

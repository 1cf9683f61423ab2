// Mono samples to WAV files, and WAV files to mono samples.

import { WavError } from './errors.js';
import { encode } from './modem.js';

/**
 * Bytes as a WAV file: mono, 16 bit.
 *
 * @param {Uint8Array | ArrayBuffer | string} payload
 * @param {{profile?: string, passes?: number, firstPass?: number, rate?: number}} [options]
 * @returns {Promise<Uint8Array>}
 */
export async function encodeWav(payload, options = {}) {
  return writeWav(await encode(payload, options), options.rate ?? 48000);
}

/**
 * Samples as a WAV file: mono, 16 bit.
 *
 * @param {Float32Array} samples full scale 1; what is beyond is cut off
 * @param {number} rate samples a second
 * @returns {Uint8Array}
 */
export function writeWav(samples, rate) {
  const bytes = new Uint8Array(HEADER + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const name = (at, text) => bytes.set(new TextEncoder().encode(text), at);
  name(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  name(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, INTEGER, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  name(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  for (let i = 0; i < samples.length; i++) {
    const step = Math.round(samples[i] * 32768);
    view.setInt16(HEADER + 2 * i, Math.max(-32768, Math.min(32767, step)), true);
  }
  return bytes;
}

/**
 * The samples of a WAV file, its channels mixed: integers of 8 to 32 bits, floats of 32 and 64. For
 * other files ask the browser's `decodeAudioData`.
 *
 * @param {Uint8Array} bytes
 * @returns {{samples: Float32Array, rate: number}}
 */
export function readWav(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') {
    throw new WavError('this is no WAV file');
  }
  let format;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [kind, from] = [name(at), at + 8];
    const end = Math.min(from + view.getUint32(at + 4, true), bytes.length);
    if (kind === 'fmt ' && end - from >= 16) format = readFormat(view, from, end);
    if (kind === 'data') {
      if (!format) throw new WavError('this WAV file does not say what its samples are');
      return { samples: mixed(view, from, end, format), rate: format.rate };
    }
    // Parts begin at even places.
    at = end + ((end - from) % 2);
  }
  throw new WavError('this WAV file has no samples');
}

function readFormat(view, at, end) {
  let tag = view.getUint16(at, true);
  // The extensible form says further on what it is.
  if (tag === EXTENSIBLE && end - at >= 26) tag = view.getUint16(at + 24, true);
  const channels = view.getUint16(at + 2, true);
  const rate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  const read = READERS[`${tag}/${bits}`];
  if (!read || channels === 0 || rate === 0) {
    throw new WavError(`samples of format ${tag} with ${bits} bits in ${channels} channels are not read`);
  }
  return { channels, rate, width: bits / 8, read };
}

function mixed(view, from, end, { channels, width, read }) {
  const samples = new Float32Array(Math.floor((end - from) / (channels * width)));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += read(view, from + (i * channels + channel) * width);
    }
    samples[i] = sum / channels;
  }
  return samples;
}

const HEADER = 44;
const INTEGER = 1;
const EXTENSIBLE = 0xfffe;

/** By format tag and bits: one sample, full scale 1. */
const READERS = {
  '1/8': (view, at) => (view.getUint8(at) - 128) / 128,
  '1/16': (view, at) => view.getInt16(at, true) / 2 ** 15,
  '1/24': (view, at) => ((view.getInt16(at + 1, true) << 8) | view.getUint8(at)) / 2 ** 23,
  '1/32': (view, at) => view.getInt32(at, true) / 2 ** 31,
  '3/32': (view, at) => view.getFloat32(at, true),
  '3/64': (view, at) => view.getFloat64(at, true),
};

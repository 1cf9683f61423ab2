// The WebAssembly module: loading it once, and calling an instance of it.

import { EngineError, LoadError, refusal } from './errors.js';

/** @type {Promise<WebAssembly.Module> | undefined} */
let loading;

/**
 * Loads the WebAssembly module, once. Every function does so when it is needed; calling it early
 * saves that wait, and `options.wasm` says where the module is if it is not beside this package.
 *
 * @param {{wasm?: URL | string | BufferSource | WebAssembly.Module, simd?: boolean}} [options]
 * @returns {Promise<WebAssembly.Module>}
 */
export function load(options = {}) {
  if (!loading || options.wasm !== undefined || options.simd !== undefined) {
    loading = compile(options).catch((cause) => {
      loading = undefined;
      throw new LoadError(`the WebAssembly module cannot be loaded: ${cause.message}`, { cause });
    });
  }
  return loading;
}

/** Whether this engine of JavaScript knows 128-bit vectors: asks it to judge one instruction. */
export function hasSimd() {
  return WebAssembly.validate(
    new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
      15, 253, 98, 11,
    ]),
  );
}

/** @returns {Promise<WebAssembly.Module>} */
async function compile({ wasm, simd = hasSimd() }) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm)) return WebAssembly.compile(wasm);
  // Written out, so that bundlers find them.
  const beside = simd
    ? new URL('../dist/airshake.simd.wasm', import.meta.url)
    : new URL('../dist/airshake.wasm', import.meta.url);
  const url = wasm === undefined ? beside : new URL(wasm, import.meta.url);
  if (url.protocol === 'file:') {
    const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ 'node:fs/promises');
    return WebAssembly.compile(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  // Streaming wants the right media type, which not every server knows.
  const streams = response.headers.get('content-type')?.startsWith('application/wasm');
  return streams
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/**
 * An instance of the module. It has at most one ear and one voice, and memory of its own, which is
 * free again when the instance is dropped.
 */
export class Engine {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.module = module;
    this.broken = false;
    this.exports = new WebAssembly.Instance(module, {}).exports;
    /** Samples that one call takes or gives at most. */
    this.piece = this.trapping(() => this.exports.piece());
  }

  /** Lays these bytes, one part behind the other, before the next call. */
  write(/** @type {Uint8Array[]} */ ...parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    // A number of 32 bits: 2 ** 32 would arrive as 0.
    const place = length < 2 ** 31 ? this.trapping(() => this.exports.room(length)) : 0;
    if (place === 0) {
      throw refusal({ error: 'limit', words: `${length} bytes are too long` });
    }
    let at = place;
    for (const part of parts) {
      new Uint8Array(this.exports.memory.buffer, at, part.length).set(part);
      at += part.length;
    }
  }

  /** Where samples are laid before, or found after a call. Looked up anew, for memory moves when it grows. */
  samples() {
    const place = this.trapping(() => this.exports.samples());
    return new Float32Array(this.exports.memory.buffer, place, this.piece);
  }

  /** Calls, and gives a copy of the output. @returns {Uint8Array} */
  call(/** @type {string} */ name, /** @type {number[]} */ ...numbers) {
    const length = this.trapping(() => this.exports[name](...numbers));
    const place = this.trapping(() => this.exports.output());
    const output = new Uint8Array(this.exports.memory.buffer, place, Math.abs(length)).slice();
    if (length < 0) throw refusal(parse(output));
    return output;
  }

  /** Does something that may trap; whatever traps has broken this instance. */
  trapping(act) {
    try {
      return act();
    } catch (cause) {
      this.broken = true;
      throw new EngineError(`the sound engine stopped: ${cause.message}`, { cause });
    }
  }
}

/** JSON that the module wrote. */
export function parse(/** @type {Uint8Array} */ output) {
  return output.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(output));
}

/** @type {{engine: Engine, module: WebAssembly.Module} | undefined} */
let shared;

/** An instance for what is done at once and keeps nothing; a new one if the last one broke. */
export async function sharedEngine() {
  const module = await load();
  if (!shared || shared.engine.broken || shared.module !== module) {
    shared = { engine: new Engine(module), module };
  }
  return shared.engine;
}

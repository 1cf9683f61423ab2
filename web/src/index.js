export {
  AirshakeError,
  EngineError,
  LimitError,
  LoadError,
  SignalError,
  UsageError,
  WavError,
} from './errors.js';
export { load, hasSimd } from './engine.js';
export { analyse, decode, Ear, encode, profiles } from './modem.js';
export { encodeWav, readWav, writeWav } from './wav.js';
export { answerToBeacon, packSignal, tagOf, unpackSignal } from './signal.js';

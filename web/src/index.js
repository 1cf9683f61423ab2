export {
  AirshakeError,
  AutoplayError,
  EngineError,
  FilesError,
  LimitError,
  LinkError,
  LoadError,
  LoudspeakerError,
  MicrophoneError,
  PairError,
  ProcessedSoundError,
  SignalError,
  UsageError,
  WavError,
} from './errors.js';
export { load, hasSimd } from './engine.js';
export { analyse, decode, Ear, encode, profiles } from './modem.js';
export { Transfers } from './files.js';
export { filesOf } from './listing.js';
export { listen } from './listen.js';
export { openMicrophone } from './microphone.js';
export { pair } from './pair.js';
export { speak } from './speak.js';
export { signalBySound } from './simple-peer.js';
export { encodeWav, readWav, writeWav } from './wav.js';
export { answerToBeacon, packSignal, tagOf, unpackSignal } from './signal.js';

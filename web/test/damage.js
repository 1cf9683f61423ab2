// What rooms and people do to sounds, signals and files, seeded. For Node and for pages.

/** Seeded numbers of 32 bits: xorshift. */
export function dice(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Random bytes. */
export const noise = (length, next) => Uint8Array.from({ length }, () => next() & 255);

/** The same samples, damaged in one of these ways, the `way`th. */
export function damagedSound(samples, way, next) {
  const below = (most) => next() % most;
  const sound = samples.slice();
  const from = below(sound.length);
  const to = Math.min(sound.length, from + below(sound.length));
  switch (way % 8) {
    case 0: // cut off
      return sound.subarray(0, from);
    case 1: // a hole
      return sound.fill(0, from, to);
    case 2: // numbers that are none, and far too large ones
      for (let i = 0; i < 100; i++) sound[below(sound.length)] = [NaN, Infinity, -Infinity, 1e38, -1e38][below(5)];
      return sound;
    case 3: // any bits
      new Uint32Array(sound.buffer, 4 * from, to - from).forEach((_, i, words) => (words[i] = next()));
      return sound;
    case 4: // clipped to two values
      return sound.map(Math.sign);
    case 5: // backwards
      return sound.reverse();
    case 6: {
      // another speed, a third slower to a third faster: beyond the end is silence
      const speed = (667 + below(667)) / 1000;
      return sound.map((_, i) => samples[Math.floor(i * speed)] ?? 0);
    }
    default: // a part of it over another part
      return sound.map((x, i) => (x + sound[(i + from) % sound.length]) / 2);
  }
}

/** The same bytes with up to nine of them changed, cut or longer. */
export function damagedBytes(bytes, next) {
  const below = (most) => next() % most;
  const damaged = bytes.slice(0, below(4) ? bytes.length : below(bytes.length + 1));
  for (let i = below(9); i > 0 && damaged.length > 0; i--) {
    // Mostly at the front, where lengths and formats stand.
    const at = below(4) ? below(Math.min(64, damaged.length)) : below(damaged.length);
    damaged[at] = [0, 255, 127, next() & 255][below(4)];
  }
  return below(4) ? damaged : Uint8Array.from([...damaged, ...noise(below(64), next)]);
}

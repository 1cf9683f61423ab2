//! The passes of a complex transform.

use realfft::num_complex::Complex32;

use super::turns::Turns;
use crate::lanes::{LANES, Lanes};

/// Values values: their real parts, their imaginary parts.
#[derive(Clone, Copy)]
pub(super) struct Values {
    pub(super) re: Lanes,
    pub(super) im: Lanes,
}

/// A transform of one length.
pub(super) struct Passes {
    input: Vec<Complex32>,
    /// What the passes read and write, in turn.
    values: Vec<Values>,
    others: Vec<Values>,
    /// The turns of the first pass, three for each of a quarter of the values.
    first: Vec<Complex32>,
    later: Vec<Pass>,
}

/// Puts `radix` transforms together to one, each of them `stride` times as many values as lanes long.
struct Pass {
    radix: usize,
    stride: usize,
    /// One less than the radix for each group of strides.
    turns: Vec<Complex32>,
}

impl Passes {
    /// For `len` values, which divides the parts that `all` tell.
    ///
    /// # Panics
    /// If `len` is not a multiple of four, or has a prime factor above five.
    pub(super) fn new(len: usize, all: &Turns) -> Self {
        assert!(len > 0 && len.is_multiple_of(4), "{len} values");
        let mut left = len / 4;
        let mut stride = 4 / LANES;
        let mut later = Vec::new();
        while left > 1 {
            let radix = [4, 2, 3, 5]
                .into_iter()
                .find(|radix| left.is_multiple_of(*radix))
                .expect("no other prime factors");
            later.push(Pass {
                radix,
                stride,
                turns: turns(all, left, radix),
            });
            left /= radix;
            stride *= radix;
        }
        let nothing = Values::all(Complex32::default());
        Self {
            input: vec![Complex32::default(); len],
            values: vec![nothing; len / LANES],
            others: vec![nothing; len / LANES],
            first: turns(all, len, 4),
            later,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.input.len()
    }

    /// What is to be transformed; lies here as it was until it is written.
    pub(super) fn input(&mut self) -> &mut [Complex32] {
        &mut self.input
    }

    /// The transform of the input.
    pub(super) fn run(&mut self) -> &[Values] {
        first(&self.input, &self.first, &mut self.values);
        for pass in &self.later {
            let (from, to) = (&self.values[..], &mut self.others[..]);
            match pass.radix {
                2 => pass.two(from, to),
                3 => pass.three(from, to),
                4 => pass.four(from, to),
                _ => pass.five(from, to),
            }
            std::mem::swap(&mut self.values, &mut self.others);
        }
        &self.values
    }
}

/// The turns of a pass that splits transforms of `len` values into `radix`.
fn turns(turns: &Turns, len: usize, radix: usize) -> Vec<Complex32> {
    (0..len / radix)
        .flat_map(|p| (1..radix).map(move |j| turns.at(p * j, len)))
        .collect()
}

/// Of radix four, from single values: what it makes of four of them comes to lie in a row.
fn first(input: &[Complex32], turns: &[Complex32], out: &mut [Values]) {
    let [a, b, c, d] = parts(input);
    for (p, turns) in turns.as_chunks::<3>().0.iter().enumerate() {
        let (a, b, c, d) = (a[p], b[p], c[p], d[p]);
        let (sum, difference) = (a + c, a - c);
        let (other, turned) = (b + d, b - d);
        let turned = Complex32::new(turned.im, -turned.re);
        let w = sum + other;
        let x = (difference + turned) * turns[0];
        let y = (sum - other) * turns[1];
        let z = (difference - turned) * turns[2];
        lay(out, p, [w, x, y, z]);
    }
}

/// Lays down four values, behind `p` times four others.
#[cfg(target_feature = "simd128")]
#[inline(always)]
fn lay(out: &mut [Values], p: usize, [w, x, y, z]: [Complex32; 4]) {
    out[p] = Values {
        re: Lanes::new([w.re, x.re, y.re, z.re]),
        im: Lanes::new([w.im, x.im, y.im, z.im]),
    };
}

/// Lays down four values, behind `p` times four others.
#[cfg(not(target_feature = "simd128"))]
#[inline(always)]
fn lay(out: &mut [Values], p: usize, [w, x, y, z]: [Complex32; 4]) {
    out[4 * p] = Values::all(w);
    out[4 * p + 1] = Values::all(x);
    out[4 * p + 2] = Values::all(y);
    out[4 * p + 3] = Values::all(z);
}

impl Pass {
    fn two(&self, from: &[Values], to: &mut [Values]) {
        let n = self.stride;
        let [a, b] = parts(from);
        for (p, turn) in self.turns.iter().enumerate() {
            for q in p * n..(p + 1) * n {
                let (a, b) = (a[q], b[q]);
                let at = q + p * n;
                to[at] = a.plus(b);
                to[at + n] = a.minus(b).times(*turn);
            }
        }
    }

    fn three(&self, from: &[Values], to: &mut [Values]) {
        const SINE: f32 = 0.866_025_4;
        let n = self.stride;
        let [a, b, c] = parts(from);
        for (p, turns) in self.turns.as_chunks::<2>().0.iter().enumerate() {
            for q in p * n..(p + 1) * n {
                let (a, b, c) = (a[q], b[q], c[q]);
                let sum = b.plus(c);
                let middle = a.minus(sum.scaled(0.5));
                let side = b.minus(c).scaled(SINE).a_quarter_back();
                let at = q + 2 * p * n;
                to[at] = a.plus(sum);
                to[at + n] = middle.plus(side).times(turns[0]);
                to[at + 2 * n] = middle.minus(side).times(turns[1]);
            }
        }
    }

    fn four(&self, from: &[Values], to: &mut [Values]) {
        let n = self.stride;
        let [a, b, c, d] = parts(from);
        for (p, turns) in self.turns.as_chunks::<3>().0.iter().enumerate() {
            for q in p * n..(p + 1) * n {
                let (a, b, c, d) = (a[q], b[q], c[q], d[q]);
                let (sum, difference) = (a.plus(c), a.minus(c));
                let (other, side) = (b.plus(d), b.minus(d).a_quarter_back());
                let at = q + 3 * p * n;
                to[at] = sum.plus(other);
                to[at + n] = difference.plus(side).times(turns[0]);
                to[at + 2 * n] = sum.minus(other).times(turns[1]);
                to[at + 3 * n] = difference.minus(side).times(turns[2]);
            }
        }
    }

    fn five(&self, from: &[Values], to: &mut [Values]) {
        // Of a fifth and of two fifths of a turn.
        const COSINES: [f32; 2] = [0.309_017, -0.809_017];
        const SINES: [f32; 2] = [0.951_056_5, 0.587_785_24];
        let n = self.stride;
        let [a, b, c, d, e] = parts(from);
        for (p, turns) in self.turns.as_chunks::<4>().0.iter().enumerate() {
            for q in p * n..(p + 1) * n {
                let (a, b, c, d, e) = (a[q], b[q], c[q], d[q], e[q]);
                let (outer, inner) = (b.plus(e), c.plus(d));
                let (apart, near) = (b.minus(e), c.minus(d));
                let one = a
                    .plus(outer.scaled(COSINES[0]))
                    .plus(inner.scaled(COSINES[1]));
                let two = a
                    .plus(outer.scaled(COSINES[1]))
                    .plus(inner.scaled(COSINES[0]));
                let beside_one = apart
                    .scaled(SINES[0])
                    .plus(near.scaled(SINES[1]))
                    .a_quarter_back();
                let beside_two = apart
                    .scaled(SINES[1])
                    .minus(near.scaled(SINES[0]))
                    .a_quarter_back();
                let at = q + 4 * p * n;
                to[at] = a.plus(outer).plus(inner);
                to[at + n] = one.plus(beside_one).times(turns[0]);
                to[at + 2 * n] = two.plus(beside_two).times(turns[1]);
                to[at + 3 * n] = two.minus(beside_two).times(turns[2]);
                to[at + 4 * n] = one.minus(beside_one).times(turns[3]);
            }
        }
    }
}

/// The values in equal parts, as many as the radix.
#[inline(always)]
fn parts<T, const RADIX: usize>(from: &[T]) -> [&[T]; RADIX] {
    let len = from.len() / RADIX;
    std::array::from_fn(|k| &from[len * k..][..len])
}

impl Values {
    /// As many times the same.
    #[inline(always)]
    fn all(value: Complex32) -> Self {
        Self {
            re: Lanes::all(value.re),
            im: Lanes::all(value.im),
        }
    }

    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            re: self.re.plus(other.re),
            im: self.im.plus(other.im),
        }
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            re: self.re.minus(other.re),
            im: self.im.minus(other.im),
        }
    }

    #[inline(always)]
    pub(super) fn scaled(self, by: f32) -> Self {
        let by = Lanes::all(by);
        Self {
            re: self.re.times(by),
            im: self.im.times(by),
        }
    }

    #[inline(always)]
    fn times(self, turn: Complex32) -> Self {
        self.turned(Self::all(turn))
    }

    #[inline(always)]
    pub(super) fn turned(self, by: Self) -> Self {
        Self {
            re: self.re.times(by.re).minus(self.im.times(by.im)),
            im: self.re.times(by.im).plus(self.im.times(by.re)),
        }
    }

    #[inline(always)]
    pub(super) fn a_quarter_back(self) -> Self {
        Self {
            re: self.im,
            im: Lanes::all(0.0).minus(self.re),
        }
    }

    /// With the imaginary parts' signs turned.
    #[inline(always)]
    pub(super) fn conj(self) -> Self {
        Self {
            re: self.re,
            im: Lanes::all(0.0).minus(self.im),
        }
    }

    /// With real and imaginary parts exchanged.
    #[inline(always)]
    pub(super) fn exchanged(self) -> Self {
        Self {
            re: self.im,
            im: self.re,
        }
    }

    /// Lays them down from that place on.
    #[inline(always)]
    pub(super) fn lay(self, out: &mut [Complex32], place: usize) {
        if let Some(out) = out.get_mut(place..).and_then(<[_]>::first_chunk_mut) {
            *out = self.values();
        }
    }

    /// Lays them down from that place on, backwards.
    #[inline(always)]
    pub(super) fn lay_back(self, out: &mut [Complex32], place: usize) {
        let reversed = Self {
            re: self.re.reversed(),
            im: self.im.reversed(),
        };
        reversed.lay(out, place + 1 - LANES);
    }

    /// One by one.
    #[cfg(target_feature = "simd128")]
    #[inline(always)]
    pub(super) fn values(self) -> [Complex32; LANES] {
        let [a, b] = self.re.in_turn(self.im);
        let (a, b) = (a.numbers(), b.numbers());
        [
            Complex32::new(a[0], a[1]),
            Complex32::new(a[2], a[3]),
            Complex32::new(b[0], b[1]),
            Complex32::new(b[2], b[3]),
        ]
    }

    /// One by one.
    #[cfg(not(target_feature = "simd128"))]
    #[inline(always)]
    pub(super) fn values(self) -> [Complex32; LANES] {
        let ([re], [im]) = (self.re.numbers(), self.im.numbers());
        [Complex32::new(re, im)]
    }
}

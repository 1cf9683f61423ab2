//! The passes of a complex transform.

use realfft::num_complex::Complex32;

use super::super::super::angle::{cosine, sine};
use super::quad::Quad;

/// Four values: their real parts, their imaginary parts.
#[derive(Clone, Copy)]
pub(super) struct Four {
    pub(super) re: Quad,
    pub(super) im: Quad,
}

/// A transform of one length.
pub(super) struct Passes {
    input: Vec<Complex32>,
    /// What the passes read and write, in turn.
    values: Vec<Four>,
    others: Vec<Four>,
    /// The turns of the first pass, three for each of a quarter of the values.
    first: Vec<Complex32>,
    later: Vec<Pass>,
}

/// Puts `radix` transforms together to one, each of them `stride` fours long.
struct Pass {
    radix: usize,
    stride: usize,
    /// One less than the radix for each group of strides.
    turns: Vec<Complex32>,
}

impl Passes {
    /// For `len` values.
    ///
    /// # Panics
    /// If `len` is not a multiple of four, or has a prime factor above five.
    pub(super) fn new(len: usize) -> Self {
        assert!(len > 0 && len.is_multiple_of(4), "{len} values");
        let mut left = len / 4;
        let mut stride = 1;
        let mut later = Vec::new();
        while left > 1 {
            let radix = [4, 2, 3, 5]
                .into_iter()
                .find(|radix| left.is_multiple_of(*radix))
                .expect("no other prime factors");
            later.push(Pass {
                radix,
                stride,
                turns: turns(left, radix),
            });
            left /= radix;
            stride *= radix;
        }
        let nothing = Four {
            re: Quad::all(0.0),
            im: Quad::all(0.0),
        };
        Self {
            input: vec![Complex32::default(); len],
            values: vec![nothing; len / 4],
            others: vec![nothing; len / 4],
            first: turns(len, 4),
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
    pub(super) fn run(&mut self) -> &[Four] {
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

/// What part `k` of a turn backwards is, in `of` parts.
pub(super) fn turn(k: usize, of: usize) -> Complex32 {
    let angle = -std::f64::consts::TAU * k as f64 / of as f64;
    Complex32::new(cosine(angle) as f32, sine(angle) as f32)
}

/// The turns of a pass that splits transforms of `len` values into `radix`.
fn turns(len: usize, radix: usize) -> Vec<Complex32> {
    (0..len / radix)
        .flat_map(|p| (1..radix).map(move |j| turn(p * j, len)))
        .collect()
}

/// Of radix four, from single values: what it makes of four of them comes to lie together.
fn first(input: &[Complex32], turns: &[Complex32], out: &mut [Four]) {
    let quarter = out.len();
    let (a, rest) = input.split_at(quarter);
    let (b, rest) = rest.split_at(quarter);
    let (c, d) = rest.split_at(quarter);
    let values = a.iter().zip(b).zip(c).zip(d);
    let turns = turns.as_chunks::<3>().0;
    for ((out, turns), (((a, b), c), d)) in out.iter_mut().zip(turns).zip(values) {
        let (sum, difference) = (a + c, a - c);
        let (other, turned) = (b + d, b - d);
        let turned = Complex32::new(turned.im, -turned.re);
        let w = sum + other;
        let x = (difference + turned) * turns[0];
        let y = (sum - other) * turns[1];
        let z = (difference - turned) * turns[2];
        out.re = Quad::new([w.re, x.re, y.re, z.re]);
        out.im = Quad::new([w.im, x.im, y.im, z.im]);
    }
}

impl Pass {
    fn two(&self, from: &[Four], to: &mut [Four]) {
        let n = self.stride;
        for (p, (to, turn)) in to.chunks_exact_mut(2 * n).zip(&self.turns).enumerate() {
            let (a, b) = (self.part(from, 0, p), self.part(from, 1, p));
            let (w, x) = to.split_at_mut(n);
            for q in 0..n {
                w[q] = a[q].plus(b[q]);
                x[q] = a[q].minus(b[q]).times(*turn);
            }
        }
    }

    fn three(&self, from: &[Four], to: &mut [Four]) {
        const SINE: f32 = 0.866_025_4;
        let n = self.stride;
        let turns = self.turns.as_chunks::<2>().0;
        for (p, (to, turns)) in to.chunks_exact_mut(3 * n).zip(turns).enumerate() {
            let (a, b) = (self.part(from, 0, p), self.part(from, 1, p));
            let c = self.part(from, 2, p);
            let (w, rest) = to.split_at_mut(n);
            let (x, y) = rest.split_at_mut(n);
            for q in 0..n {
                let sum = b[q].plus(c[q]);
                let middle = a[q].minus(sum.scaled(0.5));
                let side = b[q].minus(c[q]).scaled(SINE).a_quarter_back();
                w[q] = a[q].plus(sum);
                x[q] = middle.plus(side).times(turns[0]);
                y[q] = middle.minus(side).times(turns[1]);
            }
        }
    }

    fn four(&self, from: &[Four], to: &mut [Four]) {
        let n = self.stride;
        let turns = self.turns.as_chunks::<3>().0;
        for (p, (to, turns)) in to.chunks_exact_mut(4 * n).zip(turns).enumerate() {
            let (a, b) = (self.part(from, 0, p), self.part(from, 1, p));
            let (c, d) = (self.part(from, 2, p), self.part(from, 3, p));
            let (low, high) = to.split_at_mut(2 * n);
            let ((w, x), (y, z)) = (low.split_at_mut(n), high.split_at_mut(n));
            for q in 0..n {
                let (sum, difference) = (a[q].plus(c[q]), a[q].minus(c[q]));
                let (other, side) = (b[q].plus(d[q]), b[q].minus(d[q]).a_quarter_back());
                w[q] = sum.plus(other);
                x[q] = difference.plus(side).times(turns[0]);
                y[q] = sum.minus(other).times(turns[1]);
                z[q] = difference.minus(side).times(turns[2]);
            }
        }
    }

    fn five(&self, from: &[Four], to: &mut [Four]) {
        // Of a fifth and of two fifths of a turn.
        const COSINES: [f32; 2] = [0.309_017, -0.809_017];
        const SINES: [f32; 2] = [0.951_056_5, 0.587_785_24];
        let n = self.stride;
        let turns = self.turns.as_chunks::<4>().0;
        for (p, (to, turns)) in to.chunks_exact_mut(5 * n).zip(turns).enumerate() {
            let a = self.part(from, 0, p);
            let (b, e) = (self.part(from, 1, p), self.part(from, 4, p));
            let (c, d) = (self.part(from, 2, p), self.part(from, 3, p));
            let (low, high) = to.split_at_mut(2 * n);
            let ((v, w), (x, rest)) = (low.split_at_mut(n), high.split_at_mut(n));
            let (y, z) = rest.split_at_mut(n);
            for q in 0..n {
                let (outer, inner) = (b[q].plus(e[q]), c[q].plus(d[q]));
                let (apart, near) = (b[q].minus(e[q]), c[q].minus(d[q]));
                let one = a[q]
                    .plus(outer.scaled(COSINES[0]))
                    .plus(inner.scaled(COSINES[1]));
                let two = a[q]
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
                v[q] = a[q].plus(outer).plus(inner);
                w[q] = one.plus(beside_one).times(turns[0]);
                x[q] = two.plus(beside_two).times(turns[1]);
                y[q] = two.minus(beside_two).times(turns[2]);
                z[q] = one.minus(beside_one).times(turns[3]);
            }
        }
    }

    /// Stride `p` of part `k` of the values, which the radix cuts into equal parts.
    #[inline(always)]
    fn part<'a>(&self, from: &'a [Four], k: usize, p: usize) -> &'a [Four] {
        &from[from.len() / self.radix * k + self.stride * p..][..self.stride]
    }
}

impl Four {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re.plus(other.re),
            im: self.im.plus(other.im),
        }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self {
            re: self.re.minus(other.re),
            im: self.im.minus(other.im),
        }
    }

    #[inline(always)]
    fn scaled(self, by: f32) -> Self {
        let by = Quad::all(by);
        Self {
            re: self.re.times(by),
            im: self.im.times(by),
        }
    }

    #[inline(always)]
    fn times(self, turn: Complex32) -> Self {
        let (re, im) = (Quad::all(turn.re), Quad::all(turn.im));
        Self {
            re: self.re.times(re).minus(self.im.times(im)),
            im: self.re.times(im).plus(self.im.times(re)),
        }
    }

    #[inline(always)]
    fn a_quarter_back(self) -> Self {
        Self {
            re: self.im,
            im: Quad::all(0.0).minus(self.re),
        }
    }
}

//! Speed of the inner code, in information bits a second.
//!
//! Words of one pass at rate 0.42, 1 dB above the noise at which they would begin to be lost:
//! what a receiver meets most. `lost` is the dearest case, a word that is never found.

use std::hint::black_box;

use airshake::code::{HeaderCode, InnerCode, InnerDecoder};
use airshake::units::Llr;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Soft bits of a pass of `code` in white noise of deviation `noise` against a signal of 1.
fn heard(code: &InnerCode, noise: f32) -> Vec<Llr> {
    let info: Vec<bool> = (0..code.info_bits()).map(|i| i * i % 7 < 3).collect();
    let coded = code.encode(&info);
    let mut state = 1u64;
    // The sum of twelve uniform numbers is near enough to a Gaussian of variance 1.
    let mut gaussian = || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                (state >> 40) as f32 / (1 << 24) as f32
            })
            .sum::<f32>()
            - 6.0
    };
    let mut llrs = vec![0.0; code.mother_bits()];
    for bit in code.pass(0, code.info_bits() * 50 / 21) {
        let sent = if coded[bit] { -1.0 } else { 1.0 };
        llrs[bit] = 2.0 * (sent + noise * gaussian()) / (noise * noise);
    }
    llrs
}

fn inner(c: &mut Criterion) {
    for (name, noise) in [("decode", 0.85), ("lost", 1.6)] {
        let mut group = c.benchmark_group(name);
        for info_bits in [104, 296, 544, 1152, 3232] {
            let code = InnerCode::new(info_bits);
            let llrs = heard(&code, noise);
            let mut decoder = InnerDecoder::new(&code);
            let mut out = vec![false; info_bits];
            group.throughput(Throughput::Elements(info_bits as u64));
            group.bench_function(BenchmarkId::from_parameter(info_bits), |b| {
                b.iter(|| decoder.decode(black_box(&llrs), &mut out).is_ok());
            });
        }
    }
    let mut group = c.benchmark_group("encode");
    for info_bits in [104, 544, 3232] {
        let code = InnerCode::new(info_bits);
        let info = vec![true; info_bits];
        group.throughput(Throughput::Elements(info_bits as u64));
        group.bench_function(BenchmarkId::from_parameter(info_bits), |b| {
            b.iter(|| code.encode(black_box(&info)));
        });
    }
    drop(group);
    let mut group = c.benchmark_group("construct");
    for info_bits in [544, 4096] {
        group.bench_function(BenchmarkId::from_parameter(info_bits), |b| {
            b.iter(|| InnerCode::new(black_box(info_bits)));
        });
    }
}

fn header(c: &mut Criterion) {
    let mut code = HeaderCode::new(40);
    let llrs: Vec<Llr> = code
        .encode(&[true; 40])
        .iter()
        .enumerate()
        .map(|(i, &bit)| if bit != (i % 5 == 0) { -1.0 } else { 1.0 })
        .collect();
    let mut out = [false; 40];
    let mut group = c.benchmark_group("header");
    group.throughput(Throughput::Elements(40));
    group.bench_function("decode/40", |b| {
        b.iter(|| code.decode(black_box(&llrs), &mut out))
    });
}

criterion_group!(benches, inner, header);
criterion_main!(benches);

//! Speed of the whole path, in samples a second: at 48 kHz, 48 Msample/s are 1000 times real time.
//!
//! `cargo bench --bench modem`

use airshake::air::Random;
use airshake::modem::{Profile, Receiver, Transmitter};
use airshake::units::SampleRate;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const RATE: SampleRate = SampleRate::HZ_48000;

fn payload(len: usize) -> Vec<u8> {
    let mut random = Random::new(1, "payload");
    (0..len).map(|_| random.bits() as u8).collect()
}

fn burst(bytes: usize) -> Vec<f32> {
    let burst = Transmitter::new(&Profile::AUDIBLE, RATE).burst(&payload(bytes), 0);
    burst.expect("the payload fits").into_samples()
}

fn noise(len: usize) -> Vec<f32> {
    let mut random = Random::new(2, "noise");
    (0..len).map(|_| random.gaussian() as f32 * 0.05).collect()
}

fn listen(receiver: &mut Receiver, samples: &[f32]) -> usize {
    samples
        .chunks(480)
        .map(|piece| receiver.push(piece).count())
        .sum()
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for bytes in [64, 400, 4000] {
        group.throughput(Throughput::Elements(burst(bytes).len() as u64));
        let payload = payload(bytes);
        let transmitter = Transmitter::new(&Profile::AUDIBLE, RATE);
        group.bench_with_input(
            BenchmarkId::from_parameter(bytes),
            &payload,
            |bencher, payload| {
                bencher.iter(|| {
                    transmitter
                        .burst(payload, 0)
                        .expect("the payload fits")
                        .into_samples()
                });
            },
        );
    }
    group.finish();
}

/// Bursts with a second of noise between them.
fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for bytes in [64, 400] {
        let mut samples = burst(bytes);
        samples.resize(samples.len() + 48_000, 0.0);
        samples
            .iter_mut()
            .zip(noise(200_000))
            .for_each(|(x, n)| *x += n * 0.2);
        group.throughput(Throughput::Elements(samples.len() as u64));
        let mut receiver =
            Receiver::new(&[&Profile::AUDIBLE], RATE).expect("the rate is high enough");
        group.bench_with_input(
            BenchmarkId::from_parameter(bytes),
            &samples,
            |bencher, samples| {
                bencher.iter(|| listen(&mut receiver, samples));
            },
        );
    }
    group.finish();
}

/// What listening costs while nobody speaks.
fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    for (name, samples) in [("silence", vec![0.0; 480_000]), ("noise", noise(480_000))] {
        group.throughput(Throughput::Elements(samples.len() as u64));
        let mut receiver =
            Receiver::new(&[&Profile::AUDIBLE], RATE).expect("the rate is high enough");
        group.bench_with_input(
            BenchmarkId::from_parameter(name),
            &samples,
            |bencher, samples| {
                bencher.iter(|| listen(&mut receiver, samples));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, encode, decode, scan);
criterion_main!(benches);

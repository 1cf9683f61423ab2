//! The description of whole recordings, decoded as the command line does it.

use airshake::air::Random;
use airshake::modem::{Receiver, Transmitter};

use super::super::plot::{Kind, Mark, Panel};
use super::*;

const RATE: SampleRate = SampleRate::HZ_48000;
const PROFILE: &Profile = &Profile::AUDIBLE;

fn noise(seconds: f64, rms: f64, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed, "sketch");
    let len = RATE.samples_in(seconds);
    (0..len).map(|_| (random.gaussian() * rms) as f32).collect()
}

/// Adds a burst of 64 bytes; gives its length in seconds.
fn add_burst(samples: &mut [f32], at: f64, amplitude: f32) -> f64 {
    let burst = Transmitter::new(PROFILE, RATE)
        .burst(&[42; 64], 0)
        .expect("fits");
    let sound = burst.into_samples();
    let from = RATE.samples_in(at) as usize;
    for (slot, x) in samples[from..].iter_mut().zip(&sound) {
        *slot += amplitude * x;
    }
    RATE.seconds(sound.len() as u64)
}

fn sketch(samples: &[f32]) -> Picture {
    let mut receiver = Receiver::new(&[PROFILE], RATE).expect("a receiver");
    let mut sketch = Sketch::new(RATE, &[PROFILE]);
    for block in samples.chunks(5_000) {
        sketch.samples(block);
        for event in receiver.push(block) {
            sketch.event(&event);
        }
    }
    for event in receiver.finish() {
        sketch.event(&event);
    }
    sketch.finish("recording.wav")
}

fn boxes(panel: &Panel) -> Vec<(f64, f64)> {
    let marks = panel.marks.iter();
    marks
        .filter_map(|mark| match mark {
            Mark::Box { x, .. } => Some(*x),
            _ => None,
        })
        .collect()
}

fn labels(panel: &Panel) -> String {
    let marks = panel.marks.iter();
    let texts = marks.filter_map(|mark| match mark {
        Mark::Label { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("; ")
}

#[test]
fn bursts_are_framed_at_their_times_and_told_apart() {
    let mut samples = noise(8.0, 0.01, 1);
    let length = add_burst(&mut samples, 1.5, 0.3);
    // A burst whose later half is missing: its header is read, its data is not.
    add_burst(&mut samples, 5.0, 0.3);
    let from = RATE.samples_in(5.0 + length * 0.45) as usize;
    samples[from..].copy_from_slice(&noise(8.0, 0.01, 2)[from..]);
    let picture = sketch(&samples);
    let panels: Vec<&Panel> = picture.panels().collect();
    let framed = boxes(panels[0]);
    assert_eq!(framed.len(), 2, "{framed:?}");
    for (frame, at) in framed.iter().zip([1.5, 5.0]) {
        // The receiver places a burst to well within a millisecond when it is this clear.
        assert!((frame.0 - at).abs() < 0.001, "{frame:?}");
        assert!((frame.1 - at - length).abs() < 0.001, "{frame:?}");
    }
    let words = labels(panels[0]);
    assert!(words.contains("read, 64 bytes"), "{words}");
    assert!(words.contains("lost, 64 bytes"), "{words}");
    // Whole, level, and a closer look, tones and arrivals of each.
    assert_eq!(panels.len(), 2 + 3 + 3);
    assert!(panels[2].title.starts_with("at 1.50 s: read"));
    assert!(panels[5].title.starts_with("at 5.00 s: lost"));
    for kind in [Kind::Png, Kind::Svg] {
        assert!(picture.encode(kind).is_ok());
    }
}

#[test]
fn a_burst_under_noise_and_none_at_all_still_give_a_picture() {
    for samples in [
        noise(4.0, 0.1, 3),
        vec![0.0; 48_000],
        vec![],
        vec![f32::NAN; 9_000],
    ] {
        let picture = sketch(&samples);
        assert!(picture.notes[0].contains("no burst"), "{:?}", picture.notes);
        assert!(boxes(picture.panels().next().expect("panels")).is_empty());
        assert!(picture.encode(Kind::Png).is_ok());
    }
}

#[test]
fn clipping_is_marked_where_it_was() {
    let mut samples = noise(3.0, 0.01, 4);
    let length = add_burst(&mut samples, 1.0, 10.0);
    samples.iter_mut().for_each(|x| *x = x.clamp(-1.0, 1.0));
    let picture = sketch(&samples);
    let level = picture.panels().nth(1).expect("the level's panel");
    let clipped = boxes(level);
    let (first, last) = (clipped[0].0, clipped[clipped.len() - 1].1);
    assert!(
        (first - 1.0).abs() < 0.02 && (last - 1.0 - length).abs() < 0.02,
        "{clipped:?}"
    );
}

/// Of a step of sound in the level's panel and a column of the spectrogram each: what a picture
/// holds does not grow with the recording.
#[test]
fn a_long_recording_gives_no_larger_a_picture() {
    let quiet = noise(60.0, 0.01, 5);
    let size = |minutes: usize| {
        let mut sketch = Sketch::new(RATE, &[PROFILE]);
        (0..minutes).for_each(|_| sketch.samples(&quiet));
        let picture = sketch.finish("long");
        let panels: Vec<&Panel> = picture.panels().collect();
        let raster = panels[0].raster.as_ref().expect("a spectrogram");
        assert!(
            (raster.x.1 - 60.0 * minutes as f64).abs() < 1.0,
            "{:?}",
            raster.x
        );
        (raster.values.len(), panels[1].series[0].values.len())
    };
    let (cells, steps) = size(1);
    let (cells_later, steps_later) = size(16);
    assert!(cells_later <= 2 * cells && steps_later <= 2 * steps);
}

//! Bytes to samples.

use std::collections::VecDeque;
use std::sync::OnceLock;

use crate::bits::{
    Header, MAX_BLOCK_PAYLOAD, MAX_MESSAGE, MAX_SHARDS, Segment, SegmentKey, block_info_bits,
    message_checksum, pack_segment, pack_single,
};
use crate::code::{ErasureCode, InnerCode, InnerCodes};
use crate::samples::{HighPass, Resampler, Synthesizer};
use crate::units::{Hertz, SampleRate, Tone};

use super::Profile;
use super::frame::{Frame, header_code};

/// Amplitude of the preamble: the same peak as the symbols.
const CHIRP_PEAK: f32 = 0.9;

/// The filter of quiet bursts gives back a part of the crests that were clipped, up to 1.8 dB over
/// them: room for these.
const QUIET_GAIN: f32 = 0.78;

/// Why a payload cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransmitError {
    /// The payload is longer than one message can be.
    #[error("payload of {got} bytes does not fit: at most {max} bytes go into one message")]
    TooLong {
        /// What was asked for.
        got: usize,
        /// The limit.
        max: usize,
    },
}

/// Turns payloads into bursts.
#[derive(Clone, Debug)]
pub struct Transmitter {
    profile: &'static Profile,
    rate: SampleRate,
    /// That of the first message: mostly the same is sent again, in other passes.
    code: OnceLock<InnerCode>,
}

impl Transmitter {
    /// A transmitter that gives samples at `rate`.
    ///
    /// # Panics
    /// If `rate` is below the profile's lowest.
    pub fn new(profile: &'static Profile, rate: SampleRate) -> Self {
        assert!(
            rate >= profile.lowest_rate,
            "{rate} does not hold the band of {}",
            profile.name
        );
        Self {
            profile,
            rate,
            code: OnceLock::new(),
        }
    }

    /// The sound of `payload`. `pass` counts the repetitions of a loop from 0; each pass carries
    /// other redundancy of the same message in the [format](Profile::format) of that pass, and any
    /// one of them is enough in a good room.
    ///
    /// # Errors
    /// [`TransmitError::TooLong`] above 65,536 bytes.
    pub fn burst(&self, payload: &[u8], pass: u8) -> Result<Burst, TransmitError> {
        if payload.len() > MAX_MESSAGE {
            return Err(TransmitError::TooLong {
                got: payload.len(),
                max: MAX_MESSAGE,
            });
        }
        let pass = pass % 8;
        let frames = if payload.len() <= MAX_BLOCK_PAYLOAD {
            let header = Header {
                segmented: false,
                pass,
                id: message_checksum(payload) as u8,
                length: payload.len() as u16,
            };
            VecDeque::from([(header, Content::Single(payload.to_vec()))])
        } else {
            segments(payload, pass)
        };
        let codes = frames.front().map_or_else(InnerCodes::new, |(header, _)| {
            let info_bits = block_info_bits(header).expect("our own headers announce frames");
            let code = self.code.get_or_init(|| InnerCode::new(info_bits));
            InnerCodes::with(code.clone())
        });
        Ok(Burst::new(self.profile, self.rate, frames, codes))
    }
}

/// A long message as the frames of one pass: all data shards, and an eighth as many of redundancy.
fn segments(payload: &[u8], pass: u8) -> VecDeque<(Header, Content)> {
    let key = SegmentKey::of(payload);
    let header = Header {
        segmented: true,
        pass,
        id: key.checksum as u8,
        length: key.shard_bytes as u16,
    };
    let data = key.shards(payload);
    let parity = parity_shards(data.len());
    // Later passes send other redundancy, as far as the field has room for it.
    let all = ErasureCode::new(data.len(), MAX_SHARDS - data.len())
        .and_then(|code| code.protect(&data))
        .expect("a message within the limit has shards of one length, and fewer than the field has elements");
    let first = parity * usize::from(pass) % (MAX_SHARDS - data.len());
    let redundancy = (0..parity)
        .map(|i| (first + i) % all.len())
        .map(|i| (data.len() + i, all[i].clone()));
    data.iter()
        .cloned()
        .enumerate()
        .chain(redundancy)
        .map(|(index, shard)| {
            (
                header,
                Content::Segment(Segment {
                    key,
                    index: index as u8,
                    shard,
                }),
            )
        })
        .collect()
}

/// Shards of redundancy in one pass.
fn parity_shards(data: usize) -> usize {
    data.div_ceil(8).min(MAX_SHARDS - data)
}

#[derive(Debug)]
enum Content {
    Single(Vec<u8>),
    Segment(Segment),
}

/// The samples of one burst, made as they are read. Peak amplitude at most 1.
#[derive(Debug)]
pub struct Burst {
    frames: VecDeque<(Header, Content)>,
    frame: VecDeque<Vec<Tone>>,
    codes: InnerCodes,
    chirp: Vec<f32>,
    profile: &'static Profile,
    synthesizer: Synthesizer,
    quiet: Option<HighPass>,
    resampler: Resampler,
    fresh: Vec<f32>,
    quietened: Vec<f32>,
    ready: VecDeque<f32>,
    length: u64,
    given: u64,
}

impl Burst {
    fn new(
        profile: &'static Profile,
        rate: SampleRate,
        frames: VecDeque<(Header, Content)>,
        codes: InnerCodes,
    ) -> Self {
        let (_, highest) = profile.band();
        let highest = Hertz(
            highest
                .0
                .min(f64::from(rate.0) / 2.0 * Resampler::HIGHEST_FRACTION),
        );
        let resampler =
            Resampler::new(SampleRate::HZ_48000, rate, highest).unwrap_or_else(|error| {
                panic!("the transmitter's rate holds the profile's band: {error}")
            });
        let chirp: Vec<f32> = profile
            .chirp
            .samples(SampleRate::HZ_48000)
            .map(|(re, _)| re * CHIRP_PEAK)
            .collect();
        let format = frames.front().map_or(&profile.normal, |(header, _)| {
            profile.at_depth(profile.depth_of(header))
        });
        let synthesizer = Synthesizer::new(format.plan, format.body, format.guard);
        let (lowest, _) = profile.band();
        let quiet = profile
            .quiet_below
            .map(|stop| HighPass::new(SampleRate::HZ_48000, stop, lowest));
        let tail = quiet.as_ref().map_or(0, HighPass::reach);
        let at_48k: usize = frames
            .iter()
            .map(|(header, _)| {
                let symbols =
                    Frame::symbols(profile, header).expect("our own headers announce frames");
                chirp.len() + symbols * synthesizer.symbol_len()
            })
            .sum();
        let length = ((at_48k + tail) as u64 * u64::from(rate.0))
            .div_ceil(u64::from(SampleRate::HZ_48000.0));
        Self {
            frames,
            frame: VecDeque::new(),
            codes,
            chirp,
            profile,
            synthesizer,
            quiet,
            resampler,
            fresh: Vec::new(),
            quietened: Vec::new(),
            ready: VecDeque::new(),
            length,
            given: 0,
        }
    }

    /// Samples in the whole burst, first to last sounding.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Never: every burst sounds.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Fills the front of `out`; returns how many samples were written, 0 at the end.
    pub fn read(&mut self, out: &mut [f32]) -> usize {
        let count = out
            .len()
            .min(usize::try_from(self.length - self.given).unwrap_or(usize::MAX));
        while self.ready.len() < count {
            if !self.make_more() {
                self.ready.resize(count, 0.0);
            }
        }
        for (slot, sample) in out.iter_mut().zip(self.ready.drain(..count)) {
            *slot = sample.clamp(-1.0, 1.0);
        }
        self.given += count as u64;
        count
    }

    /// All samples that were not read yet.
    pub fn into_samples(mut self) -> Vec<f32> {
        let mut samples = vec![0.0; (self.length - self.given) as usize];
        let count = self.read(&mut samples);
        samples.truncate(count);
        samples
    }

    /// Makes another symbol or preamble; false when there is none.
    fn make_more(&mut self) -> bool {
        self.fresh.clear();
        if let Some(tones) = self.frame.pop_front() {
            self.synthesizer.symbol(&tones, &mut self.fresh);
        } else if let Some((header, content)) = self.frames.pop_front() {
            self.fresh.extend_from_slice(&self.chirp);
            self.frame = tones(self.profile, &header, &content, &mut self.codes).into();
        } else {
            return false;
        }
        let last = self.frames.is_empty() && self.frame.is_empty();
        if let Some(quiet) = &mut self.quiet {
            if last {
                // What the filter holds back, and its fading end.
                let more = self.fresh.len() + 2 * quiet.reach();
                self.fresh.resize(more, 0.0);
            }
            self.quietened.clear();
            quiet.push(&self.fresh, &mut self.quietened);
            std::mem::swap(&mut self.fresh, &mut self.quietened);
            self.fresh.iter_mut().for_each(|x| *x *= QUIET_GAIN);
        }
        let mut at_rate = Vec::new();
        self.resampler.push(&self.fresh, &mut at_rate);
        if last {
            self.resampler.finish(&mut at_rate);
        }
        self.ready.extend(at_rate);
        true
    }
}

/// The tones of a frame, symbol after symbol.
fn tones(
    profile: &Profile,
    header: &Header,
    content: &Content,
    codes: &mut InnerCodes,
) -> Vec<Vec<Tone>> {
    let info = match content {
        Content::Single(payload) => pack_single(header, payload),
        Content::Segment(segment) => pack_segment(header, segment),
    };
    let frame = Frame::of(profile, header, codes).expect("our own headers announce frames");
    let coded = frame.code.encode(&info);
    let data: Vec<bool> = frame.places().map(|bit| coded[bit]).collect();
    frame
        .map
        .tones(&header_code().encode(&header.to_bits()), &data)
}

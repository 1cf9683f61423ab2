//! Reads one frame out of samples: first its header, then its data.

use std::ops::Range;

use crate::bits::{HEADER_BITS, Header, HeaderError};
use crate::code::HeaderCode;
use crate::samples::{Detector, FineSpectrum};
use crate::tones::{FrameMap, Levels, SoftDemapper};
use crate::units::{Decibels, Llr};

use super::frame::{Frame, header_code, header_code_bits};
use super::rhythm::{Place, Rhythm};
use super::{Depth, Profile};

/// Largest clock error or motion that is looked for, as a fraction: 1000 ppm is a source that
/// moves at 0.34 m/s, and far more than any sound card errs; a little more for the edges.
pub(super) const STRETCH_MOST: f64 = 1200e-6;
/// Steps of the first look at it: a tone at 9 kHz moves by a twentieth of the tones' spacing.
const STRETCH_STEP: f64 = 40e-6;
/// Steps of the second look, over all symbols.
const STRETCH_FINE: f64 = 10e-6;
/// The transform begins this many seconds before the first path, for what arrives early and for
/// a first path that was sighted late.
const ADVANCE_S: f64 = 0.001;

/// Where a frame lies, in samples at the receiver's rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) chirp: usize,
    guard: usize,
    body: usize,
    advance: usize,
}

impl Geometry {
    fn of(profile: &Profile, depth: Depth, chirp: usize) -> Self {
        let format = profile.at_depth(depth);
        Self {
            chirp,
            guard: profile.at_receiver_rate(format.guard),
            body: profile.at_receiver_rate(format.body),
            advance: profile.receiver_rate.samples_in(ADVANCE_S) as usize,
        }
    }

    /// From the start of a frame to the body of a symbol.
    pub(super) fn body_start(&self, symbol: usize) -> usize {
        self.chirp + symbol * (self.guard + self.body) + self.guard - self.advance
    }

    /// From the start of a frame to its end.
    pub(super) fn frame(&self, symbols: usize) -> usize {
        self.chirp + symbols * (self.guard + self.body)
    }

    /// Samples after the start of a frame that must be there before so many symbols can be read,
    /// however slow the sender's clock.
    pub(super) fn needed(&self, symbols: usize) -> usize {
        let nominal = self.body_start(symbols - 1) + self.body;
        nominal + (nominal as f64 * STRETCH_MOST) as usize + Detector::MARGIN
    }

    /// The symbols of which at least three quarters lie within `heard`, of a frame that begins at
    /// `start`, if the sender's clock runs faster by `stretch`.
    pub(super) fn whole_symbols(
        &self,
        start: i64,
        stretch: f64,
        heard: Range<i64>,
    ) -> Range<usize> {
        let pitch = (self.guard + self.body) as f64;
        let first = self.body_start(0) as f64;
        let scale = 1.0 + stretch;
        let spare = self.body as f64 / 4.0;
        let from = (heard.start.saturating_sub(start)) as f64 * scale - spare;
        let to = (heard.end.saturating_sub(start)) as f64 * scale + spare;
        // Conversions saturate.
        let skipped = ((from - first) / pitch).ceil().max(0.0) as usize;
        let end = ((to - first - self.body as f64) / pitch).floor() + 1.0;
        skipped..end.max(0.0) as usize
    }

    pub(super) fn body(&self) -> usize {
        self.body
    }
}

/// A header, and what was learnt about the frame in reading it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced {
    pub(super) header: Header,
    pub(super) stretch: f64,
    pub(super) snr: Decibels,
    /// Another pass of its loop, if it took both to read the header.
    pub(super) other: Option<Place>,
}

/// What the header of a frame gave, whether or not it can be read.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// The coded bits.
    pub(super) llrs: Vec<Llr>,
    pub(super) stretch: f64,
    pub(super) snr: Decibels,
    /// How well its tones stand out at each stretch that was looked at, for [`Reader::best_of`];
    /// none if the stretch was known.
    pub(super) alignments: Vec<f32>,
}

/// What the data of a frame gave.
#[derive(Clone, Debug)]
pub(super) struct Soft {
    /// The coded bits, in the order in which they are sent.
    pub(super) llrs: Vec<Llr>,
    /// The coded bits of its header, by the same measure.
    pub(super) header: Vec<Llr>,
    pub(super) snr: Decibels,
    pub(super) stretch: f64,
}

/// Why there is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHeader {
    /// It is of a wire version that is not read here.
    Unsupported,
    /// Noise, a header damaged beyond repair, or one that does not belong to this format.
    Unreadable,
}

/// Reads frames of one of a profile's formats. All scratch is kept here.
#[derive(Debug)]
pub(super) struct Reader {
    profile: &'static Profile,
    depth: Depth,
    pub(super) geometry: Geometry,
    detector: Detector,
    demapper: SoftDemapper,
    header_code: HeaderCode,
    header_map: FrameMap,
    fine: Vec<FineSpectrum>,
    energies: Vec<f32>,
}

impl Reader {
    pub(super) fn new(profile: &'static Profile, depth: Depth, chirp: usize) -> Self {
        let geometry = Geometry::of(profile, depth, chirp);
        let plan = profile.at_depth(depth).plan;
        let symbols = FrameMap::header_symbols(&plan, header_code_bits());
        Self {
            profile,
            depth,
            geometry,
            detector: Detector::new(plan, geometry.body),
            demapper: SoftDemapper::new(plan),
            header_code: header_code(),
            header_map: FrameMap::new(&plan, header_code_bits(), symbols),
            fine: Vec::new(),
            energies: Vec::new(),
        }
    }

    /// Symbols that hold the header.
    pub(super) fn header_symbols(&self) -> usize {
        self.header_map.symbols()
    }

    /// Soft bits of the header of a frame that begins at `start` in `samples`; of a sender's clock
    /// that runs faster by `stretch`, which is looked for if it is not known.
    pub(super) fn look(&mut self, samples: &[f32], start: usize, stretch: Option<f64>) -> Look {
        if let Some(stretch) = stretch {
            return self.look_at(samples, start, stretch);
        }
        self.take_fine(samples, start, 0..self.header_symbols());
        let alignments = self.alignments(0.0, STRETCH_MOST, STRETCH_STEP);
        let best = Self::best_of(&alignments);
        let mut look = self.look_at(samples, start, best);
        look.alignments = alignments;
        let Some(alias) = self.alias() else {
            return look;
        };
        // The code may read a header through tones that are taken for their neighbours, but the
        // data behind it would be lost: where it agrees best with what was heard is its place.
        let mut agreement = self.agreement(&look);
        for k in [-2.0, -1.0, 1.0, 2.0] {
            let near = best + k * alias;
            if near.abs() > STRETCH_MOST {
                continue;
            }
            let stretch = self.best_stretch(near, 2.0 * STRETCH_STEP, STRETCH_STEP);
            let other = self.look_at(samples, start, stretch);
            let its_agreement = self.agreement(&other);
            if its_agreement > agreement {
                let alignments = look.alignments;
                look = Look {
                    alignments,
                    ..other
                };
                agreement = its_agreement;
            }
        }
        look
    }

    fn look_at(&mut self, samples: &[f32], start: usize, stretch: f64) -> Look {
        self.take_energies(samples, start, 0..self.header_symbols(), stretch);
        let (soft, levels) = self.demapper.demap(&self.energies);
        Look {
            llrs: self.header_map.header_llrs(&soft),
            stretch,
            snr: levels.snr(),
            alignments: Vec::new(),
        }
    }

    /// The stretch that moves every tone about onto its neighbour, which makes one as likely as
    /// the other; `None` if the band is too wide for that.
    fn alias(&self) -> Option<f64> {
        let plan = &self.profile.at_depth(self.depth).plan;
        let (low, high) = plan.band();
        let middle = (low.0 + high.0) / 2.0;
        // At the ends of the band tones then lie within a quarter of their distance.
        ((high.0 - middle) / middle < 0.25).then_some(plan.spacing.0 / middle)
    }

    /// How much the soft bits speak for the header that they make; nothing does for none.
    fn agreement(&mut self, look: &Look) -> f32 {
        let Ok(announced) = self.header(look) else {
            return f32::NEG_INFINITY;
        };
        let word = self.word(&announced.header);
        let signed = word.iter().zip(&look.llrs);
        signed
            .map(|(bit, llr)| if *bit { -llr } else { *llr })
            .sum()
    }

    /// The header behind those soft bits.
    ///
    /// # Errors
    /// [`NoHeader`] if there is none.
    pub(super) fn header(&mut self, look: &Look) -> Result<Announced, NoHeader> {
        let mut bits = [false; HEADER_BITS];
        self.header_code.decode(&look.llrs, &mut bits);
        let header = Header::from_bits(&bits).map_err(|error| match error {
            HeaderError::Version { .. } => NoHeader::Unsupported,
            _ => NoHeader::Unreadable,
        })?;
        if self.profile.depth_of(&header) != self.depth {
            return Err(NoHeader::Unreadable);
        }
        Ok(Announced {
            header,
            stretch: look.stretch,
            snr: look.snr,
            other: None,
        })
    }

    /// The coded bits of a header.
    pub(super) fn word(&self, header: &Header) -> Vec<bool> {
        self.header_code.encode(&header.to_bits())
    }

    /// How long the passes of a message are, by the `readers` of both formats; `None` if there is
    /// no such message.
    pub(super) fn rhythm(readers: &[Self; 2], key: &Header) -> Option<Rhythm> {
        let mut lengths = [0; 8];
        for (pass, length) in (0..).zip(&mut lengths) {
            let header = Header { pass, ..*key };
            let profile = readers[0].profile;
            let symbols = Frame::symbols(profile, &header).ok()?;
            let reader = &readers[profile.depth_of(&header) as usize];
            *length = reader.geometry.frame(symbols) as u64;
        }
        Some(Rhythm { lengths })
    }

    /// Soft bits of the data of the frame that `announced` began. Only the symbols in `heard` are
    /// read; of the others nothing is known.
    pub(super) fn data(
        &mut self,
        samples: &[f32],
        start: usize,
        announced: &Announced,
        frame: &Frame,
        heard: Range<usize>,
    ) -> Soft {
        let symbols = frame.map.symbols();
        let heard = heard.start.min(symbols)..heard.end.min(symbols);
        let bits = self.profile.at_depth(self.depth).plan.bits_per_symbol();
        let mut soft = vec![0.0; symbols * bits];
        if heard.is_empty() {
            return Soft {
                llrs: frame.map.data_llrs(&soft).collect(),
                header: frame.map.header_llrs(&soft),
                snr: announced.snr,
                stretch: announced.stretch,
            };
        }
        self.take_fine(samples, start, heard.clone());
        let stretch = self.best_stretch(announced.stretch, 2.0 * STRETCH_STEP, STRETCH_FINE);
        self.take_energies(samples, start, heard.clone(), stretch);
        let (some, levels) = self.demapper.demap(&self.energies);
        soft[heard.start * bits..heard.end * bits].copy_from_slice(&some);
        Soft {
            llrs: frame.map.data_llrs(&soft).collect(),
            header: frame.map.header_llrs(&soft),
            snr: levels.snr(),
            stretch,
        }
    }

    /// The levels of the first `symbols` symbols of a frame, and its stretch: for who looks at it.
    pub(super) fn levels(
        &mut self,
        samples: &[f32],
        start: usize,
        symbols: usize,
    ) -> (Levels, f64) {
        self.take_fine(samples, start, 0..symbols);
        let stretch = self.best_stretch(0.0, STRETCH_MOST, STRETCH_STEP);
        self.take_energies(samples, start, 0..symbols, stretch);
        (self.demapper.demap(&self.energies).1, stretch)
    }

    /// Energies at all tones' places in the body's length before `start`; none if the samples do
    /// not reach back so far.
    pub(super) fn noise_before(&mut self, samples: &[f32], start: usize) -> &[f32] {
        self.energies.clear();
        // The advance keeps away from a preamble that was sighted late.
        if let Some(at) = start.checked_sub(self.geometry.body + self.geometry.advance) {
            self.detector
                .energies(samples, at as f64, 0.0, &mut self.energies);
        }
        &self.energies
    }

    /// Fine spectra of some symbols, as they lie without stretch.
    fn take_fine(&mut self, samples: &[f32], start: usize, symbols: Range<usize>) {
        self.fine.resize_with(symbols.len(), FineSpectrum::default);
        for (fine, symbol) in self.fine.iter_mut().zip(symbols) {
            let from = (start + self.geometry.body_start(symbol)).min(samples.len());
            let body = &samples[from..(from + self.geometry.body).min(samples.len())];
            self.detector.fine_spectrum(body, fine);
        }
    }

    /// The stretch at which the tones stand out best.
    fn best_stretch(&self, around: f64, reach: f64, step: f64) -> f64 {
        best(&self.alignments(around, reach, step), around, step)
    }

    /// The stretch that is best by the `alignments` of a look, or a sum of several looks'.
    pub(super) fn best_of(alignments: &[f32]) -> f64 {
        best(alignments, 0.0, STRETCH_STEP)
    }

    /// How well the tones stand out at each stretch from `around - reach` to `around + reach`.
    fn alignments(&self, around: f64, reach: f64, step: f64) -> Vec<f32> {
        let steps = (reach / step).round() as i32;
        let score = |k: i32| {
            let stretch = around + f64::from(k) * step;
            let each = self.fine.iter();
            each.map(|fine| self.detector.alignment(fine, stretch))
                .sum()
        };
        (-steps..=steps).map(score).collect()
    }

    fn take_energies(
        &mut self,
        samples: &[f32],
        start: usize,
        symbols: Range<usize>,
        stretch: f64,
    ) {
        self.energies.clear();
        for symbol in symbols {
            let offset = self.geometry.body_start(symbol) as f64 / (1.0 + stretch);
            self.detector
                .energies(samples, start as f64 + offset, stretch, &mut self.energies);
        }
    }

    /// The most symbols a frame can have.
    pub(super) fn longest_frame(&self) -> usize {
        let symbols = |segmented, pass, length| {
            let header = Header {
                segmented,
                pass,
                id: 0,
                length,
            };
            let ours = self.profile.depth_of(&header) == self.depth;
            Frame::symbols(self.profile, &header).map_or(0, |symbols| symbols * usize::from(ours))
        };
        let single = (0..8).map(|pass| symbols(false, pass, 508)).max();
        single.unwrap_or(0).max(symbols(true, 0, 500)).max(1)
    }

    pub(super) fn profile(&self) -> &'static Profile {
        self.profile
    }
}

/// The stretch of the greatest of the alignments around `around`, in steps of `step`.
fn best(alignments: &[f32], around: f64, step: f64) -> f64 {
    let middle = (alignments.len() / 2) as f64;
    let best = alignments.iter().enumerate();
    let best = best.max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(around, |(k, _)| around + (k as f64 - middle) * step)
}

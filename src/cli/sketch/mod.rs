//! A picture of a recording that shows what went right and wrong in it.
//!
//! [`Sketch`] is told the samples and events that the receiver is told and tells, and in the end
//! gives the description of a picture. Memory stays bounded: an hour is seen in coarser columns,
//! and only a few bursts are kept for a closer look.

mod bursts;
mod clips;
mod detail;
mod loudness;
mod overview;
mod spectrogram;

use airshake::modem::{Event, Profile};
use airshake::units::{Hertz, SampleRate};

use super::plot::Picture;
use bursts::{Burst, Bursts};
use clips::{Clip, Clips};
use detail::Detail;
use loudness::Loudness;
use overview::Overview;
use spectrogram::Spectrogram;

/// Seconds of the first columns: a preamble is ten of them long.
const COLUMN_S: f64 = 0.006;
/// Sightings so near belong to one burst: less than the shortest burst lasts.
const ONE_BURST_S: f64 = 0.1;
/// Clips of bursts that are kept until it is known which are worth a look.
const MOST_CLIPS: usize = 4;
/// Recordings this short show every symbol as they are.
const SHORT_S: f64 = 3.0;

/// Watches a recording being decoded.
pub(crate) struct Sketch {
    rate: SampleRate,
    profiles: Vec<&'static Profile>,
    spectrogram: Spectrogram,
    loudness: Loudness,
    bursts: Bursts,
    clips: Clips,
    kept: Vec<Clip>,
    /// The clearest preamble, for when there is nothing better.
    carrier: Option<(f32, u64)>,
}

impl Sketch {
    /// For a recording at `rate`, listened to for some profiles.
    pub(crate) fn new(rate: SampleRate, profiles: &[&'static Profile]) -> Self {
        let profiles: Vec<&'static Profile> = profiles
            .iter()
            .copied()
            .filter(|profile| profile.lowest_rate <= rate)
            .collect();
        Self {
            rate,
            spectrogram: Spectrogram::new(rate, seen_band(&profiles, rate), COLUMN_S),
            profiles,
            loudness: Loudness::new(rate),
            bursts: Bursts::new(rate.samples_in(ONE_BURST_S)),
            clips: Clips::new(rate),
            kept: Vec::new(),
            carrier: None,
        }
    }

    /// Takes the samples before the receiver does.
    pub(crate) fn samples(&mut self, samples: &[f32]) {
        self.spectrogram.push(samples);
        self.loudness.push(samples);
        for clip in self.clips.push(samples) {
            self.keep(clip);
        }
    }

    /// Takes what the receiver said of them.
    pub(crate) fn event(&mut self, event: &Event) {
        self.bursts.event(event);
        match event {
            Event::Header { at, until, .. } => self.clips.want(*at, *until),
            Event::Unread(unread) => {
                let second = unread.at.saturating_add(self.rate.samples_in(1.0));
                if self.carrier.is_none_or(|(best, _)| best < unread.sigmas) {
                    self.carrier = Some((unread.sigmas, unread.at));
                    self.clips.want(unread.at, second);
                }
            }
            _ => {}
        }
    }

    /// Keeps a clip; of too many, one that shows nothing new.
    fn keep(&mut self, clip: Clip) {
        self.kept.push(clip);
        if self.kept.len() > MOST_CLIPS {
            let kind = |clip: &Clip| self.burst_of(clip).map(|b| (b.is_sure(), b.is_good()));
            let kinds: Vec<_> = self.kept.iter().map(kind).collect();
            let again = (0..kinds.len())
                .rev()
                .find(|i| kinds[..*i].contains(&kinds[*i]));
            self.kept.remove(again.unwrap_or(MOST_CLIPS));
        }
    }

    fn burst_of(&self, clip: &Clip) -> Option<&Burst> {
        let nearest = self
            .bursts
            .all()
            .iter()
            .min_by_key(|burst| burst.at.abs_diff(clip.at))?;
        (nearest.at.abs_diff(clip.at) < self.rate.samples_in(ONE_BURST_S)).then_some(nearest)
    }

    /// The picture of a recording called `name`. The receiver's last events must have been told.
    pub(crate) fn finish(mut self, name: &str) -> Picture {
        self.spectrogram.finish();
        self.bursts.finish();
        for clip in self.clips.finish() {
            self.keep(clip);
        }
        let seconds = self.loudness.seconds();
        let details: Vec<Detail<'_>> = self
            .worth_a_look()
            .into_iter()
            .map(|(clip, burst)| {
                Detail::new(
                    self.rate,
                    burst.profile(&self.profiles, self.rate),
                    clip,
                    burst,
                )
            })
            .collect();
        let all_seen = seconds <= SHORT_S;
        let mut heard: Vec<&'static Profile> = Vec::new();
        for burst in self.bursts.all().iter().filter(|burst| burst.is_sure()) {
            let profile = burst.profile(&self.profiles, self.rate);
            if !heard.contains(&profile) {
                heard.push(profile);
            }
        }
        if heard.is_empty() {
            heard.clone_from(&self.profiles);
        }
        let overview = Overview {
            rate: self.rate,
            profiles: &self.profiles,
            band: seen_band(&heard, self.rate),
            bursts: &self.bursts,
            loudness: &self.loudness,
            spectrogram: self.spectrogram.measured(),
            with_symbols: all_seen,
        };
        let mut picture = overview.draw(Picture::new(name));
        for detail in &details {
            if !all_seen {
                let profile = detail.profile();
                picture = detail.draw_closer(picture, seen_band(&[profile], self.rate));
            }
            picture = detail.draw_levels(picture);
        }
        picture
    }

    /// The first burst that was read and the first that was not; else the clearest preamble.
    fn worth_a_look(&self) -> Vec<(&Clip, &Burst)> {
        let mut known: Vec<(&Clip, &Burst)> = self
            .kept
            .iter()
            .filter_map(|clip| Some((clip, self.burst_of(clip)?)))
            .collect();
        known.sort_by_key(|(_, burst)| burst.at);
        let first = |good: bool| {
            let mut sure = known.iter().filter(|(_, burst)| burst.is_sure());
            sure.find(|(_, burst)| burst.is_good() == good).copied()
        };
        let mut chosen: Vec<_> = [first(true), first(false)].into_iter().flatten().collect();
        if chosen.is_empty() {
            let best = self.carrier.map_or(0, |(_, at)| at);
            chosen.extend(
                known
                    .into_iter()
                    .min_by_key(|(clip, _)| clip.at.abs_diff(best)),
            );
        }
        chosen.sort_by_key(|(_, burst)| burst.at);
        chosen
    }
}

/// The bands of the profiles with what lies beside them, as far as the rate holds it.
fn seen_band(profiles: &[&'static Profile], rate: SampleRate) -> (Hertz, Hertz) {
    let bands = profiles.iter().map(|profile| profile.band());
    let both = bands.reduce(|a, b| (Hertz(a.0.0.min(b.0.0)), Hertz(a.1.0.max(b.1.0))));
    let (low, high) = both.unwrap_or_else(|| Profile::AUDIBLE.band());
    let margin = (high.0 - low.0) * 0.3;
    let top = (high.0 + margin).min(f64::from(rate.0) / 2.0);
    (Hertz((low.0 - margin).clamp(0.0, top * 0.9)), Hertz(top))
}

#[cfg(test)]
mod tests;

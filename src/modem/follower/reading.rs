//! From a header to the data, from the data to a message.

use crate::bits::{Header, Segment, unpack_segment};
use crate::code::InnerDecoder;
use crate::units::Decibels;

use super::super::assembly::Progress;
use super::super::frame::Frame;
use super::super::gathering::{Outcome, Pass};
use super::super::history::History;
use super::super::reader::{Announced, Soft};
use super::super::rhythm::Place;
use super::super::trust::trust;
use super::super::{Event, Loss};
use super::Follower;

impl Follower {
    pub(super) fn read_data(
        &mut self,
        start: u64,
        announced: &Announced,
        frame: &Frame,
        history: &mut History,
    ) {
        let Some((samples, offset)) = history.from(start) else {
            return;
        };
        let depth = self.profile().depth_of(&announced.header);
        let reader = &mut self.readers[depth as usize];
        let symbols = frame.map.symbols();
        let heard = match self.ended {
            Some(ended) => {
                let heard = 0..ended as i64;
                let geometry = &reader.geometry;
                geometry.whole_symbols(start as i64, announced.stretch, heard)
            }
            None => 0..symbols,
        };
        let soft = reader.data(samples, offset, announced, frame, heard);
        let end = start + reader.geometry.frame(symbols) as u64;
        let info = frame.code.info_bits();
        if self.decoder.as_ref().is_none_or(|(bits, _)| *bits != info) {
            self.decoder = Some((info, InnerDecoder::new(&frame.code)));
        }
        let served = if announced.header.segmented {
            self.read_segment((start, end), announced, frame, &soft)
        } else {
            self.gather((start, end), announced, frame, soft, history)
        };
        if !served {
            self.examine((start, end), &[depth], true, history);
        }
    }

    /// Takes a pass of a message; false if it could not be read, nor anything with its help.
    pub(super) fn gather(
        &mut self,
        (start, end): (u64, u64),
        announced: &Announced,
        frame: &Frame,
        soft: Soft,
        history: &mut History,
    ) -> bool {
        let header = announced.header;
        let cut_off = self.is_cut_off(end);
        let Some((_, decoder)) = &mut self.decoder else {
            return true;
        };
        let snr = soft.snr;
        let heard = Pass {
            share: frame.share,
            trust: 1.0,
            soft: soft.llrs,
            place: Place {
                start: start as i64,
                pass: header.pass,
            },
            end,
            snr,
            cut_off,
        };
        let reader = &self.readers[0];
        let trust = || trust(&[(reader.word(&header), soft.header)]);
        let outcome =
            self.gatherings
                .add(&header, &frame.code, decoder, heard, trust, soft.stretch);
        let key = Header { pass: 0, ..header };
        let outcome = match outcome {
            Outcome::Kept { passes } => self
                .look_around(&key, Some(announced.other), history)
                .unwrap_or(Outcome::Kept { passes }),
            other => other,
        };
        match outcome {
            Outcome::Kept { passes } => {
                let at = self.to_input(start);
                self.events.push_back(Event::Kept {
                    at,
                    pass: header.pass,
                    passes,
                    snr,
                });
                false
            }
            outcome => {
                self.settle(outcome, end, soft.stretch);
                true
            }
        }
    }

    /// Gives out a message that was read.
    pub(super) fn settle(&mut self, outcome: Outcome, end: u64, stretch: f64) {
        if let Outcome::Whole {
            payload,
            first_at,
            passes,
            snr,
        } = outcome
        {
            self.hear(first_at, end, payload, passes, snr, (stretch * 1e6) as f32);
        }
    }

    /// Takes a segment of a long message; false if it could not be read.
    pub(super) fn read_segment(
        &mut self,
        place: (u64, u64),
        announced: &Announced,
        frame: &Frame,
        soft: &Soft,
    ) -> bool {
        let Some((_, decoder)) = &mut self.decoder else {
            return true;
        };
        let header = &announced.header;
        let mut llrs = vec![0f32; frame.code.mother_bits()];
        for (place, llr) in frame.places().zip(&soft.llrs) {
            llrs[place] += llr;
        }
        let mut info = vec![false; frame.code.info_bits()];
        // One segment more or less is for the message's end to judge.
        if decoder.decode(&llrs, &mut info).is_err() {
            return false;
        }
        let Ok(segment) = unpack_segment(header, &info) else {
            return false;
        };
        let clock_ppm = (soft.stretch * 1e6) as f32;
        self.assemble(segment, header.pass, place, soft.snr, clock_ppm);
        true
    }

    pub(super) fn assemble(
        &mut self,
        segment: Segment,
        pass: u8,
        (start, end): (u64, u64),
        snr: Decibels,
        clock_ppm: f32,
    ) {
        match self.assemblies.add(segment, pass, start, end, snr) {
            Progress::Known => {}
            Progress::Partial { got, need } => {
                let at = self.to_input(start);
                self.events.push_back(Event::Segment { at, got, need });
            }
            Progress::Whole {
                payload,
                first_at,
                passes,
                snr,
            } => {
                self.hear(first_at, end, payload, passes, snr, clock_ppm);
            }
            Progress::Contradiction {
                first_at,
                passes,
                snr,
            } => self.lose(first_at, Loss::Unreadable { passes }, snr),
        }
    }
}

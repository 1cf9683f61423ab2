//! What is left where a computer takes its own sound out of its microphone.

use super::finding::Finding;
use super::heard::{HALF_SIXTH, MODEM, UNSTEADY_DB, decibels, power, sixths};
use super::noise::mean;
use super::search::Pair;
use super::stimulus::Stimulus;
use super::way::Way;

/// The sweeps are not there: never played, or taken away?
pub(super) fn not_heard(samples: &[f64], rate: f64, expected_s: Option<f64>) -> Finding {
    let level_dbfs = decibels(power(samples));
    let Some(expected) = expected_s else {
        return Finding::NotHeard { level_dbfs };
    };
    let part = |from: f64, to: f64| {
        let place = |seconds: f64| ((seconds * rate).max(0.0) as usize).min(samples.len());
        power(&samples[place(expected + from)..place(expected + to).max(place(expected + from))])
    };
    let before = part(-Stimulus::QUIET_S, -0.1);
    let during = part(0.3, Stimulus::SWEEP_S);
    let fell_db = decibels(before) - decibels(during);
    if before > 0.0 && fell_db >= FALLEN_DB {
        Finding::EchoCancelled { fell_db }
    } else {
        Finding::NotHeard { level_dbfs }
    }
}

/// By how much the weaker half of the sweeps is below their strongest piece, if nearly half of their
/// frequencies are gone; or a quarter, and what is left did not come the same twice; or if what came
/// of one sweep is not what came of the other, though nothing was `lost`.
pub(super) fn only_pieces(way: &Way, pair: &Pair, lost: bool) -> Option<f64> {
    if pair.sigmas < CLEAR_SIGMAS {
        return None;
    }
    let high = MODEM.1.min(way.limits()[1]);
    let ([first, second], bin) = way.powers();
    let each: Vec<[f64; 2]> = sixths()
        .filter(|middle| (MODEM.0..=high).contains(middle))
        .map(|middle| {
            [&first, &second]
                .map(|power| mean(power, bin, middle / HALF_SIXTH, middle * HALF_SIXTH))
        })
        .collect();
    let mut levels: Vec<f64> = each.iter().map(|[a, b]| decibels((a + b) / 2.0)).collect();
    levels.sort_by(f64::total_cmp);
    let below = |share: f64| {
        let place = (levels.len() as f64 * share) as usize;
        Some(levels.last()? - levels.get(place)?)
    };
    let changed = way.agreement(MODEM.0, high) < UNSTEADY_DB;
    let gone = below(if changed { 0.25 } else { MOST_GONE })? >= PIECES_DB;
    let uneven = |[a, b]: &&[f64; 2]| (decibels(*a) - decibels(*b)).abs() > UNEVEN_DB;
    let torn =
        changed && !lost && each.iter().filter(uneven).count() as f64 >= TORN * each.len() as f64;
    below(0.5).filter(|_| gone || torn)
}

/// A microphone that hears so much less while the loudspeaker plays is being worked on: noise of a
/// second varies by a decibel or two.
const FALLEN_DB: f64 = 6.0;
/// Pieces that are left stand out of the rest by more than any loudspeaker's response.
const PIECES_DB: f64 = 30.0;
/// However somebody moves, a sixth of an octave keeps its level: at the lower end, 69 Hz in 0.4 s of
/// echo, its power is a sum of four that are independent, and two such sums differ by 10 dB once in
/// 260 times (F distribution, 8 and 8 degrees of freedom); higher up never.
const UNEVEN_DB: f64 = 10.0;
/// Three of the modem's 24 sixths.
const TORN: f64 = 0.125;
/// A telephone takes a third of the modem's octaves.
const MOST_GONE: f64 = 0.45;
/// A sweep that stands out by this leaves 20 dB and more to see that it is not the same twice.
const CLEAR_SIGMAS: f64 = 100.0;

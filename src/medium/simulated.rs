//! The air of a simulated room as a medium: two ends in one process, each with a real transmitter
//! and a real receiver, and between them everything that a room does to a sound. Only the sound
//! cards are missing.
//!
//! [`pair`] runs it in real time on a thread; what the thread runs knows no time and is tested
//! without it.

use super::ear::Ear;
use super::inbox::Inbox;
use super::mouth::{Mouth, check_length};
use super::{Happening, Medium, MediumError};
use crate::air::{Room, Scene};
use crate::modem::Profile;
use crate::units::{Decibels, SampleRate};
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// Which room, and what is said in it how.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedOptions {
    /// What happens to the sound on its way to the other end.
    pub scene: Scene,
    /// The room is drawn from the scene by this; the same seed, the same room.
    pub seed: u64,
    /// The profile of both ends.
    pub profile: &'static Profile,
    /// The largest magnitude that is played, `0.0..=1.0`.
    pub volume: f32,
    /// How loud each end hears itself, against what it plays; `None` if it does not.
    pub own_voice: Option<Decibels>,
}

impl Default for SimulatedOptions {
    /// Two laptops on a desk.
    fn default() -> Self {
        Self {
            scene: Room::DESK,
            seed: 1,
            profile: &Profile::AUDIBLE,
            volume: 0.8,
            own_voice: Some(Decibels(-10.0)),
        }
    }
}

/// Two ends in one simulated room, in real time. The room is gone when both are dropped.
///
/// # Errors
/// [`MediumError::Device`] if the system has no thread left for it.
pub fn pair(options: &SimulatedOptions) -> Result<(SimulatedMedium, SimulatedMedium), MediumError> {
    let inboxes = [Inbox::default(), Inbox::default()];
    let hall = Hall::new(options, inboxes.clone())?;
    let (commands, commands_out) = mpsc::channel();
    thread::Builder::new()
        .name("simulated air".to_owned())
        .spawn(move || run(hall, &commands_out))
        .map_err(|error| MediumError::Device(error.to_string()))?;
    let [one, other] = inboxes;
    let end = |side, inbox, commands| SimulatedMedium {
        side,
        inbox,
        commands,
    };
    Ok((end(0, one, commands.clone()), end(1, other, commands)))
}

/// One end of a simulated room.
pub struct SimulatedMedium {
    side: usize,
    inbox: Inbox,
    commands: Sender<(usize, Command)>,
}

impl Medium for SimulatedMedium {
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError> {
        check_length(envelope)?;
        let envelope = envelope.to_vec();
        self.commands
            .send((self.side, Command::Say { envelope, pass }))
            .map_err(|_| MediumError::Closed)
    }

    fn hush(&mut self) {
        let _ = self.commands.send((self.side, Command::Hush));
    }

    fn poll(&mut self) -> Option<Happening> {
        self.inbox.take()
    }
}

impl Drop for SimulatedMedium {
    fn drop(&mut self) {
        self.hush();
    }
}

enum Command {
    Say { envelope: Vec<u8>, pass: u8 },
    Hush,
}

/// Lets a hall run as fast as time does, until nobody is left in it.
fn run(mut hall: Hall, commands: &Receiver<(usize, Command)>) {
    let mut due = now();
    loop {
        // On a machine that is too slow the hall falls behind, but it still takes commands.
        match commands.recv_timeout(due.saturating_duration_since(now())) {
            Ok((side, command)) => {
                hall.obey(side, command);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        hall.step();
        due += STEP;
    }
}

#[expect(clippy::disallowed_methods, reason = "the hall runs in real time")]
fn now() -> Instant {
    Instant::now()
}

/// The room with both ends in it, ten milliseconds at a time.
struct Hall {
    ends: [End; 2],
    played: Vec<f32>,
    recorded: Vec<f32>,
}

/// One end, with the way to it.
struct End {
    mouth: Mouth,
    saying: bool,
    ear: Ear,
    /// The way from the other end to this one.
    room: Room,
    /// How much of what it plays it hears, and what it will hear of it.
    own_gain: f32,
    own_voice: VecDeque<f32>,
    inbox: Inbox,
}

impl Hall {
    fn new(options: &SimulatedOptions, inboxes: [Inbox; 2]) -> Result<Self, MediumError> {
        let end = |inbox, seed| -> Result<End, MediumError> {
            Ok(End {
                mouth: Mouth::new(options.profile, RATE, options.volume)?,
                saying: false,
                ear: Ear::new(&[options.profile], RATE)
                    .map_err(|error| MediumError::Device(error.to_string()))?,
                room: Room::new(&options.scene, seed, RATE),
                own_gain: options
                    .own_voice
                    .map_or(0.0, |level| level.amplitude_ratio() as f32),
                own_voice: VecDeque::new(),
                inbox,
            })
        };
        let [one, other] = inboxes;
        Ok(Self {
            ends: [
                end(one, options.seed)?,
                end(other, options.seed.wrapping_add(1))?,
            ],
            played: Vec::new(),
            recorded: Vec::new(),
        })
    }

    fn obey(&mut self, side: usize, command: Command) {
        let end = &mut self.ends[side];
        match command {
            Command::Say { envelope, pass } => match end.mouth.say(&envelope, pass) {
                Ok(air_s) => {
                    end.saying = true;
                    end.inbox.put(Happening::Started { air_s });
                }
                Err(error) => end.inbox.put(Happening::Trouble(error)),
            },
            Command::Hush => {
                end.mouth.hush();
                end.saying = false;
            }
        }
    }

    /// Lets ten milliseconds pass.
    fn step(&mut self) {
        for side in 0..2 {
            self.speak(side);
            self.hear(1 - side);
        }
    }

    /// Fills `played` with what this end plays.
    fn speak(&mut self, side: usize) {
        let end = &mut self.ends[side];
        self.played.clear();
        self.played.resize(BLOCK, 0.0);
        let mut filled = 0;
        while filled < BLOCK {
            match end.mouth.speak(&mut self.played[filled..]) {
                0 => break,
                count => filled += count,
            }
        }
        if end.saying && !end.mouth.is_speaking() {
            end.saying = false;
            end.inbox.put(Happening::Finished);
        }
        let own = self.played.iter().map(|sample| end.own_gain * sample);
        end.own_voice.extend(own);
    }

    /// Carries `played` to this end.
    fn hear(&mut self, side: usize) {
        let end = &mut self.ends[side];
        self.recorded.clear();
        end.room.process(&self.played, &mut self.recorded);
        for sample in &mut self.recorded {
            *sample += end.own_voice.pop_front().unwrap_or(0.0);
        }
        // The clocks of the two ends may differ; that lets this queue grow by a sample a second.
        let late = end.own_voice.len().saturating_sub(2 * BLOCK);
        end.own_voice.drain(..late);
        end.ear
            .hear(&self.recorded, |happening| end.inbox.put(happening));
    }
}

/// The rate of both sound cards.
const RATE: SampleRate = SampleRate::HZ_48000;

/// Samples of a step.
const BLOCK: usize = 480;

/// How long that is.
const STEP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn is_for_a_screen(happening: &Happening) -> bool {
        matches!(
            happening,
            Happening::Level { .. } | Happening::Spectrum(_) | Happening::Hearing(_)
        )
    }

    /// Lets two ends be in a room for `seconds`; gives what happened to each that decisions rest
    /// on.
    fn pass(hall: &mut Hall, inboxes: &[Inbox; 2], seconds: f64) -> [Vec<Happening>; 2] {
        for _ in 0..RATE.samples_in(seconds) / BLOCK as u64 {
            hall.step();
        }
        [0, 1].map(|side| {
            std::iter::from_fn(|| inboxes[side].take())
                .filter(|happening| !is_for_a_screen(happening))
                .collect()
        })
    }

    fn hall(options: &SimulatedOptions) -> (Hall, [Inbox; 2]) {
        let inboxes = [Inbox::default(), Inbox::default()];
        let hall = Hall::new(options, inboxes.clone()).expect("a hall");
        (hall, inboxes)
    }

    fn say(hall: &mut Hall, side: usize, envelope: &[u8]) {
        let envelope = envelope.to_vec();
        hall.obey(side, Command::Say { envelope, pass: 0 });
    }

    fn heard(happenings: &[Happening]) -> Vec<&[u8]> {
        happenings
            .iter()
            .filter_map(|happening| match happening {
                Happening::Heard { envelope, .. } => Some(envelope.as_slice()),
                _ => None,
            })
            .collect()
    }

    fn desk() -> SimulatedOptions {
        SimulatedOptions::default()
    }

    #[test]
    fn what_one_end_says_both_hear() {
        let (mut hall, inboxes) = hall(&desk());
        for side in [0, 1] {
            say(&mut hall, side, b"knock, knock");
            let happened = pass(&mut hall, &inboxes, 3.0);
            assert!(matches!(happened[side][0], Happening::Started { air_s } if air_s < 2.0));
            assert!(happened[side].contains(&Happening::Finished));
            assert!(matches!(happened[1 - side][0], Happening::Carrier { for_s } if for_s < 2.0));
            for ear in [0, 1] {
                assert_eq!(heard(&happened[ear]), [b"knock, knock"], "{ear}");
            }
        }
    }

    #[test]
    fn an_end_that_shall_not_hear_itself_does_not() {
        let (mut hall, inboxes) = hall(&SimulatedOptions {
            own_voice: None,
            ..desk()
        });
        say(&mut hall, 0, b"knock, knock");
        let [own, other] = pass(&mut hall, &inboxes, 3.0);
        assert!(
            matches!(own[..], [Happening::Started { .. }, Happening::Finished]),
            "{own:?}"
        );
        assert_eq!(heard(&other), [b"knock, knock"]);
    }

    #[test]
    fn what_is_hushed_is_not_heard() {
        let (mut hall, inboxes) = hall(&desk());
        say(&mut hall, 0, &[7; 200]);
        pass(&mut hall, &inboxes, 0.4);
        hall.obey(0, Command::Hush);
        let [own, other] = pass(&mut hall, &inboxes, 5.0);
        assert!(!own.contains(&Happening::Finished));
        assert_eq!(heard(&other), [[0u8; 0]; 0]);
    }

    #[test]
    fn two_who_speak_one_after_the_other_understand_each_other() {
        let (mut hall, inboxes) = hall(&desk());
        for turn in 0..6u8 {
            let side = usize::from(turn % 2);
            say(&mut hall, side, &[turn; 24]);
            let happened = pass(&mut hall, &inboxes, 2.5);
            assert_eq!(heard(&happened[1 - side]), [[turn; 24]]);
        }
    }

    #[test]
    fn the_room_ends_with_its_last_guest() {
        let (one, other) = pair(&desk()).expect("a room");
        let inbox = one.inbox.clone();
        // The guest, the room, and this test.
        assert_eq!(inbox.holders(), 3);
        drop((one, other));
        let begun = now();
        while inbox.holders() > 1 {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the room goes on"
            );
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    #[test]
    fn in_real_time_an_envelope_takes_as_long_as_it_sounds() {
        let (mut one, mut other) = pair(&desk()).expect("a room");
        let begun = now();
        one.say(b"knock, knock", 0).expect("says");
        let mut air = None;
        let heard = loop {
            if let Some(Happening::Started { air_s }) = one.poll() {
                air = Some(air_s);
            }
            if let Some(Happening::Heard { envelope, .. }) = other.poll() {
                break envelope;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "never");
            thread::park_timeout(Duration::from_millis(5));
        };
        assert_eq!(heard, b"knock, knock");
        // Not before it has all been played, whatever the machine does.
        let air = Duration::from_secs_f64(air.expect("started") - 0.1);
        assert!(begun.elapsed() > air, "{:?} of {air:?}", begun.elapsed());
    }
}

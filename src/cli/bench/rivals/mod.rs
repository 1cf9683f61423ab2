//! `airshake bench rivals`: other modems in the same rooms, as loud as ours at their peaks.

mod ggwave;
mod minimodem;
mod modem;

use std::path::PathBuf;

use airshake::air::{Room, Scene};
use airshake::modem::Profile;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use self::ggwave::Ggwave;
use self::minimodem::Minimodem;
use self::modem::{Airshake, Modem};
use super::chart::{Reach, bar_panel, even, reach_panel};
use super::cost::{self, Spread};
use super::sound::{RATE, normalise, payload};
use super::success::Successes;
use super::table::Table;
use super::theory::db;
use super::trials::Effort;
use super::{Form, at_volume, ended, percent, quieter, scene};
use crate::cli::interrupt;
use crate::cli::options::ProfileOption;
use crate::cli::plot::{Panel, Picture};
use crate::cli::talk::{Talk, round};

/// Other modems beside ours: ggwave and minimodem, where they are installed
///
/// Every modem sends the same payloads with the same peak through the same rooms. Nothing is
/// installed; what is missing is named, with the way to get it, and left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake bench rivals
  airshake bench rivals --python ~/ggwave/bin/python --quieter 0,12
  airshake bench rivals --scenes room,hall --max 200 --plot rivals.svg

Ours appears twice: one pass, and as many as fit into the time that the slowest
of the others takes for one message. minimodem has no messages: the payload
counts wherever it stands in its output.

JSON: a line for each modem with bench, what = modem, modem, payload, air_s,
bytes_per_s, crest_db, times_real_time (null if unknown); then a line for each
modem, room and volume with what = room, modem, scene, quieter_db, payload,
messages, out, rate, low, high (95 % confidence, Wilson), wrong (null where
nothing is checked), complete.")]
pub(super) struct Rivals {
    /// Which rooms, by name
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = scene(),
          default_value = "clean,desk,room,hall,bathroom,babble,clipped,gain,worst")]
    scenes: Vec<&'static Scene>,

    /// Play so many dB quieter than usual
    #[arg(long, value_name = "DB,DB", value_delimiter = ',', default_value = "0",
          allow_negative_numbers = true, value_parser = quieter)]
    quieter: Vec<f32>,

    /// Bytes of a message
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    payload: u32,

    /// A Python that has the module ggwave; the default is what is found on the path
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,

    #[command(flatten)]
    profile: ProfileOption,

    #[command(flatten)]
    effort: Effort,

    #[command(flatten)]
    form: Form,
}

/// A modem that can be started.
#[derive(Clone, Debug)]
struct Contender {
    kind: Kind,
    air_s: f64,
    crest_db: f64,
    times_real_time: Option<f64>,
}

#[derive(Clone, Debug)]
enum Kind {
    Airshake(&'static Profile, usize),
    Ggwave(PathBuf, Protocol),
    Minimodem(u32),
}

/// One of ggwave's, with its number there.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    Normal = 0,
    Fast = 1,
    Fastest = 2,
}

/// What was counted of one modem in one room.
#[derive(Debug)]
struct Point {
    modem: String,
    scene: &'static Scene,
    quieter: f32,
    out: Successes,
    wrong: Option<usize>,
    complete: bool,
}

impl Rivals {
    pub(super) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(false, quiet);
        let (kinds, missing) = self.kinds()?;
        let mut contenders = Vec::new();
        for kind in kinds {
            interrupt::check()?;
            talk.status(&format!("{}: speed", kind.name()));
            contenders.push(self.contender(kind)?);
        }
        let slowest = contenders.iter().map(|c| c.air_s).fold(0.0, f64::max);
        let passes = Airshake::passes_in(self.profile.profile, self.bytes(), slowest)?;
        if passes > 1 {
            let loops = self.contender(Kind::Airshake(self.profile.profile, passes))?;
            contenders.insert(1, loops);
        }
        self.form
            .records(contenders.iter().map(|c| self.modem_record(c)))?;

        let mut points: Vec<Point> = Vec::new();
        'places: for quieter in &self.quieter {
            for scene in &self.scenes {
                for contender in &contenders {
                    let point = self.measure(contender, scene, *quieter, &mut talk)?;
                    let complete = point.complete;
                    self.form.records([self.point_record(&point)])?;
                    points.push(point);
                    if !complete {
                        break 'places;
                    }
                }
            }
        }
        talk.end_status();
        for hint in &missing {
            talk.line(hint);
        }
        self.print(&contenders, &points)?;
        self.form.draw(|| self.picture(&contenders, &points))?;
        ended(points.iter().all(|point| point.complete), &mut talk)
    }

    fn bytes(&self) -> usize {
        self.payload as usize
    }

    /// All modems that are here, and how to get those that are not.
    fn kinds(&self) -> Result<(Vec<Kind>, Vec<String>)> {
        let mut kinds = vec![Kind::Airshake(self.profile.profile, 1)];
        let mut missing = Vec::new();
        match ggwave::find(self.python.as_deref())? {
            Some(_) if self.bytes() > ggwave::MOST => missing.push(format!(
                "ggwave carries at most {} bytes in one message: left out",
                ggwave::MOST
            )),
            Some(python) => {
                let protocols = [Protocol::Normal, Protocol::Fast, Protocol::Fastest];
                let of = |protocol| Kind::Ggwave(python.clone(), protocol);
                kinds.extend(protocols.map(of));
            }
            None => missing.push(ggwave::MISSING.to_owned()),
        }
        if minimodem::is_here() {
            kinds.extend([300, 1200].map(Kind::Minimodem));
        } else {
            missing.push(minimodem::MISSING.to_owned());
        }
        Ok((kinds, missing))
    }

    /// Air time, crest and speed of a modem.
    fn contender(&self, kind: Kind) -> Result<Contender> {
        let mut modem = kind.start()?;
        let name = kind.name();
        let sound = sound_of(modem.as_mut(), &payload(self.bytes(), 0))?;
        let power = super::sound::energy(&sound) / sound.len() as f64;
        // A recording of a minute, with a message in every quarter.
        let quarter = RATE.samples_in(15.0) as usize;
        let mut recording = Vec::new();
        for number in 0..4 {
            recording.resize(number * quarter + quarter / 5, 0.0);
            recording.extend(sound_of(
                modem.as_mut(),
                &payload(self.bytes(), number as u64),
            )?);
        }
        let length = recording.len().max(4 * quarter);
        recording.resize(length, 0.0);
        let mut heard = Vec::new();
        Room::new(&Room::DESK, 1, RATE).process(&recording, &mut heard);
        let mut speeds = Vec::new();
        for _ in 0..SPEED_ROUNDS {
            let decoded = modem.decode(&heard).with_context(|| name.clone())?;
            let time = decoded.time.map(|time| time.as_secs_f64());
            speeds.extend(time.map(|time| RATE.seconds(heard.len() as u64) / time.max(1e-9)));
        }
        Ok(Contender {
            kind,
            air_s: RATE.seconds(sound.len() as u64),
            crest_db: -db(power),
            times_real_time: (!speeds.is_empty()).then(|| Spread::of(&speeds).median),
        })
    }

    fn measure(
        &self,
        contender: &Contender,
        scene: &'static Scene,
        quieter: f32,
        talk: &mut Talk,
    ) -> Result<Point> {
        let name = contender.kind.name();
        let place = at_volume(scene, quieter);
        let worker = || {
            let mut started = None;
            let place = &place;
            move |seed| -> Result<(bool, Option<usize>)> {
                if started.is_none() {
                    started = Some(contender.kind.start()?);
                }
                let Some(modem) = &mut started else {
                    unreachable!("started above");
                };
                let modem = modem.as_mut();
                let payload = payload(self.bytes(), seed);
                let sound = sound_of(modem, &payload)?;
                let heard = Room::new(place, seed, RATE).apply(&sound);
                let outputs = modem.decode(&heard)?.outputs;
                let wrong = outputs.iter().filter(|output| **output != payload).count();
                Ok((
                    modem.delivered(&outputs, &payload),
                    modem.checks().then_some(wrong),
                ))
            }
        };
        let trials = self.effort.run(
            worker,
            |result| !matches!(result, Ok((true, _))),
            |count| {
                talk.status(&format!(
                    "{} in {}: {count} of {}",
                    name, scene.name, self.effort.max
                ));
            },
        );
        let mut point = Point {
            modem: name,
            scene,
            quieter,
            out: Successes::default(),
            wrong: None,
            complete: trials.complete,
        };
        for result in trials.results {
            let (delivered, wrong) = result.with_context(|| point.modem.clone())?;
            point.out.count(delivered);
            point.wrong = wrong.map(|wrong| point.wrong.unwrap_or(0) + wrong);
        }
        Ok(point)
    }

    fn print(&self, contenders: &[Contender], points: &[Point]) -> Result<()> {
        let mut table = Table::new(["", "air time", "bytes/s", "crest", "decodes"]);
        for contender in contenders {
            let speed = contender.times_real_time;
            table.row([
                contender.kind.name(),
                format!("{:.2} s", contender.air_s),
                format!("{:.0}", f64::from(self.payload) / contender.air_s),
                format!("{:.1} dB", contender.crest_db),
                speed.map_or("?".to_owned(), |speed| format!("{speed:.0} x real time")),
            ]);
        }
        let mut notes = vec![
            "Air time is what one message takes; crest is peak over mean power: less carries"
                .to_owned(),
            "further at the same peak. Speed by CPU time, on a minute with four messages."
                .to_owned(),
        ];
        if cfg!(debug_assertions) {
            notes.push("airshake is a development build here: a release is faster.".to_owned());
        }
        let title = format!(
            "airshake {} and others: {} bytes, {}",
            env!("CARGO_PKG_VERSION"),
            self.payload,
            cost::processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned())
        );
        self.form.table(&title, &table, &notes)?;
        for quieter in &self.quieter {
            let points: Vec<_> = points.iter().filter(|p| p.quieter == *quieter).collect();
            if points.is_empty() || self.form.json {
                continue;
            }
            let most = points.iter().map(|point| point.out.of).max().unwrap_or(0);
            let title = format!(
                "\nMessages that came out, in percent, of {most} (fewer where {} were lost sooner){}",
                self.effort.errors,
                match *quieter {
                    0.0 => String::new(),
                    quieter => format!(",\n{quieter} dB quieter than usual"),
                }
            );
            self.form
                .table(&title, &success(contenders, &self.scenes, &points), &[])?;
        }
        Ok(())
    }

    /// Curves over volume, a panel for each room; at one volume bars.
    fn picture(&self, contenders: &[Contender], points: &[Point]) -> Picture {
        let curves = |wanted: &dyn Fn(&Point) -> bool| -> Vec<Reach> {
            let curve = |contender: &Contender| {
                let name = contender.kind.name();
                let points = points.iter().filter(|p| wanted(p) && p.modem == name);
                let points = points.map(|p| (p.quieter, p.out)).collect();
                Reach {
                    name: format!("{name}, {:.2} s", contender.air_s),
                    points,
                }
            };
            contenders.iter().map(curve).collect()
        };
        let most = points.iter().map(|point| point.out.of).max().unwrap_or(0);
        let half = Successes {
            got: most / 2,
            of: most,
        };
        let (low, high) = half.interval();
        let picture = Picture::new(format!(
            "{} bytes in simulated rooms: which modems get them across",
            self.payload
        ))
        .note(
            "The same peak and the same noise for all; the seconds are those of one message in \
             the air.",
        )
        .note(format!(
            "{} losses or {most} messages a point: the true rates lie within {:.0} points, 95 % \
             confidence.",
            self.effort.errors,
            50.0 * (high - low)
        ));
        if self.quieter.len() > 1 {
            let panel = |(i, scene): (usize, &&'static Scene)| {
                let of_scene = |point: &Point| point.scene.name == scene.name;
                reach_panel(scene.name, &curves(&of_scene), i == 0)
            };
            let panels: Vec<Panel> = self.scenes.iter().enumerate().map(panel).collect();
            let rows = panels.chunks(2).map(<[Panel]>::to_vec);
            rows.fold(picture, |picture, row| picture.row(210.0, row))
        } else {
            let rows = self.scenes.chunks(even(self.scenes.len(), 5)).enumerate();
            rows.fold(picture, |picture, (i, row)| {
                let names: Vec<&str> = row.iter().map(|scene| scene.name).collect();
                let in_row = |point: &Point| names.contains(&point.scene.name);
                picture.row(180.0, [bar_panel(&names, &curves(&in_row), i == 0)])
            })
        }
    }

    fn modem_record(&self, contender: &Contender) -> Value {
        json!({
            "bench": "rivals",
            "what": "modem",
            "modem": contender.kind.name(),
            "payload": self.payload,
            "air_s": round(contender.air_s, 4),
            "bytes_per_s": round(f64::from(self.payload) / contender.air_s, 2),
            "crest_db": round(contender.crest_db, 2),
            "times_real_time": contender.times_real_time.map(|speed| round(speed, 1)),
        })
    }

    fn point_record(&self, point: &Point) -> Value {
        let (low, high) = point.out.interval();
        json!({
            "bench": "rivals",
            "what": "room",
            "modem": point.modem,
            "scene": point.scene.name,
            "quieter_db": round(f64::from(point.quieter), 3),
            "payload": self.payload,
            "messages": point.out.of,
            "out": point.out.got,
            "rate": round(point.out.rate(), 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "wrong": point.wrong,
            "complete": point.complete,
        })
    }
}

/// Rooms down, modems across.
fn success(contenders: &[Contender], scenes: &[&'static Scene], points: &[&Point]) -> Table {
    let words = |place: usize| {
        let words = contenders.iter().map(|c| c.kind.words());
        words.map(move |words| words[place].clone())
    };
    let mut table = Table::new(["".to_owned()].into_iter().chain(words(0)));
    table.row(["".to_owned()].into_iter().chain(words(1)));
    for scene in scenes {
        let cell = |contender: &Contender| {
            let name = contender.kind.name();
            let point = points
                .iter()
                .find(|point| point.modem == name && point.scene.name == scene.name);
            point.map_or_else(String::new, |point| percent(point.out.rate()))
        };
        table.row(
            [scene.name.to_owned()]
                .into_iter()
                .chain(contenders.iter().map(cell)),
        );
    }
    table
}

impl Kind {
    fn start(&self) -> Result<Box<dyn Modem>> {
        Ok(match self {
            Self::Airshake(profile, passes) => Box::new(Airshake::new(profile, *passes)),
            Self::Ggwave(python, protocol) => Box::new(Ggwave::start(python, *protocol as u8)?),
            Self::Minimodem(baud) => Box::new(Minimodem::start(*baud)?),
        })
    }

    /// What it is called, in two words for the head of a column.
    fn words(&self) -> [String; 2] {
        let (name, way) = match self {
            Self::Airshake(_, 1) => ("airshake", "1 pass".to_owned()),
            Self::Airshake(_, passes) => ("airshake", format!("{passes} passes")),
            Self::Ggwave(_, protocol) => ("ggwave", format!("{protocol:?}").to_lowercase()),
            Self::Minimodem(baud) => ("minimodem", baud.to_string()),
        };
        [name.to_owned(), way]
    }

    fn name(&self) -> String {
        self.words().join(" ")
    }
}

/// The sound of a payload with a peak of 1, without silence around it.
fn sound_of(modem: &mut dyn Modem, payload: &[u8]) -> Result<Vec<f32>> {
    let mut sound = modem.encode(payload)?;
    normalise([&mut sound].into_iter());
    // What lies more than 50 dB below the peak before and after the sound is silence.
    let loud = |x: &f32| x.abs() > 0.003_162;
    let first = sound.iter().position(loud).unwrap_or(0);
    let last = sound.iter().rposition(loud).map_or(0, |last| last + 1);
    Ok(sound[first..last].to_vec())
}

/// How often the speed of a modem is measured.
const SPEED_ROUNDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_passes_fill_the_time_of_the_slowest_and_no_more() {
        let profile = &Profile::AUDIBLE;
        let air = |passes| {
            Airshake::new(profile, passes)
                .encode(&[7; 64])
                .expect("fits")
                .len()
        };
        for seconds in [0.1, 1.0, 3.0, 7.0] {
            let passes = Airshake::passes_in(profile, 64, seconds).expect("fits");
            let limit = RATE.samples_in(seconds) as usize;
            assert!(
                passes == 1 || air(passes) <= limit,
                "{passes} in {seconds} s"
            );
            assert!(air(passes + 1) > limit, "{passes} in {seconds} s");
        }
    }

    #[test]
    fn silence_around_a_sound_is_no_air_time() {
        struct Padded;
        impl Modem for Padded {
            fn encode(&mut self, _: &[u8]) -> Result<Vec<f32>> {
                Ok([vec![0.0; 100], vec![0.25, -0.5, 0.0, 0.25], vec![0.001; 50]].concat())
            }
            fn decode(&mut self, _: &[f32]) -> Result<modem::Decoded> {
                unreachable!("nobody listens")
            }
        }
        let sound = sound_of(&mut Padded, b"").expect("sounds");
        assert_eq!(sound, [0.5, -1.0, 0.0, 0.5]);
    }
}

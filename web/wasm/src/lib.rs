//! The modem and the packed signals of Airshake as a WebAssembly module: raw exports, no imports,
//! so that it also runs where an `AudioWorklet` has neither `fetch` nor `TextDecoder`.
//!
//! ```text
//!  host                                    module
//!  room(n), writes n bytes there     ->    input
//!  samples(), writes or reads there  <->   a piece of at most PIECE samples
//!  a call                            ->    0 or more: so many bytes of output
//!                                          less: refused, and so many bytes say why, as JSON
//!  output(), reads there             <-    output
//! ```
//!
//! One instance holds at most one [ear](ear_open), one [voice](voice_open), one
//! [pairing](pairing_open), one [link](link_open) and its [transfers](transfer): instances are cheap,
//! and the memory of one that is dropped is free again. Whatever the host passes is checked; no
//! number it gives is used as an address. Were there a panic all the same, it is a trap, and what
//! was being done stays locked: every later call of that instance traps too.

mod ear;
mod hex;
mod link;
mod pairing;
mod refusal;
mod signal;
mod transfer;
mod voice;

use std::cell::RefCell;

use airshake::modem::MAX_PAYLOAD;
use airshake::signal::Text;

use ear::Ear;
use link::Link;
use pairing::Pairing;
use refusal::Refusal;
use transfer::Transfer;
use voice::Voice;

/// Samples that one call takes or gives at most: 85 ms at 48 kHz.
pub const PIECE: usize = 4096;

/// The longest input, in bytes: the longest text of a signal and an offer of that length, or the
/// longest message.
pub const MAX_INPUT: usize = {
    let signals = 2 * Text::MAX_LEN;
    if signals > MAX_PAYLOAD {
        signals
    } else {
        MAX_PAYLOAD
    }
};

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::new());
}

/// What lies between the host and the library.
struct Desk {
    input: Vec<u8>,
    output: Vec<u8>,
    samples: Vec<f32>,
    ear: Option<Ear>,
    voice: Option<Voice>,
    pairing: Option<Pairing>,
    link: Option<Link>,
    transfer: Transfer,
}

impl Desk {
    fn new() -> Self {
        Self {
            input: Vec::new(),
            output: Vec::new(),
            samples: vec![0.0; PIECE],
            ear: None,
            voice: None,
            pairing: None,
            link: None,
            transfer: Transfer::default(),
        }
    }

    fn text_and_rest(&self, first: u32) -> Result<(&str, &[u8]), Refusal> {
        split(&self.input, first)
    }
}

/// The input in two parts, the first a text of `first` bytes.
fn split(input: &[u8], first: u32) -> Result<(&str, &[u8]), Refusal> {
    let parts = input.split_at_checked(first as usize);
    let (text, rest) =
        parts.ok_or_else(|| Refusal::usage(format!("the input has no {first} bytes")))?;
    Ok((utf8(text)?, rest))
}

fn utf8(text: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(text);
    text.map_err(|_| Refusal::usage("the input is not UTF-8".to_owned()))
}

/// Does one thing at the desk, and lays down what came of it.
fn at_desk(act: impl FnOnce(&mut Desk) -> Result<Vec<u8>, Refusal>) -> i32 {
    DESK.with_borrow_mut(|desk| {
        let (output, sign) = match act(desk) {
            Ok(output) => (output, 1),
            Err(refusal) => (refusal.to_json().into_bytes(), -1),
        };
        desk.output = output;
        // Nothing given here is near two gigabytes: memory ends before.
        sign * i32::try_from(desk.output.len()).unwrap_or(i32::MAX)
    })
}

/// Makes the input `len` bytes long and says where it is; 0 if it would be longer than
/// [`MAX_INPUT`]. Only what is written before the next call counts, and no address survives one.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: u32) -> *mut u8 {
    DESK.with_borrow_mut(|desk| {
        if len as usize > MAX_INPUT {
            return std::ptr::null_mut();
        }
        desk.input.clear();
        desk.input.resize(len as usize, 0);
        desk.input.as_mut_ptr()
    })
}

/// Where the output of the last call is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    DESK.with_borrow(|desk| desk.output.as_ptr())
}

/// Where samples are written before [`ear_push`] and read after [`voice_read`]: [`PIECE`] numbers
/// of 32 bits.
#[unsafe(no_mangle)]
pub extern "C" fn samples() -> *mut f32 {
    DESK.with_borrow_mut(|desk| desk.samples.as_mut_ptr())
}

/// How many samples fit there.
#[unsafe(no_mangle)]
pub extern "C" fn piece() -> u32 {
    PIECE as u32
}

/// The profiles, as JSON: name, purpose, lowest sample rate, in the order of their numbers.
#[unsafe(no_mangle)]
pub extern "C" fn profiles() -> i32 {
    at_desk(|_| Ok(voice::profiles().into_bytes()))
}

/// Begins to listen for the profiles whose bits are set, at `rate` samples a second; in place of
/// what listened before.
#[unsafe(no_mangle)]
pub extern "C" fn ear_open(profiles: u32, rate: u32) -> i32 {
    at_desk(|desk| {
        desk.ear = None;
        desk.ear = Some(Ear::new(profiles, rate)?);
        Ok(Vec::new())
    })
}

/// Hears the first `count` of the samples; gives the events they caused, as a JSON array, or
/// nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ear_push(count: u32) -> i32 {
    at_desk(|desk| {
        let ear = desk.ear.as_mut().ok_or_else(Ear::missing)?;
        let heard = desk.samples.get(..count as usize);
        let heard = heard.ok_or_else(|| {
            Refusal::usage(format!("{count} samples at once: at most {PIECE} fit"))
        })?;
        Ok(ear.push(heard))
    })
}

/// The sound has ended: gives the events that were still open, and closes the ear.
#[unsafe(no_mangle)]
pub extern "C" fn ear_finish() -> i32 {
    at_desk(|desk| {
        let ear = desk.ear.as_mut().ok_or_else(Ear::missing)?;
        Ok(ear.finish())
    })
}

/// What was heard and why it was not more, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn ear_report() -> i32 {
    at_desk(|desk| {
        let ear = desk.ear.as_ref().ok_or_else(Ear::missing)?;
        Ok(ear.report())
    })
}

/// Begins the sound of the input: one burst in the profile of that number, pass `pass` of a loop,
/// at `rate` samples a second.
#[unsafe(no_mangle)]
pub extern "C" fn voice_open(profile: u32, rate: u32, pass: u32) -> i32 {
    at_desk(|desk| {
        desk.voice = None;
        desk.voice = Some(Voice::new(profile, rate, pass, &desk.input)?);
        Ok(Vec::new())
    })
}

/// How many samples the burst has from first to last; 0 if none was begun.
#[unsafe(no_mangle)]
pub extern "C" fn voice_len() -> f64 {
    DESK.with_borrow(|desk| desk.voice.as_ref().map_or(0.0, Voice::len))
}

/// Writes the next samples of the burst; says how many, 0 at its end or if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn voice_read() -> u32 {
    DESK.with_borrow_mut(|desk| match &mut desk.voice {
        Some(voice) => voice.read(&mut desk.samples) as u32,
        None => 0,
    })
}

/// Packs a signal. The first `json_len` bytes of the input are its JSON; if more follow, they are
/// the packed offer to which it is the answer. Of a description so many candidates are left out
/// that it takes at most `most` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn signal_pack(json_len: u32, most: u32) -> i32 {
    at_desk(|desk| {
        let (json, offer) = desk.text_and_rest(json_len)?;
        signal::pack(json, offer, most as usize)
    })
}

/// Unpacks the input into a signal, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn signal_unpack() -> i32 {
    at_desk(|desk| signal::unpack(&desk.input).map(String::into_bytes))
}

/// The tag by which an answer says that it is one to the packed offer in the input, `0..256`.
#[unsafe(no_mangle)]
pub extern "C" fn signal_tag() -> u32 {
    DESK.with_borrow(|desk| signal::tag(&desk.input))
}

/// What an engine is to be told as the answer of a beacon's sender, as JSON. The first `pwd_len`
/// bytes of the input are the engine's own ICE password, the rest is the packed beacon.
#[unsafe(no_mangle)]
pub extern "C" fn beacon_answer(pwd_len: u32) -> i32 {
    at_desk(|desk| {
        let (pwd, beacon) = desk.text_and_rest(pwd_len)?;
        signal::answer_to(beacon, pwd).map(String::into_bytes)
    })
}

/// Begins a pairing as the input says, in JSON; in place of one before.
#[unsafe(no_mangle)]
pub extern "C" fn pairing_open() -> i32 {
    at_desk(|desk| {
        desk.pairing = None;
        let (json, _) = desk.text_and_rest(desk.input.len() as u32)?;
        desk.pairing = Some(Pairing::new(json)?);
        Ok(Vec::new())
    })
}

/// Tells the pairing what happened at `ms`, milliseconds by any clock that only goes on: the first
/// `json_len` bytes of the input are JSON, the rest bytes that belong to it. Gives what to do, as a
/// JSON array, or nothing.
#[unsafe(no_mangle)]
pub extern "C" fn pairing_tell(ms: f64, json_len: u32) -> i32 {
    at_desk(|desk| {
        let (json, bytes) = split(&desk.input, json_len)?;
        let pairing = desk.pairing.as_mut().ok_or_else(Pairing::missing)?;
        pairing.tell(ms, json, bytes)
    })
}

/// When the pairing is to be told that time has passed, by the clock of [`pairing_tell`]; less than
/// 0 for never.
#[unsafe(no_mangle)]
pub extern "C" fn pairing_deadline() -> f64 {
    DESK.with_borrow(|desk| desk.pairing.as_ref().map_or(-1.0, Pairing::deadline))
}

/// Begins a link over a channel that is proven, at `ms` by the page's clock; in place of one before.
#[unsafe(no_mangle)]
pub extern "C" fn link_open(ms: f64) -> i32 {
    at_desk(|desk| {
        desk.link = Some(Link::new(ms));
        Ok(Vec::new())
    })
}

/// Has the link do what the input names: accept, refuse, leave, closed.
#[unsafe(no_mangle)]
pub extern "C" fn link_act() -> i32 {
    at_link(|link, input| link.act(utf8(input)?))
}

/// Says the input, a text.
#[unsafe(no_mangle)]
pub extern "C" fn link_text() -> i32 {
    at_link(|link, input| link.text(utf8(input)?))
}

/// Says the input, a message of a file transfer.
#[unsafe(no_mangle)]
pub extern "C" fn link_files() -> i32 {
    at_link(|link, input| link.files(input))
}

/// The input came over the channel.
#[unsafe(no_mangle)]
pub extern "C" fn link_hear(ms: f64) -> i32 {
    at_link(|link, input| {
        link.hear(ms, input);
        Ok(Vec::new())
    })
}

/// Time has passed.
#[unsafe(no_mangle)]
pub extern "C" fn link_tick(ms: f64) -> i32 {
    at_link(|link, _| {
        link.tick(ms);
        Ok(Vec::new())
    })
}

/// A message of a file transfer, of so many bytes, has been taken.
#[unsafe(no_mangle)]
pub extern "C" fn link_take(bytes: u32) -> i32 {
    at_link(|link, _| {
        link.take(bytes);
        Ok(Vec::new())
    })
}

/// The next message to be sent; no byte if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn link_message() -> i32 {
    at_link(|link, _| Ok(link.message()))
}

/// The next thing that came: a byte 0 and JSON, or a byte 1 and a message of a file transfer; no
/// byte if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn link_event() -> i32 {
    at_link(|link, _| Ok(link.event()))
}

/// How the link is, in bits: 1 if both have accepted, 2 if there is room to say something, 4 if the
/// peer has taken all that was said.
#[unsafe(no_mangle)]
pub extern "C" fn link_state() -> u32 {
    DESK.with_borrow(|desk| desk.link.as_ref().map_or(0, Link::state))
}

/// When [`link_tick`] is due, by the page's clock; less than 0 for never.
#[unsafe(no_mangle)]
pub extern "C" fn link_deadline() -> f64 {
    DESK.with_borrow(|desk| desk.link.as_ref().map_or(-1.0, Link::deadline))
}

fn at_link(act: impl FnOnce(&mut Link, &[u8]) -> Result<Vec<u8>, Refusal>) -> i32 {
    at_desk(|desk| {
        let link = desk.link.as_mut().ok_or_else(Link::missing)?;
        act(link, &desk.input)
    })
}

/// A clock that stands still: one dependency of the library's, a lock, names a clock of the host,
/// to be fair among threads. There are none here, and this keeps the module without imports.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
extern "C" fn now() -> f64 {
    0.0
}

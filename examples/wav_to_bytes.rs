//! A sound file to bytes: the whole receiving side, a block at a time.
//!
//! ```text
//! cargo run --example wav_to_bytes -- evening.wav
//! ```

use std::error::Error;

use airshake::audio::files::Recording;
use airshake::modem::{Event, Profile, Receiver};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("say which file")?;
    let mut recording = Recording::open(&path)?;
    let mut receiver = Receiver::new(Profile::ALL, recording.rate())?;
    while let Some(samples) = recording.next_block()? {
        receiver.push(samples).for_each(show);
    }
    receiver.finish().for_each(show);
    Ok(())
}

fn show(event: Event) {
    match event {
        Event::Message(heard) => {
            let text = String::from_utf8_lossy(&heard.payload);
            println!("{text:?}, SNR {}, {} passes", heard.snr, heard.passes);
        }
        Event::Lost { reason, snr, .. } => println!("a burst was lost: {reason:?}, SNR {snr}"),
        _ => {}
    }
}

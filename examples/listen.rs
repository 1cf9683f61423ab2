//! The microphone, the receiver, and nothing else: prints every message that is heard.
//!
//! ```text
//! cargo run --example listen
//! ```

use std::error::Error;
use std::thread;
use std::time::Duration;

use airshake::audio::device::Microphone;
use airshake::modem::{Event, Profile, Receiver};

#[expect(
    clippy::disallowed_methods,
    reason = "an example may wait for its microphone"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut microphone = Microphone::open(None)?;
    let mut receiver = Receiver::new(&[&Profile::AUDIBLE], microphone.rate())?;
    println!("listening with {}", microphone.name());

    let mut block = [0.0; 1024];
    loop {
        let count = microphone.read(&mut block);
        for event in receiver.push(&block[..count]) {
            if let Event::Message(heard) = event {
                let text = String::from_utf8_lossy(&heard.payload);
                println!("{text:?} at {}, {} passes", heard.snr, heard.passes);
            }
        }
        if count == 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

//! Bytes to a sound file: the whole sending side.
//!
//! ```text
//! cargo run --example bytes_to_wav -- "good evening" evening.wav
//! ```

use std::error::Error;

use airshake::audio::files::{WavFormat, WavWriter};
use airshake::modem::{Profile, Transmitter};
use airshake::units::SampleRate;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().ok_or("say what: TEXT OUT.wav")?;
    let path = arguments.next().ok_or("say where: TEXT OUT.wav")?;

    let rate = SampleRate::HZ_48000;
    let mut burst = Transmitter::new(&Profile::AUDIBLE, rate).burst(text.as_bytes(), 0)?;
    let samples = burst.len();
    let mut wav = WavWriter::create(&path, rate, WavFormat::Int16, Some(samples))?;
    let mut block = [0.0; 4096];
    loop {
        let count = burst.read(&mut block);
        if count == 0 {
            break;
        }
        wav.write(&block[..count])?;
    }
    wav.finish()?;
    println!("{path}: {:.2} s of sound", rate.seconds(samples));
    Ok(())
}

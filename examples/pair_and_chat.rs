//! Pairing with an interface of one's own: every event is told in its words, a person compares
//! what the screens show, and then the two chat.
//!
//! ```text
//! cargo run --example pair_and_chat        on both computers
//! ```

use std::error::Error;

use airshake::earshot::{self, Options};
use airshake::link::LinkEvent;
use airshake::pairing::PairEvent;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    options.pairing.timing.deadline = std::time::Duration::from_secs(120);
    let mut found = match airshake::pair(options, tell).await {
        Ok(found) => found,
        Err(earshot::Error::Pairing { error, heard }) => {
            // What to do about it, the likeliest first.
            let findings = heard.into_iter().flat_map(|heard| heard.findings.clone());
            for finding in findings {
                println!("{finding}");
            }
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    println!("Do both screens show \"{}\"? [y/n]", found.words());
    let mut typed = BufReader::new(stdin()).lines();
    let answer = tokio::select! {
        answer = typed.next_line() => answer?,
        reason = found.ended() => return Err(reason.to_string().into()),
    };
    if answer.as_deref() != Some("y") {
        found.refuse().await;
        return Ok(());
    }
    let mut link = found.accept().await?;
    println!("what you type appears there; Ctrl-D ends it");
    loop {
        tokio::select! {
            line = typed.next_line() => match line? {
                Some(line) => link.send_text(&line).await?,
                None => break,
            },
            event = link.next() => match event {
                LinkEvent::Text(line) => println!("> {line}"),
                LinkEvent::Closed { reason } => {
                    println!("{reason}");
                    return Ok(());
                }
                _ => {}
            },
        }
    }
    link.close().await;
    Ok(())
}

fn tell(event: PairEvent) {
    match event {
        PairEvent::Playing { air_s, .. } => println!("speaking for {air_s:.1} s"),
        PairEvent::Heard { snr_db, .. } => {
            println!("heard somebody, {snr_db:.0} dB above the noise")
        }
        PairEvent::Connecting => println!("reaching them over the network"),
        PairEvent::Connected { seconds, .. } => println!("connected in {seconds:.1} s"),
        PairEvent::Trouble(words) => println!("{words}"),
        // A meter may show levels; there will be other events in later versions.
        _ => {}
    }
}

//! Pairs without sound: copy the lines that one terminal prints into the other, both ways.
//!
//! ```text
//! cargo run --example pair_over_lines --features net
//! ```
//!
//! When the link is open, each side greets the other and waits for it to leave.

use airshake::link::LinkEvent;
use airshake::medium::text::TextMedium;
use airshake::pairing::{PairOptions, Timing, pair};
use std::io::{BufReader, stdin, stdout};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let medium = TextMedium::new(BufReader::new(stdin()), stdout());
    let options = PairOptions {
        // Copying takes longer than chirping: speak seldom, wait long.
        timing: Timing {
            listen: Duration::from_secs(1),
            offer_pause: Duration::from_secs(60),
            answer_pause: Duration::from_secs(60),
            answer_patience: Duration::from_secs(300),
            link_patience: Duration::from_secs(300),
            deadline: Duration::from_secs(600),
            ..Timing::default()
        },
        ..PairOptions::default()
    };
    let found = pair(medium, options, |event| eprintln!("{event:?}")).await?;
    eprintln!("both screens should show: {}", found.words());
    let mut link = found.accept().await?;
    link.send_text("hello from the other side").await?;
    loop {
        match link.next().await {
            LinkEvent::Text(text) => println!("{text}"),
            LinkEvent::Closed { reason } => {
                eprintln!("{reason}");
                return Ok(());
            }
            _ => {}
        }
    }
}

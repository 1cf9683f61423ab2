//! Two of these within earshot find each other by sound and say hello over WebRTC.
//!
//! ```text
//! cargo run --example pair_and_chat        on both computers
//! ```

use std::error::Error;

use airshake::link::LinkEvent;
use airshake::medium::sound::{Sound, SoundOptions};
use airshake::pairing::{PairOptions, pair};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Any other medium would do: pairing sees no samples.
    let air = Sound::open(SoundOptions::default())?;
    let found = pair(air, PairOptions::default(), |event| println!("{event:?}")).await?;

    // Two people who see the same words know that nobody stands between them. A program would ask
    // them; this one takes whoever was within earshot.
    println!("both screens should show: {}", found.words());
    let mut link = found.accept().await?;

    link.send_text("hello from the other side").await?;
    match link.next().await {
        LinkEvent::Text(line) => println!("they say: {line}"),
        other => println!("{other:?}"),
    }
    link.close().await;
    Ok(())
}

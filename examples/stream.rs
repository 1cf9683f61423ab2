//! Two of these within earshot: what is typed on one is printed by the other, byte by byte, with
//! nothing but tokio's own tools.
//!
//! ```text
//! cargo run --example stream        on both computers
//! ```

use std::error::Error;

use tokio::io::{copy, split, stdin, stdout};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let found = airshake::pair(Default::default(), |event| eprintln!("{event:?}")).await?;
    eprintln!("both screens should show: {}", found.words());
    let link = found.accept().await?;
    let (mut from_peer, mut to_peer) = split(link.into_stream());
    let (mut keyboard, mut screen) = (stdin(), stdout());
    tokio::select! {
        sent = copy(&mut keyboard, &mut to_peer) => println!("sent {} bytes", sent?),
        got = copy(&mut from_peer, &mut screen) => println!("got {} bytes", got?),
    }
    from_peer.unsplit(to_peer).close().await?;
    Ok(())
}

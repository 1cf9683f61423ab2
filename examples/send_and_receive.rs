//! Two of these within earshot: one sends files, the other receives them.
//!
//! ```text
//! cargo run --example send_and_receive photos/ notes.txt      on one computer
//! cargo run --example send_and_receive                        on the other
//! ```

use std::error::Error;

use airshake::link::transfer::{Offering, ReceiveOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let found = airshake::pair(Default::default(), |event| println!("{event:?}")).await?;
    println!("both screens should show: {}", found.words());
    let mut link = found.accept().await?;
    if files.is_empty() {
        let incoming = link.receive_files().await?;
        println!("coming: {:?}", incoming.offer());
        let options = ReceiveOptions::default();
        let received = incoming.accept("received", options, |event| println!("{event:?}"));
        println!("{:?}", received.await?);
    } else {
        let offering = Offering::of(&files)?;
        let sent = link.send_files(&offering, |event| println!("{event:?}"));
        println!("{:?}", sent.await?);
    }
    link.close().await;
    Ok(())
}

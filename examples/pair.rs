//! Two of these within earshot find each other by sound and say hello over WebRTC.
//!
//! ```text
//! cargo run --example pair        on both computers
//! ```

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let found = airshake::pair(Default::default(), |event| eprintln!("{event:?}")).await?;
    println!("both screens should show: {}", found.words());
    let mut link = found.accept().await?;
    link.send_text("hello from the other side").await?;
    println!("{:?}", link.next().await);
    link.close().await;
    Ok(())
}

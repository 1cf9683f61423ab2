//! How fast a file goes over a link between two peers in this process: real WebRTC over the
//! loopback, from disk to disk, verified.
//!
//! ```text
//! cargo run --release --example transfer_speed -- 2048        MiB; 256 without a number
//! ```

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use airshake::link::Link;
use airshake::link::transfer::{Offering, ReceiveOptions};
use airshake::medium::memory::{self, MemoryMedium, Options};
use airshake::pairing::{Addresses, PairOptions, pair};

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "it takes the time and makes a file"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mib: u64 = std::env::args().nth(1).map_or(Ok(256), |n| n.parse())?;
    let folder = std::env::temp_dir().join(format!("airshake-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("file");
    fill(&file, mib)?;
    let began = Instant::now();
    let (one, other) = memory::pair(Options::default(), Arc::new(move || began.elapsed()));
    let (mut one, mut other) = tokio::try_join!(linked(one), linked(other))?;
    let offering = Offering::of([&file])?;
    let received = folder.join("received");
    let (sent, arrived) = tokio::join!(one.send_files(&offering, |_| {}), async {
        let incoming = other.receive_files().await?;
        incoming
            .accept(&received, ReceiveOptions::default(), |_| {})
            .await
    });
    let (sent, arrived) = (sent?, arrived?);
    let seconds = sent.took.as_secs_f64();
    println!(
        "{} bytes in {seconds:.2} s: {:.1} MB/s; peak memory of both peers together {}",
        arrived.moved,
        arrived.moved as f64 / 1e6 / seconds,
        peak_memory().unwrap_or_else(|| "not known here".to_owned())
    );
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

async fn linked(medium: MemoryMedium) -> Result<Link, Box<dyn Error>> {
    let options = PairOptions {
        addresses: Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        ..PairOptions::default()
    };
    Ok(pair(medium, options, |_| {}).await?.accept().await?)
}

/// Bytes that no disk makes smaller.
#[expect(clippy::disallowed_methods, reason = "it makes a file")]
fn fill(path: &std::path::Path, mib: u64) -> std::io::Result<()> {
    let mut state = 1u64;
    let mut block = vec![0; 1 << 20];
    let mut file = File::create(path)?;
    for _ in 0..mib {
        for bytes in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    drop(file);
    // What is still on its way to the disk would be counted as ours.
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// What Linux says of this process.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

//! The file that Alice sends to Bob, and the folders that are hers and his.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use airshake::link::Link;
use airshake::link::transfer::{Offer, Offering, ReceiveOptions, Summary};
use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest, Sha256};

/// A file on its way from a folder of Alice's to one of Bob's; both are gone when it is dropped.
pub(super) struct Parcel {
    folder: PathBuf,
}

impl Parcel {
    /// Writes the file.
    #[expect(clippy::disallowed_methods, reason = "Alice has a file")]
    pub(super) fn new() -> Result<Self> {
        // Nobody else may have made that folder first.
        let chance = getrandom::u64().map_err(|error| anyhow!("no chance: {error}"))?;
        let name = format!("airshake-demo-{chance:016x}");
        let folder = std::env::temp_dir().join(name);
        let write = |folder: &Path| {
            fs::create_dir(folder)?;
            let parcel = Self {
                folder: folder.to_owned(),
            };
            fs::create_dir(folder.join("alice"))?;
            fs::write(parcel.path("alice"), content())?;
            Ok::<_, std::io::Error>(parcel)
        };
        write(&folder).with_context(|| format!("cannot write to {}", folder.display()))
    }

    /// What Alice offers.
    pub(super) fn offer(&self) -> Result<Offering> {
        Ok(Offering::of([self.path("alice")])?)
    }

    /// Alice sends it, Bob takes it; `offered` is told what he is offered.
    pub(super) async fn carry(
        &self,
        alice: &mut Link,
        bob: &mut Link,
        offered: impl FnOnce(&Offer),
    ) -> Result<Summary> {
        let offering = self.offer()?;
        let take = async {
            let incoming = bob.receive_files().await?;
            offered(&incoming.offer());
            let folder = self.folder.join("bob");
            incoming
                .accept(folder, ReceiveOptions::default(), |_| {})
                .await
        };
        let (sent, taken) = tokio::join!(alice.send_files(&offering, |_| {}), take);
        let (sent, _) = (sent?, taken?);
        ensure!(sent.lost.is_empty(), "{NAME} did not come through");
        Ok(sent)
    }

    /// The SHA-256 of the file of `alice` or `bob`, read from the disk.
    #[expect(clippy::disallowed_methods, reason = "they compare their files")]
    pub(super) fn hash(&self, of: &str) -> Result<String> {
        let bytes = fs::read(self.path(of)).with_context(|| format!("{of} has no {NAME}"))?;
        Ok(Sha256::digest(bytes)
            .iter()
            .fold(String::new(), |mut hash, byte| {
                let _ = write!(hash, "{byte:02x}");
                hash
            }))
    }

    fn path(&self, of: &str) -> PathBuf {
        self.folder.join(of).join(NAME)
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Bytes that nothing makes smaller, always the same: xorshift64*.
fn content() -> Vec<u8> {
    let mut state = 1u64;
    let next = |_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
    };
    (0..SIZE).map(next).collect()
}

/// The name of the file.
pub(super) const NAME: &str = "photo.jpg";

/// About what a photograph has.
const SIZE: usize = 3_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_folders_are_gone_with_the_parcel() {
        let parcel = Parcel::new().expect("a folder");
        let folder = parcel.folder.clone();
        assert_eq!(parcel.hash("alice").expect("is there").len(), 64);
        assert!(parcel.hash("bob").is_err(), "nothing was sent");
        drop(parcel);
        assert!(!folder.exists());
    }
}

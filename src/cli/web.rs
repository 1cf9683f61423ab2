//! `airshake web`: the page for browsers on this computer, or as files for a host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airshake::web::{Server, files};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use super::chat::interrupted;
use super::outcome::Interrupted;
use super::talk::Talk;

/// Serve the page by which a browser on this computer pairs
///
/// The page does what `airshake pair`, `send`, `receive`, `encode` and `decode` do, with the
/// browser's microphone and loudspeaker: it meets other pages and other computers' command lines.
/// Nothing is asked of any other server. It is served to this computer alone, for a browser trusts
/// a page with the microphone only where it comes from the computer itself, or over https. To
/// give it to others put the files of --save on any host that has https, in any folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake web --open             in the browser that is the default one
  airshake web --port 0           at any free port
  airshake web --save public/     as files, for a host of your own

Exit codes: 0 saved; 2 the port is taken, or a file cannot be written;
130 ended by Ctrl-C.")]
pub(crate) struct Web {
    /// Port to serve at; 0 takes any free one. A browser remembers by it which page may listen
    #[arg(long, value_name = "N", default_value_t = PORT)]
    port: u16,

    /// Open the page in a browser
    #[arg(long)]
    open: bool,

    /// Write the page's files into DIR, which must be new or empty, and serve nothing
    #[arg(long, value_name = "DIR", conflicts_with_all = ["port", "open"])]
    save: Option<PathBuf>,

    /// Tell events as JSON lines on stderr
    #[arg(long)]
    json: bool,
}

/// CHIRP on the keys of a telephone; below what systems hand out by themselves.
const PORT: u16 = 24_477;

impl Web {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let talk = Talk::new(self.json, quiet);
        if let Some(folder) = &self.save {
            return save(folder, &talk);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")?;
        runtime.block_on(async {
            let server = Server::bind(self.port).await?;
            let url = server.url();
            talk.event("serving", json!({"url": url, "port": server.port()}));
            talk.line(&format!("the page is at {url}  (Ctrl-C ends it)"));
            if self.open
                && let Err(error) = open(&url)
            {
                talk.strong(&format!(
                    "cannot open a browser: {error}; open {url} yourself"
                ));
            }
            tokio::select! {
                () = server.run() => Ok(()),
                () = interrupted() => Err(Interrupted.into()),
            }
        })
    }
}

/// Writes the files of the page.
fn save(folder: &Path, talk: &Talk) -> Result<()> {
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let mut there = fs::read_dir(folder).with_context(|| cannot(folder))?;
    ensure!(
        there.next().is_none(),
        "{} is not empty: choose a new folder, so that nothing old stays between the page's files",
        folder.display()
    );
    let mut total = 0;
    for file in files() {
        let path = folder.join(file.path());
        let bytes = file.bytes();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| cannot(parent))?;
        }
        write(&path, &bytes).with_context(|| cannot(&path))?;
        total += bytes.len();
    }
    let count = files().len();
    talk.event("saved", json!({"files": count, "bytes": total}));
    talk.line(&format!(
        "{count} files, {total} bytes in {}; serve them over https, in any folder",
        folder.display()
    ));
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line writes files when it is asked to"
)]
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::write(path, bytes)
}

/// Asks the system for its browser, and leaves it alone.
fn open(url: &str) -> std::io::Result<()> {
    let (program, before): (_, &[&str]) = if cfg!(windows) {
        // Not `start`, which is a word of the shell's.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    };
    Command::new(program)
        .args(before)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|error| std::io::Error::new(error.kind(), format!("{program}: {error}")))
}

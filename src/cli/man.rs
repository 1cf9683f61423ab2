//! `airshake man`: the manual pages.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};

use super::files::{self, Place};

/// Print the manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake man | man -l -
  airshake man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Write airshake.1 and a page for each command here
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Result<()> {
        let command = super::Cli::command();
        let Some(folder) = self.out else {
            return files::write(&Place::Pipe, &page(command)?);
        };
        files::create_folder(&folder)?;
        clap_mangen::generate_to(command, &folder)
            .with_context(|| format!("cannot write into {}", folder.display()))
    }
}

fn page(command: clap::Command) -> Result<Vec<u8>> {
    let mut roff = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut roff)
        .context("cannot write the manual page")?;
    Ok(roff)
}

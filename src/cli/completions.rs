//! `airshake completions`: for the shell.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::files::{self, Place};

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake completions bash > /etc/bash_completion.d/airshake
  airshake completions zsh > \"${fpath[1]}/_airshake\"
  airshake completions fish > ~/.config/fish/completions/airshake.fish")]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut super::Cli::command(),
            "airshake",
            &mut script,
        );
        files::write(&Place::Pipe, &script)
    }
}

//! How the program ends: what went wrong, and the exit code that says so.

use std::io;
use std::process::ExitCode;

/// The work was done as asked, and nothing came of it: nothing heard, no peer, a failed
/// verification. Exit code 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Nothing(pub(crate) String);

/// The user stopped the program. Exit code 130, as shells do for Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Says on stderr what went wrong, if it is worth a word, and gives the exit code.
pub(crate) fn report(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // `airshake decode ... | head -1`: the reader has had enough, which is its right.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    if error.is::<Interrupted>() {
        return ExitCode::from(130);
    }
    super::talk::to_stderr(&format!("airshake: {error:#}"));
    ExitCode::from(if error.is::<Nothing>() { 1 } else { 2 })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_broken_pipe_is_seen_through_its_context() {
        let error = Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe))
            .context("cannot write to stdout")
            .expect_err("an error");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&Interrupted.into()));
    }
}

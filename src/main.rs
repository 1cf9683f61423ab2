//! The `airshake` program: the library's first guest. It sees the library as a stranger does.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

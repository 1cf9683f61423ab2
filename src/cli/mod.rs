//! The command line: one file a subcommand. Data on stdout, talk on stderr, `-` is a pipe.

mod advice;
mod bench;
mod chat;
mod completions;
mod decode;
mod demo;
mod devices;
mod doctor;
mod encode;
mod files;
mod hear;
mod interrupt;
mod lasting;
mod man;
mod meet;
mod moving;
mod network;
mod options;
mod outcome;
mod pair;
mod pipe;
#[allow(dead_code, reason = "a base offers more than its users need today")]
mod plot;
mod question;
mod receive;
mod report;
mod say;
mod screen;
mod send;
mod sketch;
mod talk;
mod text;
mod trust;
mod typed;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Two computers within earshot shake hands by sound.
///
/// One plays a chirp, the other hears it, and a WebRTC data channel is open between them: no
/// server, no account, nothing typed. The same modem turns any bytes into a sound file and back.
#[derive(Debug, Parser)]
#[command(
    name = "airshake",
    version,
    propagate_version = true,
    after_help = AFTER_HELP,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
Examples:
  airshake demo                               two peers meet in a simulated room
  airshake pair                               on two computers: meet, then chat
  airshake send photos/                       on one computer ...
  airshake receive                            ... and on the other
  echo hello | airshake encode -o hello.wav   bytes to sound
  airshake decode hello.wav                   sound to bytes
  airshake say hello                          a message by sound alone ...
  airshake hear                               ... and who hears it
  airshake web --open                         all of it in a browser

Exit codes: 0 done; 1 nothing heard, no peer, or a failed verification;
2 wrong usage or unreadable input; 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Pair(pair::Pair),
    Send(send::Send),
    Receive(receive::Receive),
    Pipe(pipe::Pipe),
    Encode(encode::Encode),
    Decode(decode::Decode),
    Say(say::Say),
    Hear(hear::Hear),
    Demo(demo::Demo),
    Bench(bench::Bench),
    Devices(devices::Devices),
    Doctor(doctor::Doctor),
    Web(web::Web),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    interrupt::install();
    talk::leave_when_panicking();
    let result = match cli.command {
        Command::Pair(command) => command.run(cli.quiet),
        Command::Send(command) => command.run(cli.quiet),
        Command::Receive(command) => command.run(cli.quiet),
        Command::Pipe(command) => command.run(cli.quiet),
        Command::Encode(command) => command.run(cli.quiet),
        Command::Decode(command) => command.run(cli.quiet),
        Command::Say(command) => command.run(cli.quiet),
        Command::Hear(command) => command.run(cli.quiet),
        Command::Demo(command) => command.run(cli.quiet),
        Command::Bench(command) => command.run(cli.quiet),
        Command::Devices(command) => command.run(),
        Command::Doctor(command) => command.run(cli.quiet),
        Command::Web(command) => command.run(cli.quiet),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    outcome::report(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_of_every_command_agree_with_each_other() {
        Cli::command().debug_assert();
    }
}

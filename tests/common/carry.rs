//! What carries the words of two peers, who are processes of their own, from one to the other.

use airshake::medium::text::PREFIX;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

/// Reads what a peer says: envelopes go to the other, everything is told to the test. Gives back
/// the pipe to the other, so that it stays open: air does not close when one of two ends.
pub(crate) fn carry(
    side: usize,
    child: &mut Child,
    mut to: ChildStdin,
    tell: Sender<(usize, String)>,
) -> JoinHandle<ChildStdin> {
    let from = BufReader::new(child.stdout.take().expect("piped"));
    thread::spawn(move || {
        for line in from.lines().map_while(Result::ok) {
            if line.contains(PREFIX) {
                // Where the other is gone, this one is still listened to.
                let _ = writeln!(to, "{line}");
            }
            if tell.send((side, line)).is_err() {
                break;
            }
        }
        to
    })
}

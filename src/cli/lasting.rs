//! Says so when the connection breaks, and when it is back: calmly, for nothing is lost.

use airshake::link::{Link, Standing};
use serde_json::json;

use super::talk::{Talk, round};

/// Tells it while the link lives, whatever else goes on.
pub(crate) fn tell(link: &Link, talk: &Talk) {
    let (mut standing, talk) = (link.standing(), talk.twin());
    tokio::spawn(async move {
        while standing.changed().await.is_ok() {
            let now = *standing.borrow_and_update();
            match now {
                Standing::Interrupted => {
                    talk.event("interrupted", json!({}));
                    talk.line("connection lost; trying to get it back (Ctrl-C leaves)");
                }
                Standing::Resumed { after } => {
                    let seconds = after.as_secs_f64();
                    talk.event("resumed", json!({"after_s": round(seconds, 1)}));
                    talk.line(&format!("back after {seconds:.0} s"));
                }
                Standing::Over => break,
                _ => {}
            }
        }
    });
}

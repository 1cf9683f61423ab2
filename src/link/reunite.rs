//! Finding again whom one knows: connection after connection, until one leads there.

use super::{
    Channel, Side, Unproven,
    reunion::{Bond, NONCE, Reunion},
    way_back::{Call, WayBack},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// The one we know is at the other end.
pub(super) struct Met {
    pub(super) channel: Arc<dyn Channel>,
    pub(super) reunion: Reunion,
    /// What the offerer has heard; the answerer knows it by now.
    pub(super) theirs: Option<u64>,
}

/// Tries until it is done. Dropping the future ends it.
pub(super) async fn again(way: Arc<dyn WayBack>, doors: Vec<SocketAddr>, bond: Bond) -> Met {
    let side = bond.side();
    let calls: Vec<Call> = (bond.calls().into_iter())
        .map(|[ours, theirs]| Call {
            side,
            ours,
            theirs,
            doors: doors.clone(),
        })
        .collect();
    // While we are not sure by which names the other side calls, each has its turn.
    let turn = match calls.len() {
        1 => FOR_EVER,
        _ => TURN,
    };
    for call in calls.iter().cycle() {
        if let Ok(Ok(unproven)) = timeout(turn, way.reach(call)).await
            && let Some(met) = unproven.recognise(&bond).await
        {
            return met;
        }
        // Not in step with the other side: two who begin anew at once, and fail at once, would go
        // on to do so.
        sleep(pause()).await;
    }
    std::future::pending().await
}

impl Unproven {
    /// Makes sure that it is the one of the bond. Whoever else it is, is told nothing and left.
    async fn recognise(self, bond: &Bond) -> Option<Met> {
        let (channel, certificates) = self.parts();
        let guard = Closing(Some(channel.clone()));
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let (mut reunion, knock) = Reunion::new(bond, certificates, nonce);
        let talk = async {
            channel.send(&knock).await.ok()?;
            loop {
                let step = reunion.handle(&channel.receive().await?).ok()?;
                for say in step.say {
                    channel.send(&say).await.ok()?;
                }
                let met = match bond.side() {
                    Side::Offerer => step.known,
                    Side::Answerer => step.heard.is_some(),
                };
                if met {
                    return Some(step.heard);
                }
            }
        };
        let met = timeout(TALK, talk).await.ok().flatten();
        guard.keep();
        let Some(theirs) = met else {
            channel.abandon().await;
            return None;
        };
        Some(Met {
            channel,
            reunion,
            theirs,
        })
    }
}

/// Closes a channel that came to nothing.
struct Closing(Option<Arc<dyn Channel>>);

impl Closing {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(channel) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { channel.abandon().await });
        }
    }
}

/// Somewhere from 0.1 to 0.6 s.
fn pause() -> Duration {
    let chance = getrandom::u32().unwrap_or_default();
    Duration::from_millis(100 + u64::from(chance % 500))
}

/// How long one pair of names is tried before the other, where there are two.
const TURN: Duration = Duration::from_secs(3);

/// Longer than anybody is patient.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// As long as two may take to know each other again: four ways over the network, however slow.
const TALK: Duration = Duration::from_secs(4);

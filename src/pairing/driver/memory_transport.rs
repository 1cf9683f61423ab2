//! Connections within one process: a second [`Transport`], for tests of what stands above it and as
//! a pattern for a third.

use super::transport::{Connection, Transport, TransportError};
use crate::{
    link::{Certificates, Channel, MemoryChannel, Unproven},
    signal::{
        Beacon, Candidate, Credentials, Description, Fingerprint, Invitation, Role, Secret, Setup,
    },
};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::watch;

/// Connects whoever has a clone of it, without a network: with a [memory
/// medium](crate::medium::memory) a program that pairs can be tested without sound or sockets, and
/// everything above, proof, words and link, is the real thing.
///
/// ```
/// use airshake::medium::memory::{self, Options};
/// use airshake::pairing::PairOptions;
/// use airshake::pairing::driver::{MemoryTransport, pair_by};
/// use std::sync::Arc;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let began = tokio::time::Instant::now();
/// let (one, other) = memory::pair(Options::default(), Arc::new(move || began.elapsed()));
/// let transport = Arc::new(MemoryTransport::default());
/// let (one, other) = tokio::try_join!(
///     pair_by(transport.clone(), one, PairOptions::default(), |_| {}),
///     pair_by(transport, other, PairOptions::default(), |_| {}),
/// )?;
/// assert_eq!(one.words(), other.words());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryTransport(Arc<Mutex<HashMap<Name, Weak<Line>>>>);

/// What a beacon says of a fingerprint at least.
type Name = [u8; 16];

/// One end of a connection that may come about.
struct Line {
    itself: Weak<Line>,
    fingerprint: [u8; 32],
    state: watch::Sender<State>,
    board: MemoryTransport,
    /// Whose beacon or invitation this one waits to answer.
    calls: Option<Weak<Line>>,
}

#[derive(Default)]
struct State {
    /// Who stands at the door.
    callers: VecDeque<Weak<Line>>,
    /// Somebody else was faster at the door that this one knocked at.
    refused: bool,
    joined: Option<(Arc<MemoryChannel>, [u8; 32])>,
    closed: bool,
}

impl MemoryTransport {
    fn line(&self, calls: Option<Weak<Line>>) -> Result<Arc<Line>, TransportError> {
        Ok(self.line_of(chance()?, calls))
    }

    fn line_of(&self, fingerprint: [u8; 32], calls: Option<Weak<Line>>) -> Arc<Line> {
        let line = Arc::new_cyclic(|itself| Line {
            itself: itself.clone(),
            fingerprint,
            state: watch::Sender::default(),
            board: self.clone(),
            calls,
        });
        self.board().insert(line.name(), Arc::downgrade(&line));
        line
    }

    fn find(&self, fingerprint: &Fingerprint) -> Option<Arc<Line>> {
        let name = fingerprint.bytes().first_chunk()?;
        self.board().get(name)?.upgrade()
    }

    fn board(&self) -> MutexGuard<'_, HashMap<Name, Weak<Line>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Transport for MemoryTransport {
    async fn beacon(&self) -> Result<(Arc<dyn Connection>, Beacon), TransportError> {
        let line = self.line(None)?;
        let beacon = Beacon {
            fingerprint: Fingerprint::Sha256(line.fingerprint),
            secret: Secret(chance()?),
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates: Vec::new(),
        };
        Ok((line, beacon))
    }

    async fn approach(
        &self,
        beacon: &Beacon,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let door = self.find(&beacon.fingerprint);
        let line = self.line(door.as_ref().map(Arc::downgrade))?;
        if straight {
            line.knock();
        }
        let answer = line.description(Role::Answer);
        Ok((line, answer))
    }

    async fn join(
        &self,
        invitation: &Invitation,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Vec<Candidate>), TransportError> {
        let host = self.find(&Fingerprint::Sha256(invitation.sha256));
        let Fingerprint::Sha256(ours) = invitation.guest().fingerprint() else {
            unreachable!("a guest's fingerprint is a SHA-256");
        };
        let line = self.line_of(ours, host.as_ref().map(Arc::downgrade));
        if straight {
            line.knock();
        }
        Ok((line, Vec::new()))
    }

    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let line = self.line(None)?;
        let offer = line.description(Role::Offer);
        Ok((line, offer))
    }

    async fn answer(
        &self,
        _offer: &Description,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let line = self.line(None)?;
        let answer = line.description(Role::Answer);
        Ok((line, answer))
    }
}

impl Line {
    fn name(&self) -> Name {
        let [front, _] = self.fingerprint.as_chunks().0 else {
            unreachable!("a fingerprint is as long as two names");
        };
        *front
    }

    fn description(&self, role: Role) -> Description {
        Description {
            role,
            setup: match role {
                Role::Offer => Setup::ActPass,
                Role::Answer => Setup::Active,
            },
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Sha256(self.fingerprint),
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates: Vec::new(),
            answers: None,
        }
    }

    /// Stands at the door of whose beacon was heard.
    fn knock(&self) {
        if let Some(door) = self.calls.as_ref().and_then(Weak::upgrade) {
            let taken = door.state.borrow().joined.is_some();
            match taken {
                true => self.state.send_modify(|state| state.refused = true),
                false => door
                    .state
                    .send_modify(|state| state.callers.push_back(self.itself.clone())),
            }
        }
    }

    /// Connects the two, unless one is connected already, or gone.
    fn join(&self, other: &Line) -> Result<(), TransportError> {
        let taken = |line: &Line| {
            let state = line.state.borrow();
            state.joined.is_some() || state.closed
        };
        if taken(self) || taken(other) {
            return Err(TransportError::Closed);
        }
        let (ours, theirs) = MemoryChannel::pair();
        let ends = [
            (self, ours, other.fingerprint),
            (other, theirs, self.fingerprint),
        ];
        for (line, channel, far) in ends {
            line.state
                .send_modify(|state| state.joined = Some((channel, far)));
        }
        Ok(())
    }

    /// Waits until the state has something.
    async fn wait<T>(
        &self,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, TransportError> {
        let mut seen = None;
        let mut state = self.state.subscribe();
        let changed = state.wait_for(|state| {
            seen = look(state);
            seen.is_some() || state.closed
        });
        let _ = changed.await;
        seen.ok_or(TransportError::Closed)
    }
}

#[async_trait::async_trait]
impl Connection for Line {
    async fn knocked(&self) -> Result<(), TransportError> {
        self.wait(|state| (!state.callers.is_empty()).then_some(()))
            .await
    }

    async fn admit(&self) -> Result<(), TransportError> {
        let mut callers = VecDeque::new();
        self.state
            .send_modify(|state| callers = std::mem::take(&mut state.callers));
        let mut admitted = Err(TransportError::Closed);
        for caller in callers.iter().filter_map(Weak::upgrade) {
            if admitted.is_err() {
                admitted = self.join(&caller);
            } else {
                caller.state.send_modify(|state| state.refused = true);
            }
        }
        admitted
    }

    async fn refused(&self) {
        if self
            .wait(|state| state.refused.then_some(()))
            .await
            .is_err()
        {
            std::future::pending().await
        }
    }

    async fn answered(&self) {
        self.knock();
    }

    async fn accept(&self, answer: &Description) -> Result<(), TransportError> {
        let far = self.board.find(&answer.fingerprint);
        self.join(&*far.ok_or(TransportError::Closed)?)
    }

    async fn reached(&self) -> Result<(), TransportError> {
        self.wait(|state| state.joined.is_some().then_some(()))
            .await
    }

    async fn channel(&self) -> Result<Unproven, TransportError> {
        let (channel, theirs) = self.wait(|state| state.joined.clone()).await?;
        let ours = self.fingerprint;
        Ok(Unproven::new(channel, Certificates { ours, theirs }))
    }

    async fn close(&self) {
        let mut joined = None;
        self.state.send_modify(|state| {
            state.closed = true;
            joined = state.joined.take();
        });
        if let Some((channel, _)) = joined {
            channel.close().await;
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let name = self.name();
        let mut board = self.board.board();
        // Guests of one invitation have one name: another may still be there.
        if board
            .get(&name)
            .is_some_and(|line| line.strong_count() == 0)
        {
            board.remove(&name);
        }
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTransport({} ends)", self.board().len())
    }
}

/// Bytes that nobody can guess, in place of a certificate's hash.
fn chance<const N: usize>() -> Result<[u8; N], TransportError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| TransportError::Stack {
        doing: "asking the system for chance",
        detail: error.to_string(),
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        link::LinkEvent,
        medium::memory::{self, MemoryMedium, Options},
        pairing::{PairEvent, PairOptions, Way, Ways, driver::pair_by},
    };
    use std::time::Duration;
    use tokio::time::{Instant, timeout};

    fn room() -> (MemoryMedium, MemoryMedium) {
        let began = Instant::now();
        memory::pair(Options::default(), Arc::new(move || began.elapsed()))
    }

    async fn paired_by(ways: Ways, way: Way) {
        let (one, other) = room();
        let transport = Arc::new(MemoryTransport::default());
        let options = || PairOptions {
            ways,
            ..PairOptions::default()
        };
        let went = Mutex::new(Vec::new());
        let note = |event| {
            if let PairEvent::Connected { way, .. } = event {
                went.lock().unwrap().push(way);
            }
        };
        let (one, other) = tokio::try_join!(
            pair_by(transport.clone(), one, options(), note),
            pair_by(transport.clone(), other, options(), note),
        )
        .unwrap();
        assert_eq!(*went.lock().unwrap(), [way; 2]);
        assert_eq!(one.words(), other.words());
        let (one, mut other) = tokio::try_join!(one.accept(), other.accept()).unwrap();
        one.send_text("hello").await.unwrap();
        assert_eq!(other.next().await, LinkEvent::Text("hello".into()));
        tokio::join!(one.close(), other.close());
        // What came to nothing is let go of by tasks of its own.
        let gone = async {
            while !transport.board().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let gone = timeout(Duration::from_secs(10), gone).await;
        assert!(gone.is_ok(), "left over: {transport:?}");
    }

    #[tokio::test]
    async fn two_pair_by_one_sound_without_a_network() {
        paired_by(Ways::Both, Way::OneSound).await;
    }

    #[tokio::test]
    async fn two_pair_by_two_sounds_without_a_network() {
        paired_by(Ways::TwoSounds, Way::TwoSounds).await;
    }

    #[tokio::test]
    async fn the_first_at_the_door_is_let_in_and_the_others_are_refused() {
        let transport = MemoryTransport::default();
        let (host, beacon) = transport.beacon().await.unwrap();
        let (first, _) = transport.approach(&beacon, true).await.unwrap();
        let (second, _) = transport.approach(&beacon, false).await.unwrap();
        host.knocked().await.unwrap();
        second.answered().await;
        host.admit().await.unwrap();
        let (third, _) = transport.approach(&beacon, true).await.unwrap();
        second.refused().await;
        third.refused().await;
        tokio::try_join!(host.reached(), first.reached()).unwrap();
        host.close().await;
        assert_eq!(host.reached().await, Err(TransportError::Closed));
    }

    #[tokio::test]
    async fn a_guest_comes_to_who_invited_it_and_the_second_is_refused() {
        let transport = MemoryTransport::default();
        let (host, offer) = transport.offer().await.unwrap();
        let invitation = Invitation::from_offer(&offer).unwrap();
        let (first, _) = transport.join(&invitation, false).await.unwrap();
        let (second, _) = transport.join(&invitation, false).await.unwrap();
        first.answered().await;
        second.answered().await;
        host.knocked().await.unwrap();
        host.admit().await.unwrap();
        second.refused().await;
        tokio::try_join!(host.reached(), first.reached()).unwrap();
        // All of them have one name; whoever goes does not take another's along.
        let guest = invitation.guest().fingerprint();
        drop(first);
        assert!(transport.find(&guest).is_some());
        drop(second);
        assert!(transport.find(&guest).is_none());
    }
}

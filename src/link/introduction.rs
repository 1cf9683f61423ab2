//! From an open channel to a link: proven by the two sides, then accepted by their users. Each
//! step is a type, so that none can be left out.

use super::{
    Certificates, Channel, ChannelError, CloseReason, Encounter, Frame, Heartbeat, Link, LinkEvent,
    Proof, ProofError, Proven, Words, proof::CHANCE, reunion::Bond, way_back::WayBack,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// An open channel to nobody knows whom. It carries nothing but a [proof](Self::prove).
pub struct Unproven {
    channel: Arc<dyn Channel>,
    certificates: Certificates,
    way: Option<Arc<dyn WayBack>>,
    /// What the other side has said already, to our knock.
    said: Option<Vec<u8>>,
}

impl Unproven {
    /// A channel whose two ends really use these certificates.
    pub fn new(channel: Arc<dyn Channel>, certificates: Certificates) -> Self {
        Self {
            channel,
            certificates,
            way: None,
            said: None,
        }
    }

    /// Knocks, and waits until the other side says something: until then it may not know whether it
    /// wants us.
    ///
    /// # Errors
    /// [`ProofError::Closed`] if it never will.
    pub async fn spoken_to(&mut self) -> Result<(), ProofError> {
        if self.said.is_none() {
            self.channel.send(&Proof::knock()).await?;
            self.said = Some(next(&*self.channel).await?);
        }
        Ok(())
    }

    /// If the connection breaks one day, this is how the two find each other again. Both should have
    /// one.
    #[must_use]
    pub fn with_way_back(self, way: Arc<dyn WayBack>) -> Self {
        Self {
            way: Some(way),
            ..self
        }
    }

    /// For a talk of another kind, which must come before anything else all the same.
    pub(super) fn parts(self) -> (Arc<dyn Channel>, Certificates) {
        (self.channel, self.certificates)
    }

    /// Proves each side to the other, which both must do at the same time. On failure the channel
    /// is closed.
    ///
    /// # Errors
    /// [`ProofError`]; the proof must be complete within `at_most`.
    pub async fn prove(
        self,
        encounter: &Encounter,
        heartbeat: Heartbeat,
        at_most: Duration,
    ) -> Result<Introduction, ProofError> {
        let Self {
            channel,
            certificates,
            way,
            said,
        } = self;
        let talk = timeout(at_most, talk(&*channel, encounter, certificates, said)).await;
        match talk.unwrap_or(Err(ProofError::Silent(at_most))) {
            Ok(proven) => {
                let bond = Bond::new(&proven.root, encounter.side);
                let (link, accepted) = Link::watch(channel, heartbeat, bond, way);
                Ok(Introduction {
                    link,
                    accepted,
                    proven,
                })
            }
            Err(error) => {
                // What we said tells the other side why.
                channel.flush(LAST_WORDS).await;
                channel.close().await;
                Err(error)
            }
        }
    }
}

/// Asks and answers until both sides are proven.
async fn talk(
    channel: &dyn Channel,
    encounter: &Encounter,
    certificates: Certificates,
    mut said: Option<Vec<u8>>,
) -> Result<Proven, ProofError> {
    let mut chance = [0; CHANCE];
    getrandom::fill(&mut chance).map_err(|error| ProofError::NoChance(error.to_string()))?;
    let (mut proof, knock) = Proof::new(encounter, certificates, &chance);
    if said.is_none() {
        channel.send(&knock).await?;
    }
    loop {
        let message = match said.take() {
            Some(message) => message,
            None => next(channel).await?,
        };
        let step = match proof.handle(&message) {
            Ok(step) => step,
            Err(error) => {
                if let Some(say) = proof.last_words() {
                    channel.send(&say).await?;
                }
                return Err(error);
            }
        };
        for say in step.say {
            channel.send(&say).await?;
        }
        if let Some(proven) = step.proven {
            return Ok(proven);
        }
    }
}

async fn next(channel: &dyn Channel) -> Result<Vec<u8>, ProofError> {
    let closed = || ProofError::Closed("the other side closed it".into());
    channel.receive().await.ok_or_else(closed)
}

impl From<ChannelError> for ProofError {
    fn from(ChannelError(reason): ChannelError) -> Self {
        Self::Closed(reason)
    }
}

/// A channel to somebody who is proven, and whom the user has not yet accepted.
///
/// Nothing can be sent over it, and nothing that comes is delivered. Dropping it closes the
/// channel.
pub struct Introduction {
    link: Link,
    accepted: watch::Receiver<bool>,
    proven: Proven,
}

/// The other side was not, or is no longer, there to be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAccepted(pub CloseReason);

impl Introduction {
    /// What both screens show if nobody stands between the two.
    pub fn words(&self) -> Words {
        self.proven.words
    }

    /// Whether the other side has the same code. Then there is nothing left to compare.
    pub fn is_by_code(&self) -> bool {
        self.proven.by_code
    }

    /// Says that the other side is the one that was meant, and waits until it says the same of
    /// us, however long its user takes.
    ///
    /// # Errors
    /// [`NotAccepted`] if the other side refuses, leaves or falls silent instead.
    pub async fn accept(mut self) -> Result<Link, NotAccepted> {
        let sent = self.link.say(&Frame::Accept);
        if sent.is_err() || self.accepted.wait_for(|accepted| *accepted).await.is_err() {
            return Err(NotAccepted(self.link.why_it_ended().await));
        }
        Ok(self.link)
    }

    /// Tells the other side that it is not the one that was meant, and closes.
    pub async fn refuse(self) {
        let _ = self.link.say(&Frame::Refuse);
        self.link.leave().await;
    }

    /// Waits until the other side has refused, left or fallen silent, which it may do while a
    /// user still compares words. Dropping the future loses nothing.
    pub async fn ended(&mut self) -> CloseReason {
        while self.accepted.changed().await.is_ok() {}
        self.link.why_it_ended().await
    }
}

impl Link {
    /// Why it is over, once it is. What else came is lost.
    async fn why_it_ended(&mut self) -> CloseReason {
        loop {
            if let LinkEvent::Closed { reason } = self.next().await {
                return reason;
            }
        }
    }
}

impl fmt::Debug for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unproven")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introduction")
            .field("proven", &self.proven)
            .finish_non_exhaustive()
    }
}

/// How long the other side may take to read why it was not believed.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;

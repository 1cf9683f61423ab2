//! What pairing needs of a WebRTC stack, and nothing more, so that another one can take the place
//! of the one in use. [`MemoryTransport`](super::MemoryTransport) is the smallest there is.

use crate::{
    link::{Unproven, WayBack},
    signal::{Beacon, Candidate, Description, Invitation},
};
use std::sync::Arc;

/// Makes connections.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// What went wrong meanwhile and was done without, each once.
    fn troubles(&self) -> Vec<TransportError> {
        Vec::new()
    }

    /// A connection that waits for whoever hears the beacon: for a [knock](Connection::knocked)
    /// at its own sockets, or for an [answer](Connection::accept). The beacon holds a whole
    /// SHA-256 fingerprint.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn beacon(&self) -> Result<(Arc<dyn Connection>, Beacon), TransportError>;

    /// A connection to who said that beacon, and the answer to say if it cannot be reached
    /// unasked. It tries from now on if `straight`; otherwise only when the other side shows that
    /// it has heard the answer, or after [`Connection::answered`].
    ///
    /// # Errors
    /// [`TransportError`].
    async fn approach(
        &self,
        beacon: &Beacon,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError>;

    /// A connection to who said that invitation, as its [guest](Invitation::guest), and where the
    /// guest is, to be said if it cannot reach the host unasked. It tries when
    /// [`approach`](Self::approach) would.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn join(
        &self,
        invitation: &Invitation,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Vec<Candidate>), TransportError>;

    /// A connection that waits for an answer, and the offer to be carried to the peer. It must
    /// stay usable however long the answer takes.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError>;

    /// A connection to who made that offer, and the answer to be carried back. It tries to
    /// connect from now on, however long the answer takes.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn answer(
        &self,
        offer: &Description,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError>;

    /// What brings the two together again if the connection of their link breaks one day; none if
    /// that cannot be.
    fn way_back(&self) -> Option<Arc<dyn WayBack>> {
        None
    }
}

/// One try to connect.
#[async_trait::async_trait]
pub trait Connection: Send + Sync {
    /// Waits until somebody who heard our beacon knocks. They stand at the door until they are
    /// let in, and may knock again. A connection without a beacon waits for ever.
    ///
    /// # Errors
    /// [`TransportError`] if nobody can knock any more.
    async fn knocked(&self) -> Result<(), TransportError> {
        std::future::pending().await
    }

    /// Lets in who knocked. Everybody else is told that they come too late.
    ///
    /// # Errors
    /// [`TransportError`] if nobody is there, or the connection cannot be made.
    async fn admit(&self) -> Result<(), TransportError> {
        Err(TransportError::Closed)
    }

    /// Waits until the other side says that somebody else was faster.
    async fn refused(&self) {
        std::future::pending().await
    }

    /// Waits until the other side has answered us over the network. It may not want us all the same.
    async fn noticed(&self) {
        if self.reached().await.is_err() {
            std::future::pending().await
        }
    }

    /// Our answer to a beacon or an invitation has been said for a while: nothing need be held back any more.
    async fn answered(&self) {}

    /// Gives our offer the peer's answer.
    ///
    /// # Errors
    /// [`TransportError`] if the answer cannot be used.
    async fn accept(&self, answer: &Description) -> Result<(), TransportError>;

    /// Waits until both sides have reached each other over the network.
    ///
    /// # Errors
    /// [`TransportError`] if that will not happen any more.
    async fn reached(&self) -> Result<(), TransportError>;

    /// Waits for the open channel, with the certificates that its two ends really use. The peer's
    /// has been checked against the fingerprint of its description.
    ///
    /// # Errors
    /// [`TransportError`] if that will not happen any more.
    async fn channel(&self) -> Result<Unproven, TransportError>;

    /// Lets go of everything. Further calls do nothing.
    async fn close(&self);
}

/// Why a connection cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No address to be reached at.
    #[error("no usable network interface: connect to a network, or name one to use")]
    NoNetwork,
    /// The interface that was asked for is not there, or has no address.
    #[error("no interface {name:?} with an address to use; there are: {there}")]
    NoInterface {
        /// Its name.
        name: String,
        /// What there is.
        there: String,
    },
    /// The address that was asked for is not one of ours.
    #[error("{address} is not an address of this computer; there are: {there}")]
    NoAddress {
        /// The address.
        address: String,
        /// What there is.
        there: String,
    },
    /// The other side gave a name where an address should stand, and names cannot be asked for.
    #[error(
        "the other side hides its address behind a name, and this network carries no questions for \
         names (multicast DNS); waiting for it to come to us"
    )]
    Names,
    /// A server that was named does not help.
    #[error("the server {server} {problem}")]
    Server {
        /// Host and port.
        server: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The stack failed, in its words.
    #[error("{doing}: {detail}")]
    Stack {
        /// What was tried.
        doing: &'static str,
        /// What the stack says.
        detail: String,
    },
    /// The certificate is not the one whose fingerprint was heard.
    #[error(
        "somebody else answered in the other side's place: its certificate is not the one heard"
    )]
    Impostor,
    /// The connection was given up.
    #[error("the connection was closed")]
    Closed,
}

//! The fields of a message, read one after the other; they may come from anybody.

use super::super::{path::PathError, reason::Reason};

/// Why bytes are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It ends too early.
    #[error("message of kind {kind} that ends within a field")]
    Short {
        /// The first byte.
        kind: u8,
    },
    /// A kind that a later version may know.
    #[error("message of kind {0}, which this version does not know")]
    UnknownKind(u8),
    /// No bytes at all.
    #[error("empty message")]
    Empty,
    /// A field that has no meaning.
    #[error("message of kind {kind} with a field that means nothing")]
    Meaningless {
        /// The first byte.
        kind: u8,
    },
    /// A path that is none.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// What is left of a message.
pub(super) struct Fields<'a> {
    pub(super) kind: u8,
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], MessageError> {
        let cut = self.rest.split_at_checked(length);
        let (bytes, rest) = cut.ok_or(MessageError::Short { kind: self.kind })?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let mut field = [0; N];
        field.copy_from_slice(self.bytes(N)?);
        Ok(field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, MessageError> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, MessageError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, MessageError> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn reason(&mut self) -> Result<Reason, MessageError> {
        self.u8().map(Reason::from_number)
    }
}

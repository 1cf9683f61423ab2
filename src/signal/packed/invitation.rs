//! The bits of an invitation, and of a guest's word that it is there.

use super::bitstream::{BitReader, BitWriter};
use super::credentials::{form, put_credentials, take_credentials};
use super::parts::{put_candidates, put_message_size, take_candidates, take_message_size};
use super::{OTHERS, put_type, unassigned};
use crate::signal::{Arrival, Credentials, Invitation, SignalError, Tag};

// Detail of class OTHERS: bits 3 to 0.
pub(super) const INVITATION: u8 = 7;
pub(super) const ARRIVAL: u8 = 8;

pub(super) fn put_invitation(out: &mut BitWriter, invitation: &Invitation) {
    let credentials = Credentials::Explicit(invitation.credentials.clone());
    put_type(out, OTHERS, INVITATION);
    put_message_size(out, invitation.max_message_size);
    out.put(form(&credentials).into(), 2);
    out.put_bytes(&invitation.sha256);
    put_credentials(out, &credentials);
    put_candidates(out, &invitation.candidates);
}

/// The inverse of [`put_invitation`], after the type.
pub(super) fn take_invitation(input: &mut BitReader<'_>) -> Result<Invitation, SignalError> {
    let max_message_size = take_message_size(input)?;
    let form = input.take_u8(2)?;
    let sha256 = input.take_bytes()?;
    // What follows from the fingerprint is no secret, and the guest must have one.
    let Credentials::Explicit(credentials) = take_credentials(input, form)? else {
        return Err(unassigned("credentials form of an invitation", form));
    };
    Ok(Invitation {
        credentials,
        sha256,
        max_message_size,
        candidates: take_candidates(input)?,
    })
}

pub(super) fn put_arrival(out: &mut BitWriter, arrival: &Arrival) {
    put_type(out, OTHERS, ARRIVAL);
    out.put(arrival.answers.0.into(), 8);
    put_candidates(out, &arrival.candidates);
}

/// The inverse of [`put_arrival`], after the type.
pub(super) fn take_arrival(input: &mut BitReader<'_>) -> Result<Arrival, SignalError> {
    Ok(Arrival {
        answers: Tag(input.take_u8(8)?),
        candidates: take_candidates(input)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{pack, unpack};
    use super::*;
    use crate::signal::{Address, Candidate, IceCredentials, Kind, Signal};

    fn candidate(last: u8) -> Candidate {
        Candidate {
            address: Address::Ip([192, 168, 1, last].into()),
            port: 40_000,
            kind: Kind::Host,
        }
    }

    fn invitation(ufrag: &str, pwd: &str) -> Invitation {
        Invitation {
            credentials: IceCredentials::new(ufrag, pwd).unwrap(),
            sha256: [7; 32],
            max_message_size: 262_144,
            candidates: vec![candidate(5), candidate(6)],
        }
    }

    #[test]
    fn every_browser_s_invitation_reads_back_at_its_size() {
        let hex = "0123456789abcdef0123456789abcdef";
        for (ufrag, pwd, one, two) in [
            ("a+/Z", "0123456789abcdefghijklmn", 61, 66),
            ("89abcdef", hex, 60, 65),
            ("89abcdeF", hex, 72, 77),
        ] {
            let mut invitation = invitation(ufrag, pwd);
            let packed = pack(&invitation.clone().into());
            assert_eq!(packed.len(), two);
            assert_eq!(unpack(&packed), Ok(Signal::Invitation(invitation.clone())));
            invitation.candidates.pop();
            assert_eq!(pack(&invitation.into()).len(), one);
        }
    }

    #[test]
    fn an_arrival_reads_back_at_its_size() {
        let arrival = Arrival {
            answers: Tag(0xa5),
            candidates: vec![candidate(5)],
        };
        let packed = pack(&arrival.clone().into());
        assert_eq!(packed.len(), 9);
        assert_eq!(unpack(&packed), Ok(Signal::Arrival(arrival)));
    }

    #[test]
    fn an_invitation_cut_anywhere_is_none() {
        let mut invitation = invitation("a+/Z", "0123456789abcdefghijklmn");
        invitation.candidates.pop();
        let packed = pack(&invitation.into());
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn an_invitation_whose_password_follows_from_its_fingerprint_is_refused() {
        let packed = [&[0x77, 0x00][..], &[0; 32]].concat();
        let error = unpack(&packed);
        let field = "credentials form of an invitation";
        assert_eq!(error, Err(SignalError::Unassigned { field, value: 0 }));
    }
}

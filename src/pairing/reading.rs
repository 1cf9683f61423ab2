//! An envelope, as far as the machine needs to understand it.

use super::Input;
use crate::signal::{Role, Signal, Tag, unpack};

/// What the machine is to be told of an envelope that was heard. The bytes may come from anybody.
pub fn read(envelope: Vec<u8>) -> Input {
    let description = match unpack(&envelope) {
        Ok(Signal::Description(description)) => description,
        Ok(Signal::Arrival(arrival)) => {
            return Input::AnswerHeard {
                envelope,
                to: arrival.answers,
            };
        }
        Ok(Signal::Beacon(_) | Signal::Invitation(_)) => {
            return Input::OfferHeard {
                tag: Tag::of(&envelope),
                envelope,
                straight: true,
            };
        }
        _ => return Input::StrangeHeard,
    };
    match (description.role, description.answers()) {
        (Role::Offer, _) => Input::OfferHeard {
            tag: Tag::of(&envelope),
            envelope,
            straight: false,
        },
        (Role::Answer, Some(to)) => Input::AnswerHeard { envelope, to },
        (Role::Answer, None) => Input::StrangeHeard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{
        Arrival, Beacon, Credentials, Description, Fingerprint, IceCredentials, Invitation, Secret,
        Setup, Text, pack,
    };
    use proptest::prelude::*;

    fn description(role: Role) -> Description {
        Description {
            role,
            setup: Setup::Active,
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Sha256([7; 32]),
            max_message_size: 65_536,
            candidates: Vec::new(),
            answers: None,
        }
    }

    fn invitation() -> Invitation {
        Invitation {
            credentials: IceCredentials::new("abcd", "0123456789abcdefghijklmn").unwrap(),
            sha256: [7; 32],
            max_message_size: 65_536,
            candidates: Vec::new(),
        }
    }

    #[test]
    fn an_answer_is_told_with_the_tag_of_the_offer_it_answers() {
        let offer = pack(&description(Role::Offer).into());
        let answer = pack(&description(Role::Answer).answering(&offer).into());
        let Input::OfferHeard { tag, .. } = read(offer) else {
            panic!("not an offer");
        };
        match read(answer.clone()) {
            Input::AnswerHeard { to, envelope } => assert_eq!((to, envelope), (tag, answer)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_beacon_or_an_invitation_is_an_offer_that_can_be_reached_straight() {
        let beacon = pack(&Signal::Beacon(Beacon {
            fingerprint: Fingerprint::Truncated128([7; 16]),
            secret: Secret([1; 8]),
            max_message_size: 65_536,
            candidates: Vec::new(),
        }));
        for said in [beacon, pack(&invitation().into())] {
            let tag = Tag::of(&said);
            match read(said.clone()) {
                Input::OfferHeard {
                    tag: told,
                    envelope,
                    straight: true,
                } => assert_eq!((told, envelope), (tag, said)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_guest_s_arrival_is_an_answer_to_the_invitation() {
        let tag = Tag::of(&pack(&invitation().into()));
        let arrival = pack(&Signal::Arrival(Arrival {
            answers: tag,
            candidates: Vec::new(),
        }));
        match read(arrival.clone()) {
            Input::AnswerHeard { envelope, to } => assert_eq!((envelope, to), (arrival, tag)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_is_strange() {
        let text = Signal::Other(Text::new("hello").unwrap());
        assert_eq!(read(pack(&text)), Input::StrangeHeard);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let _ = read(bytes);
        }
    }
}

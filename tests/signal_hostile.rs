//! Signals from strangers: whatever the bytes are, a value or an error, and never another SDP than
//! the one our own grammar allows.

use airshake::signal::{
    Address, Arrival, Beacon, Candidate, Credentials, Description, Fingerprint, IceCredentials,
    Invitation, Kind, MdnsName, Role, Secret, Setup, Signal, Tag, Text, pack, unpack,
};
use proptest::prelude::*;

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| Address::Ip(ip.into())),
        any::<[u8; 16]>().prop_map(|ip| Address::Ip(ip.into())),
        any::<[u8; 16]>().prop_map(|mut uuid| {
            uuid[6] = uuid[6] & 0x0f | 0x40;
            uuid[8] = uuid[8] & 0x3f | 0x80;
            Address::Mdns(MdnsName::from_bytes(uuid).expect("version and variant are set"))
        }),
    ]
}

/// Few ports, so that neighbours often share one.
fn candidate() -> impl Strategy<Value = Candidate> {
    let port = prop_oneof![Just(40_000u16), any::<u16>()];
    let kind = prop_oneof![
        Just(Kind::Host),
        Just(Kind::ServerReflexive),
        Just(Kind::Relayed)
    ];
    (address(), port, kind).prop_map(|(address, port, kind)| Candidate {
        address,
        port,
        kind,
    })
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let explicit = |(ufrag, pwd): (String, String)| {
        let credentials = IceCredentials::new(&ufrag, &pwd).expect("both follow the standard");
        Credentials::Explicit(credentials)
    };
    prop_oneof![
        Just(Credentials::Derived),
        ("[A-Za-z0-9+/]{4}", "[A-Za-z0-9+/]{24}").prop_map(explicit),
        ("[0-9a-f]{8}", "[0-9a-f]{32}").prop_map(explicit),
        ("[A-Za-z0-9+/]{4,256}", "[A-Za-z0-9+/]{22,256}").prop_map(explicit),
    ]
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Fingerprint::Sha256),
        any::<[u8; 20]>().prop_map(Fingerprint::Sha1),
        any::<[u8; 16]>().prop_map(Fingerprint::Truncated128),
    ]
}

/// Any description, also ones that are not in normal form.
fn description() -> impl Strategy<Value = Description> {
    let setup = prop_oneof![
        Just(Setup::ActPass),
        Just(Setup::Active),
        Just(Setup::Passive)
    ];
    let role = prop_oneof![Just(Role::Offer), Just(Role::Answer)];
    let size = prop_oneof![
        Just(65_536u32),
        Just(262_144),
        Just(1_073_741_823),
        any::<u32>()
    ];
    let candidates = prop::collection::vec(candidate(), 0..20);
    let tag = prop::option::of(any::<u8>().prop_map(Tag));
    (
        role,
        setup,
        credentials(),
        fingerprint(),
        size,
        candidates,
        tag,
    )
        .prop_map(
            |(role, setup, credentials, fingerprint, max_message_size, candidates, answers)| {
                Description {
                    role,
                    setup,
                    credentials,
                    fingerprint,
                    max_message_size,
                    candidates,
                    answers,
                }
            },
        )
}

fn signal() -> impl Strategy<Value = Signal> {
    let text = any::<String>().prop_map(|t| Text::new(t).expect("it is short"));
    prop_oneof![
        4 => description().prop_map(Signal::Description),
        2 => (description(), any::<[u8; 8]>()).prop_map(|(d, secret)| Signal::Beacon(Beacon {
            fingerprint: d.fingerprint,
            secret: Secret(secret),
            max_message_size: d.max_message_size,
            candidates: d.candidates,
        })),
        2 => (description(), any::<[u8; 32]>()).prop_map(|(d, sha256)| Invitation {
            credentials: d.ice_credentials(),
            sha256,
            max_message_size: d.max_message_size,
            candidates: d.candidates,
        }.into()),
        1 => (description(), any::<u8>()).prop_map(|(d, tag)| Arrival {
            answers: Tag(tag),
            candidates: d.candidates,
        }.into()),
        1 => candidate().prop_map(Signal::Candidate),
        1 => Just(Signal::Renegotiate),
        1 => text.prop_map(Signal::Other),
    ]
}

/// The laws of any bytes.
fn check(bytes: &[u8]) {
    let Ok(signal) = unpack(bytes) else {
        return;
    };
    let packed = pack(&signal);
    assert_eq!(unpack(&packed).as_ref(), Ok(&signal));
    match &signal {
        Signal::Other(text) => assert!(text.as_str().len() <= Text::MAX_LEN),
        _ => assert_eq!(packed, bytes, "{signal:?} has two spellings"),
    }
    if let Signal::Description(description) = &signal {
        let sdp = description.to_sdp();
        check_grammar(&sdp);
        let read = Description::from_sdp(&sdp, description.role).expect("we read what we write");
        let untagged = Description {
            answers: None,
            ..description.clone()
        };
        assert_eq!(read.ice_credentials(), untagged.ice_credentials());
        // Explicit credentials that equal the derived ones are recognised on the way.
        let credentials = untagged.credentials.clone();
        let read = Description {
            credentials,
            ..read
        };
        assert_eq!(read, untagged);
    }
    if let Signal::Invitation(invitation) = &signal {
        let (offer, foretold) = (invitation.offer(), invitation.foretold_answer());
        for (description, role) in [(&offer, Role::Offer), (&foretold, Role::Answer)] {
            check_grammar(&description.to_sdp());
            let read = Description::from_sdp(&description.to_sdp(), role);
            let read = read.expect("we read what we write");
            assert_eq!(read.to_sdp(), description.to_sdp());
        }
        assert_eq!(Invitation::from_offer(&offer).as_ref(), Ok(invitation));
    }
    if matches!(signal, Signal::Invitation(_) | Signal::Arrival(_)) {
        assert_eq!(Signal::from_json(&signal.to_json()).as_ref(), Ok(&signal));
    }
    if !matches!(signal, Signal::Other(_)) {
        let json = signal.to_json();
        assert!(
            json.is_ascii() && !json.contains(char::is_control),
            "{json}"
        );
    }
}

/// Each line is one of ours, at its place, with no character beyond what its value may hold.
fn check_grammar(sdp: &str) {
    let head = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
    ];
    let of = |value: &str, extra: &str| {
        !value.is_empty()
            && value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    assert!(sdp.ends_with("\r\n"));
    let mut lines = sdp[..sdp.len() - 2].split("\r\n");
    for expected in head {
        assert_eq!(lines.next(), Some(expected));
    }
    for (name, extra) in [
        ("a=ice-ufrag:", "+/"),
        ("a=ice-pwd:", "+/"),
        ("a=fingerprint:sha-", ": -"),
        ("a=setup:", ""),
        ("a=sctp-port:", ""),
        ("a=max-message-size:", ""),
    ] {
        let value = lines.next().and_then(|line| line.strip_prefix(name));
        assert!(
            value.is_some_and(|value| of(value, extra)),
            "{name} in {sdp}"
        );
    }
    let mut candidates = 0;
    while let Some(line) = lines.next() {
        if line == "a=end-of-candidates" {
            assert_eq!(lines.next(), None);
        } else {
            let value = line.strip_prefix("a=candidate:");
            assert!(value.is_some_and(|value| of(value, " .:-")), "{line}");
            candidates += 1;
        }
    }
    assert!(candidates <= Description::MAX_CANDIDATES);
}

proptest! {
    #[test]
    fn what_is_packed_unpacks_in_its_normal_form(signal in signal()) {
        let bytes = pack(&signal);
        match unpack(&bytes) {
            Ok(normal) => {
                // The normal form keeps every value that can be sent.
                if let (Signal::Description(a), Signal::Description(b)) = (&signal, &normal) {
                    prop_assert_eq!(a.role, b.role);
                    prop_assert_eq!(a.answers(), b.answers);
                    prop_assert_eq!(&a.credentials, &b.credentials);
                    prop_assert_eq!(a.fingerprint, b.fingerprint);
                    prop_assert_eq!(a.max_message_size, b.max_message_size);
                    prop_assert_eq!(a.to_sdp(), b.to_sdp());
                    let sent = |c: &&Candidate| a.candidates.contains(c) && c.is_usable();
                    prop_assert_eq!(b.candidates.iter().filter(sent).count(), b.candidates.len());
                } else if let (Signal::Beacon(a), Signal::Beacon(b)) = (&signal, &normal) {
                    prop_assert_eq!((a.fingerprint, a.secret), (b.fingerprint, b.secret));
                    prop_assert_eq!(a.max_message_size, b.max_message_size);
                    let sent = |c: &&Candidate| a.candidates.contains(c) && c.is_usable();
                    prop_assert_eq!(b.candidates.iter().filter(sent).count(), b.candidates.len());
                } else if let (Signal::Invitation(a), Signal::Invitation(b)) = (&signal, &normal) {
                    prop_assert_eq!(a.offer().to_sdp(), b.offer().to_sdp());
                    prop_assert_eq!(a.guest(), b.guest());
                } else if let (Signal::Arrival(a), Signal::Arrival(b)) = (&signal, &normal) {
                    prop_assert_eq!(a.answers, b.answers);
                    let sent = |c: &&Candidate| a.candidates.contains(c) && c.is_usable();
                    prop_assert_eq!(b.candidates.iter().filter(sent).count(), b.candidates.len());
                } else {
                    prop_assert_eq!(&signal, &normal);
                }
            }
            Err(error) => match signal {
                Signal::Candidate(candidate) => prop_assert!(!candidate.is_usable()),
                other => prop_assert!(false, "{other:?}: {error}"),
            }
        }
        check(&bytes);
    }

    #[test]
    fn a_damaged_signal_is_another_value_or_an_error(
        signal in signal(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = pack(&signal);
        for (at, xor) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= xor;
        }
        check(&bytes);
    }

    #[test]
    fn any_bytes_of_our_version_are_a_value_or_an_error(
        first in 0x40u8..0x80,
        rest in prop::collection::vec(any::<u8>(), 0..160),
    ) {
        check(&[&[first][..], &rest].concat());
    }

    #[test]
    fn any_text_is_a_description_or_an_error(text in "(v=0|m=application 9 UDP/DTLS/SCTP webrtc-datachannel|a=candidate:[ -~]{0,60}|a=[a-z-]{0,12}:[ -~]{0,30}|\\PC{0,20})?(\r\n|\n)?") {
        let _ = Description::from_sdp(&text, Role::Offer);
        let _ = Candidate::from_sdp_line(&text);
        let _ = Signal::from_json(&text);
    }
}

/// Every cut, every flipped bit, and garbage behind, of one signal of each kind.
#[test]
fn cuts_flips_and_garbage_do_no_harm() {
    let offer = include_str!("fixtures/signal/chromium-offer.sdp");
    let answer = include_str!("fixtures/signal/webrtc-rs-0.21-answer.sdp");
    let json = include_str!("fixtures/signal/simple-peer-offer.json");
    let read = |sdp, role| Description::from_sdp(sdp, role).expect("it is a recording");
    let text = |text| Signal::Other(Text::new(text).expect("it is short"));
    let candidate = read(offer, Role::Offer).candidates[0];
    let signals = [
        Signal::Description(read(offer, Role::Offer)),
        Signal::Description(read(answer, Role::Answer).answering(b"an offer")),
        Signal::Candidate(candidate),
        Signal::Renegotiate,
        Signal::Beacon(Beacon {
            fingerprint: Fingerprint::Truncated128([0x5a; 16]),
            secret: Secret([0xc3; 8]),
            max_message_size: 65_536,
            candidates: vec![candidate],
        }),
        Invitation::from_offer(&read(offer, Role::Offer))
            .expect("it is one")
            .into(),
        Arrival {
            answers: Tag(0x81),
            candidates: vec![candidate],
        }
        .into(),
        text(json),
        text("short"),
    ];
    for signal in signals {
        let bytes = pack(&signal);
        assert_eq!(unpack(&bytes).as_ref(), Ok(&signal));
        for end in 0..bytes.len() {
            check(&bytes[..end]);
            // A text that travels as it is has no end of its own.
            let whole = signal == text("short")
                // And an arrival may name no address.
                || (matches!(signal, Signal::Arrival(_)) && end == 2);
            if !whole {
                assert!(unpack(&bytes[..end]).is_err(), "{signal:?} cut at {end}");
            }
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped);
        }
        for length in 1..40 {
            for fill in [0, 0x5a, 0xff] {
                let longer = [&bytes[..], &vec![fill; length]].concat();
                check(&longer);
                assert_ne!(unpack(&longer).as_ref(), Ok(&signal));
            }
        }
    }
}

/// The same half million messages in every run.
#[test]
fn half_a_million_random_messages_do_no_harm() {
    let mut state = 0x5eed_u64;
    let mut random = move || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    let mut understood = 0;
    for round in 0..500_000u32 {
        let length = random() as usize % 96;
        let mut bytes: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        if let Some(first) = bytes.first_mut().filter(|_| round % 8 != 0) {
            *first = *first & 63 | 1 << 6;
        }
        understood += usize::from(unpack(&bytes).is_ok());
        check(&bytes);
    }
    // The test reaches past the first checks.
    assert!(understood > 1000, "{understood}");
}

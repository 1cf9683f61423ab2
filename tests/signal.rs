//! The packed signals against what browsers and libraries really say: recordings round-trip, sizes
//! hold, and no bytes from the air do harm.
//!
//! The recordings in `fixtures/signal` were made with Chromium 156 (with and without the
//! microphone's permission), webrtc-rs 0.17 and 0.21, and simple-peer 9.11 in that Chromium.

use airshake::signal::{
    Credentials, Description, Fingerprint, IceCredentials, Role, Signal, SignalError, Tag, VERSION,
    pack, unpack,
};

macro_rules! recordings {
    ($($file:literal, $role:ident;)*) => {
        [$(($file, Role::$role, include_str!(concat!("fixtures/signal/", $file)))),*]
    };
}

const SDPS: [(&str, Role, &str); 7] = recordings! {
    "chromium-offer.sdp", Offer;
    "chromium-answer.sdp", Answer;
    "chromium-offer-mic.sdp", Offer;
    "webrtc-rs-0.17-offer.sdp", Offer;
    "webrtc-rs-0.17-answer.sdp", Answer;
    "webrtc-rs-0.21-offer.sdp", Offer;
    "webrtc-rs-0.21-answer.sdp", Answer;
};

const JSONS: [(&str, Role, &str); 2] = recordings! {
    "simple-peer-offer.json", Offer;
    "simple-peer-answer.json", Answer;
};

/// Every recording as a description.
fn descriptions() -> Vec<(&'static str, Description)> {
    let sdps = SDPS.map(|(file, role, sdp)| {
        (
            file,
            Description::from_sdp(sdp, role).expect("it is packable"),
        )
    });
    let jsons =
        JSONS.map(
            |(file, role, json)| match Signal::from_json(json).expect("it is a signal") {
                Signal::Description(description) => {
                    assert_eq!(description.role, role);
                    (file, description)
                }
                other => panic!("{file}: {other:?}"),
            },
        );
    sdps.into_iter().chain(jsons).collect()
}

fn recorded(file: &str) -> Description {
    let mut all = descriptions().into_iter();
    all.find(|(name, _)| *name == file)
        .expect("it is recorded")
        .1
}

fn size(description: &Description) -> usize {
    pack(&description.clone().into()).len()
}

#[test]
fn every_recording_survives_the_air() {
    for (file, description) in descriptions() {
        let signal = Signal::Description(description.clone());
        assert_eq!(unpack(&pack(&signal)), Ok(signal.clone()), "{file}");

        let sdp = description.to_sdp();
        let again = Description::from_sdp(&sdp, description.role);
        assert_eq!(again, Ok(description), "{file}");
        assert_eq!(Signal::from_json(&signal.to_json()), Ok(signal), "{file}");
    }
}

#[test]
fn a_recording_is_read_with_any_line_ends() {
    for (file, role, sdp) in SDPS {
        let description = Description::from_sdp(sdp, role);
        assert!(sdp.contains("\r\n"));
        let unix = sdp.replace("\r\n", "\n");
        assert_eq!(Description::from_sdp(&unix, role), description, "{file}");
    }
}

/// One IPv4 candidate (or one name), whole SHA-256, credentials not sent.
#[test]
fn sizes_hold() {
    let mut offer = recorded("chromium-offer-mic.sdp");
    let mut answer = recorded("webrtc-rs-0.21-answer.sdp").answering(b"an offer");
    let mut named = recorded("chromium-answer.sdp").answering(b"an offer");
    assert_eq!(size(&offer), 40 + 21);
    for description in [&mut offer, &mut answer, &mut named] {
        assert_eq!(description.candidates.len(), 1);
        description.credentials = Credentials::Derived;
    }
    assert_eq!((size(&offer), size(&answer), size(&named)), (40, 41, 52));

    offer.fingerprint = Fingerprint::Sha1([9; 20]);
    answer.fingerprint = Fingerprint::Sha1([9; 20]);
    assert_eq!((size(&offer), size(&answer)), (28, 29));
    offer.fingerprint = Fingerprint::Truncated128([9; 16]);
    answer.fingerprint = Fingerprint::Truncated128([9; 16]);
    assert_eq!((size(&offer), size(&answer)), (24, 25));
}

#[test]
fn credentials_of_chromium_s_lengths_cost_21_bytes() {
    for (file, mut description) in descriptions() {
        let pwd = "abcdefghijklmnopqrstuvwx";
        let explicit = IceCredentials::new("abcd", pwd).unwrap();
        description.credentials = Credentials::Explicit(explicit);
        let sent = size(&description);
        description.credentials = Credentials::Derived;
        assert_eq!(sent, size(&description) + 21, "{file}");
    }
}

#[test]
fn another_ipv4_costs_six_and_a_half_bytes_or_four_and_a_half_on_the_same_port() {
    let mut offer = recorded("chromium-offer-mic.sdp");
    let (one, first) = (size(&offer), offer.candidates[0]);
    for i in 1..=4u8 {
        let mut next = first;
        next.address = airshake::signal::Address::Ip([192, 168, 77, 100 + i].into());
        next.port = first.port + u16::from(i);
        offer.candidates.push(next);
    }
    assert_eq!(size(&offer), one + 26);
    for candidate in &mut offer.candidates {
        candidate.port = first.port;
    }
    assert_eq!(size(&offer), one + 18);
}

#[test]
fn an_answer_is_taken_for_its_own_offer_alone() {
    let offer = pack(&recorded("chromium-offer.sdp").into());
    let other = pack(&recorded("webrtc-rs-0.21-offer.sdp").into());
    let answer = recorded("chromium-answer.sdp").answering(&offer);
    let Ok(Signal::Description(heard)) = unpack(&pack(&answer.into())) else {
        panic!("an answer is a description");
    };
    assert_eq!(heard.answers(), Some(Tag::of(&offer)));
    assert_ne!(heard.answers(), Some(Tag::of(&other)));
}

#[test]
fn derived_credentials_are_recognised() {
    for (file, mut description) in descriptions() {
        description.credentials = Credentials::Derived;
        let read = Description::from_sdp(&description.to_sdp(), description.role);
        assert_eq!(read.unwrap().credentials, Credentials::Derived, "{file}");
    }
}

#[test]
fn another_version_is_named_together_with_ours() {
    let mut bytes = pack(&Signal::Renegotiate);
    for found in [0, 2, 3] {
        bytes[0] = bytes[0] & 63 | found << 6;
        let supported = VERSION;
        let error = unpack(&bytes).unwrap_err();
        assert_eq!(error, SignalError::Version { found, supported });
        let text = error.to_string();
        assert!(text.contains(&format!("version {found}")), "{text}");
        assert!(text.contains(&format!("version {supported}")), "{text}");
    }
}

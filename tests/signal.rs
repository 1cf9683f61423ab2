//! The packed signals against what browsers and libraries really say: recordings round-trip, sizes
//! hold, and no bytes from the air do harm.
//!
//! The recordings in `fixtures/signal` were made with Chromium 156 (with and without the
//! microphone's permission), webrtc-rs 0.17 and 0.21, and simple-peer 9.11 in that Chromium.

use airshake::signal::{
    Address, Candidate, Credentials, Description, Fingerprint, IceCredentials, Invitation, Kind,
    MdnsName, Role, Signal, SignalError, Tag, Text, VERSION, pack, unpack,
};

use std::{
    io::Write as _,
    process::{Command, Stdio},
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

/// The table in the module's documentation, with one candidate each.
#[test]
fn sizes_hold() {
    let mut offer = recorded("chromium-offer-mic.sdp");
    let mut answer = recorded("webrtc-rs-0.21-answer.sdp").answering(b"an offer");
    let mut named = recorded("chromium-answer.sdp").answering(b"an offer");
    let mut sent = offer.clone();
    for description in [&mut offer, &mut answer, &mut named] {
        assert_eq!(description.candidates.len(), 1);
        description.credentials = Credentials::Derived;
    }
    for (fingerprint, sizes) in [
        (Fingerprint::Sha256([9; 32]), [40, 41, 52, 61]),
        (Fingerprint::Sha1([9; 20]), [28, 29, 40, 49]),
        (Fingerprint::Truncated128([9; 16]), [24, 25, 36, 45]),
    ] {
        let found = [&mut offer, &mut answer, &mut named, &mut sent].map(|description| {
            description.fingerprint = fingerprint;
            size(description)
        });
        assert_eq!(found, sizes);
    }
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

/// Eight more of each, so that halves and quarters of a byte show.
#[test]
fn another_candidate_costs_its_address_its_port_and_half_a_byte() {
    let ip4 = |i: u8| Address::Ip([192, 168, 77, 100 + i].into());
    let ip6 = |i: u8| Address::Ip([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i].into());
    let name = |i: u8| {
        let uuid = [i, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        Address::Mdns(MdnsName::from_bytes(uuid).expect("it is of version 4"))
    };
    let more = 1..=8u8;
    for (addresses, bits, bits_on_the_same_port) in [
        (more.clone().map(ip4).collect::<Vec<_>>(), 52, 36),
        (more.clone().map(ip6).collect(), 148, 132),
        (more.map(name).collect(), 142, 126),
    ] {
        let mut offer = recorded("chromium-offer-mic.sdp");
        let (one, first) = (size(&offer), offer.candidates[0]);
        for (port, address) in (first.port + 1..).zip(addresses) {
            offer.candidates.push(Candidate {
                address,
                port,
                kind: Kind::Host,
            });
        }
        assert_eq!(size(&offer), one + bits);
        for candidate in &mut offer.candidates {
            candidate.port = first.port;
        }
        assert_eq!(size(&offer), one + bits_on_the_same_port);
    }
}

/// What has no packed form still profits from a dictionary that knows the constant parts.
#[test]
fn as_text_a_recording_is_less_than_half_of_itself_which_deflate_alone_is_not() {
    let texts = SDPS.into_iter().chain(JSONS);
    for (file, _, text) in texts {
        let alone = {
            let mut deflater = flate2::Compress::new(flate2::Compression::best(), false);
            let mut out = Vec::with_capacity(text.len());
            let finish = flate2::FlushCompress::Finish;
            deflater
                .compress_vec(text.as_bytes(), &mut out, finish)
                .expect("there is room");
            out.len()
        };
        let signal = Signal::Other(Text::new(text).expect("it is short"));
        let bytes = pack(&signal);
        assert_eq!(unpack(&bytes), Ok(signal));
        println!("{file}: {} of {alone} of {} bytes", bytes.len(), text.len());
        assert!(bytes.len() * 2 < text.len() && alone * 2 > text.len());
    }
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

/// What a browser offers, said as an invitation, and read by another implementation of X.509.
#[test]
fn the_guest_s_certificate_is_one_to_openssl() {
    let offer = recorded("chromium-offer-mic.sdp");
    let invitation = Invitation::from_offer(&offer).expect("a browser can invite");
    assert_eq!(pack(&invitation.clone().into()).len(), 61);

    let der = invitation.guest().certificate();
    let Some(parsed) = openssl(&["asn1parse", "-inform", "DER"], &der) else {
        eprintln!("openssl is not there: nothing was compared");
        return;
    };
    assert!(parsed.contains("prim: INTEGER"), "{parsed}");
    let about = [
        "x509",
        "-inform",
        "DER",
        "-noout",
        "-text",
        "-fingerprint",
        "-sha256",
    ];
    let text = openssl(&about, &der).expect("it has just been there");
    let fingerprint = invitation.guest().fingerprint().to_string();
    let digits = fingerprint.strip_prefix("sha-256 ").expect("it is whole");
    for part in [digits, "Version: 3", "CN=airshake", "prime256v1"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("Negative"), "{text}");
}

/// What openssl says of these bytes; nothing if it is not installed.
fn openssl(arguments: &[&str], input: &[u8]) -> Option<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "openssl refused it");
    // Its version 3.2 and earlier ones differ in the spaces around an equals sign.
    Some(String::from_utf8_lossy(&output.stdout).replace(" = ", "="))
}

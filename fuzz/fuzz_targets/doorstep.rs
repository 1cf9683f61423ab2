//! What comes to the door of a beacon from anybody on the network: any datagram is a check, a
//! refusal, or nothing; nobody without the beacon's password is a caller; our own answer to a
//! check is read as what it is. And any bytes are a frame of a link, or an error.
#![no_main]

// The reader of the datagrams is not public; what it takes from the crate is.
use airshake::signal;
#[allow(dead_code)]
#[path = "../../src/pairing/driver/stun.rs"]
mod stun;

use airshake::link::{Frame, MAX_PAYLOAD};
use airshake::signal::{Fingerprint, IceCredentials};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let beacon = IceCredentials::derived(&Fingerprint::Sha256([7; 32]));
    if let Some(check) = stun::Check::read(bytes) {
        // A signature that is right would take a search through 2^160.
        assert!(check.caller(&beacon.pwd).is_none());
        assert_eq!(stun::is_check_to(bytes, &beacon.ufrag), check.is_to(&beacon.ufrag));
        let busy = check.busy(&beacon.pwd);
        assert!(busy.len() <= 80);
        assert!(stun::is_busy(&busy, &beacon.pwd));
        assert!(stun::Check::read(&busy).is_none());
    }
    assert!(!stun::is_busy(bytes, &beacon.pwd));
    if let Ok(frame) = Frame::decode(bytes) {
        // What was cleaned stays as it is. Bytes that are no text may have become longer.
        let written = frame.encode();
        assert!(written.len() <= 1 + 3 * bytes.len().max(8));
        if written.len() <= 1 + MAX_PAYLOAD {
            assert_eq!(Frame::decode(&written), Ok(frame));
        }
    }
});

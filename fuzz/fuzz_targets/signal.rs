//! Any bytes are a signal or an error; a signal has one spelling; what is written can be read.
#![no_main]

use airshake::signal::{Candidate, Description, Invitation, Role, Signal, pack, unpack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signal) = unpack(bytes) {
        let packed = pack(&signal);
        assert_eq!(unpack(&packed).as_ref(), Ok(&signal));
        if !matches!(signal, Signal::Other(_)) {
            assert_eq!(packed, bytes);
        }
        if let Signal::Description(description) = &signal {
            let sdp = description.to_sdp();
            let read = Description::from_sdp(&sdp, description.role);
            assert_eq!(read.map(|read| read.to_sdp()), Ok(sdp));
        }
        if let Signal::Invitation(invitation) = &signal {
            let offer = invitation.offer();
            assert_eq!(Invitation::from_offer(&offer).as_ref(), Ok(invitation));
            let foretold = invitation.foretold_answer();
            let read = Description::from_sdp(&foretold.to_sdp(), Role::Answer);
            assert_eq!(read.map(|read| read.to_sdp()), Ok(foretold.to_sdp()));
        }
        let json = signal.to_json();
        if matches!(signal, Signal::Invitation(_) | Signal::Arrival(_)) {
            assert_eq!(Signal::from_json(&json), Ok(signal));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Candidate::from_sdp_line(text);
        let _ = Signal::from_json(text);
        for role in [Role::Offer, Role::Answer] {
            if let Ok(description) = Description::from_sdp(text, role) {
                let sdp = description.to_sdp();
                assert_eq!(Description::from_sdp(&sdp, role), Ok(description.clone()));
                let signal = Signal::Description(description);
                assert_eq!(unpack(&pack(&signal)), Ok(signal));
            }
        }
    }
});

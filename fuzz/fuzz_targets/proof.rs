//! Whatever is said to a proof, it ends with an error or goes on in its turn, says little, and
//! believes nobody who did not hear the beacon.
#![no_main]

use airshake::link::{
    CHANCE, Certificates, Claims, Encounter, Message, Proof, Secret, Side,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[flags, length], data)) = data.split_first_chunk() else { return };
    let claims = Claims {
        secret: flags & 1 != 0,
        code: flags & 2 != 0,
    };
    if let Ok(message) = Message::decode(data, claims) {
        assert_eq!(message.encode(), data);
    }
    let encounter = Encounter {
        side: if flags & 4 == 0 { Side::Offerer } else { Side::Answerer },
        secret: Some(Secret::new([7; 8])),
        code: (flags & 2 != 0).then(|| "blue horse".parse().expect("is a code")),
    };
    let certificates = Certificates {
        ours: [1; 32],
        theirs: [2; 32],
    };
    let (mut proof, _) = Proof::new(&encounter, certificates, &[3; CHANCE]);
    let mut over = false;
    for message in data.chunks(usize::from(length).max(1)) {
        match proof.handle(message) {
            Ok(step) => {
                assert!(!over, "it goes on after an error");
                assert!(step.proven.is_none(), "it believes a stranger");
                assert!(step.say.len() <= 2);
            }
            Err(_) => over = true,
        }
    }
});

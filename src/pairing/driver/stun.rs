//! As much of STUN (RFC 8489) as it takes to know, before a connection is built, who knocks: a
//! binding request that was signed by somebody who heard our beacon. And to say that we are busy.
//!
//! What is read here comes from anybody on the network. Nothing is allocated for it before its
//! signature has been checked.

use crate::signal::{Pwd, Ufrag};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::net::{IpAddr, SocketAddr};

/// A connectivity check that looks like one to us. Its signature may be [checked](Self::caller).
#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'a> {
    /// Header and attributes up to the signature.
    signed: &'a [u8],
    signature: &'a [u8; 20],
    transaction: &'a [u8; 12],
    user: &'a [u8],
    agent: Option<u64>,
}

/// Who sends a check: both its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) ufrag: Ufrag,
    pub(super) pwd: Pwd,
}

impl<'a> Check<'a> {
    /// Reads a datagram; none if it is anything but a binding request with user name and
    /// signature.
    pub(super) fn read(datagram: &'a [u8]) -> Option<Self> {
        let message = Message::read(datagram, BINDING_REQUEST)?;
        let (signed, signature) = message.signature()?;
        let user = message.attribute(USERNAME)?;
        let roles = [ICE_CONTROLLED, ICE_CONTROLLING].map(|role| message.attribute(role));
        let agent = roles.into_iter().flatten().next();
        Some(Self {
            agent: agent.and_then(|value| Some(u64::from_be_bytes(value.try_into().ok()?))),
            signed,
            signature,
            transaction: message.transaction,
            user,
        })
    }

    /// Who sent it, if that one heard our beacon: the check is signed with the beacon's password,
    /// and its user name is `<its password>:<its user fragment>` (see `Beacon::answer_to`).
    pub(super) fn caller(&self, beacon: &Pwd) -> Option<Caller> {
        if !is_signed(self.signed, self.signature, beacon) {
            return None;
        }
        let user = std::str::from_utf8(self.user).ok()?;
        let (pwd, ufrag) = user.split_once(':')?;
        Some(Caller {
            // Both read strictly: they go into a description.
            pwd: pwd.parse().ok()?,
            ufrag: ufrag.parse().ok()?,
        })
    }

    /// The number that the agent which sends it has drawn (RFC 8445, section 7.1.3), if it is signed
    /// with that password: another agent, another number.
    pub(super) fn agent(&self, pwd: &Pwd) -> Option<u64> {
        self.agent
            .filter(|_| is_signed(self.signed, self.signature, pwd))
    }

    /// Whether the side it is sent to is called `to`: the user name begins with that.
    pub(super) fn is_to(&self, to: &Ufrag) -> bool {
        self.user.split(|&b| b == b':').next() == Some(to.as_str().as_bytes())
    }

    /// The answer to a check that comes too late: somebody else was faster.
    pub(super) fn busy(&self, beacon: &Pwd) -> Vec<u8> {
        let mut reply = Vec::with_capacity(80);
        reply.extend(BINDING_ERROR.to_be_bytes());
        reply.extend([0, 0]);
        reply.extend(COOKIE);
        reply.extend(self.transaction);
        let reason = [&[0, 0, BUSY.0, BUSY.1][..], b"busy"].concat();
        put(&mut reply, ERROR_CODE, &reason);
        sign(&mut reply, beacon);
        let crc = fingerprint(&mut reply);
        put(&mut reply, FINGERPRINT, &crc.to_be_bytes());
        reply
    }
}

/// Whether the datagram says, signed by whose beacon we heard, that somebody else was faster.
pub(super) fn is_busy(datagram: &[u8], beacon: &Pwd) -> bool {
    let told = || {
        let message = Message::read(datagram, BINDING_ERROR)?;
        let (signed, signature) = message.signature()?;
        let busy = message.attribute(ERROR_CODE)?.get(2..4)? == [BUSY.0, BUSY.1];
        Some(busy && is_signed(signed, signature, beacon))
    };
    told().unwrap_or(false)
}

/// Whether the datagram answers a check, signed by who has that password.
pub(super) fn is_answer(datagram: &[u8], pwd: &Pwd) -> bool {
    let told = || {
        let (signed, signature) = Message::read(datagram, BINDING_SUCCESS)?.signature()?;
        Some(is_signed(signed, signature, pwd))
    };
    told().unwrap_or(false)
}

/// Whether the datagram is a check to whose user fragment is `to`.
pub(super) fn is_check_to(datagram: &[u8], to: &Ufrag) -> bool {
    Check::read(datagram).is_some_and(|check| check.is_to(to))
}

/// A question to a STUN server: how are we seen? Nothing in it tells who asks.
pub(super) fn question(transaction: &[u8; 12]) -> Vec<u8> {
    let mut question = Vec::with_capacity(HEADER);
    question.extend(BINDING_REQUEST.to_be_bytes());
    question.extend([0, 0]);
    question.extend(COOKIE);
    question.extend(transaction);
    question
}

/// How the server that answers that question sees us.
pub(super) fn seen_as(datagram: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let message = Message::read(datagram, BINDING_SUCCESS)?;
    if message.transaction != transaction {
        return None;
    }
    // RFC 8489, section 14.2: what stands there is hidden from routers that rewrite addresses.
    let value = message.attribute(XOR_MAPPED_ADDRESS)?;
    let (&[_, family, p0, p1], address) = value.split_first_chunk()?;
    let mask = [&COOKIE[..], transaction].concat();
    let port = u16::from_be_bytes([p0 ^ COOKIE[0], p1 ^ COOKIE[1]]);
    let unmasked: Vec<u8> = address.iter().zip(&mask).map(|(a, m)| a ^ m).collect();
    let ip = match family {
        1 => IpAddr::from(<[u8; 4]>::try_from(unmasked).ok()?),
        2 => IpAddr::from(<[u8; 16]>::try_from(unmasked).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// A message whose length agrees with its header's.
#[derive(Clone, Copy)]
struct Message<'a> {
    bytes: &'a [u8],
    transaction: &'a [u8; 12],
}

impl<'a> Message<'a> {
    fn read(datagram: &'a [u8], kind: u16) -> Option<Self> {
        let (&[k0, k1, l0, l1], rest) = datagram.split_first_chunk()?;
        let (&cookie, rest) = rest.split_first_chunk::<4>()?;
        let (transaction, body) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let fits = u16::from_be_bytes([k0, k1]) == kind
            && cookie == COOKIE
            && length == body.len()
            && datagram.len() <= LONGEST;
        fits.then_some(Self {
            bytes: datagram,
            transaction,
        })
    }

    /// Kind, where it begins, and value of each attribute, in order; ends at the first that is
    /// cut.
    fn attributes(&self) -> impl Iterator<Item = (u16, usize, &'a [u8])> {
        let bytes = self.bytes;
        let mut at = HEADER;
        std::iter::from_fn(move || {
            let &[k0, k1, l0, l1] = bytes.get(at..)?.first_chunk()?;
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let value = bytes.get(at + 4..)?.get(..length)?;
            let begins = at;
            at += 4 + length.next_multiple_of(4);
            Some((u16::from_be_bytes([k0, k1]), begins, value))
        })
    }

    /// The first of that kind before the signature: what follows it is not signed.
    fn attribute(&self, wanted: u16) -> Option<&'a [u8]> {
        self.attributes()
            .take_while(|&(kind, ..)| kind != MESSAGE_INTEGRITY)
            .find(|&(kind, ..)| kind == wanted)
            .map(|(.., value)| value)
    }

    fn signature(&self) -> Option<(&'a [u8], &'a [u8; 20])> {
        let (_, begins, value) = self
            .attributes()
            .find(|&(kind, ..)| kind == MESSAGE_INTEGRITY)?;
        Some((&self.bytes[..begins], value.try_into().ok()?))
    }
}

/// RFC 8489, section 14.5: over everything before, with a length that counts the signature in.
fn hash(signed: &[u8], pwd: &Pwd) -> Option<Hmac<Sha1>> {
    let (head, rest) = signed.split_at_checked(4)?;
    let length = u16::try_from(signed.len() + 24 - HEADER).ok()?;
    let mut hash = Hmac::<Sha1>::new_from_slice(pwd.as_str().as_bytes()).ok()?;
    hash.update(&head[..2]);
    hash.update(&length.to_be_bytes());
    hash.update(rest);
    Some(hash)
}

fn is_signed(signed: &[u8], signature: &[u8; 20], pwd: &Pwd) -> bool {
    hash(signed, pwd).is_some_and(|hash| hash.verify(signature.into()).is_ok())
}

fn sign(message: &mut Vec<u8>, pwd: &Pwd) {
    if let Some(hash) = hash(message, pwd) {
        let signature = hash.finalize().into_bytes();
        put(message, MESSAGE_INTEGRITY, &signature);
    }
}

/// RFC 8489, section 14.7: CRC-32 of everything before, with a length that counts it in.
fn fingerprint(message: &mut [u8]) -> u32 {
    let length = message.len() + 8 - HEADER;
    set_length(message, length);
    crc32fast::hash(message) ^ 0x5354_554e
}

/// Appends an attribute, padded, and corrects the length in the header.
fn put(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
    let length = message.len() - HEADER;
    set_length(message, length);
}

fn set_length(message: &mut [u8], length: usize) {
    message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
}

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

/// Class and number of 486, which is "allocation quota reached" in TURN: nobody else is let in.
const BUSY: (u8, u8) = (4, 86);

/// The name takes at most 513 bytes (RFC 8489, section 14.3); real checks are below 200 in all.
const LONGEST: usize = 1280;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::signal::{Beacon, Fingerprint, IceCredentials, Secret};
    use proptest::prelude::*;

    /// RFC 5769, section 2.1: a request, its password and its user name.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
        802200105354554e207465737420636c69656e74\
        002400046e0001ff\
        80290008932ff9b151263b36\
        000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
        80280004e57a3bcf";

    /// RFC 5769, sections 2.2 and 2.3: answers that tell 192.0.2.1 and
    /// 2001:db8:1234:5678:11:2233:4455:6677, port 32853.
    const SEEN_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220\
        002000080001a147e112a643\
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7\
        80280004c07d4c96";
    const SEEN_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220\
        002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
        00080014a382954e4be67bf11784c97c8292c275bfe3ed41\
        80280004c8fb0b4c";

    #[test]
    fn the_standards_samples_of_how_a_server_sees_us_are_read() {
        let transaction = *b"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
        let seen = |text| seen_as(&bytes(text), &transaction).map(|at| at.to_string());
        assert_eq!(seen(SEEN_V4).as_deref(), Some("192.0.2.1:32853"));
        assert_eq!(
            seen(SEEN_V6).as_deref(),
            Some("[2001:db8:1234:5678:11:2233:4455:6677]:32853")
        );
        assert_eq!(
            seen_as(&bytes(SEEN_V4), &[0; 12]),
            None,
            "of another question"
        );
        let answer = bytes(SEEN_V4);
        for length in 0..answer.len() {
            assert_eq!(seen_as(&answer[..length], &transaction), None);
        }
        assert!(Check::read(&question(&transaction)).is_none());
    }

    fn sample() -> Vec<u8> {
        bytes(SAMPLE)
    }

    fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn beacon() -> Beacon {
        Beacon {
            fingerprint: Fingerprint::Truncated128([3; 16]),
            secret: Secret([4; 8]),
            max_message_size: 65_536,
            candidates: Vec::new(),
        }
    }

    /// A check as an engine makes it that was told [`Beacon::answer_to`] itself.
    pub(crate) fn check(from: &IceCredentials, beacon: &Pwd) -> Vec<u8> {
        let mut request = Vec::new();
        request.extend(BINDING_REQUEST.to_be_bytes());
        request.extend([0, 0]);
        request.extend(COOKIE);
        request.extend([9; 12]);
        let user = format!("{}:{}", from.pwd, from.ufrag);
        put(&mut request, USERNAME, user.as_bytes());
        put(&mut request, 0x0024, &[0x6e, 0, 1, 0xff]);
        sign(&mut request, beacon);
        let crc = fingerprint(&mut request);
        put(&mut request, FINGERPRINT, &crc.to_be_bytes());
        request
    }

    fn somebody() -> IceCredentials {
        IceCredentials::derived(&Fingerprint::Sha256([8; 32]))
    }

    #[test]
    fn the_published_sample_is_read_and_its_signature_holds() {
        let sample = sample();
        let check = Check::read(&sample).expect("it is a check");
        assert_eq!(check.user, b"evtj:h6vY");
        let pwd = "VOkJxbRl1RmTxUk/WvJxBt".parse().unwrap();
        assert!(is_signed(check.signed, check.signature, &pwd));
        // Its halves are too short to be a password of ours.
        assert_eq!(check.caller(&pwd), None);
        assert!(is_check_to(&sample, &"evtj".parse().unwrap()));
        assert!(!is_check_to(&sample, &"evtjj".parse().unwrap()));
    }

    #[test]
    fn who_heard_the_beacon_is_known_by_its_first_check() {
        let (somebody, pwd) = (somebody(), beacon().pwd());
        let request = check(&somebody, &pwd);
        let caller = Check::read(&request).and_then(|check| check.caller(&pwd));
        let IceCredentials { ufrag, pwd } = somebody;
        assert_eq!(caller, Some(Caller { ufrag, pwd }));
    }

    #[test]
    fn a_wrong_key_or_any_flipped_bit_is_nobody() {
        let pwd = beacon().pwd();
        let request = check(&somebody(), &pwd);
        let mut other = beacon();
        other.secret.0[0] ^= 1;
        assert!(
            Check::read(&request)
                .unwrap()
                .caller(&other.pwd())
                .is_none()
        );
        // The check sum behind the signature is not signed.
        for bit in 0..(request.len() - 8) * 8 {
            let mut damaged = request.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let caller = Check::read(&damaged).and_then(|check| check.caller(&pwd));
            assert_eq!(caller, None, "bit {bit}");
        }
    }

    #[test]
    fn a_signed_name_that_is_no_credential_is_nobody() {
        let pwd = beacon().pwd();
        for user in [
            "",
            ":",
            "nocolon",
            "short:ufrag",
            "a\r\nb=c aaaaaaaaaaaaaaaaaaaa:abcd",
        ] {
            let mut request = Vec::new();
            request.extend([0, 1, 0, 0]);
            request.extend(COOKIE);
            request.extend([9; 12]);
            put(&mut request, USERNAME, user.as_bytes());
            sign(&mut request, &pwd);
            let check = Check::read(&request).expect("it is a check");
            assert_eq!(check.caller(&pwd), None, "{user:?}");
        }
    }

    #[test]
    fn busy_is_told_and_understood_by_who_heard_and_nobody_else() {
        let pwd = beacon().pwd();
        let request = check(&somebody(), &pwd);
        let busy = Check::read(&request).unwrap().busy(&pwd);
        assert!(is_busy(&busy, &pwd));
        assert!(!is_busy(&busy, &somebody().pwd));
        assert!(!is_busy(&request, &pwd));
        for bit in 0..(busy.len() - 8) * 8 {
            let mut damaged = busy.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_busy(&damaged, &pwd), "bit {bit}");
        }
    }

    #[test]
    fn who_answers_a_check_is_known_by_the_signature() {
        let host = somebody();
        let mut answer = question(&[7; 12]);
        answer[..2].copy_from_slice(&BINDING_SUCCESS.to_be_bytes());
        sign(&mut answer, &host.pwd);
        assert!(is_answer(&answer, &host.pwd));
        assert!(!is_answer(&answer, &beacon().pwd()));
        assert!(!is_answer(&answer[..HEADER], &host.pwd));
        assert!(!is_answer(&check(&somebody(), &host.pwd), &host.pwd));
    }

    #[test]
    fn the_stack_reads_what_we_write() {
        use rtc::stun::{
            fingerprint::FingerprintAttr, integrity::MessageIntegrity, message::Message,
        };
        let pwd = beacon().pwd();
        let request = check(&somebody(), &pwd);
        let busy = Check::read(&request).unwrap().busy(&pwd);
        let provider = webrtc::peer_connection::crypto::default_provider().unwrap();
        for bytes in [request, busy] {
            let mut message = Message::new();
            message.unmarshal_binary(&bytes).unwrap();
            let key = pwd.as_str().as_bytes();
            MessageIntegrity::check(&mut message, key, provider.crypto()).unwrap();
            FingerprintAttr.check(&message).unwrap();
        }
    }

    proptest! {
        #[test]
        fn any_datagram_is_read_without_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            head in any::<bool>(),
        ) {
            let mut bytes = bytes;
            if head {
                let length = bytes.len() as u16;
                let mut message = vec![0, 1];
                message.extend(length.to_be_bytes());
                message.extend(COOKIE);
                message.extend([0; 12]);
                message.append(&mut bytes);
                bytes = message;
            }
            let pwd = beacon().pwd();
            prop_assert!(Check::read(&bytes).and_then(|check| check.caller(&pwd)).is_none());
            prop_assert!(!is_busy(&bytes, &pwd));
        }
    }
}

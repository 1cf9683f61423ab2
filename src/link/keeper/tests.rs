//! Links whose connections break, in virtual time.

use super::*;
use crate::link::{
    Call, Certificates, ChannelError, Link, Root, Side, Unproven,
    testing::{plain, quick},
};
use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

/// One end of a connection that keeps what is sent while it stalls, as WebRTC does, or for ever.
struct Cable {
    to: mpsc::UnboundedSender<Vec<u8>>,
    from: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<u8>>>,
    state: watch::Sender<State>,
    /// Messages from this end that may still pass; at the last it stalls for good.
    fuse: Arc<Mutex<Option<u32>>>,
    /// How many of the two ends were told that the other is roomy.
    told_roomy: Arc<AtomicU8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flowing,
    Stalled,
    Closed,
}

fn cable(fuse: Option<u32>) -> (Arc<Cable>, Arc<Cable>) {
    let (a, from_a) = mpsc::unbounded_channel();
    let (b, from_b) = mpsc::unbounded_channel();
    let state = watch::Sender::new(State::Flowing);
    let fuse = Arc::new(Mutex::new(fuse));
    let told_roomy = Arc::new(AtomicU8::new(0));
    let end = |to, from| {
        Arc::new(Cable {
            to,
            from: tokio::sync::Mutex::new(from),
            state: state.clone(),
            fuse: fuse.clone(),
            told_roomy: told_roomy.clone(),
        })
    };
    (end(a, from_b), end(b, from_a))
}

impl Cable {
    fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

#[async_trait::async_trait]
impl Channel for Cable {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        if *self.state.borrow() == State::Closed {
            return Err(ChannelError("closed".into()));
        }
        if let Some(left) = &mut *self.fuse.lock().unwrap_or_else(PoisonError::into_inner) {
            if *left == 0 {
                self.state.send_if_modified(|state| {
                    *state = State::Stalled;
                    true
                });
            }
            *left = left.saturating_sub(1);
        }
        let _ = self.to.send(message.to_vec());
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        self.send(message).await
    }

    async fn receive(&self) -> Option<Vec<u8>> {
        let mut state = self.state.subscribe();
        let mut from = self.from.lock().await;
        loop {
            let now = *state.borrow_and_update();
            tokio::select! {
                biased;
                message = from.recv(), if now != State::Stalled => return message,
                changed = state.changed(), if now != State::Closed => changed.ok()?,
                () = std::future::ready(()), if now == State::Closed => return None,
            }
        }
    }

    async fn flush(&self, _: Duration) {}

    fn is_roomy(&self) -> bool {
        true
    }

    fn peer_is_roomy(&self) {
        self.told_roomy.fetch_add(1, Ordering::Relaxed);
    }

    async fn close(&self) {
        // What is closed while it stalls is not seen to be closed at the other end.
        self.state.send_if_modified(|state| {
            let seen = *state == State::Flowing;
            if seen {
                *state = State::Closed;
            }
            seen
        });
    }
}

/// What is between the two: while it is up, they reach each other.
struct Network {
    up: watch::Sender<bool>,
    connections: Mutex<Vec<Arc<Cable>>>,
    waiting: Mutex<Option<(Side, oneshot::Sender<Unproven>)>>,
    count: AtomicU8,
    /// How long each connection to come lasts, in messages; for ever when there are none left.
    fuses: Mutex<VecDeque<u32>>,
    gone: watch::Sender<bool>,
}

/// One side's way over it.
struct Way(Arc<Network>);

/// Certificates of the two ends of a connection of that number, seen from either side.
fn certificates(side: Side, connection: u8) -> Certificates {
    let (a, b) = ([connection; 32], [connection ^ 0x80; 32]);
    match side {
        Side::Offerer => Certificates { ours: a, theirs: b },
        Side::Answerer => Certificates { ours: b, theirs: a },
    }
}

impl Network {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            up: watch::Sender::new(true),
            connections: Mutex::default(),
            waiting: Mutex::default(),
            count: AtomicU8::new(0),
            fuses: Mutex::default(),
            gone: watch::Sender::new(false),
        })
    }

    fn connect(&self) -> [Unproven; 2] {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let fuse = self.fuses.lock().unwrap().pop_front();
        let (a, b) = cable(fuse);
        self.connections.lock().unwrap().push(a.clone());
        [(Side::Offerer, a), (Side::Answerer, b)]
            .map(|(side, end)| Unproven::new(end, certificates(side, number)))
    }

    /// No packet passes; connections that were there before are of no use any more, unless the last
    /// of them comes back.
    fn down(&self) {
        self.up.send_replace(false);
        for connection in &*self.connections.lock().unwrap() {
            connection.set(State::Stalled);
        }
    }

    fn up(&self) {
        self.up.send_replace(true);
    }

    fn last_comes_back(&self) {
        let connections = self.connections.lock().unwrap();
        connections.last().unwrap().set(State::Flowing);
    }

    fn breaks(&self) -> u8 {
        self.count.load(Ordering::Relaxed) - 1
    }
}

#[async_trait::async_trait]
impl WayBack for Way {
    fn doors(&self) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([10, 0, 0, 1], 1))]
    }

    async fn reach(&self, call: &Call) -> Result<Unproven, String> {
        let mut up = self.0.up.subscribe();
        up.wait_for(|up| *up).await.map_err(|e| e.to_string())?;
        let (tell, told) = oneshot::channel();
        {
            let mut waiting = self.0.waiting.lock().unwrap();
            match waiting.take() {
                Some((side, other)) if side != call.side => {
                    let [a, b] = self.0.connect();
                    let (ours, theirs) = match call.side {
                        Side::Offerer => (a, b),
                        Side::Answerer => (b, a),
                    };
                    if other.send(theirs).is_ok() {
                        return Ok(ours);
                    }
                }
                _ => {}
            }
            *waiting = Some((call.side, tell));
        }
        told.await.map_err(|error| error.to_string())
    }

    async fn gone(&self, _: &[SocketAddr]) {
        let mut gone = self.0.gone.subscribe();
        let _ = gone.wait_for(|gone| *gone).await;
    }
}

async fn linked(network: &Arc<Network>, heartbeat: Heartbeat) -> (Link, Link) {
    let [a, b] = network.connect();
    let one = |unproven: Unproven, side, heartbeat| async move {
        let unproven = unproven.with_way_back(Arc::new(Way(network.clone())));
        let met = plain(side);
        let proven = unproven.prove(&met, heartbeat, Duration::from_secs(60));
        proven.await.unwrap().accept().await.unwrap()
    };
    let pair = tokio::join!(
        one(a, Side::Offerer, heartbeat.clone()),
        one(b, Side::Answerer, heartbeat)
    );
    // Until both know where the other can be found.
    sleep(Duration::from_secs(1)).await;
    pair
}

/// Everything that comes over a link until it has `count` messages of data; how often it was
/// interrupted, and how often resumed.
async fn numbers(link: &mut Link, count: u32) -> (u32, u32) {
    let (mut interrupted, mut resumed, mut next) = (0, 0, 0);
    while next < count {
        match link.next().await {
            LinkEvent::Data(data) => {
                assert_eq!(data[..4], next.to_le_bytes(), "in order, each once");
                next += 1;
            }
            LinkEvent::Interrupted => {
                assert_eq!(interrupted, resumed);
                interrupted += 1;
            }
            LinkEvent::Resumed { .. } => {
                resumed += 1;
                assert_eq!(interrupted, resumed);
            }
            other => panic!("{other:?}"),
        }
    }
    (interrupted, resumed)
}

/// Sends that many, of many lengths, a few every virtual second.
fn send(link: &Link, count: u32) -> tokio::task::JoinHandle<()> {
    let sender = link.sender();
    tokio::spawn(async move {
        for n in 0..count {
            let length = 4 + (n as usize * 7919) % 9000;
            let mut data = n.to_le_bytes().to_vec();
            data.resize(length, n as u8);
            sender.send_data(&data).await.unwrap();
            if n % 7 == 0 {
                sleep(Duration::from_millis(u64::from(n % 11) * 30)).await;
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn connections_break_again_and_again_and_all_that_was_sent_comes_once_and_in_order() {
    let network = Network::new();
    let (mut a, mut b) = linked(&network, Heartbeat::default()).await;
    let count = 4000;
    let (from_a, from_b) = (send(&a, count), send(&b, count));
    let breaking = network.clone();
    let breaks = tokio::spawn(async move {
        for n in 0..12u64 {
            sleep(Duration::from_millis(n * 1234 % 3000)).await;
            breaking.down();
            sleep(Duration::from_millis(n * 4321 % 20_000)).await;
            breaking.up();
            sleep(Duration::from_secs(6)).await;
        }
    });
    let (at_a, at_b) = tokio::join!(numbers(&mut a, count), numbers(&mut b, count));
    breaks.await.unwrap();
    from_a.await.unwrap();
    from_b.await.unwrap();
    assert!(at_a.0 >= 5 && at_b.0 >= 5, "{at_a:?} {at_b:?}");
    assert!(network.breaks() >= 5, "{}", network.breaks());
    a.send_text("at the end").await.unwrap();
    loop {
        match b.next().await {
            LinkEvent::Text(text) => break assert_eq!(text, "at the end"),
            LinkEvent::Interrupted | LinkEvent::Resumed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_at_any_message_of_the_reunion_is_followed_by_another() {
    for first in 0..24 {
        for second in [0, 3, 6, 7, 8, 9, 10, 50] {
            let network = Network::new();
            let (mut a, mut b) = linked(&network, Heartbeat::default()).await;
            network.fuses.lock().unwrap().extend([first, second]);
            network.down();
            let (from_a, from_b) = (send(&a, 40), send(&b, 40));
            sleep(Duration::from_secs(5)).await;
            network.up();
            let both = async { tokio::join!(numbers(&mut a, 40), numbers(&mut b, 40)) };
            let done = timeout(Duration::from_secs(60), both).await;
            assert!(done.is_ok(), "breaks after {first}, then after {second}");
            from_a.await.unwrap();
            from_b.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn over_every_connection_each_side_says_once_that_it_holds_what_it_announces() {
    let network = Network::new();
    let (mut a, mut b) = linked(&network, Heartbeat::default()).await;
    network.down();
    let sending = send(&a, 50);
    sleep(Duration::from_secs(4)).await;
    network.up();
    numbers(&mut b, 50).await;
    sending.await.unwrap();
    // Both keepers are waited for: the last word of one is the last that the other hears.
    b.send_text("back").await.unwrap();
    while a.next().await != LinkEvent::Text("back".into()) {}
    let connections = network.connections.lock().unwrap();
    let told = connections
        .iter()
        .map(|c| c.told_roomy.load(Ordering::Relaxed));
    assert_eq!(told.collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_by_itself_goes_on() {
    let network = Network::new();
    let (mut a, mut b) = linked(&network, Heartbeat::default()).await;
    network.down();
    let sending = send(&a, 50);
    sleep(Duration::from_secs(9)).await;
    // Nobody can be reached anew, but the old connection flows.
    network.last_comes_back();
    let (interrupted, resumed) = numbers(&mut b, 50).await;
    assert_eq!(interrupted, 1);
    if resumed == 0 {
        let event = b.next().await;
        assert!(matches!(event, LinkEvent::Resumed { .. }), "{event:?}");
    }
    sending.await.unwrap();
    assert_eq!(network.breaks(), 0);
    b.send_text("here too").await.unwrap();
    assert_eq!(a.next().await, LinkEvent::Interrupted);
    match a.next().await {
        LinkEvent::Resumed { after } => {
            assert!((8..=13).contains(&after.as_secs()), "{after:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(a.next().await, LinkEvent::Text("here too".into()));
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_who_has_none_is_told_at_once() {
    for (patience, least, most) in [(0, 3, 5), (10, 13, 16), (60, 63, 66)] {
        let network = Network::new();
        let heartbeat = Heartbeat {
            patience: Duration::from_secs(patience),
            ..Heartbeat::default()
        };
        let (mut a, b) = linked(&network, heartbeat).await;
        network.down();
        let began = Instant::now();
        if patience > 0 {
            assert_eq!(a.next().await, LinkEvent::Interrupted);
        }
        match a.next().await {
            LinkEvent::Closed {
                reason: CloseReason::PeerSilent { silence },
            } => assert!(silence.as_secs() >= least),
            other => panic!("{other:?}"),
        }
        let took = began.elapsed().as_secs();
        assert!((least..=most).contains(&took), "{took} s");
        assert!(a.send_text("hello?").await.is_err());
        drop(b);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_known_to_be_gone_is_not_waited_for() {
    let network = Network::new();
    let (mut a, _b) = linked(&network, Heartbeat::default()).await;
    network.down();
    network.gone.send_replace(true);
    let began = Instant::now();
    let gone = LinkEvent::Closed {
        reason: CloseReason::PeerGone,
    };
    loop {
        match a.next().await {
            LinkEvent::Interrupted => {}
            event => break assert_eq!(event, gone),
        }
    }
    // The last that was heard may have been heard a beat before.
    let Heartbeat {
        every, dead_after, ..
    } = Heartbeat::default();
    assert!(began.elapsed() >= dead_after - every);
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_forged_word_that_the_peer_is_gone_does_nothing_while_the_peer_is_heard() {
    let network = Network::new();
    let (mut a, mut b) = linked(&network, Heartbeat::default()).await;
    network.gone.send_replace(true);
    let quiet = timeout(Duration::from_secs(30), a.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    a.send_text("still here").await.unwrap();
    assert_eq!(b.next().await, LinkEvent::Text("still here".into()));
}

#[tokio::test(start_paused = true)]
async fn one_way_that_is_broken_is_noticed_by_both() {
    // What a says does not come to b; what b says comes to a.
    let network = Network::new();
    let (a_end, a_far) = cable(None);
    let (b_end, b_far) = cable(None);
    let relay = |from: Arc<Cable>, to: Arc<Cable>| async move {
        while let Some(message) = from.receive().await {
            let _ = to.send(&message).await;
        }
    };
    let there = tokio::spawn(relay(a_far.clone(), b_far.clone()));
    tokio::spawn(relay(b_far, a_far));
    let one = |end: Arc<Cable>, side| {
        let way = Arc::new(Way(network.clone()));
        async move {
            let unproven = Unproven::new(end, certificates(side, 200)).with_way_back(way);
            let met = plain(side);
            let proven = unproven.prove(&met, Heartbeat::default(), Duration::from_secs(5));
            proven.await.unwrap().accept().await.unwrap()
        }
    };
    let (mut a, mut b) = tokio::join!(one(a_end, Side::Offerer), one(b_end, Side::Answerer));
    sleep(Duration::from_secs(1)).await;
    there.abort();
    let (from_a, from_b) = (send(&a, 20), send(&b, 20));
    let (at_a, at_b) = tokio::join!(numbers(&mut a, 20), numbers(&mut b, 20));
    assert!(at_b == (1, 1) && at_a.0 <= 1, "{at_a:?} {at_b:?}");
    from_a.await.unwrap();
    from_b.await.unwrap();
}

/// Stands where the peer is expected. True if that got it a frame of the link.
async fn stranger(end: Arc<Cable>, bond: Bond, at: Certificates) -> bool {
    let (mut reunion, knock) = Reunion::new(&bond, at, [5; 16]);
    let _ = end.send(&knock).await;
    while let Some(message) = end.receive().await {
        if Frame::decode(&message).is_ok() {
            return true;
        }
        let Ok(step) = reunion.handle(&message) else {
            continue;
        };
        for say in step.say {
            let _ = end.send(&say).await;
        }
        let _ = end.send(&Reunion::resume(0)).await;
    }
    false
}

/// Reaches strangers first, and then the peer.
struct Misled {
    way: Way,
    side: Side,
    strangers: Mutex<Vec<Bond>>,
    got_in: Arc<watch::Sender<u32>>,
}

#[async_trait::async_trait]
impl WayBack for Misled {
    fn doors(&self) -> Vec<SocketAddr> {
        self.way.doors()
    }

    async fn reach(&self, call: &Call) -> Result<Unproven, String> {
        let Some(bond) = self.strangers.lock().unwrap().pop() else {
            return self.way.reach(call).await;
        };
        let (ours, theirs) = cable(None);
        let got_in = self.got_in.clone();
        let at = certificates(self.side.other(), 99);
        tokio::spawn(async move {
            if stranger(theirs, bond, at).await {
                got_in.send_modify(|n| *n += 1);
            }
        });
        Ok(Unproven::new(ours, certificates(self.side, 99)))
    }

    async fn gone(&self, doors: &[SocketAddr]) {
        self.way.gone(doors).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_stands_where_the_peer_was_is_told_nothing_and_the_peer_is_found() {
    let network = Network::new();
    let got_in = Arc::new(watch::Sender::new(0));
    let [a, b] = network.connect();
    let one = |unproven: Unproven, side: Side| {
        let way = Arc::new(Misled {
            way: Way(network.clone()),
            side,
            // Everything but the bond: those of other meetings.
            strangers: Mutex::new(
                (0..3)
                    .map(|n| Bond::new(&Root([n; 32]), side.other()))
                    .collect(),
            ),
            got_in: got_in.clone(),
        });
        async move {
            let unproven = unproven.with_way_back(way);
            let met = plain(side);
            let proven = unproven.prove(&met, Heartbeat::default(), Duration::from_secs(5));
            proven.await.unwrap().accept().await.unwrap()
        }
    };
    let (mut a, mut b) = tokio::join!(one(a, Side::Offerer), one(b, Side::Answerer));
    sleep(Duration::from_secs(1)).await;
    network.down();
    let (from_a, from_b) = (send(&a, 30), send(&b, 30));
    sleep(Duration::from_secs(5)).await;
    network.up();
    let both = async { tokio::join!(numbers(&mut a, 30), numbers(&mut b, 30)) };
    timeout(Duration::from_secs(50), both).await.unwrap();
    from_a.await.unwrap();
    from_b.await.unwrap();
    assert_eq!(*got_in.borrow(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_false_account_of_what_was_heard_ends_the_link() {
    let network = Network::new();
    let (a, b) = linked(&network, Heartbeat::default()).await;
    let _sending = send(&b, 5);
    sleep(Duration::from_secs(1)).await;
    // The peer's books are not ours: it says that it has heard more than was said.
    for _ in 0..100 {
        b.line_for_tests().heard();
    }
    network.down();
    sleep(Duration::from_secs(5)).await;
    network.up();
    let mut a = a;
    loop {
        if let LinkEvent::Closed { reason } = a.next().await {
            break assert_eq!(reason, CloseReason::OutOfStep);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_the_connection_is_broken_is_not_kept() {
    let network = Network::new();
    let (mut a, _b) = linked(&network, Heartbeat::default()).await;
    network.down();
    assert_eq!(a.next().await, LinkEvent::Interrupted);
    let began = Instant::now();
    a.close().await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_data_is_told_once_however_often_it_is_said() {
    let (mut a, b, _) = crate::link::testing::linked().await;
    for _ in 0..1000 {
        b.end().await.unwrap();
    }
    b.send_text("now").await.unwrap();
    assert_eq!(a.next().await, LinkEvent::End);
    assert_eq!(a.next().await, LinkEvent::Text("now".into()));
    assert_eq!(quick().patience, Duration::ZERO);
}

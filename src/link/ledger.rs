//! What was said and heard over a link, across the connections that carry it: nothing is lost and
//! nothing comes twice, though connections break at any moment.
//!
//! Every connection keeps messages in order and loses none before it breaks. So both sides need
//! only count: who comes back says how many it has heard, and the other goes on from there. What
//! was said is kept until the peer's user has taken it, which the window of the
//! [flow](super::flow) bounds.

use std::{collections::VecDeque, sync::Arc};

/// A message, said once and perhaps sent more often.
pub(super) type Said = Arc<Vec<u8>>;

/// The books of one side of a link: told what is said, sent and heard, they say what to send.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Said and perhaps not yet with the peer, the oldest first.
    kept: VecDeque<Entry>,
    /// How many were said before the first of these.
    forgotten: u64,
    /// How many of these the present connection has been given.
    sent: usize,
    /// How many any connection has been given, and what they cost.
    ever_sent: u64,
    ever_sent_cost: u64,
    /// How many have come from the peer.
    #[cfg(any(test, feature = "net"))]
    heard: u64,
    /// What all that was said costs.
    cost: u64,
}

#[derive(Debug)]
struct Entry {
    message: Said,
    /// Whether it costs anything, and what all up to it cost.
    costs: bool,
    up_to: u64,
}

/// The peer says that it has heard what it was never sent, or lacks what it has said it took.
#[cfg(any(test, feature = "net"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side has {theirs} messages of ours: it can have {least} to {most}")]
pub(super) struct Impossible {
    theirs: u64,
    least: u64,
    most: u64,
}

impl Ledger {
    /// Takes a message to be sent; `cost` is what it takes of the window.
    pub(super) fn say(&mut self, message: Vec<u8>, cost: u64) {
        self.cost = self.cost.saturating_add(cost);
        self.kept.push_back(Entry {
            message: Arc::new(message),
            costs: cost > 0,
            up_to: self.cost,
        });
    }

    /// The next to be sent over the present connection.
    pub(super) fn next(&self) -> Option<Said> {
        self.kept.get(self.sent).map(|entry| entry.message.clone())
    }

    /// The present connection has been given the [next](Self::next), or is about to be: from here
    /// on the peer may have it.
    pub(super) fn sent(&mut self) {
        if let Some(entry) = self.kept.get(self.sent) {
            self.sent += 1;
            self.ever_sent = self.ever_sent.max(self.forgotten + self.sent as u64);
            self.ever_sent_cost = self.ever_sent_cost.max(entry.up_to);
        }
    }

    /// Whether all that was said has been given to the present connection.
    #[cfg(any(test, feature = "net"))]
    pub(super) fn is_sent(&self) -> bool {
        self.sent == self.kept.len()
    }

    /// One has come.
    #[cfg(any(test, feature = "net"))]
    pub(super) fn heard(&mut self) {
        self.heard = self.heard.saturating_add(1);
    }

    /// How many have come.
    #[cfg(any(test, feature = "net"))]
    pub(super) fn heard_so_far(&self) -> u64 {
        self.heard
    }

    /// The peer says that its user has taken messages of so much cost. Gives how much of that can
    /// be true: no more than was sent.
    pub(super) fn taken(&mut self, total: u64) -> u64 {
        let total = total.min(self.ever_sent_cost);
        // What costs nothing is forgotten with what was said after it.
        let taken = |entry: &Entry| entry.costs && entry.up_to <= total;
        let upper = self.kept.partition_point(|entry| entry.up_to <= total);
        let last = self.kept.range(..upper.min(self.sent)).rposition(taken);
        if let Some(last) = last {
            self.forget(last + 1);
        }
        total
    }

    /// A new connection takes the place of the old one; the peer has so many of our messages.
    ///
    /// # Errors
    /// [`Impossible`]: the peer keeps other books than we. The link is then over.
    #[cfg(any(test, feature = "net"))]
    pub(super) fn go_on(&mut self, theirs: u64) -> Result<(), Impossible> {
        let (least, most) = (self.forgotten, self.ever_sent);
        if !(least..=most).contains(&theirs) {
            return Err(Impossible {
                theirs,
                least,
                most,
            });
        }
        self.forget((theirs - least) as usize);
        self.sent = 0;
        Ok(())
    }

    fn forget(&mut self, count: usize) {
        self.kept.drain(..count);
        self.forgotten += count as u64;
        self.sent = self.sent.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(ledger: &mut Ledger) -> Vec<u8> {
        let mut sent = Vec::new();
        while let Some(message) = ledger.next() {
            sent.push(message[0]);
            ledger.sent();
        }
        sent
    }

    fn said(costs: &[u64]) -> Ledger {
        let mut ledger = Ledger::default();
        for (n, &cost) in costs.iter().enumerate() {
            ledger.say(vec![n as u8], cost);
        }
        ledger
    }

    #[test]
    fn who_comes_back_is_sent_what_it_lacks_and_no_more() {
        let mut ledger = said(&[0, 10, 10, 0]);
        assert_eq!(texts(&mut ledger), [0, 1, 2, 3]);
        ledger.go_on(2).unwrap();
        assert_eq!(texts(&mut ledger), [2, 3]);
        ledger.go_on(4).unwrap();
        assert!(ledger.is_sent() && ledger.next().is_none());
    }

    #[test]
    fn what_costs_nothing_is_not_forgotten_before_it_is_known_to_have_come() {
        let mut ledger = said(&[0, 10, 0]);
        texts(&mut ledger);
        // Nothing is taken, and that is told again and again.
        assert_eq!(ledger.taken(0), 0);
        ledger.go_on(0).unwrap();
        assert_eq!(texts(&mut ledger), [0, 1, 2]);
        assert_eq!(ledger.taken(10), 10);
        assert!(ledger.go_on(1).is_err(), "it said that it took the second");
        ledger.go_on(2).unwrap();
        assert_eq!(texts(&mut ledger), [2]);
    }

    #[test]
    fn one_who_takes_what_it_was_never_sent_is_not_believed() {
        let mut ledger = said(&[10, 10]);
        ledger.sent();
        assert_eq!(ledger.taken(u64::MAX), 10);
        assert_eq!(texts(&mut ledger), [1], "the second is still to be sent");
        let mut ledger = said(&[10, 10]);
        ledger.sent();
        let theirs = 2;
        let (least, most) = (0, 1);
        assert_eq!(
            ledger.go_on(theirs),
            Err(Impossible {
                theirs,
                least,
                most
            })
        );
    }

    /// What happens to one of two sides.
    #[derive(Clone, Debug)]
    enum Step {
        Say {
            side: bool,
            cost: u64,
        },
        Send {
            side: bool,
        },
        Deliver {
            side: bool,
        },
        Take {
            side: bool,
        },
        Tell {
            side: bool,
        },
        /// The connection breaks with all that is on its way; a new one is made.
        Break,
    }

    fn step() -> impl Strategy<Value = Step> {
        let side = any::<bool>;
        prop_oneof![
            4 => (side(), prop_oneof![Just(0), 1..9u64])
                .prop_map(|(side, cost)| Step::Say { side, cost }),
            6 => side().prop_map(|side| Step::Send { side }),
            6 => side().prop_map(|side| Step::Deliver { side }),
            3 => side().prop_map(|side| Step::Take { side }),
            2 => side().prop_map(|side| Step::Tell { side }),
            1 => Just(Step::Break),
        ]
    }

    /// On its way: a message, or how much was taken.
    #[derive(Clone, Debug)]
    enum Travelling {
        Message(u32, u64),
        Taken(u64),
    }

    #[derive(Default)]
    struct Party {
        ledger: Ledger,
        said: u32,
        cost: std::collections::HashMap<u32, u64>,
        on_its_way: VecDeque<Travelling>,
        heard: Vec<u32>,
        untaken: VecDeque<u64>,
        taken: u64,
    }

    fn deliver(from: &mut Party, to: &mut Party) {
        match from.on_its_way.pop_front() {
            Some(Travelling::Message(number, cost)) => {
                to.ledger.heard();
                to.heard.push(number);
                to.untaken.push_back(cost);
            }
            Some(Travelling::Taken(total)) => {
                assert_eq!(to.ledger.taken(total), total);
            }
            None => {}
        }
    }

    fn send(party: &mut Party) {
        if let Some(message) = party.ledger.next() {
            party.ledger.sent();
            let number = u32::from_le_bytes(message[..4].try_into().unwrap());
            let cost = party.cost[&number];
            party
                .on_its_way
                .push_back(Travelling::Message(number, cost));
        }
    }

    fn reconnect([a, b]: &mut [Party; 2]) {
        a.on_its_way.clear();
        b.on_its_way.clear();
        a.ledger.go_on(b.ledger.heard_so_far()).unwrap();
        b.ledger.go_on(a.ledger.heard_so_far()).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_breaks_when_all_that_was_said_is_heard_once_and_in_order(
            steps in proptest::collection::vec(step(), 0..400),
        ) {
            let mut parties = [Party::default(), Party::default()];
            for step in steps {
                match step {
                    Step::Say { side, cost } => {
                        let party = &mut parties[usize::from(side)];
                        party.ledger.say(party.said.to_le_bytes().to_vec(), cost);
                        party.cost.insert(party.said, cost);
                        party.said += 1;
                    }
                    Step::Send { side } => send(&mut parties[usize::from(side)]),
                    Step::Deliver { side } => {
                        let [a, b] = &mut parties;
                        if side { deliver(a, b) } else { deliver(b, a) }
                    }
                    Step::Take { side } => {
                        let party = &mut parties[usize::from(side)];
                        party.taken += party.untaken.pop_front().unwrap_or(0);
                    }
                    Step::Tell { side } => {
                        let party = &mut parties[usize::from(side)];
                        party.on_its_way.push_back(Travelling::Taken(party.taken));
                    }
                    Step::Break => reconnect(&mut parties),
                }
            }
            reconnect(&mut parties);
            for _ in 0..500 {
                parties.iter_mut().for_each(send);
                let [a, b] = &mut parties;
                deliver(a, b);
                deliver(b, a);
            }
            let [a, b] = &parties;
            for (from, to) in [(a, b), (b, a)] {
                prop_assert_eq!(&to.heard, &(0..from.said).collect::<Vec<_>>());
                prop_assert!(from.ledger.is_sent());
            }
        }

        #[test]
        fn no_more_is_kept_than_was_said_since_the_last_that_was_taken(
            costs in proptest::collection::vec(1..100u64, 1..50),
            taken in 0..50usize,
        ) {
            let mut ledger = said(&costs);
            texts(&mut ledger);
            let taken = taken.min(costs.len());
            ledger.taken(costs[..taken].iter().sum());
            prop_assert_eq!(ledger.kept.len(), costs.len() - taken);
        }
    }
}

//! Who may do how much in a minute: requests of an address and of a key, guesses at passwords and secrets. Each node counts by itself and
//! in memory; what it remembers is bounded, and what has been quiet longest is forgotten first.
//!
//! Our own and not `governor`: a guess that was right is given back, so that an office behind one address can come to work at nine, and
//! the memory has a bound.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::{Actor, Fault, Library, Origin};

/// How often within a minute; as many may come at once. 0: as often as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Requests of one address.
    pub requests_per_address: u32,
    /// Requests by one key.
    pub requests_per_key: u32,
    /// Keys from one address that there are not.
    pub wrong_keys_per_address: u32,
    /// Wrong passwords and wrong secrets at the endpoints that give out tokens, from one address.
    pub guesses_per_address: u32,
    /// Wrong passwords of one account or one link, from wherever they come.
    pub guesses_per_account: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            requests_per_address: 0,
            requests_per_key: 0,
            wrong_keys_per_address: 600,
            guesses_per_address: 10,
            guesses_per_account: 60,
        }
    }
}

/// What all rates are meant for, in microseconds.
const MINUTE_US: i64 = 60 * 1_000_000;
/// How many are remembered.
const MAX_CELLS: u64 = 100_000;
/// Whoever was quiet for longer than a minute has all of theirs again.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);

/// What is counted, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    Requests(IpAddr),
    RequestsBy(i64),
    WrongKeys(IpAddr),
    Guesses(IpAddr),
    GuessesAt(Account),
}

/// What somebody tries to get into.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// A person, by tenant and the hash of their address.
    Person(i64, [u8; 32]),
    /// A link, by id.
    Link(i64),
}

/// When all that was done would be made up for, in microseconds since 1970: the one number of the generic cell rate algorithm.
type Cell = Arc<AtomicI64>;

pub(crate) struct Memory {
    rates: Throttle,
    cells: Cache<Of, Cell>,
}

/// A guess that was counted before anybody looked whether it is right.
#[must_use = "what is right is given back"]
pub(crate) struct Guess(Vec<(Cell, i64)>);

impl Guess {
    /// Gives it back, unless what came of it says that it was wrong: when something was out of order, it was not even looked at.
    pub(crate) fn settle<T>(self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if !matches!(outcome, Err(Fault::Unauthenticated | Fault::Denied)) {
            self.was_right();
        }
        outcome
    }

    /// It was no guess.
    pub(crate) fn was_right(self) {
        for (cell, interval_us) in self.0 {
            cell.fetch_sub(interval_us, Ordering::Relaxed);
        }
    }
}

impl Memory {
    pub(crate) fn new(rates: Throttle) -> Self {
        let cells = Cache::builder()
            .max_capacity(MAX_CELLS)
            .time_to_idle(FORGOTTEN_AFTER)
            // By recency alone: else those who come by many addresses would not be remembered at all.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { rates, cells }
    }

    /// Counts one; what to give back if it should not have counted.
    fn take(&self, of: Of, now_ms: i64) -> Result<Option<(Cell, i64)>, Fault> {
        let Some(interval_us) = self.interval_us(&of) else { return Ok(None) };
        let cell = self.cells.get_with(of, Cell::default);
        let now_us = now_ms.saturating_mul(1_000);
        let mut made_up = cell.load(Ordering::Relaxed);
        loop {
            let next = made_up.max(now_us).saturating_add(interval_us);
            let wait_us = next - now_us - MINUTE_US;
            if wait_us > 0 {
                return Err(throttled(wait_us));
            }
            match cell.compare_exchange_weak(made_up, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(Some((cell, interval_us))),
                Err(other) => made_up = other,
            }
        }
    }

    /// Whether another one would be taken.
    fn look(&self, of: &Of, now_ms: i64) -> Result<(), Fault> {
        let Some((interval_us, cell)) = self.interval_us(of).zip(self.cells.get(of)) else { return Ok(()) };
        let wait_us =
            cell.load(Ordering::Relaxed).saturating_add(interval_us) - now_ms.saturating_mul(1_000) - MINUTE_US;
        if wait_us > 0 { Err(throttled(wait_us)) } else { Ok(()) }
    }

    /// How long it takes until one is made up for.
    fn interval_us(&self, of: &Of) -> Option<i64> {
        let rate = match of {
            Of::Requests(_) => self.rates.requests_per_address,
            Of::RequestsBy(_) => self.rates.requests_per_key,
            Of::WrongKeys(_) => self.rates.wrong_keys_per_address,
            Of::Guesses(_) => self.rates.guesses_per_address,
            Of::GuessesAt(_) => self.rates.guesses_per_account,
        };
        (rate > 0).then(|| (MINUTE_US / i64::from(rate)).max(1))
    }

    /// Counts a request by a key.
    pub(crate) fn request_by(&self, token_id: i64, now_ms: i64) -> Result<(), Fault> {
        self.take(Of::RequestsBy(token_id), now_ms).map(drop)
    }

    /// Whether somebody may come with a key that is not known here yet.
    pub(crate) fn may_try_key(&self, origin: &Origin, now_ms: i64) -> Result<(), Fault> {
        neighbourhood(origin).map_or(Ok(()), |address| self.look(&Of::WrongKeys(address), now_ms))
    }

    /// Notes a key that there is not.
    pub(crate) fn wrong_key(&self, origin: &Origin, now_ms: i64) {
        if let Some(address) = neighbourhood(origin) {
            // What is over the limit is refused the next time, before anybody looks.
            drop(self.take(Of::WrongKeys(address), now_ms));
        }
    }

    /// Counts a guess before it is looked at: of many at the same time, no more than the limit are.
    pub(crate) fn guess(&self, origin: &Origin, at: Option<Account>, now_ms: i64) -> Result<Guess, Fault> {
        let mut guess = Guess(Vec::new());
        for of in neighbourhood(origin).map(Of::Guesses).into_iter().chain(at.map(Of::GuessesAt)) {
            match self.take(of, now_ms) {
                Ok(taken) => guess.0.extend(taken),
                Err(fault) => {
                    // What is not looked at does not count: else whoever goes on asking would never be let in again.
                    guess.was_right();
                    return Err(fault);
                }
            }
        }
        Ok(guess)
    }
}

impl Library {
    /// Counts a request of an address.
    ///
    /// # Errors
    /// `Throttled` when there were too many within a minute.
    pub fn admit(&self, address: IpAddr) -> Result<(), Fault> {
        self.inner.throttle.take(Of::Requests(neighbours_of(address)), self.now_ms()).map(drop)
    }

    /// What an actor does who tries to open something.
    pub(crate) fn guess_at(&self, actor: &Actor, account: Account) -> Result<Guess, Fault> {
        self.inner.throttle.guess(actor.origin(), Some(account), self.now_ms())
    }
}

/// Who counts as one: an address; of IPv6 the network that one customer is given.
fn neighbours_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

fn neighbourhood(origin: &Origin) -> Option<IpAddr> {
    origin.address.map(neighbours_of)
}

fn throttled(wait_us: i64) -> Fault {
    let seconds = wait_us.unsigned_abs().div_ceil(1_000_000);
    Fault::Throttled { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn from(address: &str) -> Origin {
        Origin { address: Some(address.parse().unwrap()), ..Origin::default() }
    }

    fn retry_after(result: Result<Guess, Fault>) -> Option<u32> {
        match result {
            Ok(_) => None,
            Err(Fault::Throttled { retry_after_s }) => Some(retry_after_s),
            Err(fault) => panic!("{fault}"),
        }
    }

    #[test]
    fn so_many_a_minute_and_as_many_at_once() {
        let memory = Memory::new(Throttle { guesses_per_address: 6, ..Throttle::default() });
        let tried = |now_ms| retry_after(memory.guess(&from("203.0.113.7"), None, now_ms));
        assert!((0..6).all(|_| tried(1_000_000).is_none()));
        assert_eq!((tried(1_000_000), tried(1_000_001)), (Some(10), Some(10)));
        assert_eq!((tried(1_009_999), tried(1_010_000), tried(1_010_000)), (Some(1), None, Some(10)));
        // What is refused makes nobody wait longer.
        assert_eq!((tried(1_060_000), tried(1_060_000)), (None, None));
        assert_eq!(retry_after(memory.guess(&from("203.0.113.8"), None, 1_000_000)), None, "another address");
    }

    #[test]
    fn what_is_right_is_given_back() {
        let memory = Memory::new(Throttle { guesses_per_address: 2, guesses_per_account: 3, ..Throttle::default() });
        let guess = |address: &str| memory.guess(&from(address), Some(Account::Link(1)), 0);
        (0..100).for_each(|_| guess("203.0.113.1").unwrap().was_right());
        assert_eq!([(); 3].map(|()| retry_after(guess("203.0.113.1"))), [None, None, Some(30)]);
        // The account has one left: the third guess of the first address was not looked at.
        assert_eq!([(); 2].map(|()| retry_after(guess("203.0.113.2"))), [None, Some(20)]);
    }

    #[test]
    fn a_network_of_one_customer_counts_as_one() {
        let memory = Memory::new(Throttle { guesses_per_address: 1, ..Throttle::default() });
        assert_eq!(retry_after(memory.guess(&from("2001:db8:1:2::1"), None, 0)), None);
        assert_eq!(retry_after(memory.guess(&from("2001:db8:1:2:ffff::9"), None, 0)), Some(60));
        assert_eq!(retry_after(memory.guess(&from("2001:db8:1:3::1"), None, 0)), None);
        assert_eq!(retry_after(memory.guess(&from("::ffff:203.0.113.1"), None, 0)), None);
        assert_eq!(retry_after(memory.guess(&from("203.0.113.1"), None, 0)), Some(60));
    }

    #[test]
    fn nothing_is_counted_without_a_limit_or_an_address() {
        let memory = Memory::new(Throttle { guesses_per_address: 0, guesses_per_account: 0, ..Throttle::default() });
        assert!(
            (0..1_000).all(|_| retry_after(memory.guess(&from("203.0.113.1"), Some(Account::Link(1)), 0)).is_none())
        );
        let memory = Memory::new(Throttle { guesses_per_address: 1, ..Throttle::default() });
        assert!((0..1_000).all(|_| retry_after(memory.guess(&Origin::default(), None, 0)).is_none()));
    }

    #[test]
    fn of_many_at_the_same_time_so_many_are_taken() {
        let memory = Memory::new(Throttle { guesses_per_account: 60, guesses_per_address: 0, ..Throttle::default() });
        let taken = std::thread::scope(|scope| {
            let guess =
                || (0..50).filter(|_| memory.guess(&from("203.0.113.1"), Some(Account::Link(1)), 0).is_ok()).count();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(guess)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(taken, 60);
    }
}

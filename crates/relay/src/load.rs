//! What all sessions share: how many there are, from where, and how much message data they hold.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts of the whole relay.
#[derive(Debug, Default)]
pub(crate) struct Load {
    places: Mutex<Places>,
    octets_in_flight: AtomicU64,
}

#[derive(Debug, Default)]
struct Places {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// One connection's place; given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    load: Arc<Load>,
    network: IpAddr,
    octets: u64,
}

impl Load {
    /// A place for a connection from `address`, unless there are too many.
    pub(crate) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        total_max: usize,
        network_max: usize,
    ) -> Option<Place> {
        let network = network_of(address);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.total >= total_max || places.by_network.get(&network).is_some_and(|&n| n >= network_max) {
            return None;
        }
        places.total = places.total.saturating_add(1);
        let count = places.by_network.entry(network).or_default();
        *count = count.saturating_add(1);
        Some(Place { load: Arc::clone(self), network, octets: 0 })
    }
}

impl Place {
    /// Says how many octets of message data this connection holds now. False when all together hold over `max`.
    pub(crate) fn hold(&mut self, octets: u64, max: u64) -> bool {
        let counter = &self.load.octets_in_flight;
        let before = self.octets;
        self.octets = octets;
        if octets >= before {
            let more = octets.saturating_sub(before);
            counter.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= max
        } else {
            counter.fetch_sub(before.saturating_sub(octets), Ordering::Relaxed);
            true
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.load.octets_in_flight.fetch_sub(self.octets, Ordering::Relaxed);
        let mut places = self.load.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.total = places.total.saturating_sub(1);
        if let Some(count) = places.by_network.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.by_network.remove(&self.network);
            }
        }
    }
}

/// One IPv4 address, or the /64 that one IPv6 host owns as a rule.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_network_and_in_all() {
        let load = Arc::new(Load::default());
        let enter = |address: &str| load.enter(address.parse().unwrap(), 4, 2);
        let first = enter("192.0.2.1");
        let second = enter("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(enter("192.0.2.1").is_none(), "third of one address");
        let third = enter("2001:db8::1");
        let fourth = enter("2001:db8::ffff:1");
        assert!(third.is_some() && fourth.is_some());
        assert!(enter("192.0.2.2").is_none(), "fifth in all");
        drop(fourth);
        assert!(enter("2001:db8:0:1::1").is_some(), "another /64 after one has left");
        drop((first, second, third));
        assert_eq!(load.places.lock().unwrap().total, 0);
        assert!(load.places.lock().unwrap().by_network.is_empty());
    }

    #[test]
    fn octets_in_flight_are_given_back() {
        let load = Arc::new(Load::default());
        let mut first = load.enter([192, 0, 2, 1].into(), 9, 9).unwrap();
        let mut second = load.enter([192, 0, 2, 1].into(), 9, 9).unwrap();
        assert!(first.hold(60, 100));
        assert!(second.hold(40, 100));
        assert!(!second.hold(41, 100));
        assert!(second.hold(0, 100));
        drop(first);
        assert_eq!(load.octets_in_flight.load(Ordering::Relaxed), 0);
    }
}

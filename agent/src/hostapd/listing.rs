//! Which stations are on a network: hostapd's list, asked for one station at a time.
//!
//! It holds the address it asks on with, and so is never shown (`Debug`) or kept.

use super::marks::ADDRESS_BYTES;

/// Stations listed at one network: as many as can be associated (IEEE 802.11: AIDs 1 to 2007), so that a hostapd that
/// never comes to an end holds nobody up.
const STATIONS_MAX: usize = 2007;
/// Tries to come to the end of a list: whoever leaves at the wrong moment cuts it off.
const LISTINGS_MAX: usize = 3;

/// A list of stations, asked for one at a time, network by network.
#[derive(Default)]
pub struct Listing {
    /// The network, and what to ask of it next; none: there is nothing to list.
    pub question: Option<(String, String)>,
    /// Networks after this one.
    then: Vec<String>,
    asked: usize,
    begun: usize,
}

impl Listing {
    const FIRST: &str = "STA-FIRST";

    /// Networks whose stations nobody told of.
    pub fn add(&mut self, interfaces: Vec<String>) {
        self.then.extend(interfaces);
        if self.question.is_none() {
            self.next();
        }
    }

    fn next(&mut self) {
        self.question = self.then.pop().map(|interface| (interface, Self::FIRST.to_owned()));
        (self.asked, self.begun) = (0, 1);
    }

    /// Who was named last, and whether the answer was empty: so the list ends. Anything else that names nobody is said
    /// of one who was there a moment ago.
    pub fn answered(&mut self, named: Option<[u8; ADDRESS_BYTES]>, empty: bool) {
        let Some((_, question)) = &mut self.question else { return };
        self.asked += 1;
        match named {
            Some([a, b, c, d, e, f]) if self.asked < STATIONS_MAX => {
                *question = format!("STA-NEXT {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
            }
            None if !empty && self.begun < LISTINGS_MAX => {
                Self::FIRST.clone_into(question);
                self.begun += 1;
            }
            _ => self.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(listing: &Listing) -> Option<(&str, &str)> {
        listing.question.as_ref().map(|(interface, question)| (interface.as_str(), question.as_str()))
    }

    #[test]
    fn it_goes_from_station_to_station_and_from_network_to_network() {
        let mut listing = Listing::default();
        listing.add(Vec::new());
        assert_eq!(asks(&listing), None);
        listing.add(vec!["wlan0jp".to_owned()]);
        assert_eq!(asks(&listing), Some(("wlan0jp", "STA-FIRST")));
        listing.add(vec!["wlan1jp".to_owned()]);
        listing.answered(Some([2, 0, 0, 0, 0xab, 1]), false);
        assert_eq!(asks(&listing), Some(("wlan0jp", "STA-NEXT 02:00:00:00:ab:01")));
        listing.answered(None, true);
        assert_eq!(asks(&listing), Some(("wlan1jp", "STA-FIRST")));
        listing.answered(None, true);
        assert_eq!(asks(&listing), None);
    }

    #[test]
    fn who_leaves_in_the_middle_begins_it_anew_and_not_for_ever() {
        let mut listing = Listing::default();
        listing.add(vec!["wlan0jp".to_owned()]);
        for _ in 1..LISTINGS_MAX {
            listing.answered(Some([2; 6]), false);
            listing.answered(None, false);
            assert_eq!(asks(&listing), Some(("wlan0jp", "STA-FIRST")));
        }
        listing.answered(None, false);
        assert_eq!(asks(&listing), None);
    }

    #[test]
    fn a_hostapd_whose_list_never_ends_is_asked_no_further() {
        let mut listing = Listing::default();
        listing.add(vec!["wlan0jp".to_owned()]);
        let mut asked = 0;
        while listing.question.is_some() {
            listing.answered(Some([2; 6]), false);
            asked += 1;
        }
        assert_eq!(asked, STATIONS_MAX);
    }
}

//! Names for people who do not know identifiers: each AP's own, and its facility's.

use std::collections::HashMap;

use crate::core::Inventory;

/// Facility and name by an AP's identifier.
pub struct Places(HashMap<String, (String, String)>);

impl Places {
    /// Those of the town.
    pub fn new(inventory: &Inventory) -> Self {
        let facilities: HashMap<_, _> = inventory.facilities.iter().map(|it| (&it.id, &it.name_ja)).collect();
        let place = |ap: &crate::core::Ap| {
            let facility = facilities.get(&ap.facility).map_or_else(String::new, |name| (*name).clone());
            (ap.id.as_str().to_owned(), (facility, ap.name.clone()))
        };
        Self(inventory.aps.iter().map(place).collect())
    }

    /// The facility's name and the AP's; both empty for an AP the town does not have, or has no longer.
    pub fn of(&self, ap: &str) -> (&str, &str) {
        self.0.get(ap).map_or(("", ""), |(facility, name)| (facility, name))
    }

    /// Both in one, such as 潮見小学校 体育館.
    pub fn name(&self, ap: &str) -> Option<String> {
        self.0.get(ap).map(|(facility, name)| format!("{facility} {name}"))
    }
}

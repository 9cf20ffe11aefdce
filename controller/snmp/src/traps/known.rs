//! Whom we listen to: the communities and users of our devices, and nobody below his level.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use async_snmp::notification::{NotificationAcceptance, NotificationEnvelope};
use async_snmp::{SecurityLevel, UsmUser};

use super::Sums;
use crate::credentials::{Credentials, User};
use crate::engine;

/// Whom we listen to.
pub(super) struct Known {
    communities: Vec<String>,
    pub(super) users: HashMap<String, UsmUser>,
}

impl Known {
    pub(super) fn new<'a>(who: impl IntoIterator<Item = &'a Credentials>) -> Self {
        let mut known = Self { communities: Vec::new(), users: HashMap::new() };
        let mut written: HashMap<String, &User> = HashMap::new();
        for credentials in who {
            match credentials {
                Credentials::V1 { community } | Credentials::V2c { community } => {
                    if !known.communities.iter().any(|known| known == community.text()) {
                        known.communities.push(community.text().to_owned());
                    }
                }
                Credentials::V3(user) => match written.get(&user.name) {
                    Some(before) if *before == user => {}
                    Some(_) => tracing::warn!(
                        user = user.name,
                        "two devices have a user of this name with different passwords or protocols; traps are heard only \
                         with the first, so give them users of different names"
                    ),
                    None => match engine::user(user) {
                        Ok(taken) => {
                            known.users.insert(user.name.clone(), taken);
                            written.insert(user.name.clone(), user);
                        }
                        Err(why) => tracing::warn!(why, "traps of this user are not heard"),
                    },
                },
            }
        }
        known
    }

    /// Whether this may be a hint, counted where it may not. A password that is known must have been used: otherwise
    /// whoever knows the name could make us poll.
    pub(super) fn verdict(&self, envelope: &NotificationEnvelope<'_>, sums: &Sums) -> NotificationAcceptance {
        let turned_away = if let Some(community) = envelope.community {
            let known = self.communities.iter().any(|known| known.as_bytes() == community.as_bytes());
            (!known).then_some(&sums.unknown_community)
        } else {
            let user = envelope.username.and_then(|name| std::str::from_utf8(name).ok());
            let user = user.and_then(|name| self.users.get(name));
            let keyed = user.is_none_or(|user| user.auth_protocol().is_some());
            let authentic = envelope.security_level >= Some(SecurityLevel::AuthNoPriv);
            (keyed && !authentic).then_some(&sums.below_level)
        };
        turned_away.unwrap_or(&sums.accepted).fetch_add(1, Ordering::Relaxed);
        if turned_away.is_some() { NotificationAcceptance::Reject } else { NotificationAcceptance::Accept }
    }
}

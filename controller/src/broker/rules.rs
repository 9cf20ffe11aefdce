//! The doorman of the broker inside: who may come in, say what, and hear what.

use std::sync::Arc;

use firmware_config::ident::{ApId, TownId};
use firmware_config::wire::Topic;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType};
use rmqtt::types::{
    AuthResult, ConnectInfo, FromType, LastWill, PublishAclResult, Reason, SubscribeAclResult, TopicName,
};
use subtle::ConstantTimeEq;

use super::ControllerPassword;
use crate::secrets::agents::AgentsSecret;

/// The controller's user name: no AP can be called so, since an identifier has no `_`.
pub const CONTROLLER: &str = "_controller";

/// A topic nobody may subscribe to: no wildcard reaches a topic that begins with `$`.
const NOWHERE: &str = "$hirake/nowhere";

/// Who may do what.
pub struct Rules {
    town: TownId,
    controller: ControllerPassword,
    agents: Option<AgentsSecret>,
}

impl Rules {
    /// The rules of `town`; no agents' secret: any password is taken.
    #[must_use]
    pub fn new(town: TownId, controller: ControllerPassword, agents: Option<AgentsSecret>) -> Self {
        Self { town, controller, agents }
    }

    /// Whether `user` with `password` may come in as `client`, leaving `will` as its last will's topic.
    ///
    /// An agent gives the password of the AP that it says it is, and its client identifier is its user name, so that no agent
    /// can throw another one out.
    /// The broker does not ask about a will again when it is due, so its topic is looked at here.
    #[must_use]
    pub fn admits(&self, user: &str, client: &str, password: &[u8], will: Option<&str>) -> bool {
        if user == CONTROLLER {
            let says_who_it_is = |topic: &str| matches!(Topic::parse(&self.town, topic), Ok(Topic::Controller(_)));
            return will.is_none_or(says_who_it_is) && bool::from(self.controller.text().as_bytes().ct_eq(password));
        }
        let Ok(ap) = user.parse::<ApId>() else { return false };
        client == user
            && self.agents.as_ref().is_none_or(|agents| agents.is_password_of(&self.town, &ap, password))
            && will.is_none_or(|topic| self.may_publish(user, topic))
    }

    /// Whether `user` may publish on `topic`.
    #[must_use]
    pub fn may_publish(&self, user: &str, topic: &str) -> bool {
        match Topic::parse(&self.town, topic) {
            Ok(Topic::Order | Topic::OrderAgain(_) | Topic::CountsStored(_) | Topic::Controller(_)) => {
                user == CONTROLLER
            }
            Ok(
                Topic::Report(ap)
                | Topic::Presence(ap)
                | Topic::Counts(ap)
                | Topic::Distinct(ap)
                | Topic::Sightings(ap),
            ) => ap.as_str() == user,
            Err(_) => false,
        }
    }

    /// Whether `user` may subscribe to `filter`: an agent to what is said to it, by name, the controller to all but `$`.
    #[must_use]
    pub fn may_subscribe(&self, user: &str, filter: &str) -> bool {
        if user == CONTROLLER {
            return !filter.starts_with('$');
        }
        match Topic::parse(&self.town, filter) {
            Ok(Topic::Order) => true,
            Ok(Topic::OrderAgain(ap) | Topic::CountsStored(ap)) => ap.as_str() == user,
            _ => false,
        }
    }
}

/// Stands at the broker's door and asks the rules.
pub(super) struct Doorman(pub(super) Arc<Rules>);

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait leaves it out, and async_trait then wants it left out here too"
)]
impl Handler for Doorman {
    async fn hook(&self, parameter: &Parameter, so_far: Option<HookResult>) -> ReturnType {
        let rules = &self.0;
        match parameter {
            Parameter::ClientAuthenticate(who) => {
                let admitted = admits(rules, who);
                if !admitted {
                    tracing::warn!(
                        client = %who.client_id().escape_debug(),
                        from = ?who.ipaddress(),
                        "a connection was turned away: user name, client identifier, password or last will"
                    );
                }
                let answer = if admitted { AuthResult::Allow(false, None) } else { AuthResult::BadUsernameOrPassword };
                (false, Some(HookResult::AuthResult(answer)))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                let allowed = rules.may_publish(session.id.username_ref(), &publish.topic);
                if !allowed {
                    turned_away(session.id.username_ref(), "publish", &publish.topic);
                }
                // Not thrown out: an honest agent with one wrong topic would then do nothing else than reconnect.
                let answer = if allowed { PublishAclResult::allow() } else { PublishAclResult::rejected(false, None) };
                (false, Some(HookResult::PublishAclResult(answer)))
            }
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let allowed = rules.may_subscribe(session.id.username_ref(), &subscribe.topic_filter);
                let answer = if allowed {
                    SubscribeAclResult::new_success(subscribe.opts.qos(), None)
                } else {
                    turned_away(session.id.username_ref(), "subscribe", &subscribe.topic_filter);
                    SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
                };
                (false, Some(HookResult::SubscribeAclResult(answer)))
            }
            Parameter::MessagePublish(Some(session), from, will) if matches!(from.typ(), FromType::LastWill) => {
                let why = session.disconnected_reason().await.unwrap_or_default();
                // The agent is there: another connection of its own took this one over. rmqtt may tell the will after
                // what the new connection says, and the AP would stand as gone. It cannot be dropped here, so it is
                // sent where nobody listens.
                let taken_over = matches!(&why, Reason::Reasons(all) if all.iter().any(|one| one.is_kicked(false)));
                if !taken_over {
                    return (true, so_far);
                }
                let mut nowhere = (*will).clone();
                nowhere.inner.topic = TopicName::from_static(NOWHERE);
                nowhere.inner.retain = false;
                (false, Some(HookResult::Publish(nowhere)))
            }
            _ => (true, so_far),
        }
    }
}

fn admits(rules: &Rules, who: &ConnectInfo) -> bool {
    let will = who.last_will().map(|will| match will {
        LastWill::V3(will) => will.topic.to_string(),
        LastWill::V5(will) => will.topic.to_string(),
    });
    rules.admits(
        who.username().map_or("", |user| user),
        who.client_id(),
        who.password().map_or(&[], |password| password),
        will.as_deref(),
    )
}

fn turned_away(user: &str, what: &str, topic: &str) {
    let topic: String = topic.chars().take(120).flat_map(char::escape_debug).collect();
    tracing::warn!(user = %user.escape_debug(), what, %topic, "turned away by the broker's rules");
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn secret() -> AgentsSecret {
        AgentsSecret::from("secret")
    }

    fn password_of(ap: &str) -> Zeroizing<String> {
        secret().password_of(&"shiomi".parse().expect("valid"), &ap.parse().expect("valid"))
    }

    fn rules(agents: Option<AgentsSecret>) -> Rules {
        let controller = ControllerPassword(Zeroizing::new("inside".to_owned()));
        Rules::new("shiomi".parse().expect("valid"), controller, agents)
    }

    #[test]
    fn an_agent_comes_in_under_its_own_name_with_its_own_password() {
        let rules = rules(Some(secret()));
        let (own, others) = (password_of("gym-1"), password_of("gym-2"));
        let admits = |user: &str, client: &str, will: Option<&str>| rules.admits(user, client, own.as_bytes(), will);
        assert!(admits("gym-1", "gym-1", Some("hirake/1/shiomi/ap/gym-1/presence")));
        assert!(!admits("gym-2", "gym-2", None), "another's name");
        assert!(!admits("gym-1", "gym-2", None), "another's client identifier");
        assert!(!admits("gym-1", "gym-1", Some("hirake/1/shiomi/ap/gym-2/presence")));
        assert!(!admits("gym-1", "gym-1", Some("hirake/1/shiomi/order")));
        assert!(!admits("", "", None));
        assert!(!admits("Gym", "Gym", None));
        for wrong in [others.as_bytes(), b"secret", b"wrong", b""] {
            assert!(!rules.admits("gym-1", "gym-1", wrong, None));
        }
    }

    #[test]
    fn the_controllers_name_needs_the_controllers_password() {
        for rules in [rules(None), rules(Some(secret()))] {
            assert!(rules.admits(CONTROLLER, "anything", b"inside", None));
            assert!(!rules.admits(CONTROLLER, "anything", b"secret", None));
            assert!(!rules.admits(CONTROLLER, "anything", b"", None));
            assert!(rules.admits(CONTROLLER, "anything", b"inside", Some("hirake/1/shiomi/controller/yakuba")));
            assert!(!rules.admits(CONTROLLER, "anything", b"inside", Some("hirake/1/shiomi/order")));
        }
    }

    #[test]
    fn an_agent_says_only_what_is_its_own() {
        let rules = rules(None);
        for leaf in ["report", "presence", "counts", "distinct"] {
            assert!(rules.may_publish("gym-1", &format!("hirake/1/shiomi/ap/gym-1/{leaf}")), "{leaf}");
            assert!(!rules.may_publish("gym-2", &format!("hirake/1/shiomi/ap/gym-1/{leaf}")), "{leaf}");
            assert!(!rules.may_publish(CONTROLLER, &format!("hirake/1/shiomi/ap/gym-1/{leaf}")), "{leaf}");
        }
        for topic in [
            "hirake/1/shiomi/order",
            "hirake/1/shiomi/ap/gym-1/order",
            "hirake/1/shiomi/ap/gym-1/counts-stored",
            "hirake/1/shiomi/controller/yakuba",
        ] {
            assert!(rules.may_publish(CONTROLLER, topic), "{topic}");
            assert!(!rules.may_publish("gym-1", topic), "{topic}");
        }
        assert!(!rules.may_publish("gym-1", "hirake/1/other/ap/gym-1/report"));
        assert!(!rules.may_publish("gym-1", "$SYS/anything"));
    }

    #[test]
    fn an_agent_hears_only_orders_and_what_of_its_own_is_stored() {
        let rules = rules(None);
        assert!(rules.may_subscribe("gym-1", "hirake/1/shiomi/order"));
        assert!(rules.may_subscribe("gym-1", "hirake/1/shiomi/ap/gym-1/order"));
        assert!(rules.may_subscribe("gym-1", "hirake/1/shiomi/ap/gym-1/counts-stored"));
        for filter in [
            "hirake/1/shiomi/ap/gym-2/order",
            "hirake/1/shiomi/ap/gym-2/counts-stored",
            "hirake/1/shiomi/ap/+/order",
            "hirake/1/shiomi/ap/gym-1/report",
            "hirake/1/shiomi/controller/yakuba",
            "hirake/1/shiomi/controller/+",
            "hirake/1/shiomi/#",
            "#",
            "+/+/+/order",
            "$SYS/#",
            "$share/x/hirake/1/shiomi/order",
        ] {
            assert!(!rules.may_subscribe("gym-1", filter), "{filter}");
        }
    }
}

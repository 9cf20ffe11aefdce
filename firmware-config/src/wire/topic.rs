//! Topics, built and parsed: the only place that knows what a topic looks like.

use crate::ident::{ApId, ControllerId, TownId};

/// One topic of one town.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The order in force. Retained. Controller → every agent.
    Order,
    /// The order again, for one AP that has not confirmed it. Not retained. Controller → agent.
    OrderAgain(ApId),
    /// What an agent says of its AP. Retained. Agent → controller.
    Report(ApId),
    /// Whether an agent is there. Retained, and the agent's last will. Agent → controller.
    Presence(ApId),
    /// Counts of one interval. Agent → controller.
    Counts(ApId),
    /// Which counts are stored for good. Controller → agent.
    CountsStored(ApId),
    /// Sketches of distinct devices. Retained. Agent → controller.
    Distinct(ApId),
    /// What an AP hears of `00000JAPAN` and its look-alikes. Agent → controller.
    Sightings(ApId),
    /// That a controller is there. Retained, and its last will. Controller → the other controllers.
    Controller(ControllerId),
}

/// Why a topic is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("topic \"{0}\" is none of this town's")]
pub struct TopicError(pub String);

const ROOT: &str = "hirake/1";

impl Topic {
    /// The topic's name in `town`: `hirake/1/TOWN/…`.
    #[must_use]
    pub fn name(&self, town: &TownId) -> String {
        match self {
            Self::Order => format!("{ROOT}/{town}/order"),
            Self::OrderAgain(ap) => format!("{ROOT}/{town}/ap/{ap}/order"),
            Self::Report(ap) => format!("{ROOT}/{town}/ap/{ap}/report"),
            Self::Presence(ap) => format!("{ROOT}/{town}/ap/{ap}/presence"),
            Self::Counts(ap) => format!("{ROOT}/{town}/ap/{ap}/counts"),
            Self::CountsStored(ap) => format!("{ROOT}/{town}/ap/{ap}/counts-stored"),
            Self::Distinct(ap) => format!("{ROOT}/{town}/ap/{ap}/distinct"),
            Self::Sightings(ap) => format!("{ROOT}/{town}/ap/{ap}/sightings"),
            Self::Controller(id) => format!("{ROOT}/{town}/controller/{id}"),
        }
    }

    /// What the controller subscribes to: everything agents say, and its own order as the broker holds it.
    #[must_use]
    pub fn controller_filters(town: &TownId) -> [String; 6] {
        [
            format!("{ROOT}/{town}/order"),
            format!("{ROOT}/{town}/ap/+/presence"),
            format!("{ROOT}/{town}/ap/+/report"),
            format!("{ROOT}/{town}/ap/+/counts"),
            format!("{ROOT}/{town}/ap/+/distinct"),
            format!("{ROOT}/{town}/ap/+/sightings"),
        ]
    }

    /// What a controller that is not the only one subscribes to beside that: what the others say.
    #[must_use]
    pub fn peers_filter(town: &TownId) -> String {
        format!("{ROOT}/{town}/controller/+")
    }

    /// What the agent of `ap` subscribes to: orders, and then what it can do without (a broker's older rules refuse it).
    #[must_use]
    pub fn agent_filters(town: &TownId, ap: &ApId) -> [String; 3] {
        [Self::Order.name(town), Self::OrderAgain(ap.clone()).name(town), Self::CountsStored(ap.clone()).name(town)]
    }

    /// Reads a topic's name.
    ///
    /// # Errors
    /// The name is not one of `town`'s topics.
    pub fn parse(town: &TownId, name: &str) -> Result<Self, TopicError> {
        let refuse = || TopicError(name.chars().take(120).flat_map(char::escape_debug).collect());
        let rest = name
            .strip_prefix(ROOT)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_prefix(town.as_str()))
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(refuse)?;
        if rest == "order" {
            return Ok(Self::Order);
        }
        if let Some(id) = rest.strip_prefix("controller/") {
            return id.parse().map(Self::Controller).map_err(|_| refuse());
        }
        let (ap, leaf) = rest.strip_prefix("ap/").and_then(|rest| rest.split_once('/')).ok_or_else(refuse)?;
        let ap: ApId = ap.parse().map_err(|_| refuse())?;
        match leaf {
            "order" => Ok(Self::OrderAgain(ap)),
            "report" => Ok(Self::Report(ap)),
            "presence" => Ok(Self::Presence(ap)),
            "counts" => Ok(Self::Counts(ap)),
            "counts-stored" => Ok(Self::CountsStored(ap)),
            "distinct" => Ok(Self::Distinct(ap)),
            "sightings" => Ok(Self::Sightings(ap)),
            _ => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_reads_back_as_itself() {
        let town: TownId = "shiomi".parse().expect("valid");
        let ap: ApId = "yakuba-1".parse().expect("valid");
        for topic in [
            Topic::Order,
            Topic::OrderAgain(ap.clone()),
            Topic::Report(ap.clone()),
            Topic::Presence(ap.clone()),
            Topic::Counts(ap.clone()),
            Topic::CountsStored(ap.clone()),
            Topic::Distinct(ap.clone()),
            Topic::Sightings(ap),
            Topic::Controller("yakuba".parse().expect("valid")),
        ] {
            assert_eq!(Topic::parse(&town, &topic.name(&town)), Ok(topic));
        }
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        let town: TownId = "shiomi".parse().expect("valid");
        for name in [
            "",
            "hirake/1/other/order",
            "hirake/2/shiomi/order",
            "hirake/1/shiomi",
            "hirake/1/shiomi/ap/A/report",
            "hirake/1/shiomi/ap/a/b/report",
            "hirake/1/shiomi/ap/a/",
            "hirake/1/shiomix/order",
            "hirake/1/shiomi/controller/",
            "hirake/1/shiomi/controller/a/b",
            "$SYS/broker",
        ] {
            assert!(Topic::parse(&town, name).is_err(), "{name}");
        }
    }
}

//! The part of a profile's file that says what answers come to: identity, networks, radios, managed APs, the chosen row.

use std::collections::BTreeSet;

use super::form::{Field, Form};
use super::{Draft, is_table};
use crate::oid::Oid;
use crate::profile::cell::{As, Reading};
use crate::profile::read::{IdentityFrom, ManagedFrom, NetworkFrom, RadioFrom, Rows, Up};
use crate::profile::select::Chosen;
use crate::profile::source::Source;

/// sysName (RFC 3418).
const SYS_NAME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 5, 0];
/// sysUpTime (RFC 3418).
const SYS_UPTIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

impl Draft<'_> {
    pub(super) fn identity(&mut self, field: Option<&Field<'_>>) -> Option<IdentityFrom> {
        let form = match field {
            Some(field) => Some(field.named_form("[identity]".to_owned(), &mut self.m)?),
            None => None,
        };
        let standard = |draft: &mut Self, name: &str, arcs: [u32; 9], kind: As| {
            let oid = Oid::new(arcs).unwrap_or_default();
            draft.object(name.to_owned(), oid, Reading::of(kind))
        };
        let mut given = [None, None, None, None];
        if let Some(mut form) = form {
            for (place, key) in given.iter_mut().zip(["name", "model", "version", "uptime"]) {
                *place = form.take(key).and_then(|field| self.source(&field, None));
            }
            form.close(&mut self.m);
        }
        let [name, model, version, uptime] = given;
        Some(IdentityFrom {
            name: name.unwrap_or_else(|| standard(self, "sysName", SYS_NAME, As::Text)),
            model,
            version,
            uptime: uptime.unwrap_or_else(|| standard(self, "sysUpTime", SYS_UPTIME, As::Ticks)),
        })
    }

    fn rows(&mut self, form: &mut Form<'_>) -> Rows {
        let table = form.take("table").and_then(|field| {
            let name = field.text(&mut self.m)?;
            self.table_at(&field, name)
        });
        let filter = form.take("where").map_or_else(Vec::new, |field| self.conditions(&field, table, &BTreeSet::new()));
        Rows { table, filter }
    }

    fn up(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Up {
        match field {
            None => Up::Untold,
            Some(field) if is_table(&field) => {
                let all = self.conditions(&field, base, &BTreeSet::new());
                if all.is_empty() {
                    field.say(&mut self.m, "`up` without a condition; expected { \"table.column\" = \"up\" } or true");
                }
                Up::Where(all)
            }
            Some(field) => {
                if field.flag(&mut self.m) == Some(false) {
                    field.wrong(&mut self.m, "conditions, or true where a row that is there is on the air");
                }
                Up::Always
            }
        }
    }

    pub(super) fn networks(&mut self, field: &Field<'_>) -> Vec<NetworkFrom> {
        let network = |field: &Field<'_>| {
            let mut form = field.named_form("[network]".to_owned(), &mut self.m)?;
            let rows = self.rows(&mut form);
            let base = rows.table;
            let ssid = form.need("ssid", &mut self.m).and_then(|ssid| self.source(&ssid, base));
            let network = NetworkFrom {
                bssid: self.optional(form.take("bssid"), base),
                up: self.up(form.take("up"), base),
                channel: self.numeric(form.take("channel"), base),
                stations: self.numeric(form.take("stations"), base),
                ap: self.optional(form.take("ap"), base),
                ssid: ssid.unwrap_or(Source::Own { place: 0 }),
                rows,
            };
            form.close(&mut self.m);
            Some(network)
        };
        field.one_or_list().iter().filter_map(network).collect()
    }

    pub(super) fn radios(&mut self, field: &Field<'_>) -> Vec<RadioFrom> {
        let radio = |field: &Field<'_>| {
            let mut form = field.named_form("[radio]".to_owned(), &mut self.m)?;
            let rows = self.rows(&mut form);
            let base = rows.table;
            let radio = RadioFrom {
                channel: self.numeric(form.take("channel"), base),
                busy: self.numeric(form.take("busy"), base),
                noise: self.numeric(form.take("noise"), base),
                power: self.numeric(form.take("power"), base),
                stations: self.numeric(form.take("stations"), base),
                ap: self.optional(form.take("ap"), base),
                rows,
            };
            form.close(&mut self.m);
            Some(radio)
        };
        field.one_or_list().iter().filter_map(radio).collect()
    }

    pub(super) fn managed(&mut self, field: &Field<'_>) -> Option<ManagedFrom> {
        let mut form = field.named_form("[ap]".to_owned(), &mut self.m)?;
        if !form.has("table") {
            form.need("table", &mut self.m);
        }
        let rows = self.rows(&mut form);
        let base = rows.table;
        let managed = ManagedFrom {
            key: self.optional(form.take("key"), base),
            name: self.optional(form.take("name"), base),
            up: self.up(form.take("up"), base),
            stations: self.numeric(form.take("stations"), base),
            rows,
        };
        form.close(&mut self.m);
        Some(managed)
    }

    /// `[bss]`: the rows a flip switches.
    pub(super) fn chosen(&mut self, field: &Field<'_>) -> Option<Chosen> {
        let mut form = field.named_form("[bss]".to_owned(), &mut self.m)?;
        let name = form.need("table", &mut self.m);
        let filter = form.take("where");
        form.close(&mut self.m);
        let name = name?;
        let text = name.text(&mut self.m)?;
        let table = self.table_at(&name, text)?;
        let known: BTreeSet<String> = ["ssid".to_owned()].into();
        let filter = filter.map_or_else(Vec::new, |filter| self.conditions(&filter, Some(table), &known));
        self.tables[table].use_place(0);
        Some(Chosen { table, filter, variables: BTreeSet::new() })
    }
}

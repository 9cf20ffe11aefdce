//! Filling in a profile's flip: each name and value made of the variables of the row it is for.

use std::collections::BTreeMap;

use firmware_config::ssid::UNIFIED_SSID;

use super::{Line, Proof, Saving, SavingPoll, Script, Want};
use crate::profile::Profile;
use crate::profile::flip::{Assign, Expect, Flip, Save, SetValue, Var, Vars};
use crate::profile::select::Unprepared;
use crate::profile::template::TemplateError;
use crate::value::{Sheet, Value, VarBind};

impl Script {
    /// One way of a device's flip, for the rows that `sheet` shows.
    ///
    /// # Errors
    /// There is nothing to switch, or no way; in words.
    pub fn of(
        profile: Option<&Profile>,
        sheet: &Sheet,
        words: &BTreeMap<String, String>,
        open: bool,
        rand: u16,
    ) -> Result<Self, String> {
        let profile = profile.ok_or("it is not known what it is")?;
        let flips = profile.flips.as_ref().ok_or("its profile has no [flip]")?;
        let mut rows: Vec<Vars> = match profile.select(sheet, UNIFIED_SSID.as_bytes(), words) {
            Ok(rows) => rows,
            // What is not there is shut; a look shows whether it is.
            Err(Unprepared::Empty { .. } | Unprepared::NotThere { .. }) if !open => Vec::new(),
            Err(why) => return Err(why.to_string()),
        };
        for vars in &mut rows {
            vars.insert("rand".to_owned(), Var::Arcs(vec![rand.into()]));
        }
        Self::write(if open { &flips.open } else { &flips.close }, &rows).map_err(|error| error.to_string())
    }

    /// `flip`, done to `rows`; at least one.
    ///
    /// # Errors
    /// A name or value cannot be made of a row's variables (longer than an OID may be).
    pub fn write(flip: &Flip, rows: &[Vars]) -> Result<Self, TemplateError> {
        let mut lines = Vec::new();
        for step in &flip.steps {
            let whole = [(None, rows.first())];
            let each: Vec<_> = rows.iter().enumerate().map(|(at, vars)| (Some(at), Some(vars))).collect();
            for (row, vars) in if step.whole_device { &whole[..] } else { &each[..] } {
                let Some(vars) = vars else { continue };
                let unless = step.unless.iter().map(|(oid, expect)| Ok((oid.oid(vars)?, want(expect, vars)?)));
                lines.push(Line {
                    name: step.name.clone(),
                    row: *row,
                    unless: unless.collect::<Result<_, TemplateError>>()?,
                    binds: binds(&step.set, vars)?,
                    timeout: step.timeout,
                    accept: step.accept.clone(),
                    settle: step.settle,
                    silence: step.silence,
                    once: step.once,
                });
            }
        }
        let mut proofs: Vec<Proof> = Vec::new();
        for check in &flip.checks {
            for (row, vars) in rows.iter().enumerate() {
                let (oid, want) = (check.oid.oid(vars)?, want(&check.expect, vars)?);
                // A check without a row's variable is the device's: read once.
                if let Some(same) = proofs.iter_mut().find(|proof| (&proof.oid, &proof.want) == (&oid, &want)) {
                    same.row = None;
                    continue;
                }
                proofs.push(Proof {
                    name: check.name.clone(),
                    row: Some(row),
                    oid,
                    want,
                    within: check.within,
                    every: check.every,
                    text_is_error: check.text_is_error,
                });
            }
        }
        let save = match (&flip.save, rows.first()) {
            (Some(save), Some(vars)) => Some(saving(save, vars)?),
            _ => None,
        };
        Ok(Self { lines, proofs, save, rows: rows.len() })
    }
}

fn saving(save: &Save, vars: &Vars) -> Result<Saving, TemplateError> {
    let poll = save.poll.as_ref().map(|poll| {
        Ok::<_, TemplateError>(SavingPoll {
            oid: poll.oid.oid(vars)?,
            done: poll.done,
            fail: poll.fail,
            within: poll.within,
            every: poll.every,
        })
    });
    Ok(Saving {
        sets: save.set.iter().map(|assigns| binds(assigns, vars)).collect::<Result<_, _>>()?,
        timeout: save.timeout,
        poll: poll.transpose()?,
        cleanup: binds(&save.cleanup, vars)?,
    })
}

fn want(expect: &Expect, vars: &Vars) -> Result<Want, TemplateError> {
    Ok(match expect {
        Expect::Numbers(numbers) => Want::Numbers(numbers.clone()),
        Expect::Octets(text) => Want::Octets(text.octets(vars)?),
        Expect::Absent => Want::Absent,
    })
}

fn binds(assigns: &[Assign], vars: &Vars) -> Result<Vec<VarBind>, TemplateError> {
    let bind = |assign: &Assign| {
        let value = match &assign.value {
            SetValue::Integer(number) => Value::Integer(*number),
            SetValue::Gauge(number) => Value::Gauge32(*number),
            SetValue::Text(text) => Value::Octets(text.octets(vars)?),
            SetValue::Oid(oid) => Value::Oid(oid.clone()),
        };
        Ok(VarBind { oid: assign.oid.oid(vars)?, value })
    };
    assigns.iter().map(bind).collect()
}

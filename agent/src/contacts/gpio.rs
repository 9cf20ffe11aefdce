//! Contacts on a GPIO chip of this AP (Linux character device).

use firmware_config::key::{Bias, ContactReading, KeyLines, Line};
use gpiocdev::line::{Bias as LineBias, EdgeDetection, Offset, Values};
use gpiocdev::{Chip, Request};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::EVERY;
use crate::core::Event;

/// Who holds the lines, as `gpioinfo` shows it.
const CONSUMER: &str = "hirake-agent";

/// Reads the levels now, on every edge and every second, until they cannot be read or nobody listens any more.
pub(super) async fn follow(key: &KeyLines, events: &mpsc::Sender<Event>) -> Result<(), String> {
    let named = |why: String| format!("gpio {}: {why}", key.chip());
    let lines = Lines::open(key).map_err(named)?;
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            edge = lines.inputs.readable() => {
                let mut edge = edge.map_err(|error| named(error.to_string()))?;
                // Cleared first: an edge that comes while the old ones are thrown away wakes us again.
                edge.clear_ready();
                lines.forget_edges().map_err(named)?;
            }
            _ = every.tick() => {}
        }
        if events.send(Event::Contacts(lines.levels().map_err(named)?)).await.is_err() {
            return Ok(());
        }
    }
}

/// The contacts, requested at once, so that they are read at one moment.
struct Lines {
    inputs: AsyncFd<Request>,
    no: Offset,
    nc: Option<Offset>,
}

impl Lines {
    fn open(key: &KeyLines) -> Result<Self, String> {
        let chip = find_chip(key.chip().as_str())?;
        let no = find_line(&chip, key.no())?;
        let nc = key.nc().map(|line| find_line(&chip, line)).transpose()?;
        let contacts: Vec<Offset> = [Some(no), nc].into_iter().flatten().collect();
        let mut builder = Request::builder();
        builder.on_chip(chip.path()).with_consumer(CONSUMER).with_lines(&contacts).as_input();
        builder.with_edge_detection(EdgeDetection::BothEdges);
        builder.with_bias(match key.bias() {
            Bias::AsIs => None,
            Bias::PullUp => Some(LineBias::PullUp),
            Bias::PullDown => Some(LineBias::PullDown),
            Bias::Disabled => Some(LineBias::Disabled),
        });
        if key.active_low() {
            builder.as_active_low();
        }
        let inputs = builder.request().map_err(|error| error.to_string())?;
        #[expect(deprecated, reason = "its successor is unsafe; a request keeps one descriptor as long as it lives")]
        let inputs = AsyncFd::new(inputs).map_err(|error| error.to_string())?;
        Ok(Self { inputs, no, nc })
    }

    /// The edges themselves say nothing that the level does not say better.
    fn forget_edges(&self) -> Result<(), String> {
        let inputs = self.inputs.get_ref();
        while inputs.has_edge_event().map_err(|error| error.to_string())? {
            inputs.read_edge_event().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn levels(&self) -> Result<ContactReading, String> {
        let mut values = Values::default();
        self.inputs.get_ref().values(&mut values).map_err(|error| error.to_string())?;
        let closed = |line| values.get(line).map(bool::from).ok_or_else(|| format!("line {line} has no level"));
        Ok(match self.nc {
            Some(nc) => ContactReading::Pair { no: closed(self.no)?, nc: closed(nc)?, drill: None },
            None => ContactReading::Single { closed: closed(self.no)?, drill: None },
        })
    }
}

/// By path, by name (`gpiochip0`) or by label.
fn find_chip(wanted: &str) -> Result<Chip, String> {
    if wanted.contains('/') {
        return Chip::from_path(wanted).map_err(|error| error.to_string());
    }
    if let Ok(chip) = Chip::from_name(wanted) {
        return Ok(chip);
    }
    let labelled = |chip: &Chip| chip.info().is_ok_and(|info| info.label == wanted);
    let mut chips = gpiocdev::chip::chips().map_err(|error| error.to_string())?.into_iter();
    let chip = chips.find_map(|path| Chip::from_path(path).ok().filter(labelled));
    chip.ok_or_else(|| "no chip of this name or label".to_owned())
}

fn find_line(chip: &Chip, line: &Line) -> Result<Offset, String> {
    match line {
        Line::Offset(offset) => Ok(*offset),
        Line::Name(name) => chip
            .find_line_info(name.as_str())
            .map(|line| line.offset)
            .ok_or_else(|| format!("no line is named \"{name}\"")),
    }
}

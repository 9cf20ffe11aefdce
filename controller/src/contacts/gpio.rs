//! Contacts, lamp and buzzer on a GPIO chip of this machine (Linux character device).
//!
//! The contacts wait for nothing: a lamp or buzzer that cannot be driven is reported, and tried again every second.

use std::path::Path;
use std::time::Duration;

use gpiocdev::line::{Bias as LineBias, EdgeDetection, Offset, Value, Values};
use gpiocdev::{Chip, Request};
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::signal::Levels;
use super::{EVERY, unreadable};
use crate::config::{Bias, GpioKey, Line};
use crate::core::{ContactReading, Event};

/// Who holds the lines, as `gpioinfo` shows it.
const CONSUMER: &str = "hirake";

/// Reads the lines for as long as somebody listens.
pub(super) async fn read(key: GpioKey, mut lights: watch::Receiver<Levels>, events: mpsc::Sender<Event>) {
    let mut said = None;
    while !events.is_closed() {
        let why = match Lines::open(&key) {
            Ok(lines) => match follow(&lines, &key, &mut lights, &events, &mut said).await {
                Ok(()) => return,
                Err(why) => why,
            },
            Err(why) => why,
        };
        unreadable(&mut said, format!("gpio {}: {why}", key.chip), &events).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// Reads the levels now, on every edge and every second, until they cannot be read or nobody listens any more.
async fn follow(
    lines: &Lines,
    key: &GpioKey,
    lights: &mut watch::Receiver<Levels>,
    events: &mpsc::Sender<Event>,
    said: &mut Option<String>,
) -> Result<(), String> {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    lights.mark_changed();
    let mut lamps = Lamps { key, outputs: None, said: None };
    loop {
        tokio::select! {
            edge = lines.inputs.readable() => {
                let mut edge = edge.map_err(|error| error.to_string())?;
                // Cleared first: an edge that comes while the old ones are thrown away wakes us again.
                edge.clear_ready();
                // The edges themselves say nothing that the level does not say better.
                let inputs = lines.inputs.get_ref();
                while inputs.has_edge_event().map_err(|error| error.to_string())? {
                    inputs.read_edge_event().map_err(|error| error.to_string())?;
                }
            }
            _ = every.tick() => {
                if lamps.outputs.is_none() {
                    lights.mark_changed();
                }
            }
            changed = lights.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                lamps.show(*lights.borrow_and_update());
                continue;
            }
        }
        let reading = lines.levels()?;
        if said.take().is_some() {
            tracing::info!("the key can be read again");
        }
        if events.send(Event::Contacts(reading)).await.is_err() {
            return Ok(());
        }
    }
}

/// The contacts, requested at once, so that they are read at one moment.
struct Lines {
    inputs: AsyncFd<Request>,
    no: Offset,
    nc: Option<Offset>,
    drill: Option<Offset>,
}

impl Lines {
    fn open(key: &GpioKey) -> Result<Self, String> {
        let chip = find_chip(&key.chip)?;
        let find = |line: &Option<Line>| line.as_ref().map(|line| find_line(&chip, line)).transpose();
        let no = find_line(&chip, &key.no)?;
        let (nc, drill) = (find(&key.nc)?, find(&key.drill)?);
        let contacts: Vec<Offset> = [Some(no), nc, drill].into_iter().flatten().collect();
        let inputs = request_inputs(chip.path(), &contacts, key)?;
        #[expect(deprecated, reason = "its successor is unsafe; a request keeps one descriptor as long as it lives")]
        let inputs = AsyncFd::new(inputs).map_err(|error| error.to_string())?;
        Ok(Self { inputs, no, nc, drill })
    }

    /// All contacts at one moment.
    fn levels(&self) -> Result<ContactReading, String> {
        let mut values = Values::default();
        self.inputs.get_ref().values(&mut values).map_err(|error| error.to_string())?;
        let closed = |line| values.get(line).map(bool::from).ok_or_else(|| format!("line {line} has no level"));
        let drill = self.drill.map(closed).transpose()?;
        Ok(match self.nc {
            Some(nc) => ContactReading::Pair { no: closed(self.no)?, nc: closed(nc)?, drill },
            None => ContactReading::Single { closed: closed(self.no)?, drill },
        })
    }
}

/// Lamp and buzzer, as far as they can be driven.
struct Lamps<'a> {
    key: &'a GpioKey,
    outputs: Option<Outputs>,
    /// Why they cannot be; said once for each reason.
    said: Option<String>,
}

impl Lamps<'_> {
    fn show(&mut self, levels: Levels) {
        let outputs = self.outputs.take().map_or_else(|| Outputs::open(self.key), Ok);
        match outputs.and_then(|outputs| outputs.light(levels).map(|()| outputs)) {
            Ok(outputs) => {
                self.outputs = Some(outputs);
                if self.said.take().is_some() {
                    tracing::info!("lamp and buzzer can be driven again");
                }
            }
            Err(why) if self.said.as_ref() == Some(&why) => {}
            Err(why) => {
                tracing::error!(why, "lamp or buzzer cannot be driven; the key is read all the same");
                self.said = Some(why);
            }
        }
    }
}

/// The lines of lamp and buzzer, where the panel has them.
struct Outputs {
    request: Option<Request>,
    lamp: Option<Offset>,
    buzzer: Option<Offset>,
}

impl Outputs {
    fn open(key: &GpioKey) -> Result<Self, String> {
        let chip = find_chip(&key.chip)?;
        let find = |line: &Option<Line>| line.as_ref().map(|line| find_line(&chip, line)).transpose();
        let (lamp, buzzer) = (find(&key.lamp)?, find(&key.buzzer)?);
        let mut off = Values::default();
        for output in lamp.into_iter().chain(buzzer) {
            off.set(output, Value::Inactive);
        }
        let request =
            || Request::builder().on_chip(chip.path()).with_consumer(CONSUMER).with_output_lines(&off).request();
        let request = if off.is_empty() { None } else { Some(request().map_err(|error| error.to_string())?) };
        Ok(Self { request, lamp, buzzer })
    }

    fn light(&self, levels: Levels) -> Result<(), String> {
        let Some(request) = &self.request else { return Ok(()) };
        let mut values = Values::default();
        for (line, on) in [(self.lamp, levels.lamp), (self.buzzer, levels.buzzer)] {
            if let Some(line) = line {
                values.set(line, Value::from(on));
            }
        }
        request.set_values(&values).map_err(|error| error.to_string())
    }
}

impl Drop for Outputs {
    /// A lamp that stays lit would speak for a controller that is not there.
    fn drop(&mut self) {
        if let Err(error) = self.light(Levels::default()) {
            tracing::debug!(error, "lamp and buzzer stay as they are");
        }
    }
}

/// With the kernel's debounce where it can be had: a uAPI before version 2 has none, and some drivers refuse it.
fn request_inputs(chip: &Path, contacts: &[Offset], key: &GpioKey) -> Result<Request, String> {
    let request = |debounce: Option<Duration>| {
        let mut builder = Request::builder();
        builder.on_chip(chip).with_consumer(CONSUMER).with_lines(contacts).as_input();
        builder.with_edge_detection(EdgeDetection::BothEdges);
        builder.with_bias(match key.bias {
            Bias::AsIs => None,
            Bias::PullUp => Some(LineBias::PullUp),
            Bias::PullDown => Some(LineBias::PullDown),
            Bias::Disabled => Some(LineBias::Disabled),
        });
        if key.active_low {
            builder.as_active_low();
        }
        if let Some(period) = debounce {
            builder.with_debounce_period(period);
        }
        builder.request()
    };
    let debounce = Some(key.debounce).filter(|period| !period.is_zero());
    match request(debounce) {
        Ok(request) => Ok(request),
        Err(error) if debounce.is_some() => match request(None) {
            Ok(inputs) => {
                tracing::info!(%error, "the kernel does not debounce these lines; the controller does");
                Ok(inputs)
            }
            Err(error) => Err(error.to_string()),
        },
        Err(error) => Err(error.to_string()),
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
    let mut labels = Vec::new();
    for path in gpiocdev::chip::chips().map_err(|error| error.to_string())? {
        let Ok(chip) = Chip::from_path(path) else { continue };
        let Ok(info) = chip.info() else { continue };
        if info.label == wanted {
            return Ok(chip);
        }
        labels.push(format!("{} \"{}\"", info.name, info.label));
    }
    Err(format!("no chip of this name or label; there is: {}", words_or_nothing(&labels)))
}

fn find_line(chip: &Chip, line: &Line) -> Result<Offset, String> {
    match line {
        Line::Offset(offset) => Ok(*offset),
        Line::Name(name) => {
            chip.find_line_info(name).map(|line| line.offset).ok_or_else(|| format!("no line is named \"{name}\""))
        }
    }
}

fn words_or_nothing(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

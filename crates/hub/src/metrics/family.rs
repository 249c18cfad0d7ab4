//! What can be counted or measured: families of figures, and how the handles to them are made.

use std::time::Duration;

use hdrhistogram::Histogram as Percentiles;
use metrics::{Counter, Gauge, Histogram, Label, SharedString, Unit};
use parking_lot::Mutex;

/// Figures of one name, one for each combination of labels.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What it is exported as.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// By what its figures differ.
    pub labels: &'static [&'static str],
    /// Every combination of labels that there can be, in the order of the handles. None where that depends on the
    /// settings.
    pub rows: fn() -> Vec<Vec<String>>,
}

/// How a figure moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Up.
    Counter,
    /// Up and down.
    Gauge,
    /// It is how often what was measured came to so much, in seconds.
    Histogram,
}

/// What figures are changed by. Made with the recorder that is current at that moment.
pub trait Handle {
    /// How the figure moves.
    const KIND: Kind;

    /// Describes the family and makes the handles to it.
    fn register(family: &'static Family) -> Self;
}

/// Counters that differ by labels, in the order of the rows of their family.
#[derive(Debug)]
pub struct Counters(Vec<Counter>);

/// Counters whose labels depend on the settings.
#[derive(Debug)]
pub struct OpenCounters(&'static Family);

/// Gauges whose labels depend on the settings.
#[derive(Debug)]
pub struct OpenGauges(&'static Family);

/// How long something takes: for whoever collects figures, and as percentiles.
#[derive(Debug)]
pub struct Latency {
    histogram: Histogram,
    percentiles: Mutex<Percentiles<u64>>,
}

impl Family {
    fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram => metrics::describe_histogram!(self.name, Unit::Seconds, self.help),
        }
    }

    fn labels_of(&self, row: impl IntoIterator<Item = impl Into<SharedString>>) -> Vec<Label> {
        self.labels.iter().zip(row).map(|(name, value)| Label::new(*name, value)).collect()
    }
}

impl Handle for Counter {
    const KIND: Kind = Kind::Counter;

    fn register(family: &'static Family) -> Self {
        family.describe();
        metrics::counter!(family.name)
    }
}

impl Handle for Gauge {
    const KIND: Kind = Kind::Gauge;

    fn register(family: &'static Family) -> Self {
        family.describe();
        metrics::gauge!(family.name)
    }
}

impl Handle for Latency {
    const KIND: Kind = Kind::Histogram;

    fn register(family: &'static Family) -> Self {
        family.describe();
        let percentiles = Percentiles::new_with_bounds(1, MICROS_MAX, 2).expect("the bounds are constants");
        Self { histogram: metrics::histogram!(family.name), percentiles: Mutex::new(percentiles) }
    }
}

impl Handle for Counters {
    const KIND: Kind = Kind::Counter;

    fn register(family: &'static Family) -> Self {
        family.describe();
        let rows = (family.rows)().into_iter();
        Self(rows.map(|row| metrics::counter!(family.name, family.labels_of(row))).collect())
    }
}

impl Handle for OpenCounters {
    const KIND: Kind = Kind::Counter;

    fn register(family: &'static Family) -> Self {
        family.describe();
        Self(family)
    }
}

impl Handle for OpenGauges {
    const KIND: Kind = Kind::Gauge;

    fn register(family: &'static Family) -> Self {
        family.describe();
        Self(family)
    }
}

impl Counters {
    /// The counter of this row; one that counts nothing, where there is no such row.
    pub fn row(&self, row: usize) -> &Counter {
        self.0.get(row).unwrap_or(&NOTHING)
    }
}

impl OpenCounters {
    /// Brings one counter to `n`, with the recorder that is current.
    pub fn set(&self, label: &str, n: u64) {
        metrics::counter!(self.0.name, self.0.labels_of([label.to_owned()])).absolute(n);
    }
}

impl OpenGauges {
    /// Brings one gauge to `n`, with the recorder that is current.
    pub fn set(&self, label: &str, n: f64) {
        metrics::gauge!(self.0.name, self.0.labels_of([label.to_owned()])).set(n);
    }
}

impl Latency {
    /// It took so long. Tells whether that was within what is told apart.
    pub fn record(&self, took: Duration) -> bool {
        self.histogram.record(took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.percentiles.lock().saturating_record(micros);
        micros <= MICROS_MAX
    }

    /// The percentiles of all that was measured; nothing before there is any.
    pub fn look(&self) -> Option<Percentiles<u64>> {
        let percentiles = self.percentiles.lock();
        (!percentiles.is_empty()).then(|| percentiles.clone())
    }
}

/// Five minutes: nothing that works takes longer.
const MICROS_MAX: u64 = 300_000_000;

static NOTHING: Counter = Counter::noop();

/// Makes a struct of handles, and the list of the families behind them.
///
/// Each line is a doc comment, which is the help text, the field with its handle, and the name with its labels.
#[macro_export]
macro_rules! families {
    ($(#[$meta:meta])* $vis:vis struct $Name:ident {
        $(#[doc = $help:literal] $field:ident: $Handle:ty = $name:literal $(by $labels:expr, $rows:expr)?;)+
    }) => {
        $(#[$meta])*
        $vis struct $Name {
            $(#[doc = $help] pub(crate) $field: $Handle,)+
        }

        impl $Name {
            /// What it holds the handles of, in this order.
            pub const FAMILIES: &'static [$crate::Family] = &[$($crate::Family {
                name: concat!("signal_fish_", $name),
                kind: <$Handle as $crate::Handle>::KIND,
                help: $help.trim_ascii(),
                labels: $crate::families!(@or &[] $(, $labels)?),
                rows: $crate::families!(@or Vec::new $(, $rows)?),
            },)+];

            /// Makes the handles, with the recorder that is current: without one they count nothing.
            pub(crate) fn register() -> Self {
                let mut families = Self::FAMILIES.iter();
                let mut next = || families.next().expect("as many as there are fields");
                Self { $($field: $crate::Handle::register(next()),)+ }
            }
        }
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

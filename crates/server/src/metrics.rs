//! What the server counts and measures, collected apart from any other program's figures, and written for Prometheus.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::Gauge;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use metrics_process::Collector;
use signal_fish_hub::{Family, Hub, HubFigures, OpenGauges, families};
use signal_fish_transport::{Listener, ListenerFigures, ListenerMetrics, Pulse};
use tokio::time::{MissedTickBehavior, interval};

families! {
    /// The figures of the process.
    #[derive(Debug)]
    pub struct ServerFigures {
        /// Which version runs here; always 1.
        build: OpenGauges = "build_info" by &["version"], Vec::new;
        /// How long this server has been running.
        uptime: Gauge = "uptime_seconds";
        /// How long ago the event loop last gave a sign of life, which it does every second.
        pulse_age: Gauge = "event_loop_pulse_age_seconds";
    }
}

/// Collects the figures of one server, whatever else the process counts.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

/// The figures of a running server.
#[derive(Clone, Debug)]
pub struct Exposition(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    collection: Collection,
    hub: Hub,
    listener: Arc<ListenerMetrics>,
    pulse: Arc<Pulse>,
    figures: ServerFigures,
    process: Collector,
    started: Instant,
}

impl Collection {
    pub(crate) fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS)?.build_recorder();
        Ok(Self { handle: recorder.handle(), recorder: Arc::new(recorder) })
    }

    /// Has all that `make` makes counted here.
    pub(crate) fn attend<T>(&self, make: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, make)
    }

    /// Has all that `future` makes counted here.
    pub(crate) async fn observe<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| self.attend(|| future.as_mut().poll(cx))).await
    }
}

impl Exposition {
    pub(crate) fn new(collection: Collection, hub: Hub, listener: &Listener) -> Self {
        let (listener, pulse) = (listener.metrics(), listener.pulse());
        let (figures, process) = collection.attend(|| {
            let process = Collector::default();
            process.describe();
            (ServerFigures::register(), process)
        });
        let started = Instant::now();
        Self(Arc::new(Shown { collection, hub, listener, pulse, figures, process, started }))
    }

    /// All families that can be exported, beside those of the process, whose names are the usual ones.
    pub fn families() -> impl Iterator<Item = &'static Family> {
        [HubFigures::FAMILIES, ListenerFigures::FAMILIES, ServerFigures::FAMILIES].into_iter().flatten()
    }

    /// All figures at this moment, in the text format of Prometheus. It looks at every connection for a moment.
    pub fn render(&self) -> String {
        let Shown { collection, hub, listener, pulse, figures, process, started } = &*self.0;
        collection.attend(|| {
            hub.publish_figures();
            listener.publish();
            process.collect();
            figures.build.set(env!("CARGO_PKG_VERSION"), 1.0);
            figures.uptime.set(started.elapsed().as_secs_f64());
            figures.pulse_age.set(pulse.age().as_secs_f64());
        });
        collection.handle.render()
    }

    /// The gauges in milliseconds of the published server, whose units Prometheus advises against. The histograms say
    /// more.
    pub fn render_milliseconds(&self) -> String {
        let Some(rtt) = self.0.listener.ping_rtt().look() else { return String::new() };
        let mut text = String::new();
        for (name, micros) in [
            ("average", rtt.mean()),
            ("p50", float(rtt.value_at_quantile(0.50))),
            ("p95", float(rtt.value_at_quantile(0.95))),
            ("p99", float(rtt.value_at_quantile(0.99))),
            ("min", float(rtt.min())),
            ("max", float(rtt.max())),
        ] {
            let name = format!("signal_fish_websocket_ping_rtt_{name}_ms");
            let value = micros / 1_000.0;
            let _ = write!(
                text,
                "# HELP {name} From a ping to its answer, in milliseconds.\n# TYPE {name} gauge\n{name} {value}\n"
            );
        }
        text
    }

    /// Tidies what was measured, for as long as it is awaited.
    pub(crate) async fn keep_tidy(&self) -> ! {
        let mut ticks = interval(TIDY_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.0.collection.handle.run_upkeep();
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes 2^53 microseconds")]
const fn float(micros: u64) -> f64 {
    micros as f64
}

/// From what a message takes inside the server to what a player takes who comes from far away.
const BUCKETS_SECONDS: [f64; 20] = [
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
];

/// Samples wait for this, or for somebody to ask.
const TIDY_INTERVAL: Duration = Duration::from_secs(5);

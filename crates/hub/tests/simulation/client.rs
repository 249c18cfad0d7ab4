//! A connection without a socket: its session, the task that reads for it, and what it makes of what it hears.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use signal_fish_hub::{Entry, Outbox, Session, Taken};
use signal_fish_protocol::{CloseCode, PlayerId};

use crate::chronicle::Spoken;
use crate::now;
use crate::observer::Observer;
use crate::requests::Request;

/// A connection without a socket.
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) observer: Observer,
    /// Whether it has said its first word.
    pub(crate) has_greeted: bool,
    /// Who its connection is by now.
    pub(crate) player: PlayerId,
    /// Since it became that.
    pub(crate) spoken: Spoken,
    /// What it waits for on its way, by its serial.
    pub(crate) wish: Option<(usize, Request)>,
    party: Party,
    outbox: Arc<Outbox>,
    /// Until then it reads nothing.
    pub(crate) reads_at: Instant,
    reader: Arc<Reader>,
    /// When it last found nothing more to read.
    read_all_at: Instant,
    has_read_all: bool,
}

enum Party {
    Here(Box<Session>),
    Entering(Pin<Box<dyn Future<Output = Box<Session>>>>),
    Gone,
}

impl Client {
    pub(crate) fn new(now: Instant, name: String, session: Session, observer: Observer) -> Self {
        let outbox = Arc::clone(session.outbox());
        let player = session.player();
        let (party, reader) = (Party::Here(Box::new(session)), Arc::default());
        let (reads_at, read_all_at) = (now, now);
        Self {
            name,
            observer,
            has_greeted: false,
            player,
            spoken: Spoken::No,
            wish: None,
            party,
            outbox,
            reads_at,
            reader,
            read_all_at,
            has_read_all: false,
        }
    }

    /// The session, unless it is gone or on its way into a room.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.party {
            Party::Here(session) => Some(session),
            Party::Entering(_) | Party::Gone => None,
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.party, Party::Gone)
    }

    /// The session is on its way, and starts when it goes on.
    pub(crate) fn enter(&mut self, entry: Entry, wish: (usize, Request)) {
        let Party::Here(mut session) = std::mem::replace(&mut self.party, Party::Gone) else {
            unreachable!("only a session makes an entry")
        };
        self.wish = Some(wish);
        self.party = Party::Entering(Box::pin(async move {
            session.enter(now(), entry).await;
            session
        }));
    }

    /// The session never gets to enter.
    pub(crate) fn hesitate(&mut self) {
        let party = std::mem::replace(&mut self.party, Party::Gone);
        self.party = Party::Entering(Box::pin(async {
            pending::<()>().await;
            drop(party);
            unreachable!("it waits for ever")
        }));
    }

    /// Lets the session go on, if it is on its way. What was decided if that is the end of it, and for whom.
    pub(crate) fn go_on(&mut self) -> Option<(PlayerId, usize, Request)> {
        let Party::Entering(entering) = &mut self.party else { return None };
        let polled = entering.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(session) = polled else { return None };
        let before = std::mem::replace(&mut self.player, session.player());
        if before != self.player {
            self.spoken = Spoken::No;
        }
        self.party = Party::Here(session);
        self.wish.take().map(|(serial, request)| (before, serial, request))
    }

    /// The socket dies. What was queued before may still be read, and nothing else: not even that a request was lost
    /// with it.
    pub(crate) fn die(&mut self, now: Instant, is_draining: bool) {
        let n_open = usize::from(matches!(self.party, Party::Entering(_)));
        self.read(now, is_draining);
        self.party = Party::Gone;
        assert!(self.observer.n_owed() <= n_open, "only who is on the way in waits for an answer");
        self.observer.on_dropped();
    }

    /// Reads all that is queued, unless the socket is dead.
    pub(crate) fn read(&mut self, now: Instant, is_draining: bool) {
        if self.is_gone() {
            return;
        }
        let was_woken = self.reader.0.swap(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.reader));
        let mut frames = Vec::new();
        loop {
            let taken = self.outbox.poll_take(&Context::from_waker(&waker), &mut frames, BATCH_BYTES);
            assert!(was_woken || !self.has_read_all || taken.is_pending(), "{} was not woken", self.name);
            for frame in frames.drain(..) {
                self.observer.hear(&frame, is_draining);
            }
            match taken {
                Poll::Ready(Taken::Frames) => self.has_read_all = false,
                Poll::Ready(Taken::Ending(code)) => return self.hear_end(now, code),
                Poll::Pending => break,
            }
        }
        (self.has_read_all, self.read_all_at) = (true, now);
        self.observer.on_read_all();
        if matches!(self.party, Party::Here(_)) {
            self.observer.on_answered();
        }
    }

    fn hear_end(&mut self, now: Instant, code: CloseCode) {
        self.has_read_all = false;
        if code == CloseCode::SlowConsumer {
            let slow_for = now.saturating_duration_since(self.read_all_at);
            assert!(slow_for > SLOW_AFTER, "{} has read all {slow_for:?} ago", self.name);
        }
        self.observer.hear_end(code);
    }
}

/// Whether the reader was woken since it last looked.
#[derive(Default)]
struct Reader(AtomicBool);

impl Wake for Reader {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long a queue may be crowded in this simulation.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(5);

const BATCH_BYTES: usize = 2_000;

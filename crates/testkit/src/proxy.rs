//! A line between client and server that can be cut.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Passes bytes on between clients and a server, until it is cut.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    is_over: bool,
    /// Both ends of each connection.
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 before the server at this address.
    #[track_caller]
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("it has just been bound");
        let line = Arc::new(Line { server, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&line);
        thread::spawn(move || accepting.accept(&listener));
        Self { addr, line }
    }

    /// Where clients connect to.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Cuts all connections. New ones are accepted, and wait until the line is mended.
    pub fn cut(&self) {
        let mut state = self.line.state();
        state.is_cut = true;
        for stream in state.streams.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets new connections through.
    pub fn mend(&self) {
        self.line.state().is_cut = false;
        self.line.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.line.state().is_over = true;
        self.line.changed.notify_all();
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }

    fn accept(&self, listener: &TcpListener) {
        for client in listener.incoming() {
            let waits = |state: &mut State| state.is_cut && !state.is_over;
            let mut state =
                self.changed.wait_while(self.state(), waits).expect("nobody panics with the lock");
            if state.is_over {
                return;
            }
            // A client that is gone, or a server that is: the other one notices by its own end.
            if let (Ok(client), Ok(server)) = (client, TcpStream::connect(self.server))
                && let Ok(ends) = join(client, server)
            {
                state.streams.extend(ends);
            }
        }
    }
}

/// Passes on in both directions from now on; the two ends, to cut them.
fn join(client: TcpStream, server: TcpStream) -> io::Result<[TcpStream; 2]> {
    let ends = [client.try_clone()?, server.try_clone()?];
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    for (mut from, mut to) in [(client, server), (server_too, client_too)] {
        from.set_nodelay(true)?;
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(ends)
}

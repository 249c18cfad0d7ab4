//! A running server process that the test owns: it ends with the test, and its output is kept for failures.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::launch::Announcement;
use crate::{deadline, remaining};

/// A started server. Dropping it kills the process, and only this one.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    addr: SocketAddr,
    /// Lines of stdout and stderr; disconnected when the process has closed both.
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl ServerProcess {
    /// Starts the process and waits until it listens.
    #[track_caller]
    pub(crate) fn spawn(command: Command, ready: &Announcement) -> Self {
        let mut process = Self::spawn_unready(command);
        let port = process.wait_for_line("the line that says where it listens", |line| match ready {
            Announcement::Url => announced_port(line),
            Announcement::Line(text, port) => line.contains(text).then_some(*port),
        });
        process.addr.set_port(port);
        process
    }

    /// Starts the process, which may never listen.
    #[track_caller]
    pub(crate) fn spawn_unready(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {}: {error}", command.get_program().display()));
        let (sender, lines) = channel();
        forward_lines(child.stdout.take().expect("stdout is piped"), sender.clone());
        forward_lines(child.stderr.take().expect("stderr is piped"), sender);
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { child, addr: unknown, lines, seen: Vec::new() }
    }

    /// Where it listens, seen from this machine.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to end, as an orchestrator does (SIGTERM).
    #[track_caller]
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by name, without its `SIG`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name} {} failed", self.pid());
    }

    /// Waits until the process has ended by itself; its exit code. The wait ends when the process closes its
    /// output, which it does by ending.
    #[track_caller]
    pub fn wait_exit(&mut self) -> Option<i32> {
        let until = deadline();
        while self.next_line("its end", until).is_some() {}
        let status: ExitStatus = self.child.wait().expect("the child was not waited for before");
        status.code()
    }

    /// Reads output until a line satisfies `test`, from the current position on.
    #[track_caller]
    pub fn wait_for_line<T>(&mut self, awaited: &str, test: impl Fn(&str) -> Option<T>) -> T {
        let until = deadline();
        loop {
            let Some(line) = self.next_line(awaited, until) else {
                let output = self.seen.join("\n  ");
                panic!("awaited {awaited} of the server, but it ended; its output:\n  {output}");
            };
            if let Some(found) = test(&line) {
                return found;
            }
        }
    }

    /// Everything that the process has written and that was waited past.
    pub fn output_so_far(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    #[track_caller]
    fn next_line(&mut self, awaited: &str, until: Instant) -> Option<String> {
        match self.lines.recv_timeout(remaining(until)) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("awaited {awaited} of the server; its output so far:\n  {}", self.seen.join("\n  "))
            }
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let output = self.output_so_far();
            eprintln!("output of the server on {}:\n{output}", self.addr);
        }
    }
}

/// Drains a pipe for as long as the process lives, so that it never blocks on its own log.
fn forward_lines(pipe: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            // The process may outlive the receiver by a moment; go on draining.
            let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// The port in a line that contains `ws://HOST:PORT/v2/ws`, or the same with `wss`.
fn announced_port(line: &str) -> Option<u16> {
    let (before, _) = line.split_once("/v2/ws")?;
    let (_, url) = before.rsplit_once("://")?;
    url.rsplit_once(':')?.1.parse().ok()
}

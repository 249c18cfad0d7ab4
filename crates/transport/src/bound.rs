//! A socket that connections come in at: TCP or Unix, opened here or by whoever started the process.

use std::io;
use std::net::SocketAddr;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use crate::linger::LINGER;

/// A socket to accept connections at, bound and not yet served.
#[derive(Debug)]
pub struct Bound(Kind);

/// What the system does for all sockets that come in at one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SocketOptions {
    /// How much it may keep for a client that does not read, in bytes; `None` is its own choice.
    pub send_buffer_bytes: Option<usize>,
    /// How long a client may take nothing of what it was sent; `None` is the system's own choice, and where this cannot
    /// be said it is so in any case.
    pub stall_timeout: Option<Duration>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        _entry: Option<Entry>,
    },
}

/// A connection that has come in.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The entry of a Unix socket in the file system, gone when this is dropped.
#[cfg(unix)]
#[derive(Debug)]
struct Entry(PathBuf);

impl Bound {
    /// Opens a TCP socket. Needs a tokio runtime with I/O.
    pub fn tcp(addr: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let SocketOptions { send_buffer_bytes, stall_timeout } = options;
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Elsewhere a restarted server would wait for the last connections of the one before. On Windows it need
        // not, and the option would let any other process take the port.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        if let Some(n_bytes) = send_buffer_bytes {
            // Accepted sockets inherit it, and it must be known before they connect to have its full effect.
            socket.set_send_buffer_size(u32::try_from(n_bytes).unwrap_or(u32::MAX))?;
        }
        if let Some(timeout) = stall_timeout {
            give_up_after(&socket, timeout + LINGER)?;
        }
        socket.bind(addr)?;
        Self::of_tcp(socket.listen(BACKLOG)?)
    }

    /// A TCP socket that listens already. What has come in at it by now is left to the system; `options` are for the
    /// rest. Needs a tokio runtime with I/O.
    pub fn inherited_tcp(listener: std::net::TcpListener, options: SocketOptions) -> io::Result<Self> {
        let SocketOptions { send_buffer_bytes, stall_timeout } = options;
        listener.set_nonblocking(true)?;
        if let Some(n_bytes) = send_buffer_bytes {
            keep_at_most(&listener, n_bytes)?;
        }
        if let Some(timeout) = stall_timeout {
            give_up_after(&listener, timeout + LINGER)?;
        }
        Self::of_tcp(TcpListener::from_std(listener)?)
    }

    fn of_tcp(listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        Ok(Self(Kind::Tcp(listener, addr)))
    }

    /// Opens a Unix socket at `path`, for those whom `mode` lets write. What an earlier process has left there is
    /// replaced, unless somebody still listens at it. Needs a tokio runtime with I/O.
    #[cfg(unix)]
    pub fn unix(path: &Path, mode: u32) -> io::Result<Self> {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
            Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
                Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
                // Nobody is there. Any other error may come from somebody who is.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
                Err(error) => return Err(error),
            },
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        let entry = Entry(path.to_owned());
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(Self(Kind::Unix { listener, _entry: Some(entry) }))
    }

    /// A Unix socket that listens already, and whose entry in the file system is not ours. Needs a tokio runtime with
    /// I/O.
    #[cfg(unix)]
    pub fn inherited_unix(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Unix { listener: UnixListener::from_std(listener)?, _entry: None }))
    }

    /// The address of a TCP socket; the port is the real one, also if 0 was asked for.
    pub const fn tcp_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(_, addr) => Some(*addr),
            #[cfg(unix)]
            Kind::Unix { .. } => None,
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match &self.0 {
            Kind::Tcp(listener, _) => {
                listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer))
            }
            #[cfg(unix)]
            Kind::Unix { listener, .. } => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }
}

/// Lets the system forget sockets whose peer has taken nothing for so long. It would go on offering what is left in
/// those that we have closed, for minutes, and keep all of it. Accepted sockets inherit this, too.
#[cfg(target_os = "linux")]
fn give_up_after(socket: &impl AsFd, time: Duration) -> io::Result<()> {
    let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    Ok(rustix::net::sockopt::set_tcp_user_timeout(socket, millis)?)
}

/// Elsewhere it is the system's own choice.
#[cfg(not(target_os = "linux"))]
fn give_up_after<S>(_: &S, _: Duration) -> io::Result<()> {
    Ok(())
}

/// Caps what the system keeps for clients of a socket that listens already.
#[cfg(target_os = "linux")]
fn keep_at_most(socket: &impl AsFd, n_bytes: usize) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_send_buffer_size(socket, n_bytes)?)
}

/// Elsewhere accepted sockets need not inherit it.
#[cfg(not(target_os = "linux"))]
fn keep_at_most<S>(_: &S, _: usize) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
impl Drop for Entry {
    fn drop(&mut self) {
        // Whoever has removed it was there first.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Where everyone comes from who comes in at a Unix socket: it is a process of this machine, and has no address.
#[cfg(unix)]
pub(crate) const AT_UNIX_SOCKET: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Connections the system keeps for us until we accept them: a whole server's clients coming back at once. The
/// system caps it at what it allows.
const BACKLOG: u32 = 4096;

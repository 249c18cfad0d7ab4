//! Where a server listens: at what the settings name, or at sockets that somebody has opened for it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use signal_fish_transport::{Bound, SocketOptions};

use crate::plan::Listening;
use crate::server::StartError;

/// Sockets that listen already, opened by whoever started the process.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// Where players come in. If there is any, the addresses of the settings are not used.
    pub players: Vec<InheritedSocket>,
    /// Where operators come in, instead of `admin.bind` and `admin.port`.
    pub operators: Vec<InheritedSocket>,
}

/// A socket that listens already.
#[derive(Debug)]
pub enum InheritedSocket {
    /// A TCP socket.
    Tcp(std::net::TcpListener),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// Where a server cannot listen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// An address.
    Tcp(SocketAddr),
    /// An address for operators.
    Admin(SocketAddr),
    /// An entry in the file system.
    Unix(PathBuf),
    /// A socket that it was given.
    Inherited,
}

/// The sockets for players.
pub(crate) fn for_players(
    inherited: Vec<InheritedSocket>,
    listening: &Listening,
    options: SocketOptions,
) -> Result<Vec<Bound>, StartError> {
    if !inherited.is_empty() {
        return inherited.into_iter().map(|socket| take_over(socket, options)).collect();
    }
    let cannot = |place| move |error| StartError::Listen { place, error };
    let tcp = Bound::tcp(listening.addr, options).map_err(cannot(Place::Tcp(listening.addr)))?;
    let mut sockets = vec![tcp];
    #[cfg(unix)]
    if let Some((path, mode)) = &listening.unix {
        sockets.push(Bound::unix(path, *mode).map_err(cannot(Place::Unix(path.clone())))?);
    }
    Ok(sockets)
}

/// The sockets for operators, if they have any.
pub(crate) fn for_operators(
    inherited: Vec<InheritedSocket>,
    addr: Option<SocketAddr>,
) -> Result<Vec<Bound>, StartError> {
    let options = SocketOptions::default();
    if !inherited.is_empty() {
        return inherited.into_iter().map(|socket| take_over(socket, options)).collect();
    }
    let bind = |addr| {
        let bound = Bound::tcp(addr, options);
        bound.map_err(|error| StartError::Listen { place: Place::Admin(addr), error })
    };
    addr.into_iter().map(bind).collect()
}

fn take_over(socket: InheritedSocket, options: SocketOptions) -> Result<Bound, StartError> {
    let bound = match socket {
        InheritedSocket::Tcp(listener) => Bound::inherited_tcp(listener, options),
        #[cfg(unix)]
        InheritedSocket::Unix(listener) => Bound::inherited_unix(listener),
    };
    bound.map_err(|error| StartError::Listen { place: Place::Inherited, error })
}

impl Place {
    /// What to do when it cannot be listened at.
    pub(crate) fn advice(&self, error: &io::Error) -> &'static str {
        match (self, error.kind()) {
            (Self::Tcp(_), io::ErrorKind::PermissionDenied) => {
                "set `port` (or --port) to one from 1024 on, or let the process open lower ones"
            }
            (Self::Tcp(_), io::ErrorKind::AddrNotAvailable) => {
                "set `server.bind` (or --bind) to an address of this machine"
            }
            (Self::Tcp(_), _) => "stop what listens there, or set another `port` (or --port)",
            (Self::Admin(_), io::ErrorKind::PermissionDenied) => {
                "set `admin.port` to one from 1024 on, or let the process open lower ones"
            }
            (Self::Admin(_), io::ErrorKind::AddrNotAvailable) => {
                "set `admin.bind` to an address of this machine"
            }
            (Self::Admin(_), _) => "stop what listens there, or set another `admin.port`",
            (Self::Unix(_), io::ErrorKind::AlreadyExists) => {
                "that is something else than a socket: set another `server.unix_socket`"
            }
            (Self::Unix(_), io::ErrorKind::AddrInUse) => {
                "stop what listens there, or set another `server.unix_socket`"
            }
            (Self::Unix(_), _) => "set `server.unix_socket` in a folder that the process may write to",
            (Self::Inherited, _) => "give it sockets that listen, TCP or Unix",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) | Self::Admin(addr) => addr.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
            Self::Inherited => f.write_str("an inherited socket"),
        }
    }
}

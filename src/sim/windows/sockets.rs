//! Listening and connected sockets, each owned by a process.

use std::net::SocketAddr;

use super::processes::Pid;

/// The transport protocol of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What `netstat` shows as state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketState {
    /// A TCP listener, or a bound UDP socket.
    Bound,
    /// A TCP connection.
    Established(SocketAddr),
}

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The local end.
    pub local: SocketAddr,
    /// Bound, or connected to whom.
    pub state: SocketState,
    /// The owner.
    pub pid: Pid,
    /// The service that opened it, when its owner hosts services.
    pub service: Option<String>,
}

/// All sockets, in the order they were opened.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    open: Vec<Socket>,
}

impl Sockets {
    /// Opens a socket.
    ///
    /// # Errors
    /// The process that holds the same protocol, address family and port already (`WSAEADDRINUSE`).
    pub fn open(&mut self, socket: Socket) -> Result<(), Pid> {
        if socket.state == SocketState::Bound
            && let Some(holder) = self.open.iter().find(|other| {
                other.state == SocketState::Bound
                    && other.protocol == socket.protocol
                    && other.local.is_ipv4() == socket.local.is_ipv4()
                    && other.local.port() == socket.local.port()
                    && (other.local.ip().is_unspecified()
                        || socket.local.ip().is_unspecified()
                        || other.local.ip() == socket.local.ip())
            })
        {
            return Err(holder.pid);
        }
        self.open.push(socket);
        Ok(())
    }

    /// Who has the TCP port open for connections.
    pub fn listener(&self, port: u16) -> Option<&Socket> {
        self.open.iter().find(|socket| {
            socket.protocol == Protocol::Tcp
                && socket.state == SocketState::Bound
                && socket.local.port() == port
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.open.iter()
    }

    /// Closes what a process holds.
    pub fn close_of(&mut self, pid: Pid) {
        self.open.retain(|socket| socket.pid != pid);
    }

    /// Closes what a service opened in its host.
    pub fn close_of_service(&mut self, service: &str) {
        self.open
            .retain(|socket| !socket.service.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(service)));
    }

    /// Power off.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}

//! What programs that are not part of Windows do once they run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::World;
use super::processes::{Pid, Start};
use super::sockets::{Protocol, Socket, SocketState};

/// A program that is installed on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Full path of its file.
    pub path: String,
    /// Ports it opens, as long as nobody else holds them.
    pub listens: Vec<(Protocol, u16)>,
    /// Whether it is started at boot without being a service (a scheduled task).
    pub autostart: Autostart,
}

/// How a plain program comes up at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Autostart {
    /// Not by itself.
    #[default]
    No,
    /// By the task scheduler.
    AtBoot,
}

impl World {
    /// Starts a plain program (no service) and opens its ports.
    pub fn launch(&mut self, path: &str) -> Pid {
        let image = path.rsplit('\\').next().unwrap_or(path).to_owned();
        let parent = self.process_id("svchost.exe").unwrap_or(4);
        let at = self.now;
        let pid = self.processes.start(&Start {
            image: &image,
            command_line: &format!("\"{path}\""),
            account: r"NT AUTHORITY\SYSTEM",
            session: 0,
            parent,
            memory: 14_208,
            at,
        });
        self.open_ports_of(path, pid, None);
        pid
    }

    /// Starts what the task scheduler starts at boot.
    pub(super) fn launch_at_boot(&mut self) {
        let paths: Vec<String> = self
            .programs
            .iter()
            .filter(|program| program.autostart == Autostart::AtBoot)
            .map(|program| program.path.clone())
            .collect();
        for path in paths {
            self.launch(&path);
        }
    }

    /// Opens the ports of the program behind `path` for `pid`; ports that are held stay with their holder.
    pub(super) fn open_ports_of(&mut self, path: &str, pid: Pid, service: Option<&str>) {
        let listens: Vec<(Protocol, u16)> = self
            .programs
            .iter()
            .filter(|program| program.path.eq_ignore_ascii_case(path))
            .flat_map(|program| program.listens.clone())
            .collect();
        for (protocol, port) in listens {
            self.listen_on(protocol, port, pid, service);
        }
    }

    /// Opens a port on all addresses of both families.
    pub(super) fn listen_on(
        &mut self,
        protocol: Protocol,
        port: u16,
        pid: Pid,
        service: Option<&str>,
    ) -> bool {
        let addresses = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        let mut all = true;
        for address in addresses {
            all &= self.bind(protocol, SocketAddr::new(address, port), pid, service);
        }
        all
    }

    /// Opens one socket; false when it is held.
    pub(super) fn bind(
        &mut self,
        protocol: Protocol,
        local: SocketAddr,
        pid: Pid,
        service: Option<&str>,
    ) -> bool {
        let service = service.map(str::to_owned);
        self.sockets.open(Socket { protocol, local, state: SocketState::Bound, pid, service }).is_ok()
    }

    /// The number of the first process with that image name.
    pub fn process_id(&self, image: &str) -> Option<Pid> {
        self.processes
            .iter()
            .find(|process| process.image.eq_ignore_ascii_case(image))
            .map(|process| process.pid)
    }
}

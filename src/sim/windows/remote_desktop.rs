//! Remote Desktop: the listener of TermService, the certificate that SessionEnv keeps, and whether a client could
//! connect now.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use super::World;
use super::boot_store::Safe;
use super::certificates::{self, REMOTE_DESKTOP, Request, Stored};
use super::events::Level;
use super::keys::{KeyError, RDP_CONTAINER, RDP_PROVIDER, service_token};
use super::language::Text;
use super::processes::Pid;
use super::registry::Data;
use super::schannel;
use super::sid::Sid;
use super::sockets::Protocol;
use super::win32::Win32;

/// The key of the terminal server.
pub const TERMINAL_SERVER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server";
/// The key of the listener.
pub const RDP_TCP: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp";
/// Where group policy overrides both.
pub const RDP_POLICY: &str = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services";

const PROVIDER: &str = "Microsoft-Windows-TerminalServices-RemoteConnectionManager";

/// What became of the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listener {
    /// TermService does not run.
    #[default]
    Off,
    /// Connections are not wanted.
    Denied,
    /// Somebody else held the port when TermService wanted it.
    PortTaken,
    /// It listens.
    Open(u16),
}

/// Why a client could not connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// TermService does not run.
    #[error("TermService does not run")]
    ServiceDown,
    /// `fDenyTSConnections`, in the policy or locally.
    #[error("connections are denied (fDenyTSConnections)")]
    Denied,
    /// `fEnableWinStation` or `fLogonDisabled`.
    #[error("the listener is switched off (RDP-Tcp)")]
    ListenerOff,
    /// `TSServerDrainMode`, `TSEnabled` or `TSUserEnabled`: new logons are refused.
    #[error("new logons are refused (drain mode)")]
    Draining,
    /// The listener asks for FIPS encryption and the machine has no FIPS policy.
    #[error("the encryption level is one that no client meets (MinEncryptionLevel)")]
    Encryption,
    /// Another process has the port.
    #[error("port {port} is held by process {pid}")]
    PortHeld {
        /// The port.
        port: u16,
        /// The holder.
        pid: Pid,
    },
    /// Nobody listens.
    #[error("nobody listens on port {port}")]
    NotListening {
        /// The port.
        port: u16,
    },
    /// There is no certificate.
    #[error("there is no certificate")]
    NoCertificate,
    /// The certificate's time is over or has not come.
    #[error("the certificate {0} is not valid now")]
    CertificateExpired(String),
    /// Its signature does not fit, or it belongs to another key.
    #[error("the certificate {0} is damaged")]
    CertificateDamaged(String),
    /// The private key cannot be used.
    #[error("the private key cannot be used ({0:?})")]
    Key(KeyError),
    /// No TLS version is left.
    #[error("no TLS version is switched on for servers")]
    NoTls,
    /// The firewall drops it.
    #[error("the firewall does not admit port {port}")]
    Firewall {
        /// The port.
        port: u16,
    },
    /// No interface is up with an address.
    #[error("the network is down")]
    NetworkDown,
}

const NEW_CERTIFICATE: Text = Text::same(
    "A new self signed certificate to be used for RD Session Host Server authentication on SSL connections was generated. The name on this certificate is {0}. The SHA1 hash of the certificate is in the event data.",
);
const CREATE_FAILED: Text = Text::same(
    "The RD Session Host Server has failed to create a new self signed certificate to be used for RD Session Host Server authentication on SSL connections. The relevant status code was {0}",
);
const REPLACE_FAILED: Text = Text::same(
    "The RD Session Host Server has failed to replace the expired self signed certificate used for RD Session Host Server authentication on TLS connections. The relevant status code was {0}",
);
const SESSION_FAILED: Text =
    Text::same("RD Session Host Server session creation failed. The relevant status code was {0}.");
const KEY_UNREADABLE: Text = Text {
    en: "A fatal error occurred when attempting to access the TLS server credential private key. The error code returned from the cryptographic module is {0}. The internal error state is 10001.",
    ko: "TLS 서버 자격 증명 개인 키에 액세스하는 동안 심각한 오류가 발생했습니다. 암호화 모듈에서 반환된 오류 코드는 {0}입니다. 내부 오류 상태는 10001입니다.",
    ja: "TLS サーバー 資格情報の秘密キーにアクセスしようとしたときに、致命的なエラーが発生しました。暗号化モジュールから返されたエラー コードは {0} です。内部エラーの状態は 10001 です。",
    de: "Beim Zugriff auf den privaten Schlüssel der TLS-Server-Anmeldeinformationen ist ein schwerwiegender Fehler aufgetreten. Der vom Kryptografiemodul zurückgegebene Fehlercode lautet {0}. Der interne Fehlerstatus lautet 10001.",
};
const NO_CREDENTIAL: Text = Text {
    en: "A fatal error occurred while creating a TLS server credential. The internal error state is 10013.",
    ko: "TLS 서버 자격 증명을 만드는 동안 심각한 오류가 발생했습니다. 내부 오류 상태는 10013입니다.",
    ja: "TLS サーバー 資格情報の作成中に致命的なエラーが発生しました。内部エラーの状態は 10013 です。",
    de: "Schwerwiegender Fehler beim Erstellen der Anmeldeinformationen für TLS-Server. Der interne Fehlerstatus lautet 10013.",
};
const CERTIFICATE_EXPIRED: Text = Text::same(
    "The RD Session Host Server is configured to use a certificate that is expired. {0} The SHA1 hash of the certificate is in the event data.",
);

impl World {
    /// Whether a Remote Desktop client that speaks TLS 1.0 to 1.2 could connect now, and if not, every reason.
    ///
    /// # Errors
    /// All reasons, the outermost last.
    pub fn rdp_works(&self) -> Result<(), Vec<Reason>> {
        let mut reasons = Vec::new();
        let port = self.rdp_port();
        if !self.services.is_running("TermService") {
            reasons.push(Reason::ServiceDown);
        }
        if self.connections_denied() {
            reasons.push(Reason::Denied);
        }
        if self.listener_switched_off() {
            reasons.push(Reason::ListenerOff);
        }
        let switch = |name: &str| self.registry.dword(TERMINAL_SERVER, name);
        if switch("TSServerDrainMode").is_some_and(|mode| mode != 0)
            || switch("TSEnabled") == Some(0)
            || switch("TSUserEnabled").is_some_and(|refused| refused != 0)
        {
            reasons.push(Reason::Draining);
        }
        let fips = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa\FIPSAlgorithmPolicy";
        if self.registry.dword(RDP_TCP, "MinEncryptionLevel") == Some(4)
            && self.registry.dword(fips, "Enabled") != Some(1)
        {
            reasons.push(Reason::Encryption);
        }
        match self.sockets.listener(port) {
            Some(socket) if !is_of_termservice(socket.service.as_deref()) => {
                reasons.push(Reason::PortHeld { port, pid: socket.pid });
            }
            Some(_) => {}
            None => reasons.push(Reason::NotListening { port }),
        }
        reasons.extend(self.credential_faults());
        if self.tls.is_empty() {
            reasons.push(Reason::NoTls);
        }
        if !self.firewall_admits(6, port, "TermService") {
            reasons.push(Reason::Firewall { port });
        }
        if !self.network.is_up() || self.safe == Safe::Minimal {
            reasons.push(Reason::NetworkDown);
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// The port that the registry wants.
    pub fn rdp_port(&self) -> u16 {
        self.registry.dword(RDP_TCP, "PortNumber").and_then(|port| u16::try_from(port).ok()).unwrap_or(3389)
    }

    /// A client tries to connect: what fails leaves its events.
    pub fn connection_attempt(&mut self) {
        if !matches!(self.listener, Listener::Open(_)) {
            return;
        }
        let faults = self.credential_faults();
        if faults.iter().any(|fault| matches!(fault, Reason::Key(_))) {
            let inserts = ["0x8009030D".to_owned()];
            self.record("System", "Schannel", 36_870, Level::Error, &KEY_UNREADABLE, &inserts);
        }
        let is_broken =
            |fault: &Reason| matches!(fault, Reason::CertificateDamaged(_) | Reason::NoCertificate);
        if self.tls.is_empty() || faults.iter().any(is_broken) {
            self.record("System", "Schannel", 36_871, Level::Error, &NO_CREDENTIAL, &[]);
        }
        if faults.iter().any(|fault| matches!(fault, Reason::CertificateExpired(_))) {
            let inserts = [self.computer.clone()];
            self.record("System", PROVIDER, 1053, Level::Warning, &CERTIFICATE_EXPIRED, &inserts);
        }
    }

    /// The certificate that the listener shows: the pinned one, else the newest of the Remote Desktop store.
    pub fn listener_certificate(&self) -> Option<Stored> {
        if let Some(Data::Binary(hash)) = self.registry.value(RDP_TCP, "SSLCertificateSHA1Hash") {
            let pinned = certificates::hex(hash, "");
            return ["My", REMOTE_DESKTOP]
                .into_iter()
                .flat_map(|store| certificates::in_store(&self.registry, store))
                .find(|stored| stored.thumbprint == pinned);
        }
        certificates::in_store(&self.registry, REMOTE_DESKTOP)
            .into_iter()
            .max_by_key(|stored| stored.certificate.not_before)
    }

    /// What TermService does when it starts: reads the TLS settings at its first start after a boot, then listens.
    pub(super) fn open_listener(&mut self) {
        if self.connections_denied() || self.listener_switched_off() {
            self.listener = Listener::Denied;
            return;
        }
        let Some(pid) = self.services.by_name("TermService").and_then(|service| service.pid) else { return };
        let port = self.rdp_port();
        if self.sockets.listener(port).is_some() {
            self.listener = Listener::PortTaken;
            // WSAEADDRINUSE.
            let inserts = ["0x2740".to_owned()];
            self.record("System", PROVIDER, 1036, Level::Error, &SESSION_FAILED, &inserts);
            return;
        }
        for address in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                self.bind(protocol, SocketAddr::new(address, port), pid, Some("TermService"));
            }
        }
        self.listener = Listener::Open(port);
        // invented: somebody out there tries at once, as on every machine with a public address.
        self.connection_attempt();
    }

    /// Follows switches that TermService watches while it runs.
    pub(super) fn follow_listener_switches(&mut self) {
        let revision = self.registry.revision();
        let wanted = match self.listener_wanted {
            Some((read, wanted)) if read == revision => wanted,
            _ => !self.connections_denied() && !self.listener_switched_off(),
        };
        self.listener_wanted = Some((revision, wanted));
        match self.listener {
            Listener::Denied if wanted => self.open_listener(),
            Listener::Open(_) if !wanted => {
                self.sockets.close_of_service("TermService");
                self.listener = Listener::Denied;
            }
            _ => {}
        }
    }

    pub(super) fn listener_stopped(&mut self) {
        self.listener = Listener::Off;
    }

    /// Reads the TLS settings, as at a boot.
    pub(super) fn read_tls(&mut self) {
        self.tls = schannel::server_versions(&self.registry, self.os);
    }

    /// What SessionEnv does when it starts: a certificate that is missing or over is made anew.
    pub(super) fn keep_certificate(&mut self) {
        let now = self.wall_time();
        let stored = certificates::in_store(&self.registry, REMOTE_DESKTOP);
        let is_valid =
            |stored: &Stored| stored.certificate.not_before <= now && now <= stored.certificate.not_after;
        if stored.iter().any(is_valid) {
            // Measured: a certificate in its time is left alone, whatever its key can or cannot do.
            self.complain_of_orphans(&stored);
            return;
        }
        let failure = if stored.is_empty() { (1057, &CREATE_FAILED) } else { (1058, &REPLACE_FAILED) };
        match self.make_certificate() {
            Ok(()) => {
                for old in stored {
                    let path = certificates::store_path(REMOTE_DESKTOP);
                    self.registry.remove(&format!(r"{path}\{}", old.thumbprint));
                }
                let inserts = [self.computer.clone()];
                self.record("System", PROVIDER, 1056, Level::Information, &NEW_CERTIFICATE, &inserts);
            }
            Err(error) => {
                let inserts = [self.key_status(error)];
                self.record("System", PROVIDER, failure.0, Level::Error, failure.1, &inserts);
            }
        }
    }

    /// A certificate without its key keeps a new one from being made ("Object already exists").
    fn complain_of_orphans(&mut self, stored: &[Stored]) {
        let who = service_token(Sid::system(), "SessionEnv");
        let is_orphan = stored.iter().any(|stored| {
            stored
                .key
                .as_ref()
                .is_some_and(|(container, _)| self.use_key(container, &who) == Err(KeyError::Missing))
        });
        if is_orphan {
            let inserts = ["Object already exists.".to_owned()];
            self.record("System", PROVIDER, 1057, Level::Error, &CREATE_FAILED, &inserts);
        }
    }

    fn make_certificate(&mut self) -> Result<(), KeyError> {
        let who = service_token(Sid::system(), "SessionEnv");
        let modulus = match self.use_key(RDP_CONTAINER, &who) {
            Ok(modulus) => modulus,
            Err(KeyError::Missing) => self.make_key(RDP_CONTAINER, &who)?,
            Err(error) => return Err(error),
        };
        let not_before = self.wall_time();
        self.issue_certificate(&modulus, not_before, half_a_year_after(not_before));
        Ok(())
    }

    /// Puts a new self-signed certificate for `modulus` into the Remote Desktop store; returns its thumbprint.
    pub fn issue_certificate(
        &mut self,
        modulus: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> String {
        let mut serial = [0; 16];
        serial.copy_from_slice(&self.random(16));
        serial[0] = 0x10 | (serial[0] & 0x6f);
        let name = self.computer.clone();
        let request = Request { name: &name, serial, not_before, not_after, modulus };
        let der = certificates::self_signed(&request);
        let key = Some((RDP_CONTAINER, RDP_PROVIDER));
        let print = certificates::add(&mut self.registry, REMOTE_DESKTOP, &der, key);
        let hash =
            (0..20).filter_map(|at| u8::from_str_radix(print.get(2 * at..2 * at + 2)?, 16).ok()).collect();
        let stations = format!(r"{TERMINAL_SERVER}\WinStations");
        self.registry.set(&stations, "SelfSignedCertificate", Data::Binary(hash));
        print
    }

    /// What is wrong with certificate and key, as TermService would use them.
    fn credential_faults(&self) -> Vec<Reason> {
        let Some(stored) = self.listener_certificate() else { return vec![Reason::NoCertificate] };
        let now = self.wall_time();
        let certificate = &stored.certificate;
        let mut faults = Vec::new();
        if now < certificate.not_before || certificate.not_after < now {
            faults.push(Reason::CertificateExpired(stored.thumbprint.clone()));
        }
        let mut is_damaged =
            !certificate.signature_fits || certificates::thumbprint(&certificate.der) != stored.thumbprint;
        let who = service_token(Sid::network_service(), "TermService");
        let container = stored.key.as_ref().map_or("", |(container, _)| container.as_str());
        match self.use_key(container, &who) {
            Ok(modulus) => is_damaged |= modulus != certificate.modulus,
            Err(error) => faults.push(Reason::Key(error)),
        }
        if is_damaged {
            faults.push(Reason::CertificateDamaged(stored.thumbprint));
        }
        faults
    }

    fn key_status(&self, error: KeyError) -> String {
        match error {
            KeyError::Denied => Win32::ACCESS_DENIED.text(self.language),
            KeyError::Missing => "Keyset does not exist.".to_owned(),
            KeyError::Damaged => "Key not valid for use in specified state.".to_owned(),
        }
    }

    fn connections_denied(&self) -> bool {
        self.registry
            .dword(RDP_POLICY, "fDenyTSConnections")
            .or_else(|| self.registry.dword(TERMINAL_SERVER, "fDenyTSConnections"))
            .is_some_and(|deny| deny != 0)
    }

    fn listener_switched_off(&self) -> bool {
        // Without its key there is no listener at all.
        self.registry.key(RDP_TCP).is_none()
            || self.registry.dword(RDP_TCP, "fEnableWinStation") == Some(0)
            || self.registry.dword(RDP_TCP, "fLogonDisabled").is_some_and(|off| off != 0)
    }
}

/// The self-signed certificate is made for six months.
fn half_a_year_after(start: Timestamp) -> Timestamp {
    start
        .to_zoned(jiff::tz::TimeZone::UTC)
        .checked_add(6.months())
        .map_or_else(|_| start + Duration::from_hours(182 * 24), |end| end.timestamp())
}

fn is_of_termservice(service: Option<&str>) -> bool {
    service.is_some_and(|service| service.eq_ignore_ascii_case("TermService"))
}

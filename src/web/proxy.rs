//! Which way a connection takes: straight, or through the proxy of `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::http::Uri;

use super::percent;
use crate::secret::Secret;

/// A proxy that is asked to connect us (`CONNECT`).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
    tls: bool,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Secret>,
}

/// Which hosts are reached through which proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    proxy: Option<Proxy>,
    without: Vec<Exception>,
}

/// A host that is reached straight.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    All,
    /// The domain and all below it, and the port if one is named.
    Domain(String, Option<u16>),
    /// Addresses with these leading bits.
    Network(IpAddr, u8),
}

/// A proxy variable cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} names no proxy that can be used: {reason}")]
pub struct ProxyError {
    /// The variable.
    pub variable: &'static str,
    /// Why not. Never the value, which may hold a password.
    pub reason: &'static str,
}

impl Proxies {
    /// Reads the usual variables; the lower-case name wins, as with curl.
    ///
    /// # Errors
    /// [`ProxyError`]
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let set = |name: &'static str| {
            [name.to_ascii_lowercase(), name.to_owned()]
                .iter()
                .find_map(|name| variable(name).filter(|value| !value.trim().is_empty()))
        };
        let proxy = ["HTTPS_PROXY", "ALL_PROXY"].into_iter().find_map(|name| Some((name, set(name)?)));
        let proxy = proxy
            .map(|(variable, value)| {
                Proxy::parse(value.trim()).map_err(|reason| ProxyError { variable, reason })
            })
            .transpose()?;
        let without = set("NO_PROXY").unwrap_or_default();
        Ok(Self { proxy, without: without.split(',').filter_map(Exception::parse).collect() })
    }

    /// The proxy for `host`, which has no brackets.
    pub(crate) fn route(&self, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        (!self.without.iter().any(|exception| exception.covers(&host, port))).then_some(proxy)
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = with_scheme.parse().map_err(|_| "write http://[USER:PASSWORD@]HOST:PORT")?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some("socks4" | "socks5" | "socks5h") => return Err("SOCKS is not supported"),
            _ => return Err("write http://[USER:PASSWORD@]HOST:PORT"),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let authorization = authority.rsplit_once('@').map(|(user, _)| basic(user));
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            authorization,
        })
    }

    /// Its name or address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is spoken to over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// What asks it to connect us to `host`.
    pub(crate) fn connect_request(&self, host: &str, port: u16) -> Secret {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authorization = self
            .authorization
            .as_ref()
            .map(|value| format!("Proxy-Authorization: {}\r\n", value.expose()))
            .unwrap_or_default();
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        Secret::new(request).unwrap_or_else(|_| unreachable!("it begins with CONNECT"))
    }
}

fn basic(user_info: &str) -> Secret {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let pair = format!("{}:{}", percent::decode(user), percent::decode(password));
    Secret::new(format!("Basic {}", STANDARD.encode(pair))).unwrap_or_else(|_| unreachable!("it begins so"))
}

/// Without the account.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = text.split_once('/') {
            return Some(Self::Network(address.parse().ok()?, bits.parse().ok()?));
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(Self::Network(address, 128));
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
        Some(Self::Domain(name.to_owned(), port))
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Domain(domain, only) => {
                let inside = host
                    .strip_suffix(domain.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                inside && only.is_none_or(|only| only == port)
            }
            Self::Network(network, bits) => match (network, host.parse::<IpAddr>()) {
                (IpAddr::V4(a), Ok(IpAddr::V4(b))) => {
                    same_bits(u128::from(a.to_bits()) << 96, u128::from(b.to_bits()) << 96, (*bits).min(32))
                }
                (IpAddr::V6(a), Ok(IpAddr::V6(b))) => same_bits(a.to_bits(), b.to_bits(), (*bits).min(128)),
                _ => false,
            },
        }
    }
}

fn same_bits(a: u128, b: u128, bits: u8) -> bool {
    (a ^ b).leading_zeros() >= u32::from(bits)
}

/// What a proxy answered to `CONNECT`, once its head is whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConnectAnswer {
    /// Its status.
    pub(crate) status: u16,
    /// The length of the head in bytes.
    pub(crate) length: usize,
    /// The schemes it wants to be authenticated with.
    pub(crate) wants: Vec<String>,
}

/// Reads the head of an answer to `CONNECT`: `None` while it is not whole.
pub(crate) fn connect_answer(bytes: &[u8]) -> Option<Result<ConnectAnswer, &'static str>> {
    const LONGEST: usize = 16 * 1024;
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return (bytes.len() > LONGEST).then_some(Err("its answer has no end"));
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| {
        let (version, rest) = line.split_once(' ')?;
        version.starts_with("HTTP/1.").then_some(())?;
        rest.get(..3)?.parse().ok()
    });
    let Some(status) = status else { return Some(Err("it does not speak HTTP")) };
    let wants = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate"))
        .filter_map(|(_, value)| value.split_whitespace().next().map(str::to_owned));
    Some(Ok(ConnectAnswer { status, length: end + 4, wants: wants.collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(settings: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::from_variables(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_usual_variables_are_read() {
        let route =
            |settings: &[(&str, &str)]| proxies(settings).unwrap().route("h", 443).map(ToString::to_string);
        assert_eq!(route(&[]), None);
        assert_eq!(route(&[("HTTPS_PROXY", "http://p:3128")]).as_deref(), Some("p:3128"));
        assert_eq!(route(&[("HTTPS_PROXY", "http://p:1"), ("https_proxy", "q:2/")]).as_deref(), Some("q:2"));
        assert_eq!(route(&[("https_proxy", ""), ("ALL_PROXY", "http://a")]).as_deref(), Some("a:80"));
        assert_eq!(route(&[("HTTPS_PROXY", "https://u:p@[::1]")]).as_deref(), Some("::1:443"));
        assert_eq!(route(&[("HTTP_PROXY", "http://p:3128")]), None);
        assert_eq!(route(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")]), None);
        let error = proxies(&[("ALL_PROXY", "socks5://u:geheim@p:1080")]).unwrap_err();
        assert_eq!(error.to_string(), "ALL_PROXY names no proxy that can be used: SOCKS is not supported");
        assert!(proxies(&[("HTTPS_PROXY", "http://a b")]).is_err());
    }

    #[test]
    fn exceptions() {
        let no_proxy =
            "localhost, .corp.example,host.example:8443 ,10.0.0.0/8,192.168.7.9,[::1],*.star.example";
        let proxies = proxies(&[("HTTPS_PROXY", "http://p:1"), ("no_proxy", no_proxy)]).unwrap();
        for (host, port, straight) in [
            ("localhost", 443, true),
            ("a.localhost", 443, true),
            ("notlocalhost", 443, false),
            ("x.corp.example", 443, true),
            ("corp.example.", 443, true),
            ("xcorp.example", 443, false),
            ("host.example", 8443, true),
            ("host.example", 443, false),
            ("10.200.3.4", 443, true),
            ("11.0.0.1", 443, false),
            ("192.168.7.9", 1, true),
            ("192.168.7.8", 1, false),
            ("::1", 443, true),
            ("::2", 443, false),
            ("Sub.STAR.example", 443, true),
        ] {
            assert_eq!(proxies.route(host, port).is_none(), straight, "{host}:{port}");
        }
    }

    #[test]
    fn it_is_asked_with_its_account_which_is_never_shown() {
        let proxy = Proxy::parse("http://us%40er:pa%3Ass@proxy.example:8080").unwrap();
        assert_eq!(
            proxy.connect_request("fe80::1", 443).expose(),
            "CONNECT [fe80::1]:443 HTTP/1.1\r\nHost: [fe80::1]:443\r\nProxy-Authorization: Basic dXNAZXI6cGE6c3M=\r\n\r\n"
        );
        assert_eq!(format!("{proxy} {proxy:?}"), "proxy.example:8080 Proxy(proxy.example:8080)");
        let proxy = Proxy::parse("p:1").unwrap();
        assert_eq!(proxy.connect_request("h", 1).expose(), "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    }

    #[test]
    fn its_answer_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: NTLM\r\n\r\nbody";
        for cut in 0..answer.len() - 4 {
            assert_eq!(connect_answer(&answer[..cut]), None, "{cut}");
        }
        let wants = vec!["Basic".to_owned(), "NTLM".to_owned()];
        assert_eq!(
            connect_answer(answer),
            Some(Ok(ConnectAnswer { status: 407, length: answer.len() - 4, wants }))
        );
        assert!(matches!(connect_answer(b"SSH-2.0\r\n\r\n"), Some(Err(_))));
        assert!(matches!(connect_answer(&vec![b'x'; 20_000]), Some(Err(_))));
    }
}

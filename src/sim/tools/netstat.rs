//! netstat.exe.

use std::net::{IpAddr, SocketAddr};

use super::Process;
use super::page::Page;
use super::width::left;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::sockets::{Protocol, Socket, SocketState};

const TITLE: Text =
    Text {
        en: "Active Connections", ko: "활성 연결", ja: "アクティブな接続", de: "Aktive Verbindungen"
    };
const HEADS: [Text; 4] = [
    Text { en: "Proto", ko: "프로토콜", ja: "プロトコル", de: "Proto" },
    Text { en: "Local Address", ko: "로컬 주소", ja: "ローカル アドレス", de: "Lokale Adresse" },
    Text { en: "Foreign Address", ko: "외부 주소", ja: "外部アドレス", de: "Remoteadresse" },
    Text { en: "State", ko: "상태", ja: "状態", de: "Status" },
];
const LISTENING: Text = Text { de: "ABHÖREN", ..Text::same("LISTENING") };
const ESTABLISHED: Text = Text { de: "HERGESTELLT", ..Text::same("ESTABLISHED") };
const NO_OWNER: Text = Text {
    en: " Can not obtain ownership information",
    ko: " 소유권 정보를 가져올 수 없습니다.",
    ja: " 所有者情報を取得できません",
    de: " Es konnten keine Besitzerinformationen abgerufen werden.",
};
const USAGE: &str = "\r
Displays protocol statistics and current TCP/IP network connections.\r
\r
NETSTAT [-a] [-b] [-e] [-f] [-n] [-o] [-p proto] [-r] [-s] [-t] [-x] [-y] [interval]\r
";

#[derive(Debug, Default)]
struct Request {
    all: bool,
    numeric: bool,
    owner: bool,
    programs: bool,
    only: Option<(Protocol, Option<bool>)>,
}

/// `netstat`.
pub(super) fn run(process: &Process) -> ExitCode {
    let Some(request) = parse(&process.args) else {
        process.stdout.text(USAGE);
        return 1;
    };
    let world = process.world();
    let mut sockets: Vec<&Socket> = world.sockets.iter().filter(|socket| wanted(socket, &request)).collect();
    sockets.sort_by_key(|socket| {
        (socket.protocol, socket.local.is_ipv6(), socket.local.ip(), socket.local.port())
    });
    let mut page = Page::default();
    page.line("");
    page.line(TITLE.in_language(world.language));
    page.line("");
    page.line(heads(&request, world.language));
    for socket in sockets {
        page.line(row(&world, socket, &request));
        if request.programs {
            owner(&mut page, &world, socket);
        }
    }
    process.stdout.text(page.text());
    0
}

/// Switches may stand together: `-ano`.
fn parse(words: &[String]) -> Option<Request> {
    let mut request = Request::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        for letter in word.strip_prefix(['-', '/'])?.to_lowercase().chars() {
            match letter {
                'a' => request.all = true,
                'n' => request.numeric = true,
                'o' => request.owner = true,
                'b' => request.programs = true,
                'q' | 't' | 'f' => {}
                'p' => {
                    request.only = Some(match words.next()?.to_lowercase().as_str() {
                        "tcp" => (Protocol::Tcp, Some(false)),
                        "udp" => (Protocol::Udp, Some(false)),
                        "tcpv6" => (Protocol::Tcp, Some(true)),
                        "udpv6" => (Protocol::Udp, Some(true)),
                        _ => return None,
                    });
                }
                _ => return None,
            }
        }
    }
    Some(request)
}

fn wanted(socket: &Socket, request: &Request) -> bool {
    let by_protocol = request.only.is_none_or(|(protocol, v6)| {
        protocol == socket.protocol && v6.is_none_or(|v6| v6 == socket.local.is_ipv6())
    });
    by_protocol && (request.all || matches!(socket.state, SocketState::Established(_)))
}

fn heads(request: &Request, language: Language) -> String {
    let [proto, local, foreign, state] = HEADS.map(|head| head.in_language(language));
    let line = format!("  {}{}{}{}", left(proto, 7), left(local, 23), left(foreign, 23), left(state, 16));
    if request.owner { line + "PID" } else { line.trim_end().to_owned() }
}

fn row(world: &World, socket: &Socket, request: &Request) -> String {
    let language = world.language;
    let (proto, foreign, state) = match (socket.protocol, socket.state) {
        (Protocol::Udp, _) => ("UDP", "*:*".to_owned(), ""),
        (Protocol::Tcp, SocketState::Bound) => {
            let any = if socket.local.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            // Without -n names stand for addresses, the machine's own for all of them.
            let any = if request.numeric { any.to_owned() } else { format!("{}:0", world.computer) };
            ("TCP", any, LISTENING.in_language(language))
        }
        (Protocol::Tcp, SocketState::Established(peer)) => {
            ("TCP", peer.to_string(), ESTABLISHED.in_language(language))
        }
    };
    let local = address(socket.local);
    let line = format!("  {}{}{}{}", left(proto, 7), field(&local, 23), field(&foreign, 23), left(state, 16));
    if request.owner { format!("{line}{}", socket.pid) } else { line.trim_end().to_owned() }
}

/// Longer texts push the rest to the right.
fn field(text: &str, width: usize) -> String {
    if text.len() < width { left(text, width) } else { format!("{text} ") }
}

fn address(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => format!("{ip}:{}", address.port()),
        IpAddr::V6(ip) => format!("[{ip}]:{}", address.port()),
    }
}

/// The service and the program behind a socket.
fn owner(page: &mut Page, world: &World, socket: &Socket) {
    let Some(process) = world.processes.by_pid(socket.pid).filter(|process| process.pid > 4) else {
        page.line(NO_OWNER.in_language(world.language));
        return;
    };
    if process.image.eq_ignore_ascii_case("svchost.exe")
        && let Some(service) = &socket.service
    {
        page.line(format_args!("  {service}"));
    }
    page.line(format_args!(" [{}]", process.image));
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use crate::sim::windows::language::Language;

    #[test]
    fn the_listener_of_remote_desktop() {
        let trial = Trial::healthy();
        let pid = trial.world.lock().services.by_name("TermService").unwrap().pid.unwrap();
        let out = trial.ok("netstat -ano");
        assert!(out.starts_with(
            "\nActive Connections\n\n  Proto  Local Address          Foreign Address        State           PID\n  TCP    0.0.0.0:135"
        ));
        for line in [
            format!("  TCP    0.0.0.0:3389           0.0.0.0:0              LISTENING       {pid}\n"),
            format!("  TCP    [::]:3389              [::]:0                 LISTENING       {pid}\n"),
            format!("  UDP    0.0.0.0:3389           *:*                                    {pid}\n"),
        ] {
            assert!(out.contains(&line), "{out}");
        }
    }

    #[test]
    fn programs_and_protocols() {
        let trial = Trial::healthy();
        let out = trial.ok("netstat -anob");
        assert!(out.contains("  TermService\n [svchost.exe]\n"));
        assert!(out.contains("LISTENING       4\n Can not obtain ownership information\n"));
        let tcp = trial.ok("netstat -an -p tcp");
        assert!(!tcp.contains("UDP") && !tcp.contains('[') && !tcp.contains("PID"));
        assert!(trial.ok("netstat").ends_with("State\n"));
        assert_eq!(trial.run("netstat -z").code, 1);
    }

    #[test]
    fn german_states() {
        let german = Trial::in_language(Language::DeDe);
        assert!(
            german
                .ok("netstat -ano")
                .contains("  TCP    0.0.0.0:3389           0.0.0.0:0              ABHÖREN         ")
        );
        let korean = Trial::in_language(Language::KoKr);
        assert!(korean.ok("netstat -ano").contains("LISTENING"));
    }
}

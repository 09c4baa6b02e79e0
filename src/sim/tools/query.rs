//! query.exe, quser.exe, qwinsta.exe: sessions and who is logged on in them.
//!
//! Sessions of the serial console are logons without a session of their own; they are not listed.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::Text;

const NOBODY: Text = Text {
    en: "No User exists for *",
    ko: "*에 대한 사용자가 없습니다.",
    ja: "* に該当するユーザーは存在しません",
    de: "Für * ist kein Benutzer vorhanden.",
};
const HEADINGS: Text = Text {
    en: " SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE ",
    ko: " 세션 이름         사용자 이름              ID  상태    종류        장치 ",
    ja: " セッション名      ユーザー名               ID  状態    種類        デバイス ",
    de: " SITZUNGSNAME      BENUTZERNAME             ID  STATUS  TYP         GERÄT ",
};
/// invented: that the answer is this one when TermService does not run.
const NO_SERVICE: Text =
    Text::same("Error 1722 enumerating sessionnames\r\nError [1722]:The RPC server is unavailable.");
const USAGE: &str = "Invalid parameter(s)\r\nQUERY { PROCESS | SESSION | TERMSERVER | USER }";

/// `query user|session`, `quser`, `qwinsta`.
pub(super) fn run(process: &Process) -> ExitCode {
    let what = match process.name.as_str() {
        "quser" => "user".to_owned(),
        "qwinsta" => "session".to_owned(),
        _ => process.args.first().map(|word| word.to_lowercase()).unwrap_or_default(),
    };
    match what.as_str() {
        "user" => {
            process.stderr.line(NOBODY.in_language(process.language()));
            1
        }
        "session" => sessions(process),
        _ => {
            process.stderr.line(USAGE);
            1
        }
    }
}

fn sessions(process: &Process) -> ExitCode {
    let world = process.world();
    if !world.services.is_running("TermService") {
        process.stderr.line(NO_SERVICE.in_language(world.language));
        return 1;
    }
    process.stdout.line(HEADINGS.in_language(world.language));
    let row = |mark: &str, name: &str, id: u32, state: &str| {
        process.stdout.line(&format!("{mark}{name:<18}{:<20}{id:>7}  {state:<8}{:<24}", "", ""));
    };
    // The session that asks is that of services.
    row(">", "services", 0, "Disc");
    row(" ", "console", 1, "Conn");
    if listens(&world) {
        row(" ", "rdp-tcp", 65_536, "Listen");
    }
    0
}

/// Whether TermService has its port.
fn listens(world: &World) -> bool {
    let port = format!(":{}", world.rdp_port());
    let own = |service: Option<&str>| service.is_some_and(|name| name.eq_ignore_ascii_case("TermService"));
    world
        .sockets
        .iter()
        .any(|socket| own(socket.service.as_deref()) && socket.local.to_string().ends_with(&port))
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;

    #[test]
    fn the_listener_is_a_session_as_long_as_it_listens() {
        let trial = Trial::healthy();
        let sessions = trial.ok("query session");
        assert!(sessions.contains(" rdp-tcp                                 65536  Listen"), "{sessions}");
        assert_eq!(trial.ok("qwinsta"), sessions);
        trial.ok("net stop TermService /y");
        assert_eq!(trial.run("qwinsta").code, 1);
        assert_eq!(trial.run("quser").err, "No User exists for *\n");
        assert_eq!(trial.run("query nonsense").code, 1);
    }
}

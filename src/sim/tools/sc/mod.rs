//! sc.exe.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::accounts::service_sid;
use crate::sim::windows::language::Text;
use crate::sim::windows::win32::Win32;

mod config;
mod failure;
mod status;

const FAILED: Text = Text {
    en: "[SC] {0} FAILED {1}:",
    ko: "[SC] {0} 실패 {1}:",
    ja: "[SC] {0} FAILED {1}:",
    de: "[SC] {0} FEHLER {1}:",
};
const SUCCESS: Text =
    Text { en: "[SC] {0} SUCCESS", ko: "[SC] {0} 성공", ja: "[SC] {0} SUCCESS", de: "[SC] {0} ERFOLG" };

/// ERROR_INVALID_COMMAND_LINE, the exit code after a usage text.
const USAGE_CODE: ExitCode = 1639;

const USAGE: &str = "\
DESCRIPTION:\r
        SC is a command line program used for communicating with the\r
        Service Control Manager and services.\r
USAGE:\r
        sc <server> [command] [service name] <option1> <option2>...\r
\r
\r
        The option <server> has the form \"\\\\ServerName\"\r
        Further help on commands can be obtained by typing: \"sc [command]\"\r
        Commands:\r
          query-----------Queries the status for a service, or\r
                          enumerates the status for types of services.\r
          queryex---------Queries the extended status for a service, or\r
                          enumerates the status for types of services.\r
          start-----------Starts a service.\r
          stop------------Sends a STOP request to a service.\r
          config----------Changes the configuration of a service (persistent).\r
          description-----Changes the description of a service.\r
          failure---------Changes the actions taken by a service upon failure.\r
          qc--------------Queries the configuration information for a service.\r
          qdescription----Queries the description for a service.\r
          qfailure--------Queries the actions taken by a service upon failure.\r
          delete----------Deletes a service (from the registry).\r
          create----------Creates a service. (adds it to the registry).\r
          sdshow----------Displays a service's security descriptor.\r
          showsid---------Displays the service SID string corresponding to an\r
                          arbitrary name.\r
          GetDisplayName--Gets the DisplayName for a service.\r
          GetKeyName------Gets the ServiceKeyName for a service.\r
          EnumDepend------Enumerates Service Dependencies.\r
\r
";

/// Which call failed, and how.
struct Failure(&'static str, Win32);

/// What an operation comes to.
enum Outcome {
    /// Everything was printed.
    Printed,
    /// `[SC] <call> SUCCESS`.
    Success(&'static str),
    /// The help of the operation.
    Usage(&'static str),
    /// An error of the service control manager.
    Failed(Failure),
}

/// `sc`.
pub(super) fn run(process: &Process) -> ExitCode {
    let words = process.args.as_slice();
    if let Some(name) = words.first().and_then(|word| word.strip_prefix(r"\\")) {
        let Some(mut there) = process.on(name) else {
            let first = FAILED.fill(process.language(), &["OpenSCManager", "1722"]);
            let text = "The RPC server is unavailable.";
            process.stdout.text(&format!("{first}\r\n\r\n{text}\r\n\r\n"));
            return 1722;
        };
        there.args.remove(0);
        return run(&there);
    }
    let Some((operation, rest)) = words.split_first() else {
        process.stdout.text(USAGE);
        return USAGE_CODE;
    };
    let operation = operation.to_lowercase();
    let call = match operation.as_str() {
        "start" => Some("StartService: OpenService"),
        "stop" => Some("ControlService: OpenService"),
        "config" | "delete" | "description" | "failure" => Some("OpenService"),
        "create" => Some("OpenSCManager"),
        _ => None,
    };
    let denied = call.filter(|_| !process.token.is_administrator());
    let outcome = match operation.as_str() {
        _ if denied.is_some() => Outcome::Failed(Failure(denied.unwrap_or_default(), Win32::ACCESS_DENIED)),
        "query" => status::query(process, rest, status::Depth::Plain),
        "queryex" => status::query(process, rest, status::Depth::Extended),
        "enumdepend" => status::dependents(process, rest),
        "start" => status::start(process, rest),
        "stop" => status::stop(process, rest),
        "qc" => config::show(process, rest),
        "config" => config::change(process, rest),
        "create" => config::create(process, rest),
        "delete" => config::delete(process, rest),
        "description" => config::describe(process, rest),
        "qdescription" => config::show_description(process, rest),
        "failure" => failure::change(process, rest),
        "qfailure" => failure::show(process, rest),
        "sdshow" => config::show_descriptor(process, rest),
        "showsid" => show_sid(process, rest),
        "getdisplayname" => config::display_name(process, rest),
        "getkeyname" => config::key_name(process, rest),
        _ => {
            process.stdout.text("\r\n*** Unrecognized Command ***\r\n\r\n");
            Outcome::Usage(USAGE)
        }
    };
    let language = process.language();
    match outcome {
        Outcome::Printed => 0,
        Outcome::Success(call) => {
            process.stdout.line(&SUCCESS.fill(language, &[call]));
            0
        }
        Outcome::Usage(text) => {
            process.stdout.text(text);
            USAGE_CODE
        }
        Outcome::Failed(Failure(call, error)) => {
            let code = error.0.to_string();
            let first = FAILED.fill(language, &[call, &code]);
            process.stdout.text(&format!("{first}\r\n\r\n{}\r\n\r\n", error.text(language)));
            error.0.cast_signed()
        }
    }
}

/// A word of the command line that must be there.
fn required<'a>(words: &'a [String], usage: &'static str) -> Result<&'a str, Outcome> {
    words.first().map(String::as_str).ok_or(Outcome::Usage(usage))
}

/// The service's key name as it is stored.
fn existing(process: &Process, name: &str, call: &'static str) -> Result<String, Outcome> {
    let world = process.world();
    let service = world.services.by_name(name);
    service
        .map(|service| service.name.clone())
        .ok_or(Outcome::Failed(Failure(call, Win32::SERVICE_DOES_NOT_EXIST)))
}

/// Refuses what only SYSTEM and TrustedInstaller may do.
fn unguarded(process: &Process, name: &str, call: &'static str) -> Result<(), Outcome> {
    if process.world().is_guarded(name) {
        return Err(Outcome::Failed(Failure(call, Win32::ACCESS_DENIED)));
    }
    Ok(())
}

fn show_sid(process: &Process, words: &[String]) -> Outcome {
    let Some(name) = words.first() else { return Outcome::Usage(USAGE) };
    let state = if process.world().services.by_name(name).is_some() { "Active" } else { "Inactive" };
    let text = format!("\r\nNAME: {name}\r\nSERVICE SID: {}\r\nSTATUS: {state}\r\n", service_sid(name));
    process.stdout.text(&text);
    Outcome::Printed
}

/// Both sides of a result that ends here.
fn ended(result: Result<Outcome, Outcome>) -> Outcome {
    result.unwrap_or_else(|outcome| outcome)
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;

    #[test]
    fn what_does_not_exist() {
        let trial = Trial::healthy();
        let text = "\n\nThe specified service does not exist as an installed service.\n\n";
        for (line, call) in [
            ("sc query nope", "EnumQueryServicesStatus:OpenService"),
            ("sc queryex nope", "EnumQueryServicesStatus:OpenService"),
            ("sc qc nope", "OpenService"),
            ("sc start nope", "StartService: OpenService"),
            ("sc stop nope", "OpenService"),
            ("sc config nope start= auto", "OpenService"),
            ("sc delete nope", "OpenService"),
        ] {
            let out = format!("[SC] {call} FAILED 1060:{text}");
            assert_eq!(trial.run(line), Answer::new(&out, "", 1060), "{line}");
        }
    }

    #[test]
    fn failures_in_the_machines_language() {
        for (language, out) in [
            (
                Language::KoKr,
                "[SC] OpenService 실패 1060:\n\n지정된 서비스를 설치된 서비스로 찾을 수 없습니다.\n\n",
            ),
            (
                Language::DeDe,
                "[SC] OpenService FEHLER 1060:\n\nDer angegebene Dienst ist kein installierter Dienst.\n\n",
            ),
        ] {
            assert_eq!(Trial::in_language(language).run("sc qc nope").out, out);
        }
    }

    #[test]
    fn usage() {
        let trial = Trial::healthy();
        for line in [
            "sc",
            "sc frob",
            "sc qc",
            "sc config TermService start=auto",
            "sc config TermService start= maybe",
        ] {
            let answer = trial.run(line);
            assert_eq!(answer.code, 1639, "{line}");
            assert!(answer.out.contains("USAGE:"), "{line}");
        }
        let start = trial.world.lock().services.by_name("TermService").unwrap().start;
        assert_eq!(start, crate::sim::windows::services::StartType::Demand);
    }

    #[test]
    fn sids() {
        let out = Trial::healthy().ok("sc showsid SessionEnv");
        assert_eq!(
            out,
            "\nNAME: SessionEnv\nSERVICE SID: S-1-5-80-4022436659-1090538466-1613889075-870485073-3428993833\nSTATUS: Active\n"
        );
    }
}

//! nltest.exe: `/sc_query`, `/sc_verify`, `/sc_reset`. Its texts are English in every language.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::policy::Channel;

/// `nltest`.
pub(super) fn run(process: &Process) -> ExitCode {
    let word = process.args.first().map(|word| word.to_lowercase()).unwrap_or_default();
    let Some((verb, name)) = word.trim_start_matches(['/', '-']).split_once(':') else {
        process.stdout.line("Usage: nltest [/OPTIONS]");
        return 1;
    };
    if !matches!(verb, "sc_query" | "sc_verify" | "sc_reset") {
        process.stdout.line("Usage: nltest [/OPTIONS]");
        return 1;
    }
    let mut world = process.world();
    let is_running = world.services.is_running("Netlogon");
    let is_up = world.network.is_up();
    let failed = |status: u32, word: &str| {
        process.stdout.line(&format!("I_NetLogonControl failed: Status = {status} {status:#x} {word}"));
        // invented: the exit code; what is known is that it is not 0.
        1
    };
    let Some(domain) = world.domain.as_mut().filter(|domain| domain.name.eq_ignore_ascii_case(name)) else {
        return failed(1355, "ERROR_NO_SUCH_DOMAIN");
    };
    if !is_running {
        return failed(1717, "RPC_S_UNKNOWN_IF");
    }
    if !domain.reachable || !is_up {
        return failed(1311, "ERROR_NO_LOGON_SERVERS");
    }
    if verb != "sc_query" && domain.channel == Channel::Broken {
        domain.channel = Channel::Works;
    }
    let (status, word) = match domain.channel {
        Channel::Works => (0, "NERR_Success"),
        Channel::Broken => (1787, "ERROR_NO_TRUST_SAM_ACCOUNT"),
        Channel::WrongPassword => (5, "ERROR_ACCESS_DENIED"),
    };
    if status != 0 && verb == "sc_reset" {
        return failed(status, word);
    }
    let trusted = format!(r"\\{}.{}", domain.controller, domain.name);
    drop(world);
    process.stdout.line("Flags: 30 HAS_IP  HAS_TIMESERV ");
    process.stdout.line(&format!("Trusted DC Name {} ", if status == 0 { &trusted } else { "" }));
    process.stdout.line(&format!("Trusted DC Connection Status Status = {status} {status:#x} {word}"));
    process.stdout.line("The command completed successfully");
    0
}

//! One command line of powershell.exe: a hidden question whose answer unlocks a volume through WMI, which
//! [`powershell`](crate::sim::powershell) does not have.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;

/// What `Read-Host` shows behind the text of its question.
const COLON: &str = ": ";
/// FVE_E_FAILED_AUTHENTICATION.
const WRONG: ExitCode = 0x8031_0027_u32.cast_signed();
/// FVE_E_NOT_ENCRYPTED and the like: no such volume.
const NO_VOLUME: ExitCode = 0x8031_0008_u32.cast_signed();

/// Whether the command line is that one.
pub(super) fn is_asked(process: &Process) -> bool {
    process.tail.contains("UnlockWithNumericalPassword(")
}

/// `powershell … -Command "…"`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let script = process.args.last().cloned().unwrap_or_default();
    let question = between(&script, "Read-Host '", "' -AsSecureString");
    let letter = between(&script, "DriveLetter=''", ":''").and_then(|text| text.chars().next());
    let known = script.contains("Win32_EncryptableVolume") && script.contains("UnlockWithNumericalPassword(");
    let (Some(question), Some(letter), true) = (question, letter, known) else {
        let word = script.split_whitespace().next().unwrap_or_default();
        process.stderr.line(&format!(
            "{word} : The term '{word}' is not recognized as the name of a cmdlet, function, script file, or operable program."
        ));
        return Ok(1);
    };
    process.stdout.text(&format!("{question}{COLON}"));
    let mut typed = String::new();
    loop {
        match process.console.read_key().await? {
            '\r' => break,
            '\u{8}' if typed.pop().is_some() => process.stdout.text("\u{8} \u{8}"),
            '\u{8}' => {}
            key => {
                typed.push(key);
                process.stdout.text("*");
            }
        }
    }
    process.stdout.text("\r\n");
    if !process.token.is_administrator() {
        return Ok(1);
    }
    let mut world = process.world();
    if world.encryption_mut(letter).is_none() {
        return Ok(NO_VOLUME);
    }
    Ok(if world.unlock(letter, &typed) { 0 } else { WRONG })
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

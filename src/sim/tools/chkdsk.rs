//! chkdsk.exe. Its exit codes are documented: 0 no errors, 1 errors found and repaired, 3 not checked, or errors that were
//! not repaired.

use std::time::Duration;

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;

// Translations are not known here; scripts look at the code.
const TYPE: Text = Text::same("The type of the file system is NTFS.");
const READ_ONLY: Text =
    Text::same("WARNING!  /F parameter not specified.\r\nRunning CHKDSK in read-only mode.");
const STAGES: [&str; 3] = [
    "Stage 1: Examining basic file system structure ...",
    "Stage 2: Examining file name linkage ...",
    "Stage 3: Examining security descriptors ...",
];
const CLEAN: Text = Text::same(
    "Windows has scanned the file system and found no problems.\r\nNo further action is required.",
);
const ERRORS: Text = Text::same("Errors found.  CHKDSK cannot continue in read-only mode.");
const REPAIRED: Text =
    Text::same("Windows has made corrections to the file system.\r\nNo further action is required.");
const LOCKED: Text = Text::same(
    "Cannot lock current drive.\r\n\r\nChkdsk cannot run because the volume is in use by another\r\nprocess.  Would you like to schedule this volume to be\r\nchecked the next time the system restarts? (Y/N) ",
);
const DENIED: Text = Text::same(
    "Access Denied as you do not have sufficient privileges or the disk may be locked by another process.\r\nYou have to invoke this utility running in elevated mode and make sure the disk is unlocked.",
);
const NO_VOLUME: Text = Text::same("Cannot open volume for direct access.");

/// invented: how long a check takes.
const TAKES: Duration = Duration::from_secs(40);

/// `chkdsk [X:] [/f] [/x]`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let language = process.language();
    let say = |text: &Text| process.stdout.line(text.in_language(language));
    let fix = process.args.iter().any(|word| ["f", "x", "r"].iter().any(|name| is_switch(word, name)));
    let letter = process.args.iter().find(|word| !word.starts_with('/')).and_then(|word| word.chars().next());
    let letter = letter.unwrap_or('C').to_ascii_uppercase();
    if !process.token.is_administrator() {
        say(&DENIED);
        return Ok(3);
    }
    if process.world().files.drive(letter).is_none() {
        say(&NO_VOLUME);
        return Ok(3);
    }
    say(&TYPE);
    let is_system = letter == 'C';
    if fix && is_system {
        process.stdout.text(LOCKED.in_language(language));
        let answer = process.stdin.line(process.page()).await?.unwrap_or_default();
        // Whatever is answered, nothing is checked now; what `y` orders is not modelled here.
        process.stdout.line(&answer);
        return Ok(3);
    }
    if !fix {
        process.stdout.line("");
        say(&READ_ONLY);
    }
    for stage in STAGES {
        process.stdout.line("");
        process.stdout.line(stage);
        process.console.sleep(TAKES / 3).await?;
    }
    process.stdout.line("");
    let mut world = process.world();
    let Some(drive) = world.files.drive_mut(letter) else { return Ok(3) };
    let (text, code) = match (drive.damaged, fix) {
        (false, _) => (&CLEAN, 0),
        (true, false) => (&ERRORS, 3),
        (true, true) => {
            drive.damaged = false;
            (&REPAIRED, 1)
        }
    };
    drop(world);
    say(text);
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;

    #[test]
    fn a_running_system_is_looked_at_but_not_repaired() {
        let trial = Trial::healthy();
        assert_eq!(trial.run("chkdsk C:").code, 0);
        trial.world.lock().files.drive_mut('C').unwrap().damaged = true;
        assert_eq!(trial.run("chkdsk C:").code, 3);
        assert_eq!(trial.run("chkdsk C: /f").code, 3);
        assert!(trial.world.lock().files.drive('C').unwrap().damaged);
        assert_eq!(trial.run("chkdsk Q:").code, 3);
    }
}

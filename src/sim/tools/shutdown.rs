//! shutdown.exe.

use std::time::Duration;

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::events::Level;
use crate::sim::windows::language::Text;
use crate::sim::windows::power::{PowerAction, PowerRequest};
use crate::sim::windows::win32::Win32;

/// Without `/t` Windows waits half a minute.
const DEFAULT_DELAY: u64 = 30;
/// Ten years, the longest that `/t` takes.
const LONGEST_DELAY: u64 = 315_360_000;

const USAGE: Text = Text::same(
    "Usage: shutdown [/i | /l | /s | /sg | /r | /g | /a | /p | /h | /e | /o] [/hybrid] [/soft] [/fw] [/f]\r\n    [/m \\\\computer][/t xxx][/d [p|u:]xx:yy [/c \"comment\"]]",
);
const NOT_PENDING: Text = Text {
    en: "Unable to abort the system shutdown because no shutdown was in progress.(1116)",
    ko: "시스템 종료가 진행되지 않아 시스템 종료를 중단할 수 없습니다.(1116)",
    ja: "システムのシャットダウン中ではないため、シャットダウンを中止できません。(1116)",
    de: "Das Herunterfahren des Systems konnte nicht abgebrochen werden, da kein Herunterfahrvorgang gestartet wurde.(1116)",
};
const PENDING: Text = Text {
    en: "A system shutdown has already been scheduled.(1190)",
    ko: "시스템 종료가 이미 예약되어 있습니다.(1190)",
    ja: "システムのシャットダウンは既にスケジュールされています。(1190)",
    de: "Das Herunterfahren des Systems wurde bereits geplant.(1190)",
};
const LOGGED: Text = Text::same(
    "The process C:\\Windows\\system32\\shutdown.exe ({0}) has initiated the {1} of computer {0} on behalf of user {2} for the following reason: No title for this reason could be found\r\n Reason Code: 0x800000ff\r\n Shutdown Type: {1}\r\n Comment: {3}",
);

enum Order {
    Power { action: PowerAction, delay: u64, forced: bool, comment: String },
    Abort,
}

/// `shutdown`.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let Some(order) = parse(&process.args) else {
        process.stdout.line(USAGE.in_language(language));
        return 1;
    };
    let mut world = process.world();
    match order {
        Order::Abort if world.power.take().is_some() => 0,
        Order::Abort => {
            process.stderr.line(NOT_PENDING.in_language(language));
            1116
        }
        // SeShutdownPrivilege: on a server only administrators and operators have it.
        Order::Power { .. } if !process.token.is_administrator() => {
            process.stderr.line(&format!("{}(5)", Win32::ACCESS_DENIED.text(language)));
            5
        }
        Order::Power { .. } if world.power.is_some() => {
            process.stderr.line(PENDING.in_language(language));
            1190
        }
        Order::Power { action, delay, forced, comment } => {
            let by = user_name(&world, process);
            let word = match action {
                PowerAction::Restart => "restart",
                PowerAction::Shutdown => "shutdown",
            };
            let inserts = [world.computer.clone(), word.to_owned(), by.clone(), comment.clone()];
            world.record("System", "User32", 1074, Level::Information, &LOGGED, &inserts);
            // A delay implies /f (shutdown /?).
            let forced = forced || delay > 0;
            world.power = Some(PowerRequest {
                action,
                due: world.now() + Duration::from_secs(delay),
                forced,
                comment,
                by,
            });
            0
        }
    }
}

fn user_name(world: &World, process: &Process) -> String {
    let users = world.accounts.users.iter();
    let name = users
        .filter(|user| world.accounts.sid(user) == process.token.user)
        .map(|user| user.name.clone())
        .next();
    format!("{}\\{}", world.computer, name.unwrap_or_default())
}

fn parse(words: &[String]) -> Option<Order> {
    let (mut action, mut delay, mut forced, mut comment) = (None, DEFAULT_DELAY, false, String::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word {
            w if is_switch(w, "r") || is_switch(w, "g") => action = Some(PowerAction::Restart),
            w if is_switch(w, "s") || is_switch(w, "sg") => action = Some(PowerAction::Shutdown),
            w if is_switch(w, "p") => (action, delay) = (Some(PowerAction::Shutdown), 0),
            w if is_switch(w, "a") => return Some(Order::Abort),
            w if is_switch(w, "f") => forced = true,
            w if is_switch(w, "t") => {
                delay = words.next()?.parse().ok().filter(|seconds| *seconds <= LONGEST_DELAY)?;
            }
            w if is_switch(w, "c") => comment.clone_from(words.next()?),
            w if is_switch(w, "d") => {
                words.next()?;
            }
            _ => return None,
        }
    }
    Some(Order::Power { action: action?, delay, forced, comment })
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    #[test]
    fn a_restart_is_asked_for_and_taken_back() {
        let trial = Trial::healthy();
        trial.ok("shutdown /r /f /t 5");
        let asked = trial.world.lock().power.clone().unwrap();
        assert_eq!((asked.action, asked.forced), (PowerAction::Restart, true));
        assert_eq!(asked.due, trial.world.lock().now() + Duration::from_secs(5));
        assert_eq!(trial.run("shutdown /r /t 0").code, 1190);
        trial.ok("shutdown /a");
        assert_eq!(trial.run("shutdown -a").code, 1116);
        assert!(trial.world.lock().power.is_none());
        for wrong in ["shutdown", "shutdown /x", "shutdown /t 5", "shutdown /r /t x", "shutdown /r /t"] {
            assert_eq!(trial.run(wrong).code, 1, "{wrong}");
            assert!(trial.world.lock().power.is_none());
        }
    }
}

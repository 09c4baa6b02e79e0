//! `sc failure`, `sc qfailure`: what happens when a service ends unexpectedly.

use super::super::Process;
use super::super::page::Page;
use super::{Outcome, ended, existing, required, unguarded};
use crate::sim::windows::baseline::services::SERVICES;
use crate::sim::windows::registry::Data;

const USAGE: &str = "\
DESCRIPTION:\r
        Changes the actions upon failure\r
USAGE:\r
        sc <server> failure [service name] <option1> <option2>...\r
\r
OPTIONS:\r
        reset=   <Length of period of no failures (in seconds)\r
                  after which to reset the failure count to 0 (may be INFINITE)>\r
                  (Must be used in conjunction with actions= )\r
        reboot=  <Message broadcast before rebooting on failure>\r
        command= <Command line to be run on failure>\r
        actions= <Failure actions and their delay time (in milliseconds),\r
                  separated by / (forward slash) -- e.g., run/5000/reboot/800\r
                  Valid actions are <run|restart|reboot> >\r
                  (Must be used in conjunction with the reset= option)\r
";

pub(super) fn change(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = required(words, USAGE)?;
        let (mut reset, mut actions) = (None, None);
        for pair in words[1..].chunks(2) {
            let [option, value] = pair else { return Err(Outcome::Usage(USAGE)) };
            match option.to_lowercase().as_str() {
                "reset=" if value.eq_ignore_ascii_case("infinite") => reset = Some(u32::MAX),
                "reset=" => reset = Some(value.parse().map_err(|_| Outcome::Usage(USAGE))?),
                "actions=" => actions = Some(parse(value).ok_or(Outcome::Usage(USAGE))?),
                "reboot=" | "command=" => {}
                _ => return Err(Outcome::Usage(USAGE)),
            }
        }
        let (Some(reset), Some(actions)) = (reset, actions) else { return Err(Outcome::Usage(USAGE)) };
        let name = existing(process, name, "OpenService")?;
        unguarded(process, &name, "OpenService")?;
        let mut numbers = vec![reset, 0, 0, actions.len() as u32, 0x14];
        numbers.extend(actions.into_iter().flat_map(|(action, delay)| [action, delay]));
        let bytes = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
        process.world().registry.set(&format!(r"{SERVICES}\{name}"), "FailureActions", Data::Binary(bytes));
        Ok(Outcome::Success("ChangeServiceConfig2"))
    })())
}

pub(super) fn show(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, USAGE)?, "OpenService")?;
        let world = process.world();
        let numbers: Vec<u32> = match world.registry.value(&format!(r"{SERVICES}\{name}"), "FailureActions") {
            Some(Data::Binary(bytes)) => bytes
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect(),
            _ => Vec::new(),
        };
        let reset = numbers.first().copied().unwrap_or(0);
        let mut page = Page::default();
        page.part(format_args!(
            "[SC] QueryServiceConfig2 SUCCESS\r\n\r\nSERVICE_NAME: {name}\r\n        RESET_PERIOD (in seconds)    : {reset}\r\n        REBOOT_MESSAGE               : \r\n        COMMAND_LINE                 : \r\n"
        ));
        for (at, pair) in
            numbers.get(5..).unwrap_or_default().chunks_exact(2).filter(|pair| pair[0] != 0).enumerate()
        {
            let action = match pair[0] {
                1 => "RESTART -- Delay = ",
                2 => "REBOOT -- Delay = ",
                _ => "RUN PROCESS -- Delay = ",
            };
            let front = if at == 0 {
                "        FAILURE_ACTIONS              : "
            } else {
                "                                       "
            };
            page.line(format_args!("{front}{action}{} milliseconds.", pair[1]));
        }
        process.stdout.text(page.text());
        Ok(Outcome::Printed)
    })())
}

/// `restart/60000/restart/60000/""` as pairs of action and delay.
fn parse(text: &str) -> Option<Vec<(u32, u32)>> {
    let parts: Vec<&str> = text.split('/').collect();
    if text.is_empty() {
        return Some(Vec::new());
    }
    parts
        .chunks(2)
        .map(|pair| {
            let action = match pair[0].to_lowercase().as_str() {
                "" => 0,
                "restart" => 1,
                "reboot" => 2,
                "run" => 3,
                _ => return None,
            };
            let delay = pair.get(1).filter(|delay| !delay.is_empty()).map_or(Ok(0), |delay| delay.parse());
            Some((action, delay.ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::Trial;

    #[test]
    fn a_killed_service_is_restarted_as_configured() {
        let trial = Trial::healthy();
        assert!(
            trial
                .ok("sc qfailure TermService")
                .contains("FAILURE_ACTIONS              : RESTART -- Delay = 60000 milliseconds.\n")
        );
        trial.ok("sc failure Spooler reset= 86400 actions= restart/5000");
        let pid = trial.world.lock().services.by_name("Spooler").unwrap().pid.unwrap();
        assert!(trial.world.lock().end_process(pid));
        assert!(trial.ok("sc query Spooler").contains("WIN32_EXIT_CODE    : 1067  (0x42b)"));
        trial.wait(6);
        assert!(trial.ok("sc query Spooler").contains("4  RUNNING"));
        assert_eq!(trial.run("sc failure Spooler actions= restart/5000").code, 1639);
    }
}

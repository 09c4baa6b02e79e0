//! The prompt: reading lines, running them, until `exit`.

use super::env::Env;
use super::shell::{Shell, Stop, Switch};
use super::{ExitCode, Session, text};
use crate::sim::conhost::{Conhost, Interrupted};
use crate::sim::tools::stream::Stdin;
use crate::sim::windows::SharedWorld;
use crate::sim::windows::os::Os;

/// The shell of a CMD channel: banner, prompt, commands, until `exit`.
///
/// invented: a new channel starts in `C:\Windows\system32` whoever logs in.
pub async fn interactive(world: SharedWorld, console: Conhost, session: Session) -> ExitCode {
    let env = environment(&world, &session);
    let mut shell = Shell::new(world, console, session, env);
    shell.banner();
    loop {
        if let Ok(code) = shell.interact().await {
            return code;
        }
    }
}

/// The variables of a logged-on administrator.
fn environment(world: &SharedWorld, session: &Session) -> Env {
    let world = world.lock();
    let profile = format!("C:\\Users\\{}", session.user);
    let rows = [
        ("ALLUSERSPROFILE", "C:\\ProgramData".to_owned()),
        ("APPDATA", format!("{profile}\\AppData\\Roaming")),
        ("CommonProgramFiles", "C:\\Program Files\\Common Files".to_owned()),
        ("CommonProgramFiles(x86)", "C:\\Program Files (x86)\\Common Files".to_owned()),
        ("CommonProgramW6432", "C:\\Program Files\\Common Files".to_owned()),
        ("COMPUTERNAME", world.computer.clone()),
        ("ComSpec", "C:\\Windows\\system32\\cmd.exe".to_owned()),
        ("HOMEDRIVE", "C:".to_owned()),
        ("HOMEPATH", format!("\\Users\\{}", session.user)),
        ("LOCALAPPDATA", format!("{profile}\\AppData\\Local")),
        ("LOGONSERVER", format!("\\\\{}", world.computer)),
        ("NUMBER_OF_PROCESSORS", "2".to_owned()),
        ("OS", "Windows_NT".to_owned()),
        (
            "Path",
            "C:\\Windows\\system32;C:\\Windows;C:\\Windows\\System32\\Wbem;C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\"
                .to_owned(),
        ),
        ("PATHEXT", ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC".to_owned()),
        ("PROCESSOR_ARCHITECTURE", "AMD64".to_owned()),
        ("PROCESSOR_IDENTIFIER", "Intel64 Family 6 Model 85 Stepping 7, GenuineIntel".to_owned()),
        ("PROCESSOR_LEVEL", "6".to_owned()),
        ("PROCESSOR_REVISION", "5507".to_owned()),
        ("ProgramData", "C:\\ProgramData".to_owned()),
        ("ProgramFiles", "C:\\Program Files".to_owned()),
        ("ProgramFiles(x86)", "C:\\Program Files (x86)".to_owned()),
        ("ProgramW6432", "C:\\Program Files".to_owned()),
        ("PROMPT", "$P$G".to_owned()),
        ("PUBLIC", "C:\\Users\\Public".to_owned()),
        ("SystemDrive", "C:".to_owned()),
        ("SystemRoot", "C:\\Windows".to_owned()),
        ("TEMP", format!("{profile}\\AppData\\Local\\Temp")),
        ("TMP", format!("{profile}\\AppData\\Local\\Temp")),
        ("USERDOMAIN", session.domain.clone()),
        ("USERNAME", session.user.clone()),
        ("USERPROFILE", profile),
        ("windir", "C:\\Windows".to_owned()),
    ];
    let mut env = Env::default();
    for (name, value) in rows {
        env.set(name, &value);
    }
    env
}

impl Shell {
    /// Version and copyright.
    pub(super) fn banner(&self) {
        let os = self.world.lock().os;
        let year = match os {
            Os::Server2012R2 => "2013 ",
            Os::Server2016 => "2016 ",
            Os::Server2019 => "2018 ",
            Os::Server2022 | Os::Server2025 => "",
        };
        let rights = self.words(&text::RIGHTS, &[]);
        self.print(&format!("{}\r\n(c) {year}Microsoft Corporation. {rights}\r\n", self.version()));
    }

    /// Prompt, line, run, until `exit` or the end of the input.
    pub(super) async fn interact(&mut self) -> Result<i32, Stop> {
        let mut blank_line = true;
        loop {
            if self.echo == Switch::On {
                let space = if blank_line { "\r\n" } else { "" };
                self.print(&format!("{space}{}", self.prompt()));
            }
            blank_line = false;
            let line = match self.read_line().await {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(self.level),
                Err(Interrupted) => {
                    self.console.write("^C\r\n");
                    continue;
                }
            };
            if line.trim().is_empty() {
                continue;
            }
            blank_line = true;
            self.session.audit.record(&line);
            let result = self.run_text(line).await;
            self.come_back();
            match result {
                Err(Stop::Exit(code)) => return Ok(code),
                Err(Stop::Interrupted) => {
                    self.console.write("^C\r\n");
                    blank_line = false;
                }
                Ok(_) | Err(Stop::Jump | Stop::EndBatch(_) | Stop::Abort) => {}
            }
        }
    }

    /// Back at the prompt nothing of what ran is left.
    fn come_back(&mut self) {
        self.batches.clear();
        self.variables.clear();
        self.loops = 0;
    }

    /// One line of standard input. What does not come from the console is shown, as a console would.
    pub(super) async fn read_line(&mut self) -> Result<Option<String>, Interrupted> {
        let stdin = self.stdin();
        let line = match &stdin {
            Stdin::Console(console) => return console.read_line().await.map(Some),
            Stdin::Bytes(_) => stdin.line(self.page()).await?,
        };
        if let Some(line) = &line
            && self.echo == Switch::On
        {
            self.print(&format!("{line}\r\n"));
        }
        Ok(line)
    }
}

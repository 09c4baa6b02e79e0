//! PowerShell over the serial console: exit codes and errors told apart, exact output, scripts of any length, and
//! what a machine says that runs none.

use std::fmt::Write as _;
use std::time::Duration;

use sacpilot::shell::{Receipt, Session, ShellError};
use sacpilot::sim::windows::files::path::WinPath;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::registry::Data;
use sacpilot::transport::SimWindow;

use crate::session::{TIMEOUT, session};

const EXE: &str = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";

/// Takes PowerShell away from a machine.
type Breaks = fn(&SimWindow);

async fn run(session: &mut Session, script: &str) -> Result<(i32, String), ShellError> {
    let outcome = Box::pin(session.powershell(script, TIMEOUT, None)).await?;
    assert!(!outcome.lossy, "{script}: {:?}", outcome.bytes);
    Ok((outcome.code, outcome.text))
}

#[tokio::test(start_paused = true)]
async fn codes_errors_and_output_are_exact_on_every_rendering() {
    for os in [Os::Server2016, Os::Server2022] {
        let (mut session, _window) = session(os, Language::EnUs).await;
        for (script, code, output) in [
            ("'boot settings ((x))'", 0, "boot settings ((x))\r\n"),
            ("'a'\nexit 3\n'never'", 3, "a\r\n"),
            ("1, 2 | ForEach-Object { $_ * 2 }", 0, "2\r\n4\r\n"),
            ("$null = 1", 0, ""),
            ("'x'; ''; '  y  '", 0, "x\r\n\r\n  y  \r\n"),
            ("exit 70000", 70_000, ""),
            ("exit -1073741819", -1_073_741_819, ""),
            ("Write-Warning 'careful'; Write-Host 'told'; 'said'", 0, "careful\r\ntold\r\nsaid\r\n"),
            ("reg.exe query HKLM\\SOFTWARE\\Nope 2>$null\n'code ' + $LASTEXITCODE", 1, "code 1\r\n"),
            // What the console's code page lacks.
            ("'한국어 ü'", 0, "한국어 ü\r\n"),
            ("try { throw 'x' } catch { 'caught'; exit 9 }", 9, "caught\r\n"),
        ] {
            let came =
                run(&mut session, script).await.unwrap_or_else(|error| panic!("{os:?} {script}: {error}"));
            assert_eq!((came.0, came.1.as_str()), (code, output), "{os:?} {script}");
        }
        let error = run(&mut session, "'before'\nthrow 'no such luck'\n'after'").await.unwrap_err();
        let ShellError::ScriptFailed { message, line, output, .. } = &error else { panic!("{error}") };
        assert_eq!((message.as_str(), *line, output.as_str()), ("no such luck", Some(2), "before\r\n"));
        assert!(error.may_have_run());
        // An error of a cmdlet ends the script as well, and is never an exit code.
        let error = run(&mut session, "Get-Service nope\nexit 0").await.unwrap_err();
        assert_eq!(error.code(), "powershell-error");
        assert_eq!(
            error.to_string(),
            "the script was ended by an error in its line 1: Cannot find any service with service name 'nope'."
        );
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_script_is_carried_once_and_swept_away() {
    let (mut session, window) = session(Os::Server2016, Language::EnUs).await;
    let mut script = String::from("$sum = 0\n");
    for number in 0..100 {
        writeln!(script, "$sum += {number} # boot settings ((twice)) 'quoted' \"%PATH%\" ^ & | < >").unwrap();
    }
    script.push_str("\"sum $sum\"\n");
    assert!(script.len() > 5_000);
    let enters = || window.audit().cmd_lines().len();
    assert_eq!(run(&mut session, &script).await.unwrap(), (0, "sum 4950\r\n".to_owned()));
    let typed = enters();
    assert_eq!(run(&mut session, &script).await.unwrap().0, 0);
    assert!(enters() - typed < 6, "{} lines for a script that is there already", enters() - typed);
    session.close().await.unwrap();
    let world = window.world();
    let world = world.lock();
    let temp = world.files.look(&WinPath::new(r"C:\Windows\Temp")).unwrap();
    let left: Vec<&str> =
        temp.children().map(|node| node.name.as_str()).filter(|name| name.starts_with("sp")).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_runs_no_powershell_says_so_and_nothing_ran() {
    let broken: [(&str, Breaks); 3] = [
        ("missing", |window| {
            let world = window.world();
            let mut world = world.lock();
            let folder = WinPath::new(EXE).parent().unwrap();
            world.files.look_mut(&folder).unwrap().take("powershell.exe");
        }),
        // As Wine's: says nothing, and ends with code 0.
        ("a stub", |window| {
            let world = window.world();
            let mut world = world.lock();
            let stub = sacpilot::sim::tools::image("chcp.com");
            let node = world.files.look_mut(&WinPath::new(EXE)).unwrap();
            node.body = sacpilot::sim::windows::files::node::Body::File(stub.into());
        }),
        ("forbidden", |window| {
            let world = window.world();
            let key = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell";
            world.lock().registry.set(key, "EnableScripts", Data::Dword(0));
        }),
    ];
    for (what, breaks) in broken {
        let (mut session, window) = session(Os::Server2019, Language::EnUs).await;
        breaks(&window);
        let error = run(&mut session, "Set-Content C:\\ran.txt 'x'").await.unwrap_err();
        assert!(matches!(&error, ShellError::NoPowerShell { begun: false, .. }), "{what}: {error}");
        assert!(!error.may_have_run(), "{what}");
        assert!(error.to_string().starts_with("PowerShell did not run the script; nothing of it was executed: powershell.exe ended with code "), "{what}: {error}");
        assert!(!window.world().lock().files.is_file(&WinPath::new(r"C:\ran.txt")));
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_changing_script_leaves_its_receipt() {
    let (mut session, _window) = session(Os::Server2022, Language::EnUs).await;
    let script = "Set-Content C:\\Windows\\Temp\\x.txt 'x'\nexit 4";
    let outcome = Box::pin(session.powershell(script, TIMEOUT, Some(77))).await.unwrap();
    assert_eq!(outcome.code, 4);
    let id = session.id().to_owned();
    let Receipt::Ended { code } = session.receipt(&id, 77).await.unwrap() else { panic!("no receipt") };
    assert_eq!(
        sacpilot::shell::powershell::ending(script, code),
        sacpilot::shell::powershell::Ending::Code(4)
    );
    // One that runs too long is ended, and the prompt is there again.
    let endless =
        Box::pin(session.powershell("while ($true) { $x = 1 }", Duration::from_secs(20), None)).await;
    assert!(matches!(endless, Err(ShellError::TimedOut { .. })), "{endless:?}");
    assert_eq!(run(&mut session, "'here'").await.unwrap(), (0, "here\r\n".to_owned()));
    session.close().await.unwrap();
}

//! What scripts come to on a machine.

use crate::sim::tools::trial::{Answer, Trial};
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::registry::Data;

/// A script as a file, run.
fn script(trial: &Trial, text: &str) -> Answer {
    {
        let token = trial.token();
        let mut world = trial.world.lock();
        let now = world.wall_time();
        let path = WinPath::new(r"C:\Windows\Temp\t.ps1");
        world.files.write(&path, text.as_bytes().to_vec(), &token, now).unwrap();
    }
    trial.run(r"powershell -NoProfile -File C:\Windows\Temp\t.ps1")
}

#[test]
fn the_language() {
    let trial = Trial::healthy();
    for (text, expected) in [
        ("'a'; \"b$(1 + 2)c\"", "a\nb3c\n"),
        ("$x = 5; $x += 2; $x * 3", "21\n"),
        ("if ($false) { 'no' } elseif (1 -eq 1) { 'yes' } else { 'no' }", "yes\n"),
        ("foreach ($n in 1..3) { if ($n -eq 2) { continue }; $n }", "1\n3\n"),
        ("$i = 0; while ($true) { $i++; if ($i -gt 3) { break } }; $i", "4\n"),
        (
            "try { throw 'bad' } catch { \"caught $($_.Exception.Message)\" } finally { 'end' }",
            "caught bad\nend\n",
        ),
        (
            "function Twice([int]$n, $word = 'x') { \"$($n * 2)$word\" }\nTwice 4; Twice -n 5 -word 'y'",
            "8x\n10y\n",
        ),
        ("@('a','b','c') | Where-Object { $_ -ne 'b' } | ForEach-Object { $_.ToUpper() }", "A\nC\n"),
        ("$h = @{name = 'n'; 'a b' = 2}; $h.name; $h['a b']; $h.Count", "n\n2\n2\n"),
        ("'TermService' -match 'Term(\\w+)'; $Matches[1]", "True\nService\n"),
        ("'a-b-c' -split '-' -join '+'; 'abc' -replace 'B','x'", "a+b+c\naxc\n"),
        ("'{0:x4} {1}' -f 255, 'y'", "00ff y\n"),
        ("$a = 1,2,3; $a[-1]; $a.Count; ($a | Measure-Object -Sum).Sum", "3\n3\n6\n"),
        ("[int]'0x10' + 1; [string]5 + '1'; [Convert]::ToInt32('ff', 16)", "17\n51\n255\n"),
        ("$s = { param($x) $x + 1 }; & $s 4", "5\n"),
        ("(5 -band 4) -bor 1; 7 -bxor 2; -not $true", "5\n5\nFalse\n"),
        ("$x = @\"\nA $(1)\nB\n\"@\n$x", "A 1\nB\n"),
        ("switch ('b') {\n 'a' { 1 }\n 'b' { 2 }\n}", "2\n"),
        ("$l = New-Object System.Collections.ArrayList; [void]$l.Add('q'); $l.Count", "1\n"),
        ("'x', 'y' | Select-Object -First 1", "x\n"),
        ("$null -eq $nothing; [string]::IsNullOrEmpty('')", "True\nTrue\n"),
    ] {
        assert_eq!(script(&trial, text), Answer::new(expected, "", 0), "{text}");
    }
}

#[test]
fn exit_codes_and_errors() {
    let trial = Trial::healthy();
    assert_eq!(script(&trial, "'a'\nexit 7\n'b'"), Answer::new("a\n", "", 7));
    assert_eq!(script(&trial, "reg.exe query HKLM\\NOPE 2>$null\n$LASTEXITCODE").code, 0);
    let thrown = script(&trial, "'a'\nthrow 'no good'\n'b'");
    assert_eq!((thrown.out.as_str(), thrown.code), ("a\n", 1));
    assert!(thrown.err.starts_with("no good\nAt C:\\Windows\\Temp\\t.ps1:2 char:1\n+ throw 'no good'\n+ ~~~~~~~~~~~~~~~\n    + CategoryInfo          : OperationStopped: (no good:String) [], RuntimeException\n    + FullyQualifiedErrorId : no good\n"), "{}", thrown.err);
    // An error that does not terminate leaves the script going on.
    let going = script(&trial, "Get-Service nope\n'after'");
    assert_eq!((going.out.as_str(), going.code), ("after\n", 0));
    assert!(
        going.err.starts_with("Get-Service : Cannot find any service with service name 'nope'.\n"),
        "{}",
        going.err
    );
    let stopped = script(&trial, "$ErrorActionPreference = 'Stop'\nGet-Service nope\n'after'");
    assert_eq!((stopped.out.as_str(), stopped.code), ("", 1));
    let unknown = trial.run("powershell -Command Frobnicate-Machine");
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("The term 'Frobnicate-Machine' is not recognized as the name of a cmdlet, function, script file, or operable program."), "{}", unknown.err);
    assert!(unknown.err.contains(
        "CategoryInfo          : ObjectNotFound: (Frobnicate-Machine:String) [], CommandNotFoundException"
    ));
    assert_eq!(trial.run("powershell -File C:\\nope.ps1").code, -196_608);
    assert_eq!(script(&trial, "if ($true {").code, 1);
    assert_eq!(trial.run("powershell -EncodedCommand JwBoAGkAJwA=").out, "hi\n");
    let nested = script(
        &trial,
        "Set-Content C:\\Windows\\Temp\\in.ps1 'exit 5'\n& C:\\Windows\\Temp\\in.ps1\n\"$LASTEXITCODE $?\"",
    );
    assert_eq!(nested, Answer::new("5 False\n", "", 0));
}

#[test]
fn the_machine_is_read_and_changed() {
    let trial = Trial::healthy();
    let key = r"HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server";
    assert_eq!(
        script(&trial, &format!("(Get-ItemProperty '{key}' -Name fDenyTSConnections).fDenyTSConnections"))
            .out,
        "0\n"
    );
    let text = format!(
        "Set-ItemProperty -Path '{key}' -Name fDenyTSConnections -Value 1\nNew-ItemProperty '{key}' -Name Fresh -PropertyType String -Value 'a b' | Out-Null\nTest-Path '{key}\\Nope'"
    );
    assert_eq!(script(&trial, &text), Answer::new("False\n", "", 0));
    {
        let world = trial.world.lock();
        let own = key.replace(":\\", "\\");
        assert_eq!(world.registry.value(&own, "fDenyTSConnections"), Some(&Data::Dword(1)));
        assert_eq!(world.registry.value(&own, "Fresh"), Some(&Data::Sz("a b".into())));
    }
    let text = "Stop-Service TermService -Force\n(Get-Service TermService).Status\nStart-Service TermService\n(Get-Service TermService).Status";
    assert_eq!(script(&trial, text), Answer::new("Stopped\nRunning\n", "", 0));
    let text = "Set-Service TermService -StartupType Disabled; (Get-Service TermService).StartType\nsc.exe qc TermService | Select-String 'START_TYPE' | ForEach-Object { $_.Line.Trim() }";
    let told = script(&trial, text);
    assert!(told.out.starts_with("Disabled\nSTART_TYPE         : 4   DISABLED"), "{told:?}");
    let text = "Disable-NetFirewallRule -Name RemoteDesktop-UserMode-In-TCP\n(Get-NetFirewallRule -Name RemoteDesktop-UserMode-In-TCP).Enabled";
    assert_eq!(script(&trial, text).out, "False\n");
    // `sc` is Set-Content, as on a real machine.
    script(&trial, "Set-Location C:\\Windows\\Temp\nsc config 'x'");
    assert!(trial.world.lock().files.is_file(&WinPath::new(r"C:\Windows\Temp\config")));
    let text = "$c = @(Get-ChildItem 'Cert:\\LocalMachine\\Remote Desktop')\n$c.Count\nRemove-Item -Path $c[0].PSPath\n@(Get-ChildItem 'Cert:\\LocalMachine\\Remote Desktop').Count";
    assert_eq!(script(&trial, text).out, "1\n0\n");
}

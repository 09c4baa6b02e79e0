//! Tables of commands, and what is said of each.

use super::{Command, Found, Role, Shell, cmd, file, translated};
use crate::script::model::Mode;
use crate::script::raw::At;

fn at(text: &str) -> At<String> {
    At { value: text.to_owned(), span: 0..text.len(), style: None }
}

/// What is said of a command.
fn found(text: &str, mode: Mode, role: Role) -> Vec<Found> {
    let text = at(text);
    let command = Command { text: &text, role, answered: false, readers: &[] };
    cmd::lint(&command, mode)
}

/// The codes of that.
fn said(text: &str, mode: Mode, role: Role) -> Vec<&'static str> {
    found(text, mode, role).iter().map(|found| found.code.id).collect()
}

fn assert_reads(lines: &str, mode: Mode) {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let wrong = lines.flat_map(|line| {
        found(line, mode, Role::Look)
            .into_iter()
            .map(move |found| format!("{line}: {} {}", found.code.id, found.message))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

fn assert_changes(lines: &str, mode: Mode) {
    let mut wrong = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        for (role, expected) in
            [(Role::Look, true), (Role::Check, true), (Role::Save, true), (Role::Change, false)]
        {
            if said(line, mode, role).contains(&"SP045") != expected {
                wrong.push(format!("{line} as {role:?}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn commands_of_cmd_that_only_read() {
    assert_reads(
        r#"
        ver
        echo %ERRORLEVEL% net stop x
        echo.
        dir "C:\Program Files (x86)" 2>nul || echo none
        dir >nul 2>&1
        type a | findstr b
        set PATH
        set a=b
        cd C:\
        if exist C:\x (echo y) else (echo n)
        if exist C:\x (dir C:\x) else if defined y type y
        for /f "delims=" %a in ('dir /b') do @echo %a
        cmd /c ver
        cmd /c "dir C:\ & ver"
        start /wait reg query HKLM\x
        call reg query HKLM\x
        %SystemRoot%\System32\reg.exe query HKLM\x
        C:\Windows\System32\cmd.exe /c dir
        reg query "HKLM\SYSTEM\ControlSet001"
        reg query HKLM\x /s /f y
        reg compare HKLM\a HKLM\b
        reg add /?
        sc query state= all
        sc \\m qc x
        sc sdshow x
        sc queryex type= driver
        net start
        net user
        net user azadmin /domain
        net localgroup
        net accounts
        net share
        net use
        net use x:
        net view \\m
        net session
        net config server
        net statistics server
        netsh interface show interface
        netsh interface ip show config
        netsh -r m int ip show config name="set"
        netsh winhttp show proxy
        netsh advfirewall firewall show rule name=all
        netsh int tcp show global
        netsh trace show status
        wevtutil qe System /q:"*[System[(EventID=1)]]" /c:5 /f:text
        wevtutil gl System
        bcdedit
        bcdedit /enum all /v
        bcdedit /store C:\Boot\BCD /enum
        certutil -store my
        certutil -user -store my
        certutil -hashfile x SHA256
        certutil -dump x
        certutil -verifystore "Remote Desktop"
        certutil -getreg CA
        ipconfig
        ipconfig /all
        ipconfig /displaydns
        netstat -ano
        tasklist /svc
        tasklist | find "x"
        systeminfo
        hostname
        whoami /all
        query user
        qwinsta
        driverquery /v
        getmac
        schtasks
        schtasks /query /tn "net start x"
        fsutil dirty query c:
        fsutil fsinfo drives
        fsutil volume diskfree c:
        fsutil behavior query disablelastaccess
        fsutil 8dot3name query c:
        icacls C:\x
        icacls C:\x /t /c
        cacls C:\x /s
        attrib C:\x
        attrib /s /d C:\x
        ping -n 4 127.0.0.1 >nul
        nslookup x
        tracert -h 1 x
        pathping -q 1 x
        route print
        route -4 print
        arp -a
        nbtstat -n
        dism /online /get-packages
        dism /english /online /cleanup-image /checkhealth
        dism /image:D:\ /get-features /format:table
        chkdsk C:
        chkntfs C:
        sfc /verifyonly
        manage-bde -status
        manage-bde -protectors -get C:
        vssadmin list shadows
        w32tm /query /status
        w32tm /stripchart /computer:x /samples:3
        gpresult /r /scope computer
        nltest /dsgetdc:x
        nltest /sc_query:x
        nltest /dclist:x
        klist
        klist tickets
        cmdkey /list
        cmdkey /list:x
        auditpol /get /category:*
        reagentc /info
        mountvol
        mountvol C: /l
        comp a b
        fc a b
        sort x
        where cmd
        tree C:\x /f
        vol
        date /t
        time /t
        chcp
        pnputil /enum-drivers
        pnputil -e
        netdom query fsmo
        wmic os get caption
        wmic qfe list brief /format:csv
        wmic service where "name='x'" get state
        wmic useraccount where name="set" get sid
        fltmc
        fltmc instances
        openfiles
        openfiles /query
        tzutil /g
        bitsadmin /list /allusers
        powercfg /a
        powercfg /q
        powercfg -list
        dsregcmd /status
        dcdiag /q
        repadmin /showrepl
        winrm enumerate winrm/config/listener
        wecutil es
        cipher /c x
        compact
        logman query
        change logon /query
        setspn -L x
        expand -d x.cab
        tar -tf x.tar
        curl.exe -s -o nul http://169.254.169.254/
        curl -sS -H Metadata:true --noproxy "*" http://169.254.169.254/metadata
        robocopy a b /l
        (echo list disk& echo list volume)|diskpart
        powershell -NoProfile -Command "Get-Service TermService | Select-Object Status"
        powershell -ep Bypass -c "(Get-Service x).Status"
        powershell Get-Service
        powershell -Command "Get-ItemProperty 'HKLM:\SYSTEM\ControlSet001'"
        for /f %a in ('powershell -c "(Get-Date).Year"') do @echo %a
        "#,
        Mode::Cmd,
    );
}

#[test]
fn commands_of_cmd_that_are_not_known_to_only_read() {
    assert_changes(
        r#"
        x.exe
        C:\tools\x.exe
        C:\tools\reg.exe query HKLM\x
        x.cmd /?
        call x.bat
        "{{ x }}"
        %x% /q
        cmd /c del x
        cmd /c "ver & del x"
        cmd /d /r "start "" /b x"
        if exist x (dir) else del x
        for %a in (1 2) do del %a
        for /f "usebackq" %a in (`net stop x /y`) do @echo %a
        start /wait reg delete HKLM\x /f
        powershell -NoProfile -Command "Stop-Service TermService -Force"
        powershell -c "Set-Service x -StartupType Manual"
        powershell "Stop-Service x -Force"
        powershell Stop-Service x -Force
        powershell -ExecutionPolicy Bypass -File C:\x.ps1
        powershell -EncodedCommand UwB0AG8AcAAtAFMAZQByAHYAaQBjAGUAIAB4ACAALQBGAG8AcgBjAGUA
        C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -Command "Stop-Service TermService -Force"
        for /f %a in ('powershell -c "Stop-Service x -Force"') do @echo %a
        echo Stop-Service x | powershell -Command -
        pwsh x.ps1
        reg unload HKLM\x
        sc failure x reset= 0
        sc sdset x D:
        net user bob /active:yes
        net use z: \\a\b
        net use \\a\b
        net start x
        ipconfig /renew
        ipconfig /flushdns
        route add 1.1.1.1 2.2.2.2
        route -f print
        arp -d
        nbtstat -RR
        vssadmin delete shadows /all
        mountvol x: /d
        wmic process call create x
        wmic os get /format:http://x/y.xsl
        netsh trace start
        netsh winhttp reset proxy
        netsh int ip set dns x show
        change logon /disable
        rwinsta 1
        logoff 1
        powercfg /h off
        dsregcmd /leave
        nltest /sc_reset:x
        nltest /sc_verify:x
        klist purge
        klist -li 0x3e7 purge
        dcdiag /fix
        winrm quickconfig
        winrm set x
        fsutil file createnew x 1
        fsutil usn deletejournal /d c:
        expand a b
        tar -xf x
        tar xf x
        curl -o C:\x http://x
        curl -X POST http://x
        bitsadmin /transfer a b c
        certutil -urlcache -f http://x y
        certutil -addstore root x
        certutil -verifystore my & certutil -delstore my x
        compact /c x
        cipher /e x
        repadmin /syncall
        netdom reset x
        dnscmd /clearcache
        slmgr /ato
        setx a b
        date 1-1-20
        chcp 65001
        pushd \\a\b
        defrag C:
        sfc /scannow
        chkdsk C: /scan
        dism /online /cleanup-image /restorehealth
        manage-bde -protectors -delete C:
        schtasks /run /tn x
        auditpol /set /category:x
        w32tm /resync
        attrib -r x
        icacls x /grant *S-1-5-18:F
        cacls x /s:D:
        takeown /f x
        gpupdate /force
        rundll32 x
        (echo list disk& echo clean)|diskpart
        diskpart /s x
        "#,
        Mode::Cmd,
    );
    for line in ["dir > C:\\x", "reg export HKLM\\x y /y", "wevtutil epl System x", "gpresult /h x", "md x"] {
        assert_eq!(said(line, Mode::Cmd, Role::Look), ["SP045"], "{line}");
        assert_eq!(said(line, Mode::Cmd, Role::Save), [""; 0], "{line}");
    }
}

#[test]
fn powershell_that_only_reads() {
    assert_reads(
        r#"
        Get-Service x | Where-Object { $_.Status -eq 'Running' } | Select-Object -First 1
        gsv | ? Status -eq Running | % Name
        gsv | % { $_.Name.ToUpper() }
        [math]::Max(1, 2)
        [string]::Join(',', @('a'))
        [datetime]::Now.AddDays(-1).ToString('o')
        [Convert]::ToInt32('0x1', 16)
        [Environment]::GetEnvironmentVariable('a', 'Machine')
        [IO.Path]::GetTempPath()
        [System.IO.File]::ReadAllText('C:\x').Trim()
        $x = @(1, 2); $x.Where({ $_ -gt 1 }); $x.ForEach({ $_ + 1 })
        $l = New-Object System.Collections.ArrayList; $l.Add(1)
        $l = [System.Collections.Generic.List[string]]::new(); $l.Add('a')
        $h = @{}; $h.a = 1; $h['b'] = 2; $h.Add('c', 3)
        $o = [pscustomobject]@{ a = 1 }; $o.a = 2
        [Console]::OutputEncoding = [Text.Encoding]::UTF8
        $env:X = 1; $a, $b = 1, 2
        & { Get-Service x }
        function f($a) { $a }; f 1
        New-Object Net.Sockets.TcpClient
        (New-Object System.Net.Sockets.TcpClient).Close()
        Invoke-RestMethod -Headers @{ Metadata = 'true' } -Uri http://169.254.169.254/x
        Get-Item 'HKLM:\SYSTEM\ControlSet001'
        Get-Acl C:\x | Format-List
        reg.exe query HKLM\SYSTEM\ControlSet002
        cmd /c ver
        cmd /c "dir C:\ & ver"
        ipconfig /all
        Get-Content C:\x 2>$null | Out-Null
        Import-Module NetSecurity
        foreach ($i in 1..3) { $i }; 1..3 | % { $_ }
        begin { 1 } end { 2 }
        "a" > $null
        "#,
        Mode::PowerShell,
    );
}

#[test]
fn powershell_that_is_not_known_to_only_read() {
    assert_changes(
        r#"
        c:\x.exe
        & "c:\x.exe"
        . c:\x.ps1
        . $x
        & (Get-Command x)
        gsv | % Stop
        gsv | ForEach-Object -MemberName Stop
        $x.ForEach('Stop')
        New-Object IO.StreamWriter c:\x
        [IO.StreamWriter]::new('c:\x')
        [IO.File]::Create('c:\x')
        [IO.File]::WriteAllText('c:\x', 'y')
        [IO.Path]::GetTempFileName()
        [Diagnostics.Process]::Start('x')
        [Environment]::SetEnvironmentVariable('a', 'b', 'Machine')
        (Get-Service x).Stop()
        (Get-Item c:\x).Attributes = 'Hidden'
        $f = Get-Item c:\x; $f.LastWriteTime = 1
        $g = [ADSI]'WinNT://./x'; $g.Add('WinNT://y')
        $log = Get-EventLog -List; $log.Clear()
        Format-Volume D
        Set-Service x -StartupType Manual
        Start-Process x
        begin { 1 } end { Stop-Service x -Force }
        Add-Type -TypeDefinition 'x'
        Import-Module C:\x.psm1
        Invoke-RestMethod -Method Post -Uri http://x
        Invoke-Expression 'x'
        cmd /c "ver & net stop x /y"
        cmd /c x.bat
        powershell -Command "Stop-Service x -Force"
        ipconfig /renew
        x.exe
        "#,
        Mode::PowerShell,
    );
}

#[test]
fn restarts_are_steps() {
    for line in [
        "shutdown /r /t 0",
        "shutdown -s",
        "shutdown /p",
        "shutdown.exe /h",
        "shutdown /r /o",
        "ver & shutdown /g",
        "cmd /c shutdown /r",
        "wmic os where primary=true reboot",
        "wmic os where primary=true call Win32Shutdown(6)",
        "powershell -Command \"Restart-Computer -Force\"",
        "powershell Stop-Computer",
    ] {
        for role in [Role::Look, Role::Check, Role::Save, Role::Change] {
            assert_eq!(said(line, Mode::Cmd, role), ["SP083"], "{line} as {role:?}");
        }
    }
    for line in [
        "Restart-Computer -Force",
        "Stop-Computer",
        "shutdown.exe /r",
        "cmd /c 'shutdown /r'",
        "(Get-WmiObject Win32_OperatingSystem).Reboot()",
        "Invoke-CimMethod $x -MethodName Reboot",
        "Rename-Computer x -Restart",
    ] {
        assert_eq!(said(line, Mode::PowerShell, Role::Change), ["SP083"], "{line}");
    }
    for line in ["restart", "shutdown", "crashdump"] {
        assert_eq!(said(line, Mode::Sac, Role::Change), ["SP083"], "{line}");
    }
    for line in ["shutdown /a", "shutdown /l"] {
        assert_eq!(said(line, Mode::Cmd, Role::Change), [""; 0], "{line}");
    }
}

#[test]
fn what_else_is_said_of_changes() {
    for (line, codes) in [
        ("cmd /c net stop X /y", &[][..]),
        ("cmd /c \"net stop X /y\"", &[]),
        ("start /wait reg delete HKLM\\x", &["SP064"]),
        ("cmd /c \"reg add HKLM\\X /v a\"", &["SP064"]),
        ("del C:\\x.txt del C:\\y.txt", &["SP060"]),
        ("echo del C:\\x.txt copy C:\\y.txt >nul", &[]),
        ("sc config X start =auto", &["SP061"]),
        ("sc config X start = auto", &["SP061"]),
        ("sc config X start= auto", &[]),
        ("cmd /c sc config X start=auto", &["SP061"]),
        ("net user bob *", &["SP065"]),
        ("net use * \\\\a\\b", &[]),
        ("takeown /f C:\\x /r", &["SP065"]),
        ("takeown /f C:\\x /r /d y", &["SP069"]),
        ("takeown /f C:\\x /a", &[]),
        ("ping -t x", &["SP065"]),
        ("netstat 5", &["SP065"]),
        ("netstat -an 1", &["SP065"]),
        ("w32tm /stripchart /computer:x", &["SP065"]),
        ("net user Administrator /active:yes", &["SP069"]),
        ("net user azadmin /active:yes", &[]),
        ("wmic useraccount where name=\"Administrator\" set disabled=false", &["SP069"]),
        ("net share x=C:\\x /grant:Everyone,FULL", &["SP069"]),
        ("net share x=C:\\x /grant:{{ who }},FULL", &[]),
        ("sc query x | findstr \"RUNNING\"", &[]),
        ("netsh x | findstr /c:\"Enabled  Connected\"", &["SP069"]),
        ("netsh interface show interface | findstr /c:\"Connected\"", &["SP069"]),
        ("echo x | find \"not connected to it\"", &[]),
        ("reg add HKLM\\SYSTEM\\ControlSet002\\X /f", &["SP067"]),
        ("reg query HKLM\\SYSTEM\\ControlSet002", &[]),
        ("net user bob P@ss-word1 /add", &["SP084"]),
        ("net user bob /add", &[]),
        ("net user bob {{ word }} /add", &[]),
        ("net use x: \\\\a\\b /user:c secret", &["SP084"]),
        ("net use x: \\\\a\\b", &[]),
        ("net use x: /delete /y", &[]),
        ("sc config x obj= \".\\bob\" password= \"secret\"", &["SP084"]),
        ("sc config x obj= LocalSystem password= \"\"", &[]),
        ("schtasks /create /tn x /tr y /ru bob /rp secret", &["SP084"]),
        ("powershell -Command \"Set-ItemProperty 'HKLM\\x' a 1\"", &["SP080"]),
        ("powershell -Command \"Set-ItemProperty 'HKLM:\\x' a 1\"", &[]),
        ("powershell -Command \"sc start x\"", &["SP078"]),
        ("powershell -Command \"Read-Host x\"", &["SP065"]),
    ] {
        assert_eq!(said(line, Mode::Cmd, Role::Change), codes, "{line}");
    }
    for (line, codes) in [
        ("cmd /c pause", &["SP065"][..]),
        ("cmd /c 'reg add HKLM\\X /v a'", &["SP064"]),
        ("[Console]::ReadLine()", &["SP065"]),
        ("$host.UI.RawUI.ReadKey()", &["SP065"]),
        ("$r = New-Object IO.StreamReader 'x'; $r.ReadLine()", &[]),
        ("Get-ItemProperty 'HKEY_LOCAL_MACHINE\\SYSTEM\\X'", &["SP080"]),
        ("$p = 'HKLM\\SYSTEM\\X'; Set-ItemProperty $p a 1", &["SP080"]),
        ("$p = 'HKLM\\SYSTEM\\X'; reg.exe query $p", &[]),
        ("$p = 'HKLM:\\SYSTEM\\X'; Set-ItemProperty $p a 1", &[]),
        ("Set-ItemProperty -Path 'Registry::HKEY_LOCAL_MACHINE\\X' a 1", &[]),
        ("Set-ItemProperty 'HKLM:\\SYSTEM\\ControlSet002\\X' a 1", &["SP067"]),
        ("Get-ItemProperty 'HKLM:\\SYSTEM\\ControlSet002\\X'", &[]),
        (
            "New-Object System.Security.AccessControl.FileSystemAccessRule('NETWORK SERVICE','FullControl','Allow')",
            &["SP069"],
        ),
        ("[Security.Principal.NTAccount]'Everyone'", &["SP069"]),
        ("Write-Output 'Everyone'", &[]),
        ("ConvertTo-SecureString 'secret' -AsPlainText -Force", &["SP084"]),
        ("ConvertTo-SecureString $x -AsPlainText -Force", &[]),
        ("1 = 2", &["SP076"]),
        ("'a' = 2", &["SP076"]),
        ("1..", &["SP076"]),
        ("function { }", &["SP076"]),
        ("# nothing but a comment", &[]),
        ("<# nothing\nbut #>\n# comments", &[]),
    ] {
        assert_eq!(said(line, Mode::PowerShell, Role::Change), codes, "{line}");
    }
}

#[test]
fn files_are_read_as_their_shell_reads_them() {
    let codes = |text: &str, shell| -> Vec<_> {
        file(&at(text), shell)
            .iter()
            .map(|found| (found.code.id, found.range.clone().unwrap_or_default().start))
            .collect()
    };
    let batch = "@echo off\n:again\nREM reg add x\nfor %%a in (1 2) do echo %%a\nsc config x start=auto\n  @pause\nif errorlevel 1 goto again\n";
    assert_eq!(codes(batch, Shell::Batch), [("SP061", 72), ("SP065", 85)]);
    assert_eq!(codes("\"{{0}}\" -f 1\nRestart-Computer\n", Shell::PowerShell), [("SP083", 13)]);
}

#[test]
fn words_that_windows_translates() {
    for (text, expected) in [
        (r"\sOk\.\r?$", Some("Ok.")),
        (r"(Enabled\s+Connected)", Some("Enabled Connected")),
        (r"Account active\s+Yes", Some("Account active")),
        ("The command completed successfully.", Some("successfully")),
        (r"\bLISTENING\b", Some("LISTENING")),
        (r"\bEnabled\s+REG_DWORD", None),
        ("book.", None),
        ("4  RUNNING", None),
    ] {
        assert_eq!(translated(text), expected, "{text}");
    }
}

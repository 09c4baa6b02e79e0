# Windows PowerShell 5.1 of the kinds that repair scripts use: each piece must pass the check. `#---` parts the pieces.
#---
Get-Service -Name 'TermService' | Select-Object -ExpandProperty Status
#---
(Get-Service -Name 'TermService').Status -eq 'Running'
#---
Get-Service | Where-Object { $_.StartType -eq 'Automatic' -and $_.Status -ne 'Running' } | Sort-Object Name | Format-Table -AutoSize
#---
Stop-Service -Name 'TermService' -Force -ErrorAction Stop
Start-Service -Name 'TermService'
#---
Get-Service |
    Where-Object Status -eq Running |
    ForEach-Object { '{0}={1}' -f $_.Name, $_.Status }
#---
switch ($x) {1 {'one'} default {'other'}}
#---
switch ($x) { 1 { 'one'; break } 2 { 'two' } default { throw "unknown: $x" } }
#---
switch ((Get-Service TermService).Status) { 'Running' { exit 0 } 'Stopped' { exit 1 } default { exit 2 } }
#---
switch -Regex ($line) { '^\s*$' { continue } '^(\w+)\s+(\d+)' { $Matches[1] } }
#---
switch -Wildcard ($name) { 'Term*' { 1 } "Sess$x" { 2 } { $_.Length -gt 3 } { 3 } default { 4 } }
#---
switch ($x) {
    1 { 'one' }
    { $_ -gt 1 } { 'more' }
    default { 'none' }
}
#---
$state = switch ($code) { 0 { 'right' } 1 { 'wrong' } default { 'unknown' } }; $state
#---
foreach ($x in 1..3) { switch ($x) { 1 { continue } 2 { "two: $(switch ($y) { 3 { 'three' } default { '-' } })" } } }
#---
switch ($x) { 1 { if ($y) { 'a' } else { 'b' } } 2 { @{ a = 1; b = 2 } } default { & { param($z) $z } 3 } }
#---
switch ($x) { 'it''s } {' { 1 } "a`" } b" { 2 } default { '}' } }
#---
if ($a -eq 1) { 'one' } elseif ($a -gt 1) { 'more' } else { 'none' }
#---
if (-not (Test-Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services')) { exit 3 }
#---
if ((Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server').fDenyTSConnections -ne 0) { 'denied' }
#---
$key = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server'
if (-not (Test-Path $key)) { New-Item -Path $key -Force | Out-Null }
New-ItemProperty -Path $key -Name 'Enabled' -Value 1 -PropertyType DWord -Force | Out-Null
#---
Set-ItemProperty -Path "HKLM:\SYSTEM\CurrentControlSet\Services\gpsvc" -Name Start -Value 4 -Type DWord
#---
$old = (Get-ItemProperty -LiteralPath $key -Name Enabled -ErrorAction SilentlyContinue).Enabled
if ($null -eq $old) { 'Enabled=' } else { "Enabled=$old" }
#---
Get-ChildItem -Path 'Cert:\LocalMachine\Remote Desktop' | ForEach-Object { $_.Thumbprint + ' ' + $_.NotAfter.ToString('s') }
#---
Get-ChildItem 'Cert:\LocalMachine\Remote Desktop' | Where-Object { $_.NotAfter -lt (Get-Date) } | Remove-Item
#---
Import-Module PKI
Set-Location Cert:\LocalMachine
#---
$thumbprint = 'Cert:\LocalMachine\Remote Desktop\' + ((Get-ChildItem -Path 'Cert:\LocalMachine\Remote Desktop\').Thumbprint)
#---
try { Restart-Service TermService -Force -ErrorAction Stop } catch { Write-Error $_; exit 3 } finally { 'done' }
#---
try {
    $item = Get-Item 'C:\x' -ErrorAction Stop
}
catch [System.Management.Automation.ItemNotFoundException] {
    exit 2
}
catch [System.IO.IOException], [System.UnauthorizedAccessException] {
    throw
}
finally {
    Remove-Variable item -ErrorAction SilentlyContinue
}
#---
trap { Write-Output "failed: $($_.Exception.Message)"; exit 9 }
throw 'x'
#---
throw [System.InvalidOperationException]::new('not so')
#---
Get-WinEvent -FilterHashtable @{ LogName = 'System'; Id = 7022, 7023; StartTime = (Get-Date).AddDays(-1) } -MaxEvents 5 -ErrorAction SilentlyContinue
#---
Get-WinEvent -FilterXPath "*[System[Provider[@Name='Schannel'] and EventID=36870]]" -LogName System -MaxEvents 1
#---
Get-NetFirewallRule -Name 'RemoteDesktop-UserMode-In-TCP' | Select-Object Enabled, Profile, Direction
#---
Set-NetFirewallRule -Name 'RemoteDesktop-UserMode-In-TCP' -LocalPort 3390 -Enabled True
#---
Get-NetTCPConnection -LocalPort 3389 -State Listen | Select-Object -First 1 -ExpandProperty OwningProcess
#---
Get-NetAdapter | Where-Object { $_.Status -eq 'Disabled' } | Enable-NetAdapter -Confirm:$false
#---
Get-CimInstance -ClassName Win32_Service -Filter "Name='TermService'" | Select-Object Name, StartMode, StartName
#---
Get-WmiObject Win32_OperatingSystem | ForEach-Object { [int](((Get-Date) - $_.ConvertToDateTime($_.LastBootUpTime)).TotalMinutes) }
#---
(Get-CimInstance Win32_ComputerSystem).PartOfDomain
#---
Test-ComputerSecureChannel -Verbose
#---
$r = Invoke-RestMethod -Headers @{"metadata"="true"} -Uri 'http://169.254.169.254/metadata/instance?api-version=2017-08-01' -Method Get
$r.compute.name
#---
& sc.exe config gpsvc start= auto
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
#---
sc.exe qc TermService
reg.exe query 'HKLM\SYSTEM\Select' /v Current
#---
& "$env:SystemRoot\System32\bcdedit.exe" /enum '{current}' 2>&1 | Out-String
#---
bcdedit /set '{bootmgr}' displaybootmenu yes
#---
netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=yes
#---
icacls 'C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys' /t /c /grant 'NT AUTHORITY\System:(F)'
#---
takeown /f "C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys" /a /r
#---
cmd /c "dism /online /get-packages 2>&1"
#---
icacls --% C:\x /grant *S-1-5-32-544:(F)
#---
wevtutil qe system /c:1 /f:text '/q:Event[System[EventID=7022]]'
#---
$acl = Get-Acl -Path 'C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys'
$rule = New-Object System.Security.AccessControl.FileSystemAccessRule('NT AUTHORITY\NETWORK SERVICE', 'Read', 'Allow')
$acl.AddAccessRule($rule)
Set-Acl -Path 'C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys' -AclObject $acl
#---
$sid = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
$sid.Translate([System.Security.Principal.NTAccount]).Value
#---
[System.IO.File]::ReadAllText("$env:SystemRoot\x.txt").Trim()
#---
[IO.File]::WriteAllText('C:\x.txt', 'text', (New-Object System.Text.UTF8Encoding $false))
#---
[Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
#---
[Environment]::GetEnvironmentVariable('Path', 'Machine').Split(';') | Where-Object { $_ }
#---
$x = [int]'42' + 0x10 - 3KB * 2 / 1.5
#---
$n = -1; $m = +2; $k = $n++ + --$m; $k % 2
#---
$b = -not $a -and !($c) -or $d -xor $e
#---
$flags = 5 -band 4 -bor 2 -bxor 1; $s = 1 -shl 3; $t = -bnot 4 -shr 1
#---
'abc' -replace 'b(.)', '<$1>' -split ',' -join ';'
#---
$names = 'a', 'b', 'c'
$names -contains 'b' -and 'b' -in $names -and 'x' -notin $names
#---
'TermService' -like 'Term*' -and 'x' -notlike 'y*' -and 'X' -ceq 'X' -and 'x' -ieq 'X' -and 'a1' -match '\d'
#---
$x -is [string] -or $x -isnot [int]
#---
'{0:x8} {1,10} {2:N2}' -f 255, 'x', 1.5
#---
$list = @(); $list += 'a'; $list += @('b', 'c'); $list.Count
#---
$list = New-Object System.Collections.ArrayList
[void]$list.Add('x')
#---
$list = [System.Collections.Generic.List[string]]::new()
$list.Add('x')
#---
$d = @{ a = 1; 'b c' = 2; "d$e" = 3 }
$d['a']; $d.'b c'; $d.Keys | Sort-Object
#---
$o = [ordered]@{
    Name  = 'x'
    Value = 1
}
#---
[pscustomobject]@{ Name = 'x'; State = (Get-Service x).Status } | ConvertTo-Json -Compress
#---
$o = New-Object PSObject -Property @{ A = 1 }
$o | Add-Member -MemberType NoteProperty -Name B -Value 2
#---
$arguments = @{ Name = 'TermService'; Force = $true }
Restart-Service @arguments
#---
function Stop-Gently([string]$Name, [int]$Seconds = 30) {
    Stop-Service -Name $Name
    Start-Sleep -Seconds $Seconds
}
Stop-Gently 'x' -Seconds 5
#---
function Find-Port {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline)]
        [ValidateRange(1, 65535)]
        [int] $Port,
        [switch] $Quiet
    )
    begin { $all = @() }
    process { $all += $Port }
    end { $all }
}
3389 | Find-Port -Quiet:$true
#---
param([string]$Name = 'TermService', [switch]$Force)
Get-Service $Name
#---
filter Twice { $_ * 2 }
1..3 | Twice
#---
for ($i = 0; $i -lt 3; $i++) { $i }
#---
for (;;) { break }
#---
while ($true) { if ($n -ge 3) { break } $n++ }
#---
do { Start-Sleep -Seconds 1; $n++ } while ($n -lt 3)
#---
do { $n-- } until ($n -le 0)
#---
:outer foreach ($a in 1..3) { foreach ($b in 1..3) { if ($b -eq 2) { continue outer } } }
#---
foreach ($name in 'a', 'b') { Write-Output "$name" }
#---
1..3 | ForEach-Object -Begin { $s = 0 } -Process { $s += $_ } -End { $s }
#---
"$($x.Name) is $($x.Status), $env:COMPUTERNAME, ${env:ProgramFiles(x86)}, `"quoted`", a`tb"
#---
'it''s' + "a""b"
#---
$text = @'
first 'line'
second "line" $notavalue
'@
$text.Length
#---
$text = @"
name: $name
sum: $(1 + 2)
"@
#---
$a, $b = 1, 2
$a, $b = $b, $a
#---
$x = if ($a) { 1 } else { 2 }
#---
$x = foreach ($i in 1..3) { $i * 2 }
#---
$x = & { 1; 2 }
. { $y = 3 }
#---
$block = { param($a, $b) $a + $b }
& $block 1 2
$block.Invoke(1, 2)
#---
Invoke-Command -ScriptBlock { Get-Date }
#---
Start-Process -FilePath 'msiexec.exe' -ArgumentList '/i', 'C:\x.msi', '/quiet' -Wait -PassThru | Select-Object -ExpandProperty ExitCode
#---
$job = Start-Job { Get-Service }; Wait-Job $job | Out-Null; Receive-Job $job
#---
Get-Content C:\x.txt -TotalCount 5 | Select-String -Pattern 'a.b' -SimpleMatch
#---
Get-ChildItem C:\Windows\Temp -Recurse -Force -ErrorAction SilentlyContinue | Measure-Object -Property Length -Sum
#---
Get-ChildItem -Path 'C:\Windows\System32\drivers\CrowdStrike' -Filter 'C-00000291*.sys' | ForEach-Object { Copy-Item $_.FullName 'C:\Windows\Temp' ; Remove-Item $_.FullName -Force }
#---
Get-Process | Where-Object { $_.Id -eq $id } | Select-Object -Property Name, @{ Name = 'Memory'; Expression = { $_.WorkingSet64 / 1MB } }
#---
Write-Output 'a' 'b' -NoEnumerate
Write-Host "x" -ForegroundColor Red
#---
Get-Item nowhere 2>$null
Get-Item nowhere *> C:\all.txt
ipconfig /all > C:\ip.txt 2>&1
Get-Date >> C:\ip.txt
#---
Get-Item 'C:\x' -ErrorAction SilentlyContinue -ErrorVariable problem; if ($problem) { $problem[0].Exception.Message }
#---
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0
$ProgressPreference = 'SilentlyContinue'
#---
$script:count = 0; $global:x = 1; ${a b} = 2; $using:y
#---
$x[0]; $x[-1]; $x[1..2]; $x[0, 2]; $x[$i + 1].Name; $d['a']['b']
#---
$x.Where({ $_ -gt 1 }); $x.ForEach({ $_ * 2 })
#---
$s.Substring(0, [Math]::Min($s.Length, 5)).ToUpper().Replace('A', 'B')
#---
[datetime]::ParseExact('20260101', 'yyyyMMdd', $null).AddDays(-1).ToString('yyyy-MM-dd')
#---
[regex]::Matches($text, '(?m)^\s*(\w+)\s*=\s*(.*)$') | ForEach-Object { $_.Groups[1].Value }
#---
[xml]$doc = Get-Content C:\x.xml
$doc.root.item | ForEach-Object { $_.name }
#---
$hash = (Get-FileHash -Algorithm SHA256 -Path 'C:\x').Hash
if ($hash -ne 'AB') { exit 1 }
#---
Get-Content C:\x | ConvertFrom-Csv -Delimiter ';' | Export-Csv C:\y.csv -NoTypeInformation
#---
$c = New-Object System.Net.Sockets.TcpClient
$r = $c.BeginConnect('127.0.0.1', 3389, $null, $null)
if (-not $r.AsyncWaitHandle.WaitOne(3000, $false)) { exit 2 }
$c.Close()
#---
Add-Type -AssemblyName System.ServiceProcess
Add-Type -TypeDefinition @'
public static class Native { public static int One() { return 1; } }
'@
[Native]::One()
#---
Remove-Module PSReadLine -ErrorAction SilentlyContinue
#---
<# a block
   of comment #>
Get-Date # and to the end of the line
#---
#Requires -Version 5.1
#Requires -RunAsAdministrator
Get-Date
#---
Get-Service `
    -Name 'TermService' `
    -ErrorAction Stop
#---
$list = @(
    'a'
    'b'
)
#---
Get-Service -Name @('a', 'b')
Get-Service a,b
#---
return
#---
exit
#---
exit (1 + 2)
#---
if ($x) { return $x } ; exit $code
#---
$null = New-Item -ItemType Directory -Path C:\temp -Force
#---
[void](New-Item C:\temp -ItemType Directory -Force)
#---
$env:Path += ';C:\x'
$x -= 1; $x *= 2; $x /= 2; $x %= 3
#---
$x = $y = 3
#---
,1 + ,@(2)
#---
-join ('a', 'b')
-split 'a b c'
#---
"a" * 3; @(1) * 2
#---
$PSVersionTable.PSVersion.Major -ge 5 -and [Environment]::Is64BitProcess
#---
Rename-Item 'C:\a.txt' 'b.txt'; Move-Item C:\b.txt C:\c.txt -Force
#---
Get-LocalGroupMember -SID S-1-5-32-544 | Select-Object -ExpandProperty Name
#---
Enable-LocalUser -Name 'helper'
Set-LocalUser -Name 'helper' -PasswordNeverExpires $true
#---
$p = ConvertTo-SecureString 'x' -AsPlainText -Force
$c = New-Object System.Management.Automation.PSCredential ('user', $p)
#---
Get-Volume | Where-Object { $_.DriveLetter } | ForEach-Object { "$($_.DriveLetter):" }
#---
Get-Disk | Where-Object IsOffline | Set-Disk -IsOffline $false
#---
Repair-Volume -DriveLetter C -Scan
#---
Get-HotFix | Sort-Object InstalledOn -Descending | Select-Object -First 5
#---
manage-bde -status C:
#---
%{ 1 }
Get-Service | % { $_.Name } | ? { $_ -like 'T*' } | select -First 1
#---
class Pair { [string]$Name; [int]$Value; Pair([string]$n) { $this.Name = $n } [string] Show() { return $this.Name } }
[Pair]::new('x').Show()
#---
enum State { Off; On }
[State]::On
#---
using namespace System.IO
[Path]::GetTempPath()
#---
begin { 1 } process { $_ } end { 2 }
#---
if ($a) {'x'} if ($b) {'y'}
#---
while ($i -lt 2) { $i++ } 'after'
#---
foreach ($i in 1..2) { $i } $i
#---
try { 1 } catch { 2 } 'after'
#---
function A { 1 } function B { 2 } A; B
#---
Get-Service|Where-Object{$_.Status -eq'Running'}
#---
$a=1;$b=2;if($a-eq$b){'same'}else{'not'}
#---
$x = 1,2,3 |
    Sort-Object -Descending

$x
#---
Get-ItemProperty 'HKLM:\SYSTEM\Select' | Select-Object -Property Current, Default, LastKnownGood | Format-List
#---
Write-Output "100%"; Write-Output 50%; Write-Output a:b c=d e,f
#---
Get-ScheduledTask -TaskName 'x' -ErrorAction SilentlyContinue | Disable-ScheduledTask | Out-Null
#---
$ok = $?; if (-not $?) { $Error[0]; $Error.Clear() }
#---
$h = @{}; $h.a = 1; $h.('b' + 'c') = 2; $h.$name = 3
#---
[int[]]$ports = 3389, 3390
[string[]]@('a')
[byte[]](1..3)
#---
[Security.Principal.WindowsPrincipal]::new([Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole('Administrators')
#---
([wmi]'').ConvertToDateTime('20260101000000.000000+000')
#---
Get-Date -Format 'yyyy-MM-dd HH:mm:ss'
#---
"{0}" -f ($x | Out-String).Trim()

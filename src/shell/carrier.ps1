param([string]$Hash, [string]$Call)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$base = $PSCommandPath.Substring(0, $PSCommandPath.Length - 4)
$file = $base + '.' + $Hash.Substring(0, 12) + '.ps1'
$note = $base + '.v'
$key = 65536 * (([Convert]::ToInt32($Hash.Substring(0, 4), 16) -bor 1) -band 0x7FFF)
$utf8 = New-Object System.Text.UTF8Encoding -ArgumentList $true
[IO.File]::WriteAllText($note, $Call + "`r`nbegun`r`n", $utf8)
$sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
$got = [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($file))).Replace('-', '')
if ($got -ne $Hash) { exit ($key + 65533) }
$lines = New-Object System.Collections.ArrayList
$things = New-Object System.Collections.ArrayList
$thrown = $null
$global:LASTEXITCODE = 0
function Format-Things {
    if ($things.Count -gt 0) {
        [void]$lines.Add(($things.ToArray() | Out-String -Width 240).TrimEnd())
        $things.Clear()
    }
}
try {
    & $file 3>&1 4>&1 5>&1 6>&1 | ForEach-Object {
        if ($_ -is [string]) { Format-Things; [void]$lines.Add($_) } else { [void]$things.Add($_) }
    }
} catch { $thrown = $_ }
$ended = $global:LASTEXITCODE
Format-Things
if ($lines.Count -gt 0) {
    $text = [string]::Join("`r`n", $lines.ToArray()) + "`r`n"
    $refuse = New-Object System.Text.EncoderExceptionFallback
    $strange = New-Object System.Text.DecoderExceptionFallback
    try { $bytes = [Text.Encoding]::GetEncoding([Console]::OutputEncoding.CodePage, $refuse, $strange).GetBytes($text) }
    catch { $bytes = $utf8.GetPreamble() + $utf8.GetBytes($text) }
    $out = [Console]::OpenStandardOutput()
    $out.Write($bytes, 0, $bytes.Length)
    $out.Flush()
}
if ($thrown -ne $null) {
    $told = $Call + "`r`nthrown`r`n" + $thrown.InvocationInfo.ScriptLineNumber + "`r`n" + $thrown.FullyQualifiedErrorId + "`r`n" + $thrown.Exception.Message
    [IO.File]::WriteAllText($note, $told, $utf8)
    exit ($key + 65535)
}
if ($ended -lt 0 -or $ended -gt 65000) {
    [IO.File]::WriteAllText($note, $Call + "`r`nended`r`n" + $ended, $utf8)
    exit ($key + 65534)
}
exit ($key + $ended)

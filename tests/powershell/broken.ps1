# What Windows PowerShell 5.1 refuses to read: each piece must be refused by the check. `#---` parts the pieces.
#---
if ($a { 'x' }
#---
if ($a) { 'x'
#---
if $a { 'x' }
#---
if ($a) 'x'
#---
if ($a) { 'x' } else 'y'
#---
if () { 'x' }
#---
Get-Service |
#---
| Get-Service
#---
Get-Service | | Sort-Object
#---
'never closed
#---
"never closed
#---
"a $(Get-Date b"
#---
$x = (1 + 
#---
$x = 1 +
#---
$x =
#---
(1 + 2))
#---
{ 'a'
#---
'a' }
#---
foreach $n in 1..3 { $n }
#---
foreach (n in 1..3) { $n }
#---
foreach ($n of 1..3) { $n }
#---
for ($i = 0; $i -lt 3 $i++) { $i
#---
while { 1 }
#---
do { 1 }
#---
do { 1 } while
#---
try { 1 }
#---
try 1 catch { 2 }
#---
switch $x { 1 { 2 } }
#---
switch ($x) { 1 { 2 }
#---
switch ($x) { 1 }
#---
switch ($x) { 1 { 2 } default }
#---
switch ($x) { { 2 } 1 } }
#---
function { 1 }
#---
function A( { 1 }
#---
function A
#---
param($a
Get-Date
#---
param($a,)
#---
@{ a = 1
#---
@{ a 1 }
#---
@{ a = }
#---
@(1, 2
#---
$x[1
#---
$x[]
#---
[int
#---
[int]'1'.
#---
$x.Where({ 1 )
#---
@'
text '@
#---
@" text
"@
#---
-eq 1
#---
$x -eq
#---
1 -and
#---
'a' 'b'
#---
$a $b
#---
1 2
#---
$x = 1 2
#---
&
#---
Get-Item >
#---
<# never closed
#---
$a ? 1 : 2
#---
$a ?? 1
#---
$x = @(1, 2,)
#---
throw (
#---
class { }
#---
enum { A }
#---
Stop-Service -Name Termservice) Start-Service
#---
$ = 1
#---
${a
#---
Get-Date; }
#---
if ($x -eq 1 { 'a' } else { 'b' }
#---
Get-Service -Name 'TermService | Select-Object Status

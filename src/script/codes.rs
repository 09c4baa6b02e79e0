//! The codes of everything `check` can say, each with one paragraph for `check --explain`.
//!
//! A code is never given a second meaning; one that is no longer used stays out of use.

use crate::script::model::Severity;

/// A code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `SP010`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Why it matters and what to do.
    pub explanation: &'static str,
}

/// The code with this id.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:literal $explanation:literal)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $title)]
            pub const $name: Code =
                Code { id: $id, severity: Severity::$severity, title: $title, explanation: $explanation };
        )*

        /// Every code, in order.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    SYNTAX "SP001" Error "not YAML"
        "The file can't be read as YAML at all. The place is where the reader gave up; the cause is often on the line above: a quote that is not closed, a colon in a text without quotes, or indentation by tabs."
    UNKNOWN_KEY "SP002" Error "unknown key"
        "A key that means nothing here. Keys are never ignored: a misspelt `undo` would leave a change without a way back."
    DUPLICATE_KEY "SP003" Error "key given twice"
        "The same key stands twice in one place. YAML readers differ in which one wins, so neither does."
    MISSING_KEY "SP004" Error "missing key"
        "A key that must be there is not."
    WRONG_SHAPE "SP005" Error "another kind of value expected"
        "A list stands where a text is expected, a text where a number is expected, and so on. Texts that look like numbers or like true and false need quotes, so that the version '1.0' stays a text."
    ANCHOR "SP006" Error "anchor, alias or merge key"
        "Anchors (&x), aliases (*x) and merge keys (<<) make a document whose reader must jump around. What runs on a production machine is read from top to bottom: write it out, or use another script with `use`."
    TAG "SP007" Error "YAML tag"
        "Tags (!name) have no meaning here."
    YES_NO "SP008" Error "yes, no, on or off as a truth value"
        "Only `true` and `false` are truth values. In YAML 1.1 `no` was one, too, and a country code; the confusion is kept out."
    DOCUMENT "SP009" Error "more than one plain document"
        "A script file holds one YAML document without directives, at most 256 KiB, nested at most 24 deep."
    QUOTES "SP010" Error "exact text needs single quotes or |"
        "Text whose bytes reach a console or become a pattern takes single quotes or a | block. In double quotes \"type C:\\temp\\new.txt\" holds a TAB and a line feed, and plain text ends at the first ` #`; both happen without a word."
    INVISIBLE "SP011" Error "control or invisible character"
        "A TAB typed at a console is a completion key, an escape or a right-to-left mark hides what a line does. Exact text holds none, not even inside single quotes."
    SEVERAL_LINES "SP012" Error "more than one line"
        "A command is one line, sent with one Enter after its echo is proven. Write several entries instead of several lines."
    UNKNOWN_WORD "SP013" Error "unknown word"
        "Only certain words may stand here; they are listed."
    NO_VALUE "SP014" Error "a key without a value"
        "The key stands there with nothing behind it. Leave it out, or give it a value."
    UNREADABLE "SP015" Error "the file cannot be checked"
        "It is not there, may not be read, is no text in UTF-8, or has a name that no script can have: scripts are named by lower-case words with dashes, `rdp/tls-protocols.yaml`."
    BAD_NAME "SP020" Error "name not allowed"
        "Names are used in expressions: lower-case letters, digits and `_`, starting with a letter, and none of the words that expressions know (`and`, `not`, `rc`, `before`, …). A dash would be read as a minus."
    TAKEN_NAME "SP021" Error "name already taken"
        "Two things that expressions would call by the same name."
    OTHER_NAME "SP022" Error "the script's name is not its path"
        "`script:` repeats the path below the scripts folder without `.yaml`, so that a copied file cannot pass for another one."
    OUT_OF_RANGE "SP023" Error "number or duration out of range"
        "Durations are a whole number with a unit (ms, s, m, h), more than nothing and at most a day; retries are 2 to 100; other ranges are named in the message."
    BAD_DEFAULT "SP024" Error "the value does not fit its parameter"
        "A default, or a value given with `with`, that the parameter itself would refuse."
    EMPTY_TEXT "SP025" Error "empty text or list"
        "There is a text or a list, but nothing in it: leave the key out, or say something. A `change` without a command changes nothing, a dialogue without answers answers nothing."
    BAD_EXPRESSION "SP030" Error "the expression does not parse"
        "`when`, `holds` and `{{ }}` hold one expression: names, texts in quotes, numbers, == != < > <= >=, and, or, not, in, `is defined`, `a if b else c`, and a few filters. No statements, no calls."
    UNDEFINED_NAME "SP031" Error "undefined name"
        "The name means nothing at this point. Known are the parameters, the captures of this step, `rc` and `output` of the command just run, `before.…` (what the check and `save` captured before the change), `steps.ID.…` of steps further up, the variable of `for_each`, and `facts.…`. SAC has no exit codes, so there is no `rc` in steps with `in: sac`."
    NEVER_EQUAL "SP032" Error "text compared with a number"
        "`rc` is a number and a capture is a text. Compared with the other kind they are never equal, whatever the machine says: write `rc == 0` and `start == \"2\"`. A text is neither smaller nor larger than a number: `pid | int > 4`."
    CONSTANT "SP033" Error "constant condition"
        "The condition names nothing, or asks an exit code for everything it can be, so it is always true or always false. A loop over an empty list never runs."
    BAD_PATTERN "SP034" Error "the pattern is not a regular expression"
        "Patterns are those of Rust's regex: linear time, no look-around, no back-references."
    OPEN_PATTERN "SP035" Warning "the pattern never ends"
        "A pattern that ends in `+` or `*` matches less when less has arrived. Say what comes after: `\\s*$`, `\\r?\\n`, a word boundary, a literal."
    UNUSED_CAPTURE "SP036" Warning "capture is never used"
        "Nothing looks at this value. Mostly a `holds` or an `undo` was forgotten."
    UNUSED_PARAM "SP037" Warning "parameter is never used"
        "Who sets it believes that it does something."
    NOT_A_CONDITION "SP038" Error "not a condition, or not a list"
        "`when` and `holds` need something that is true or false, `for_each` needs a list: of a parameter, of a capture with `all`, of facts, or the texts themselves (`[a, b]`). A text or a number is never taken for true."
    BAD_KIND "SP040" Error "a step must be of exactly one kind"
        "A step looks (`run`), holds a condition (`check`), talks (`dialogue`), waits (`wait`), puts a file on the machine (`upload`), restarts it (`reboot`), uses another script (`use`), asks (`ask`), holds steps (`block`), or only reports (`finding`): exactly one of them, with the keys that go with it."
    DUPLICATE_STEP "SP041" Error "step id given twice"
        "Expressions, journal and reports name a step by its id."
    NO_HOLDS "SP042" Error "check without `holds`"
        "A check must say when it is content, and so must a look that is tried again or has a finding. An exit code alone proves little: `reg query` ends with 0 whatever the value is."
    NO_UNDO "SP043" Error "change without a way back"
        "Every change has an `undo`, or says `undo: none` and `why`. An unattended repair that fails half way must leave the machine as it was."
    NO_WHY "SP044" Error "`undo: none` without a reason"
        "The person who approves the plan wants to know why there is no way back."
    CHECK_CHANGES "SP045" Error "a check that may change something"
        "`diagnose` and `plan` run every check and every look on a production machine and promise that nothing changes. So a command that is not known to only read counts as one that changes something: a program of your own, a script, a verb or an option that is not known here; also behind `cmd /c`, `call`, `start` and `powershell -Command`. Commands that change belong into `change`; those that write a backup file into `save`. A look that is right all the same says `risk: change` in its step: `diagnose` and `plan` leave it out then, and the plan shows it as a change."
    RISK_LOWERED "SP046" Error "risk lower than what the step does"
        "`risk` is derived from what a step does. It can be raised by hand, never lowered."
    NO_FINDING "SP048" Error "a condition without a finding"
        "When `holds` is false, somebody has to be told what that means: `finding: {severity, text, remedy}`."
    BAD_ANSWER "SP049" Error "an answer that cannot be given"
        "An answer names what the program shows (`text` or `regex`, one of them) and what is done then (`send`, `key` or `fail`, one of them). Commands of `undo` are not answered: the way back is written down, ready to be typed, before the change is sent."
    UNKNOWN_SCRIPT "SP050" Error "no such script"
        "`use` names a script by its path below the scripts folder, without `.yaml`."
    CYCLE "SP051" Error "scripts that use each other in a circle"
        "They would never end."
    BAD_ARGUMENT "SP052" Error "wrong argument for the used script"
        "`with` gives the parameters of the used script: only those it has, all that have no default, each of the right kind."
    BAD_UPLOAD "SP053" Error "a file that cannot be put on the machine"
        "An upload has either `text`, which stands in the script, or `file`, which lies beside it: a relative path that stays in the scripts folder, at most 256 KiB."
    NEVER_REACHED "SP054" Error "an answer that is never reached"
        "The first answer that matches is taken. One whose text holds the text of an answer above it never gets its turn."
    NOT_FILLED "SP055" Warning "`{{ }}` in the text of an upload"
        "A file goes to the machine byte for byte as it stands in the script: `{{ }}` in it stays as it is. Give values to the file when it is started, as arguments of its command: `\"{{ steps.helper.path }}\" \"{{ name }}\"`, in the file `%~1` or `param()`."
    JOINED "SP060" Error "two commands on one line"
        "A copied document often loses its line breaks: `sc config gpsvc start= auto sc start gpsvc` configures something else than it seems, and the second command never runs. Write two entries."
    SC_BLANK "SP061" Error "sc option without the blank"
        "`sc config X start=auto` prints its help and does nothing: the blank after `=` belongs to the option: `start= auto`."
    TYPOGRAPHIC "SP062" Error "typographic quote or dash in a command"
        "Word processors and translations turn \" into “ and - into –. cmd takes them for ordinary letters."
    SINGLE_QUOTES "SP063" Error "single quotes in a cmd command"
        "cmd does not know single quotes: `reg add … /v 'SecurityLayer'` creates a value whose name contains the quotes. Write double quotes; the YAML text around it has the single ones."
    NO_FORCE "SP064" Error "the command would ask before it overwrites or deletes"
        "`reg add` and `reg delete` ask unless `/f` is given, `reg export` and `reg save` unless `/y` is. Nobody is there to answer."
    ASKS "SP065" Error "the command waits for a key or pages"
        "`more`, `pause`, `choice`, `set /p` and others wait for somebody. Output is read whole without `more`."
    QUERY_SETS "SP066" Error "`reg query` with /d or /t and a value"
        "`reg query` reads. A line with `/d` was meant to be `reg add`."
    CONTROL_SET "SP067" Error "control set given by number"
        "`ControlSet001` and `002` are guesses; `reg add` even creates a control set that is not there. On a live machine write `CurrentControlSet`; for a hive on a rescue machine read `Select\\Current` first. Reading one by its number is fine."
    NOT_UNLOADED "SP068" Error "`reg load` without its `reg unload`"
        "A hive that stays loaded keeps the disk's file locked and changed only in memory. Every `reg load` needs its `reg unload` in `undo` or a later step."
    LOCALIZED "SP069" Error "name that differs by the language of Windows"
        "Groups, firewall rules and the words of messages are translated. Use numbers, SIDs (*S-1-5-32-544), exit codes, registry values, and firewall groups by resource (`group=\"@FirewallAPI.dll,-28752\"`)."
    TOO_LONG "SP070" Error "line too long"
        "At most 1,000 characters at a cmd prompt and 70 at SAC: the echo of every line is read back from a screen of 80 columns before Enter is sent."
    UNBALANCED "SP071" Error "quotes are not balanced"
        "An odd number of double quotes: what follows the last one is read differently than it looks."
    POWERSHELL_IN_CMD "SP072" Error "PowerShell in a cmd step"
        "cmd does not know cmdlets, `$variables` or drives such as `HKLM:\\`."
    BATCH_PERCENT "SP073" Error "%% belongs into batch files"
        "At a prompt `for %a in …` has one percent sign; `%%a` is an error there."
    SECRET "SP074" Error "secret where it would be seen"
        "A command line is seen by every process list, in the event log and on the console; titles and findings go into reports; items of `for_each` name their steps, and how a condition came out is written down, which tells of the secret that it tests. Secrets are only given where a program asks for them, and passed on to secret parameters; a condition asks at most whether one `is defined`."
    NOT_ASCII "SP075" Warning "letters outside of ASCII in a command or a batch file"
        "Mostly a translated name; and it depends on code pages whether the machine reads what was typed. cmd reads a batch file in the code page of its console, never as UTF-8 by itself; Windows PowerShell reads a file as UTF-8 behind its mark (EF BB BF) only."
    POWERSHELL_SYNTAX "SP076" Error "no PowerShell"
        "Every line of PowerShell is read with a grammar when the script is checked: `in: powershell`, uploads whose name ends in .ps1, and `powershell -Command` in cmd. What it cannot read, Windows PowerShell 5.1 most likely cannot either: a bracket or a quote that is not closed, `foreach` without parentheses."
    VALUE_UNQUOTED "SP077" Error "value outside of quotes"
        "In PowerShell a value of `{{ }}` stands between single quotes, where nothing but `'` means anything, and that is doubled; or between double quotes, where `$` and the backtick are refused. Outside, a value would be code."
    SC_ALIAS "SP078" Error "`sc` in PowerShell"
        "In Windows PowerShell `sc` is an alias of Set-Content: `sc config gpsvc` writes a file named config. The program is `sc.exe`; the cmdlets are Get-Service, Start-Service, Stop-Service and Set-Service."
    REM "SP079" Error "`REM` in PowerShell"
        "Comments begin with `#`. `REM` is looked for as a command, is not found, and ends the script."
    REGISTRY_DRIVE "SP080" Error "registry path without its drive"
        "To PowerShell the registry is a drive: `HKLM:\\SYSTEM`. Without the colon `HKLM\\SYSTEM` is a folder below the current one, which is not there; with -Force it may even be made. Only reg.exe takes `HKLM\\SYSTEM`."
    CMD_IN_POWERSHELL "SP081" Error "cmd in a PowerShell step"
        "`%NAME%` stays as it is in PowerShell, `set` makes no variable of the environment, and `del`, `copy`, `dir` are aliases of cmdlets that know no `/q`. Write `$env:NAME`, and the options of the cmdlets."
    NEWER_POWERSHELL "SP082" Error "not in Windows PowerShell 5.1"
        "Windows Server ships with Windows PowerShell 5.1, which has no `&&`, `||` and `&` behind a pipeline: the whole script is refused there as a syntax error, and nothing of it runs."
    RESTARTS "SP083" Error "a restart that is no step"
        "`shutdown /r`, `Restart-Computer`, `wmic os … reboot`, SAC's `restart` end Windows under the run: what was not written to disk is lost, the console falls silent, and `--max-risk change` would have let it pass. A step `reboot: {reason: …}` is shown as a restart, asks the programs, proves that the machine came back, and logs in again. `shutdown /a` is fine."
    LITERAL_SECRET "SP084" Warning "password in the script"
        "A password that stands in a script is in its file, in plans, in journals and reports, and mostly on a command line, which every process list shows. Declare a parameter of type `secret`, and give it where a program asks for it: in a `dialogue` with `echo: none` or `stars`."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_explained() {
        for pair in ALL.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
        }
        for code in ALL {
            assert!(code.explanation.ends_with(['.', ':']) && code.explanation.len() > 20, "{}", code.id);
            assert_eq!(find(&code.id.to_lowercase()), Some(*code));
        }
        assert_eq!(find("SP999"), None);
    }
}

//! What a command does to the machine, as far as its words tell.

use crate::script::lint::words::Simple;

/// What a command does, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Reads, as far as one can know.
    Reads,
    /// Writes files, but changes no setting: backups.
    WritesFiles,
    /// Changes the machine.
    Changes,
}

/// What a command does.
pub(super) fn of(simple: &Simple) -> Effect {
    let writes = simple.writes.iter().any(|file| file.plain() != "nul");
    program(simple).max(if writes { Effect::WritesFiles } else { Effect::Reads })
}

/// What a command at `SAC>` does. Anything that is not known to read counts as a change: `id` and `i` with
/// addresses, `s` with a time, `restart`, `shutdown`, `crashdump`, `k`, `l`, `p`, `r`.
pub(super) fn of_sac(line: &str) -> Effect {
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["?" | "help" | "d" | "t" | "f" | "i" | "s" | "id" | "ch" | "cmd"]
        | ["ch", "-l" | "-?" | "?" | "-sn" | "-si", ..] => Effect::Reads,
        _ => Effect::Changes,
    }
}

fn program(simple: &Simple) -> Effect {
    use Effect::{Changes, Reads, WritesFiles};
    // `sc \\\\MACHINE …` names the machine first.
    let named = simple.program() == "sc" && simple.word(1).starts_with(r"\\");
    let verb = simple.word(if named { 2 } else { 1 });
    let verb = verb.as_str();
    let any = |options: &[&str]| options.iter().any(|option| simple.has(option));
    let when = |condition: bool| if condition { Changes } else { Reads };
    match simple.program().as_str() {
        "reg" => match verb {
            "query" | "compare" | "flags" | "" => Reads,
            "export" | "save" => WritesFiles,
            _ => Changes,
        },
        "sc" => when(!matches!(
            verb,
            "" | "query"
                | "queryex"
                | "qc"
                | "qdescription"
                | "qfailure"
                | "qprivs"
                | "qprotection"
                | "qsidtype"
                | "qtriggerinfo"
                | "sdshow"
                | "showsid"
                | "enumdepend"
                | "getdisplayname"
                | "getkeyname"
        )),
        "net" | "net1" => when(match verb {
            "start" => simple.words.len() > 2,
            "user" | "localgroup" | "accounts" | "share" | "use" => {
                simple.words.iter().skip(2).any(|word| word.text.starts_with('/')) || simple.words.len() > 3
            }
            "stop" | "pause" | "continue" | "time" => true,
            _ => false,
        }),
        "icacls" if any(&["/save"]) => WritesFiles,
        "icacls" => when(simple.words.iter().any(|word| {
            let plain = word.plain();
            ["/grant", "/deny", "/remove", "/set", "/reset", "/inheritance", "/restore", "/substitute"]
                .iter()
                .any(|option| plain.starts_with(option))
        })),
        "cacls" => when(
            any(&["/e", "/g", "/r", "/p", "/d"]) || simple.words.iter().any(|w| w.plain().starts_with("/s:")),
        ),
        "certutil" => when(any(&[
            "-delstore",
            "-addstore",
            "-importpfx",
            "-repairstore",
            "-setreg",
            "-delreg",
            "-delkey",
            "-pulse",
            "/delstore",
            "/addstore",
            "/importpfx",
            "/repairstore",
        ])),
        "netsh" if any(&["export"]) => WritesFiles,
        "netsh" => when(any(&["set", "add", "delete", "reset", "import", "install", "unload"])),
        "bcdedit" if any(&["/export"]) => WritesFiles,
        "bcdedit" if verb == "/store" => when(!matches!(simple.word(3).as_str(), "" | "/enum" | "/v")),
        "bcdedit" => when(!matches!(verb, "" | "/enum" | "/v" | "/?")),
        "wevtutil" => when(matches!(verb, "cl" | "clear-log" | "sl" | "set-log" | "im" | "um")),
        // Fed with nothing but questions it only answers them.
        "diskpart" if simple.piped && !simple.fed.is_empty() => when(!simple.fed.iter().all(|line| {
            ["list ", "select ", "detail ", "rescan", "exit"].iter().any(|verb| line.starts_with(verb))
        })),
        "schtasks" => when(any(&["/create", "/delete", "/change", "/run", "/end"])),
        "dism" => when(!simple.words.iter().any(|word| {
            let plain = word.plain();
            plain.starts_with("/get-") || plain == "/checkhealth" || plain == "/scanhealth"
        })),
        "manage-bde" => when(!matches!(verb, "" | "-status" | "-?") && !any(&["-get"])),
        "fsutil" => when(any(&["set", "delete", "create", "setquota", "repair"])),
        "chkntfs" => when(any(&["/c", "/x", "/d", "/t"])),
        "sfc" => when(!any(&["/verifyonly"])),
        "chkdsk" => when(any(&["/f", "/r", "/x"])),
        "w32tm" => when(any(&["/config", "/resync", "/register", "/unregister"])),
        "auditpol" => when(any(&["/set", "/clear", "/remove", "/restore"])),
        "secedit" => when(any(&["/configure"])),
        "md" | "mkdir" | "copy" | "xcopy" | "robocopy" => WritesFiles,
        "del" | "erase" | "rd" | "rmdir" | "ren" | "rename" | "move" | "takeown" | "attrib" | "gpupdate"
        | "shutdown" | "taskkill" | "setx" | "format" | "diskpart" | "logoff" | "tsdiscon" | "reset"
        | "mklink" | "bootrec" | "bcdboot" | "regsvr32" | "msiexec" | "wusa" | "pnputil" | "lodctr"
        | "setspn" | "netdom" => Changes,
        _ => Reads,
    }
}

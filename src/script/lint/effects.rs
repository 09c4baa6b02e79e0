//! What a command does to the machine, as far as its words tell. A command that is not known to only read counts as a
//! change: `diagnose` and `plan` promise that nothing changes, and nobody can list all that does.

use crate::script::lint::powershell;
use crate::script::lint::programs::{DISM, NETSH, OPTIONS, READERS, SFC, VERBS, holds};
use crate::script::lint::words::{Simple, Word};

/// What a command does, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Is known to only read, or to change no more than the shell it runs in.
    Reads,
    /// Writes files, but changes no setting: backups.
    WritesFiles,
    /// Changes the machine, or may.
    Changes,
}

/// What a command does.
pub(super) fn of(simple: &Simple) -> Effect {
    let writes = simple.writes.iter().any(|file| file.plain() != "nul");
    program(simple).max(if writes { Effect::WritesFiles } else { Effect::Reads })
}

/// A command by its program and its verb, for people: `reg add`.
pub(super) fn name(simple: &Simple) -> String {
    let verb = simple.word(1);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_:".contains(c);
    let is_verb = (2..=20).contains(&verb.len()) && verb.chars().all(plain) && simple.is_of_windows();
    let known = known(simple).is_some() || verb.starts_with('/');
    let verb = if is_verb && known { format!(" {verb}") } else { String::new() };
    format!("{}{verb}", simple.program())
}

/// What a command at `SAC>` does: `id` and `i` with addresses, `s` with a time, `restart`, `shutdown`, `crashdump`, `k`,
/// `l`, `p`, `r` change something.
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
    // Only a redirection.
    if simple.words.is_empty() {
        return Effect::Reads;
    }
    match known(simple).filter(|_| simple.is_of_windows()) {
        Some(_) if simple.has("/?") => Effect::Reads,
        known => known.unwrap_or(Effect::Changes),
    }
}

/// What a program of Windows does with its words; `None`: it is not known.
fn known(simple: &Simple) -> Option<Effect> {
    use Effect::{Changes, Reads, WritesFiles};
    let program = simple.program();
    let program = program.as_str();
    // `sc \\MACHINE …` names the machine first.
    let named = program == "sc" && simple.word(1).starts_with(r"\\");
    let verb = simple.word(if named { 2 } else { 1 });
    let verb = verb.as_str();
    let any = |options: &[&str]| options.iter().any(|option| simple.has(option));
    let starts = |option: &str| simple.words.iter().skip(1).any(|word| word.plain().starts_with(option));
    let alone = simple.words.len() == 1;
    let reads = |condition: bool| if condition { Reads } else { Changes };
    Some(match program {
        "reg" => match verb {
            "query" | "compare" | "" => Reads,
            "export" | "save" => WritesFiles,
            _ => Changes,
        },
        "net" | "net1" => reads(net(simple)),
        "netsh" => netsh(simple),
        "icacls" if any(&["/save"]) => WritesFiles,
        "wevtutil" if matches!(verb, "epl" | "export-log" | "al" | "archive-log") || starts("/sbm:") => {
            WritesFiles
        }
        "gpresult" if any(&["/h", "/x"]) => WritesFiles,
        "auditpol" if verb == "/backup" => WritesFiles,
        "secedit" => match verb {
            "/export" => WritesFiles,
            verb => reads(matches!(verb, "" | "/validate")),
        },
        "sort" if any(&["/o", "/output"]) => WritesFiles,
        "typeperf" if any(&["-o", "/o"]) => WritesFiles,
        "powercfg"
            if matches!(verb.trim_start_matches(['/', '-']), "energy" | "batteryreport" | "sleepstudy") =>
        {
            WritesFiles
        }
        "bcdedit" if any(&["/export"]) => WritesFiles,
        "bcdedit" if verb == "/store" => reads(matches!(simple.word(3).as_str(), "" | "/enum" | "/v")),
        "bcdedit" => reads(matches!(verb, "" | "/enum" | "/v")),
        "certutil" => certutil(simple),
        // Fed with nothing but questions it only answers them.
        "diskpart" if simple.piped && !simple.fed.is_empty() => reads(simple.fed.iter().all(|line| {
            ["list ", "select ", "detail ", "rescan", "exit"].iter().any(|verb| line.starts_with(verb))
        })),
        "diskpart" => Changes,
        "dism" => reads(dism(simple)),
        "manage-bde" => {
            let ways = ["-add", "-delete", "-enable", "-disable", "-adbackup", "-aadbackup", "-sek"];
            let ways = ways.iter().any(|way| starts(way));
            reads(matches!(verb, "" | "-status" | "-?") || verb == "-protectors" && any(&["-get"]) && !ways)
        }
        "fsutil" => reads(fsutil(verb, &simple.word(2))),
        "sfc" => reads(alone || starts("/verify") && only(simple, SFC)),
        "klist" => reads(simple.words.iter().skip(1).all(|word| {
            let plain = word.plain();
            let known = ["tickets", "tgt", "sessions", "query_bind", "kcd_cache", "-li", "-lh"];
            known.contains(&plain.as_str()) || plain.starts_with("0x")
        })),
        "mountvol" => reads(alone || simple.words.len() == 3 && simple.word(2) == "/l"),
        "route" => reads(verb == "print" || matches!(verb, "-4" | "-6") && simple.word(2) == "print"),
        // -R and -RR load a table anew, -r shows one.
        "nbtstat" => reads(!simple.words.iter().skip(1).any(|word| word.text.contains('R'))),
        "attrib" if starts("+") || starts("-") => Changes,
        "compact" if starts("/compactos:") => reads(starts("/compactos:query")),
        // `/s:SDDL` sets what `/s` shows.
        "cacls" if starts("/s:") => Changes,
        "assoc" | "ftype" => reads(!simple.words.iter().any(|word| word.text.contains('='))),
        "chcp" | "subst" => reads(alone),
        "change" | "chglogon" | "chgport" | "chguser" => reads(any(&["/query"])),
        "defrag" => reads(any(&["/a"]) && only(simple, "a v u h")),
        "tar" => reads(verb.contains('t') && verb.chars().all(|c| "-tvzf".contains(c))),
        "mode" => reads(alone || any(&["/status", "/sta"])),
        "date" | "time" => reads(any(&["/t"])),
        // A share of the network gets a drive letter.
        "pushd" => reads(!verb.starts_with(r"\\")),
        "expand" => reads(matches!(verb, "-d" | "/d")),
        "curl" => reads(curl(simple)),
        "wmic" => wmic(simple),
        "robocopy" | "xcopy" if any(&["/l"]) && !starts("/log") && !starts("/unilog") => Reads,
        "md" | "mkdir" | "copy" | "xcopy" | "robocopy" => WritesFiles,
        // Judged by what is in it, or by what it waits for.
        "powershell" | "pwsh" => reads(alone || powershell::has_inner(simple)),
        "cmd" => Reads,
        _ if holds(READERS, program) || program.starts_with("echo.") => Reads,
        _ => {
            if let Some((_, verbs)) = VERBS.iter().find(|(known, _)| *known == program) {
                let verb = verb.split(':').next().unwrap_or_default();
                reads(verb.is_empty() || holds(verbs, verb))
            } else {
                let (_, options) = OPTIONS.iter().find(|(known, _)| *known == program)?;
                reads(only(simple, options))
            }
        }
    })
}

/// Whether every option of a command is one of these.
fn only(simple: &Simple, options: &str) -> bool {
    simple.words.iter().skip(1).all(|word| {
        let plain = word.plain();
        let Some(option) = plain.strip_prefix(['/', '-']) else { return true };
        holds(options, option.split([':', '=']).next().unwrap_or_default())
    })
}

/// Whether `net …` shows something: a list, or one of its entries.
fn net(simple: &Simple) -> bool {
    let words: Vec<String> = simple.words.iter().skip(2).map(Word::plain).collect();
    let options = words.iter().filter(|word| word.starts_with('/') && *word != "/domain").count();
    let names: Vec<&String> = words.iter().filter(|word| !word.starts_with('/')).collect();
    match simple.word(1).as_str() {
        "" | "help" | "helpmsg" | "statistics" | "view" => true,
        "accounts" | "config" | "file" | "group" | "localgroup" | "session" | "time" | "user" => {
            options == 0 && names.len() <= 1
        }
        "share" => options == 0 && names.len() <= 1 && !names.iter().any(|name| name.contains('=')),
        "start" => words.is_empty(),
        // A share alone would be connected to.
        "use" => options == 0 && names.len() <= 1 && names.iter().all(|name| name.ends_with(':')),
        _ => false,
    }
}

/// `netsh`, behind the contexts that lead to its verb.
fn netsh(simple: &Simple) -> Effect {
    let mut words = simple.words.iter().skip(1).map(Word::plain).peekable();
    let mut wfp = false;
    while let Some(word) = words.next_if(|word| holds(NETSH, word) || word == "-c" || word == "-r") {
        wfp |= word == "wfp";
        // The name of the machine.
        if word == "-r" {
            words.next();
        }
    }
    match words.next().as_deref() {
        // `wfp show` writes what it shows into a file.
        Some("show") if wfp => Effect::WritesFiles,
        None | Some("show" | "dump" | "help" | "?") => Effect::Reads,
        Some("export") => Effect::WritesFiles,
        _ => Effect::Changes,
    }
}

/// `certutil`, by the first option that says what to do.
fn certutil(simple: &Simple) -> Effect {
    let words: Vec<String> = simple.words.iter().skip(1).map(Word::plain).collect();
    let is_option = |word: &&String| word.starts_with(['-', '/']);
    let options = words.iter().filter(is_option).map(|word| word.trim_start_matches(['-', '/']));
    let values = words.iter().filter(|word| !is_option(word)).count();
    let beside = ["user", "enterprise", "grouppolicy", "silent", "v", "f", "service", "machine"];
    let mut options = options.filter(|option| !beside.contains(option));
    let verb = options.next();
    if options.next().is_some() {
        return Effect::Changes;
    }
    match verb {
        // The third value of it is a file that is written.
        Some("store" | "verifystore") if values > 2 => Effect::WritesFiles,
        Some("urlcache") if values > 0 => Effect::Changes,
        None
        | Some(
            "store" | "verifystore" | "dump" | "hashfile" | "getreg" | "verify" | "error" | "ping" | "key"
            | "csplist" | "cainfo" | "catemplates" | "template" | "adtemplate" | "policy" | "oid" | "asn"
            | "urlcache" | "schema" | "displayecccurve" | "tcainfo" | "?",
        ) => Effect::Reads,
        Some(_) => Effect::Changes,
    }
}

/// Whether `dism …` asks for something, and for nothing else.
fn dism(simple: &Simple) -> bool {
    let words: Vec<String> = simple.words.iter().skip(1).map(Word::plain).collect();
    let options = words.iter().filter_map(|word| word.strip_prefix(['/', '-']));
    let options: Vec<&str> = options.filter_map(|option| option.split(':').next()).collect();
    let asks = |option: &str| {
        option.starts_with("get-") || matches!(option, "checkhealth" | "scanhealth" | "analyzecomponentstore")
    };
    options.iter().all(|option| asks(option) || holds(DISM, option))
        && (words.is_empty() || options.iter().any(|option| asks(option)))
}

/// Whether `fsutil WHAT VERB …` shows something.
fn fsutil(what: &str, verb: &str) -> bool {
    what.is_empty()
        || what == "fsinfo"
        || verb.is_empty()
        || verb.starts_with("query")
        || matches!(
            (what, verb),
            ("hardlink" | "volume" | "transaction" | "objectid", "list")
                | ("volume", "diskfree" | "filelayout" | "allocationreport")
                | ("file", "layout" | "findbysid")
                | ("quota", "violations")
                | ("repair", "state" | "enumerate")
                | ("resource", "info")
                | ("usn", "readdata" | "enumdata" | "readjournal")
                | ("wim", "enumfiles" | "enumwims")
                | ("transaction", "fileinfo")
        )
}

/// Whether `curl` gets something, and keeps it nowhere.
fn curl(simple: &Simple) -> bool {
    const LONG: [&str; 15] = [
        "--silent",
        "--show-error",
        "--fail",
        "--include",
        "--head",
        "--verbose",
        "--insecure",
        "--max-time",
        "--connect-timeout",
        "--header",
        "--noproxy",
        "--location",
        "--user-agent",
        "--write-out",
        "--ipv4",
    ];
    (1..simple.words.len()).all(|at| {
        let Some(word) = simple.words.get(at).map(|word| word.text.replace('"', "")) else { return true };
        match word.strip_prefix('-') {
            _ if word == "-o" || word == "--output" => simple.word(at + 1) == "nul",
            Some(rest) if rest.starts_with('-') => LONG.contains(&word.as_str()),
            Some(letters) => letters.chars().all(|letter| "sSfiIvkmHLAw46".contains(letter)),
            None => true,
        }
    })
}

/// `wmic …`: `get` and `list` read. A format that is no word names a file, which may be a program.
fn wmic(simple: &Simple) -> Effect {
    let words: Vec<String> = simple.words.iter().skip(1).map(Word::plain).collect();
    let any = |verbs: &[&str]| words.iter().any(|word| verbs.contains(&word.as_str()));
    let option = |names: &[&str]| words.iter().any(|word| names.iter().any(|name| word.starts_with(name)));
    let odd = |word: &String| {
        word.strip_prefix("/format:").is_some_and(|format| !format.chars().all(|c| c.is_ascii_alphabetic()))
    };
    if any(&["call", "create", "delete", "set", "reboot", "shutdown"]) || words.iter().any(odd) {
        Effect::Changes
    } else if option(&["/output:", "/append:", "/record:"]) {
        Effect::WritesFiles
    } else if words.is_empty() || any(&["get", "list"]) {
        Effect::Reads
    } else {
        Effect::Changes
    }
}

/// Whether a command shuts the machine down or restarts it. `shutdown /a` takes that back, `/l` ends a session.
pub(super) fn ends_windows(simple: &Simple) -> bool {
    let has = |options: &[&str]| {
        simple.words.iter().skip(1).any(|word| {
            let plain = word.plain();
            let option = plain.strip_prefix(['/', '-']).unwrap_or_default();
            options.contains(&option)
        })
    };
    match simple.program().as_str() {
        "shutdown" => has(&["r", "s", "g", "sg", "p", "h", "o", "hybrid", "fw"]),
        "wmic" => ["reboot", "shutdown", "win32shutdown"]
            .iter()
            .any(|verb| simple.words.iter().skip(1).any(|word| word.plain().split('(').next() == Some(verb))),
        "wusa" => has(&["forcerestart", "warnrestart"]),
        "msiexec" => has(&["forcerestart"]),
        _ => false,
    }
}

/// Whether a line of SAC does: `crashdump` is a bug check.
pub(super) fn ends_windows_at_sac(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    ["restart", "shutdown", "crashdump"].iter().any(|verb| first.eq_ignore_ascii_case(verb))
}

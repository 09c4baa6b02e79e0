//! icacls.exe.

use super::found;
use super::page::Page;
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::language::Text;
use crate::sim::windows::sid::Sid;
use crate::sim::windows::win32::Win32;

mod change;
mod rights;
mod saved;

const SUMMARY: Text = Text {
    en: "Successfully processed {0} files; Failed processing {1} files",
    ko: "{0} 파일을 처리했으며 {1} 파일은 처리하지 못했습니다.",
    ja: "{0} 個のファイルが正常に処理されました。{1} 個のファイルを処理できませんでした",
    de: "{0} Dateien erfolgreich verarbeitet, bei {1} Dateien ist ein Verarbeitungsfehler aufgetreten.",
};
const PROCESSED: Text = Text {
    en: "processed file: {0}",
    ko: "처리된 파일: {0}",
    ja: "処理ファイル: {0}",
    de: "Bearbeitete Datei: {0}",
};
const SID_FOUND: Text = Text {
    en: "SID Found: {0}.",
    ko: "SID 발견: {0}.",
    ja: "見つかった SID: {0}。",
    de: "SID gefunden: {0}.",
};
const INVALID: Text = Text {
    en: "Invalid parameter \"{0}\"",
    ko: "\"{0}\" 매개 변수가 올바르지 않습니다.",
    ja: "無効なパラメーター \"{0}\"",
    de: "Ungültiger Parameter \"{0}\"",
};
const USAGE: &str = "\r
ICACLS name /save aclfile [/T] [/C] [/L] [/Q]\r
    stores the DACLs for the files and folders that match the name\r
    into aclfile for later use with /restore. Note that SACLs,\r
    owner, or integrity labels are not saved.\r
\r
ICACLS directory [/substitute SidOld SidNew [...]] /restore aclfile\r
                 [/C] [/L] [/Q]\r
    applies the stored DACLs to files in directory.\r
\r
ICACLS name /setowner user [/T] [/C] [/L] [/Q]\r
    changes the owner of all matching names. This option does not\r
    force a change of ownership; use the takeown.exe utility for\r
    that purpose.\r
\r
ICACLS name /findsid Sid [/T] [/C] [/L] [/Q]\r
ICACLS name /verify [/T] [/C] [/L] [/Q]\r
ICACLS name /reset [/T] [/C] [/L] [/Q]\r
\r
ICACLS name [/grant[:r] Sid:perm[...]]\r
       [/deny Sid:perm [...]]\r
       [/remove[:g|:d]] Sid[...]] [/T] [/C] [/L] [/Q]\r
       [/setintegritylevel Level:policy[...]]\r
";

/// What is to be done with every file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// The list is printed.
    Show,
    /// Entries are changed, in the order given.
    Change(Vec<change::Edit>),
    /// Lists are written to a file.
    Save(String),
    /// Lists are read from a file.
    Restore(String),
    /// Another owner.
    SetOwner(Sid),
    /// Files whose list names somebody.
    FindSid(Sid),
    /// Own entries go, inherited ones come back.
    Reset,
    /// The list is looked at for order.
    Verify,
}

/// Switches that go with every action.
#[derive(Debug, Clone, Copy, Default)]
struct Mode {
    tree: bool,
    go_on: bool,
    quiet: bool,
}

/// Why the command line cannot be carried out.
enum Refusal {
    /// A word is wrong: 87.
    Word(String),
    /// Nobody has that name: 1332.
    Nobody(String),
}

/// How many files were processed, and how many not.
#[derive(Debug, Default)]
struct Count {
    done: usize,
    failed: usize,
    code: u32,
}

/// `icacls`.
pub(super) fn run(process: &Process) -> ExitCode {
    let Some((name, words)) = process.args.split_first().filter(|(name, _)| !is_switch(name, "?")) else {
        process.stdout.text(USAGE);
        return 0;
    };
    let mut world = process.world();
    let language = world.language;
    let (action, mode) = match parse(&world, words) {
        Ok(parsed) => parsed,
        Err(Refusal::Word(word)) => {
            process.stderr.line(&INVALID.fill(language, &[&word]));
            return 87;
        }
        Err(Refusal::Nobody(who)) => {
            process.stderr.line(&format!("{who}: {}", Win32(1332).text(language)));
            process.stdout.line(&SUMMARY.fill(language, &["0", "1"]));
            return 1332;
        }
    };
    let mut count = Count::default();
    match &action {
        Action::Save(file) => saved::save(process, &mut world, (name, file), mode, &mut count),
        Action::Restore(file) => saved::restore(process, &mut world, (name, file), mode, &mut count),
        _ => each(process, &mut world, name, mode, &mut count, |world, path| {
            one(process, world, path, &action)
        }),
    }
    process.stdout.line(&SUMMARY.fill(language, &[&count.done.to_string(), &count.failed.to_string()]));
    count.code.cast_signed()
}

/// Does something with every file that is meant; `work` returns what is printed instead of the usual line.
fn each(
    process: &Process,
    world: &mut World,
    name: &str,
    mode: Mode,
    count: &mut Count,
    mut work: impl FnMut(&mut World, &WinPath) -> Result<Option<String>, FileError>,
) {
    let language = world.language;
    let roots = match found::paths(process, world, name) {
        Ok(roots) => roots,
        Err(error) => {
            let shown = process.path(name).map_or_else(|| name.to_owned(), |path| path.to_string());
            return fail(process, count, &shown, error, language);
        }
    };
    for root in roots {
        let mut all = vec![Ok(root.clone())];
        if mode.tree {
            all.extend(found::below(process, world, &root));
        }
        for path in all {
            let (path, result) = match path {
                Ok(path) => {
                    let result = work(world, &path);
                    (path, result)
                }
                // The listing of a folder that failed is told as one of its own.
                Err(folder) => (folder.join("*"), Err(FileError::AccessDenied)),
            };
            match result {
                Ok(text) => {
                    count.done += 1;
                    let usual = PROCESSED.fill(language, &[&path.to_string()]) + "\r\n";
                    if !mode.quiet || text.as_deref().is_some_and(|text| !text.is_empty()) {
                        process.stdout.text(text.as_deref().unwrap_or(&usual));
                    }
                }
                Err(error) => {
                    fail(process, count, &path.to_string(), error, language);
                    if !mode.go_on {
                        return;
                    }
                }
            }
        }
    }
}

fn fail(
    process: &Process,
    count: &mut Count,
    path: &str,
    error: FileError,
    language: crate::sim::windows::language::Language,
) {
    let error = Win32(error.code().unsigned_abs());
    process.stderr.line(&format!("{path}: {}", error.text(language)));
    count.failed += 1;
    count.code = error.0;
}

fn one(
    process: &Process,
    world: &mut World,
    path: &WinPath,
    action: &Action,
) -> Result<Option<String>, FileError> {
    let who = &process.token;
    match action {
        Action::Show => {
            let security = world.files.security(path, who)?;
            Ok(Some(rights::shown(world, path, security)))
        }
        Action::FindSid(sid) => {
            let security = world.files.security(path, who)?;
            let named = security.owner == *sid || security.entries.iter().any(|ace| ace.sid == *sid);
            let text = format!("{}\r\n", SID_FOUND.fill(world.language, &[&path.to_string()]));
            Ok(Some(if named { text } else { String::new() }))
        }
        Action::Verify => world.files.security(path, who).map(|_| Some(String::new())),
        Action::SetOwner(owner) => change::set_owner(world, path, owner, who).map(|()| None),
        Action::Reset => change::reset(world, path, who).map(|()| None),
        Action::Change(edits) => change::apply(world, path, edits, who).map(|()| None),
        Action::Save(_) | Action::Restore(_) => Ok(None),
    }
}

fn parse(world: &World, words: &[String]) -> Result<(Action, Mode), Refusal> {
    let mut mode = Mode::default();
    let mut edits = Vec::new();
    let mut action = None;
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let bad = || Refusal::Word(word.clone());
        let folded = word.to_lowercase();
        let mut value = || words.next().cloned().ok_or_else(bad);
        match folded.as_str() {
            "/t" => mode.tree = true,
            "/c" => mode.go_on = true,
            "/q" => mode.quiet = true,
            "/l" => {}
            "/save" => action = Some(Action::Save(value()?)),
            "/restore" => action = Some(Action::Restore(value()?)),
            "/setowner" => action = Some(Action::SetOwner(somebody(world, &value()?)?)),
            "/findsid" => action = Some(Action::FindSid(somebody(world, &value()?)?)),
            "/reset" => action = Some(Action::Reset),
            "/verify" => action = Some(Action::Verify),
            "/inheritance:e" => edits.push(change::Edit::Inherit),
            "/inheritance:d" => edits.push(change::Edit::CopyInherited),
            "/inheritance:r" => edits.push(change::Edit::DropInherited),
            "/grant" | "/grant:r" | "/deny" | "/remove" | "/remove:g" | "/remove:d" => {
                let mut any = false;
                while let Some(text) = words.next_if(|next| !next.starts_with('/')) {
                    any = true;
                    edits.push(change::Edit::parse(world, &folded, text)?);
                }
                if !any {
                    return Err(Refusal::Word(word.clone()));
                }
            }
            _ => return Err(bad()),
        }
    }
    Ok(match (action, edits.is_empty()) {
        (Some(action), true) => (action, mode),
        (None, true) => (Action::Show, mode),
        (None, false) => (Action::Change(edits), mode),
        (Some(_), false) => return Err(Refusal::Word("/grant".to_owned())),
    })
}

fn somebody(world: &World, name: &str) -> Result<Sid, Refusal> {
    world.sid_of(name).ok_or_else(|| Refusal::Nobody(name.to_owned()))
}

/// A text of several lines that is printed as one.
fn lines(lines: &[String]) -> String {
    let mut page = Page::default();
    for line in lines {
        page.line(line);
    }
    page.text().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::World;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    const KEYS: &str = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys";

    #[test]
    fn lists_look_as_on_windows() {
        let trial = Trial::new(World::healthy(Os::Server2016, Language::EnUs));
        assert_eq!(
            trial.run(&format!("icacls {KEYS}")),
            Answer::new(
                &format!(
                    "{KEYS} Everyone:(R,W)\n{} BUILTIN\\Administrators:(F)\n\nSuccessfully processed 1 files; Failed processing 0 files\n",
                    " ".repeat(KEYS.len())
                ),
                "",
                0
            )
        );
        let out = trial.ok(&format!(r"icacls {KEYS}\f686aace6942fb7f7ceb231212eef4a4_*"));
        assert!(out.contains(r" NT AUTHORITY\SYSTEM:(F)"));
        assert!(out.contains(r" NT AUTHORITY\NETWORK SERVICE:(R)"));
        assert!(out.contains(r" BUILTIN\Administrators:(R)"));
        let inherited = trial.ok(r"icacls C:\ProgramData\Microsoft");
        assert!(inherited.contains(r"NT AUTHORITY\SYSTEM:(I)(OI)(CI)(F)"));
        assert!(inherited.contains(r"CREATOR OWNER:(I)(OI)(CI)(IO)(F)"));
        assert!(inherited.contains(r"BUILTIN\Users:(I)(OI)(CI)(RX)"));
    }

    #[test]
    fn what_may_not_be_read_is_told() {
        let trial = Trial::healthy();
        let answer = trial.run(&format!("icacls {KEYS} /t /c"));
        assert_eq!(answer.code, 5);
        assert!(answer.err.contains("f686aace6942fb7f7ceb231212eef4a4_"));
        assert!(answer.err.ends_with(": Access is denied.\n"));
        assert!(answer.out.ends_with("Failed processing 1 files\n"));
        let missing = trial.run(r"icacls C:\nope");
        assert_eq!(missing.err, "C:\\nope: The system cannot find the file specified.\n");
        assert_eq!(
            (missing.code, missing.out.as_str()),
            (2, "Successfully processed 0 files; Failed processing 1 files\n")
        );
    }

    #[test]
    fn names_are_those_of_the_language_and_sids_always_work() {
        let german = Trial::new(World::healthy(Os::Server2016, Language::DeDe));
        let nobody = german.run(&format!(r#"icacls {KEYS} /grant "NT AUTHORITY\NETWORK SERVICE:(R)""#));
        assert_eq!(nobody.code, 1332);
        assert!(nobody.err.starts_with(r"NT AUTHORITY\NETWORK SERVICE: "));
        assert_eq!(german.run(&format!("icacls {KEYS} /grant *S-1-5-20:(R)")).code, 0);
        assert!(german.ok(&format!("icacls {KEYS}")).contains(r"NT-AUTORITÄT\Netzwerkdienst:(R)"));
        let korean = Trial::in_language(Language::KoKr);
        assert!(
            korean
                .ok(&format!("icacls {KEYS}"))
                .ends_with("1 파일을 처리했으며 0 파일은 처리하지 못했습니다.\n")
        );
    }

    #[test]
    fn wrong_words() {
        let trial = Trial::healthy();
        for (line, code) in [
            (r"icacls C:\Windows /frob", 87),
            (r"icacls C:\Windows /grant", 87),
            (r"icacls C:\Windows /grant nobody:F", 1332),
            (r"icacls C:\Windows /grant *S-1-5-20", 87),
            (r"icacls C:\Windows /grant *S-1-5-20:(Z)", 87),
        ] {
            assert_eq!(trial.run(line).code, code, "{line}");
        }
    }
}

//! cacls.exe, which is older than icacls and shows lists as SDDL with `/s`. It changes nothing here.

use super::{Process, found, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::files::FileError;
use crate::sim::windows::sddl;
use crate::sim::windows::win32::Win32;

const USAGE: &str = "\r
 NOTE: Cacls is now deprecated, please use Icacls.\r
\r
 Displays or modifies access control lists (ACLs) of files\r
\r
 CACLS filename [/T] [/M] [/L] [/S[:SDDL]] [/E] [/C] [/G user:perm]\r
        [/R user [...]] [/P user:perm [...]] [/D user [...]]\r
";

/// `cacls`.
pub(super) fn run(process: &Process) -> ExitCode {
    let Some((name, words)) = process.args.split_first().filter(|(name, _)| !is_switch(name, "?")) else {
        process.stdout.text(USAGE);
        return 0;
    };
    let has = |name: &str| words.iter().any(|word| is_switch(word, name));
    if !has("s") || words.iter().any(|word| !["s", "t", "c"].iter().any(|known| is_switch(word, known))) {
        process.stdout.text(USAGE);
        return 87;
    }
    let world = process.world();
    let language = world.language;
    let mut code = 0;
    let mut fail = |error: FileError| {
        let error = Win32(error.code().unsigned_abs());
        process.stderr.line(&error.text(language));
        code = error.0.cast_signed();
    };
    let roots = match found::paths(process, &world, name) {
        Ok(roots) => roots,
        Err(error) => {
            fail(error);
            return code;
        }
    };
    for root in roots {
        let mut all = vec![Ok(root.clone())];
        if has("t") {
            all.extend(found::below(process, &world, &root));
        }
        for path in all {
            let security = match &path {
                Ok(path) => world.files.security(path, &process.token),
                Err(_) => Err(FileError::AccessDenied),
            };
            match (path, security) {
                (Ok(path), Ok(security)) => {
                    process.stdout.text(&format!("{path} \"{}\" \r\n\r\n", sddl::dacl_text(security)));
                }
                (_, Err(error)) => fail(error),
                (Err(_), Ok(_)) => {}
            }
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::World;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    const KEYS: &str = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys";

    #[test]
    fn lists_in_sddl() {
        let trial = Trial::new(World::healthy(Os::Server2016, Language::EnUs));
        assert_eq!(
            trial.ok(&format!("cacls {KEYS} /s")),
            format!("{KEYS} \"D:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)\" \n\n")
        );
        let key = trial.ok(&format!(r"cacls {KEYS}\f686aace6942fb7f7ceb231212eef4a4_* /s"));
        assert!(key.ends_with("\"D:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)\" \n\n"), "{key}");
    }

    #[test]
    fn what_may_not_be_read_or_is_not_there() {
        let trial = Trial::healthy();
        let denied = trial.run(&format!(r"cacls {KEYS}\f686aace* /s"));
        assert_eq!(denied, Answer::new("", "Access is denied.\n", 5));
        assert_eq!(trial.run(&format!(r"cacls {KEYS}\nope* /s")).code, 2);
        assert_eq!(trial.run(r"cacls C:\Windows /g x:F").code, 87);
    }
}

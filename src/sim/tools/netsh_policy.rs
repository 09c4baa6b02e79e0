//! `netsh advfirewall export|import`: the whole firewall policy as a file.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::firewall::POLICY;
use crate::sim::windows::hive;
use crate::sim::windows::language::Text;
use crate::sim::windows::win32::Win32;

/// invented: what netsh says of a file that holds no policy.
const NO_POLICY: Text = Text {
    en: "The policy file is not valid.",
    ko: "정책 파일이 잘못되었습니다.",
    ja: "ポリシー ファイルが無効です。",
    de: "Die Richtliniendatei ist ungültig.",
};

/// Writes the policy into a new file. invented: a file that is there is not written over.
pub(super) fn export(process: &Process, file: &str) -> Result<(), String> {
    let path = path(process, file)?;
    let mut world = process.world();
    let language = world.language;
    if world.files.look(&path).is_some() {
        return Err(Win32(183).text(language));
    }
    let policy = world.registry.key(POLICY).map(hive::write).unwrap_or_default();
    let now = world.wall_time();
    let written = world.files.write(&path, policy, &process.token, now);
    written.map_err(|error| Win32(error.code().unsigned_abs()).text(language))
}

/// Puts the policy of a file in the place of the whole policy.
pub(super) fn import(process: &Process, file: &str) -> Result<(), String> {
    let path = path(process, file)?;
    let mut world = process.world();
    let language = world.language;
    let bytes = world
        .files
        .read(&path, &process.token)
        .map_err(|error| Win32(error.code().unsigned_abs()).text(language))?;
    let policy = hive::read(&bytes).ok_or_else(|| NO_POLICY.in_language(language).to_owned())?;
    let (parent, name) = POLICY.rsplit_once('\\').unwrap_or(("", POLICY));
    let Some(parent) = world.registry.key_mut(parent) else {
        return Err(Win32::FILE_NOT_FOUND.text(language));
    };
    parent.remove_key(name);
    parent.attach(policy.renamed(name));
    Ok(())
}

/// The exit code and what is printed for either.
pub(super) fn answer(process: &Process, done: Result<(), String>, ok: Text) -> ExitCode {
    let code = ExitCode::from(done.is_err());
    process.stdout.line(&done.err().unwrap_or_else(|| ok.in_language(process.language()).to_owned()));
    process.stdout.line("");
    code
}

fn path(process: &Process, file: &str) -> Result<WinPath, String> {
    process.path(file).ok_or_else(|| Win32::FILE_NOT_FOUND.text(process.language()))
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use crate::sim::windows::firewall;

    #[test]
    fn a_policy_goes_out_and_comes_back_whole() {
        let trial = Trial::healthy();
        let policy = || trial.world.lock().registry.key(firewall::POLICY).cloned();
        let before = policy();
        trial.ok(r#"netsh advfirewall export "C:\Windows\Temp\a b.wfw""#);
        trial.ok(r#"netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=no"#);
        trial.ok("netsh advfirewall set allprofiles state off");
        trial.ok("netsh advfirewall firewall add rule name=x dir=in action=block");
        assert_ne!(policy(), before);
        assert_eq!(trial.ok(r#"netsh advfirewall import "C:\Windows\Temp\a b.wfw""#), "Ok.\n\n");
        assert_eq!(policy(), before);
    }

    #[test]
    fn what_is_no_policy_or_no_place_is_refused() {
        let trial = Trial::healthy();
        for line in [
            r"netsh advfirewall export C:\nowhere\a.wfw",
            r"netsh advfirewall import C:\nowhere.wfw",
            r"netsh advfirewall import C:\Windows\win.ini",
            "netsh advfirewall export",
        ] {
            assert_eq!(trial.run(line).code, 1, "{line}");
        }
        trial.ok(r"netsh advfirewall export C:\a.wfw");
        assert_eq!(trial.run(r"netsh advfirewall export C:\a.wfw").code, 1);
    }
}

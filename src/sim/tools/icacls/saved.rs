//! `/save` and `/restore`: lists in a file, UTF-16 without a byte order mark, a line with the path relative to the folder
//! above and a line with the list in SDDL.

use super::{Count, Mode, each, fail};
use crate::sim::tools::Process;
use crate::sim::windows::World;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::sddl;

/// Writes the lists of what `names.0` means into the file `names.1`.
pub(super) fn save(process: &Process, world: &mut World, names: (&str, &str), mode: Mode, count: &mut Count) {
    let (name, file) = names;
    let mut text = String::new();
    let root = process.path(name).and_then(|path| path.parent());
    each(process, world, name, mode, count, |world, path| {
        let list = sddl::dacl_text(world.files.security(path, &process.token)?);
        let above = root.as_ref().map_or(0, |root| root.parts.len());
        let relative = path.parts[above.min(path.parts.len())..].join("\\");
        text.extend([relative.as_str(), "\r\n", &list, "\r\n"]);
        Ok(None)
    });
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let now = world.wall_time();
    let written = process
        .path(file)
        .ok_or(FileError::BadName)
        .and_then(|path| world.files.write(&path, bytes, &process.token, now));
    if let Err(error) = written {
        *count = Count::default();
        fail(process, count, file, error, world.language);
    }
}

/// Sets the lists of a file on what lies in a folder.
pub(super) fn restore(
    process: &Process,
    world: &mut World,
    names: (&str, &str),
    mode: Mode,
    count: &mut Count,
) {
    let (folder, file) = names;
    let language = world.language;
    let read = process.path(file).ok_or(FileError::BadName);
    let bytes = match read.and_then(|path| world.files.read(&path, &process.token)) {
        Ok(bytes) => bytes,
        Err(error) => return fail(process, count, file, error, language),
    };
    let Some(folder) = process.path(folder).filter(|folder| world.files.is_folder(folder)) else {
        return fail(process, count, folder, FileError::NotFolder, language);
    };
    for (relative, list) in pairs(&bytes) {
        let path = WinPath::new(&format!(r"{folder}\{relative}"));
        match set(process, world, &path, &list) {
            Ok(()) => {
                count.done += 1;
                if !mode.quiet {
                    process.stdout.line(&super::PROCESSED.fill(language, &[&path.to_string()]));
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

fn set(process: &Process, world: &mut World, path: &WinPath, list: &str) -> Result<(), FileError> {
    let owner = world.files.find(path)?.security.owner.clone();
    let security = sddl::parse(list, owner).map_err(|_| FileError::BadName)?;
    world.files.set_security(path, security, &process.token)
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let bytes = bytes.strip_prefix(&[0xff, 0xfe]).unwrap_or(bytes);
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16_lossy(&units);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::Trial;
    use super::pairs;
    use crate::sim::windows::files::path::WinPath;

    const KEYS: &str = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys";
    const FILE: &str = r"C:\Windows\Temp\keys.acl";

    #[test]
    fn what_was_saved_is_restored() {
        let trial = Trial::healthy();
        trial.ok(&format!(r"takeown /f {KEYS}\f686* /a"));
        let before = trial.world.lock().snapshot();
        trial.ok(&format!("icacls {KEYS} /save {FILE} /t /c"));
        let saved = trial.world.lock().files.look(&WinPath::new(FILE)).unwrap().body.clone();
        let crate::sim::windows::files::node::Body::File(bytes) = saved else { panic!() };
        let pairs = pairs(&bytes);
        assert_eq!(pairs[0], ("MachineKeys".to_owned(), "D:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)".to_owned()));
        assert!(pairs.iter().any(|(path, _)| path.starts_with(r"MachineKeys\f686aace")));
        trial.ok(&format!("icacls {KEYS} /t /c /grant *S-1-5-20:(F) /deny *S-1-1-0:(W)"));
        assert_ne!(trial.world.lock().snapshot().diff(&before), []);
        trial.ok(&format!(r"icacls C:\ProgramData\Microsoft\Crypto\RSA /restore {FILE} /c"));
        let paths: Vec<String> = before
            .diff(&trial.world.lock().snapshot())
            .into_iter()
            .map(|difference| difference.path)
            .collect();
        assert_eq!(paths, [format!("acl/{FILE}"), format!("file/{FILE}")]);
    }
}

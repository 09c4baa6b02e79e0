//! Where scripts come from: those embedded in the program, and folders of the user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::script::diagnostic::Source;
use crate::script::similar::did_you_mean;

/// Every script of `expect-scripts/`, by name. A test holds this table equal to the folder.
const EMBEDDED: &[(&str, &str)] = &[
    ("accounts/enable", include_str!("../../expect-scripts/accounts/enable.yaml")),
    ("accounts/local-administrator", include_str!("../../expect-scripts/accounts/local-administrator.yaml")),
    ("boot/crash-dump", include_str!("../../expect-scripts/boot/crash-dump.yaml")),
    ("boot/crowdstrike", include_str!("../../expect-scripts/boot/crowdstrike.yaml")),
    ("boot/ems", include_str!("../../expect-scripts/boot/ems.yaml")),
    ("boot/safe-mode", include_str!("../../expect-scripts/boot/safe-mode.yaml")),
    ("collect-evidence", include_str!("../../expect-scripts/collect-evidence.yaml")),
    ("events", include_str!("../../expect-scripts/events.yaml")),
    ("health", include_str!("../../expect-scripts/health.yaml")),
    ("network/adapter", include_str!("../../expect-scripts/network/adapter.yaml")),
    ("network/dhcp-client", include_str!("../../expect-scripts/network/dhcp-client.yaml")),
    ("network/firewall-policy", include_str!("../../expect-scripts/network/firewall-policy.yaml")),
    ("network/netlogon", include_str!("../../expect-scripts/network/netlogon.yaml")),
    ("network/nsi", include_str!("../../expect-scripts/network/nsi.yaml")),
    ("network/static-address", include_str!("../../expect-scripts/network/static-address.yaml")),
    ("offline/attach", include_str!("../../expect-scripts/offline/attach.yaml")),
    ("offline/boot-store", include_str!("../../expect-scripts/offline/boot-store.yaml")),
    ("offline/crowdstrike", include_str!("../../expect-scripts/offline/crowdstrike.yaml")),
    ("offline/detach", include_str!("../../expect-scripts/offline/detach.yaml")),
    ("offline/disk-check", include_str!("../../expect-scripts/offline/disk-check.yaml")),
    ("offline/health", include_str!("../../expect-scripts/offline/health.yaml")),
    ("offline/rdp-internal-error", include_str!("../../expect-scripts/offline/rdp-internal-error.yaml")),
    ("offline/safe-mode", include_str!("../../expect-scripts/offline/safe-mode.yaml")),
    ("offline/serial-console", include_str!("../../expect-scripts/offline/serial-console.yaml")),
    ("offline/unlock", include_str!("../../expect-scripts/offline/unlock.yaml")),
    ("offline/unlock-with-file", include_str!("../../expect-scripts/offline/unlock-with-file.yaml")),
    ("offline/updates", include_str!("../../expect-scripts/offline/updates.yaml")),
    ("rdp-internal-error", include_str!("../../expect-scripts/rdp-internal-error.yaml")),
    ("rdp/authentication", include_str!("../../expect-scripts/rdp/authentication.yaml")),
    ("rdp/certificate", include_str!("../../expect-scripts/rdp/certificate.yaml")),
    ("rdp/certificate-remote", include_str!("../../expect-scripts/rdp/certificate-remote.yaml")),
    ("rdp/configuration", include_str!("../../expect-scripts/rdp/configuration.yaml")),
    ("rdp/connections", include_str!("../../expect-scripts/rdp/connections.yaml")),
    ("rdp/disconnects", include_str!("../../expect-scripts/rdp/disconnects.yaml")),
    ("rdp/firewall", include_str!("../../expect-scripts/rdp/firewall.yaml")),
    ("rdp/group-policy-pause", include_str!("../../expect-scripts/rdp/group-policy-pause.yaml")),
    ("rdp/group-policy-resume", include_str!("../../expect-scripts/rdp/group-policy-resume.yaml")),
    ("rdp/listener", include_str!("../../expect-scripts/rdp/listener.yaml")),
    ("rdp/machine-keys", include_str!("../../expect-scripts/rdp/machine-keys.yaml")),
    ("rdp/port", include_str!("../../expect-scripts/rdp/port.yaml")),
    ("rdp/services", include_str!("../../expect-scripts/rdp/services.yaml")),
    ("rdp/termservice", include_str!("../../expect-scripts/rdp/termservice.yaml")),
    ("rdp/tls-kept", include_str!("../../expect-scripts/rdp/tls-kept.yaml")),
    ("rdp/tls-protocols", include_str!("../../expect-scripts/rdp/tls-protocols.yaml")),
    ("system/disk-check", include_str!("../../expect-scripts/system/disk-check.yaml")),
    ("system/files", include_str!("../../expect-scripts/system/files.yaml")),
    ("system/updates", include_str!("../../expect-scripts/system/updates.yaml")),
];

/// Folder of the embedded scripts, for messages.
const EMBEDDED_FOLDER: &str = "expect-scripts";

/// What a text is called that came over standard input.
pub const STANDARD_INPUT: &str = "stdin";

/// Finds scripts by name: in a folder first, when there is one, then among the embedded ones.
#[derive(Debug, Clone, Default)]
pub struct Library {
    folder: Option<PathBuf>,
    /// The text of a script that lies in no file, with its name.
    text: Option<(String, String)>,
    readers: Vec<String>,
}

/// A script that can't be found or read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// No script has this name.
    #[error("there is no script `{name}`")]
    Unknown {
        /// The name asked for.
        name: String,
        /// A name that is close, or how to list all.
        help: String,
    },
    /// There is such a file, and no script can be called so.
    #[error("`{}` can't be the file of a script", .path.display())]
    Misnamed {
        /// The file.
        path: PathBuf,
        /// What to call it.
        help: String,
    },
    /// The file can't be read.
    #[error("{} can't be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl LibraryError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { help, .. } | Self::Misnamed { help, .. } => help.clone(),
            Self::Unreadable { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
                "scripts and inventories are text files in UTF-8: save it as that".to_owned()
            }
            Self::Unreadable { .. } => "check the name, and that the file may be read".to_owned(),
        }
    }
}

impl Library {
    /// The embedded scripts alone.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// Scripts of a folder, and the embedded ones behind them.
    pub fn with_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..Self::default() }
    }

    /// The same for a machine with programs of its own: these are known to only read, beside those of Windows.
    #[must_use]
    pub fn with_readers(self, programs: &[&str]) -> Self {
        Self { readers: programs.iter().map(|program| (*program).to_owned()).collect(), ..self }
    }

    /// Programs that are known to only read, beside those of Windows.
    pub(crate) fn readers(&self) -> &[String] {
        &self.readers
    }

    /// What a user names on the command line: a file (`./x/rdp/port.yaml`), or a script by name (`rdp/port`).
    ///
    /// The folder of a file's library is found from the name that the file gives itself: `…/rdp/port.yaml` with
    /// `script: rdp/port` belongs to `…`. Returns the library and the script's name in it.
    pub fn open(argument: &str) -> Result<(Self, String), LibraryError> {
        let path = Path::new(argument);
        if !is_yaml(path) {
            let library = Self::embedded();
            return match library.source(argument) {
                Ok(_) => Ok((library, argument.to_owned())),
                Err(_) if path.is_file() => Err(misnamed(path)),
                Err(error) => Err(error),
            };
        }
        let text = read(path)?;
        let stem = path.with_extension("");
        let parts: Vec<_> = stem.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let claimed = claimed(&text);
        let depth = claimed.split('/').count();
        let own = |depth: usize| parts[parts.len() - depth..].join("/");
        let own_depth =
            if is_name(claimed) && parts.len() >= depth && own(depth) == claimed { depth } else { 1 };
        let name = own(own_depth);
        if !is_name(&name) {
            return Err(misnamed(path));
        }
        let folder = path.ancestors().nth(own_depth).filter(|p| !p.as_os_str().is_empty());
        Ok((Self::with_folder(folder.unwrap_or(Path::new("."))), name))
    }

    /// A text that was handed over, as the script that it says it is; `use` finds the scripts of the working folder.
    pub fn of_text(text: String) -> (Self, String) {
        let name = match claimed(&text) {
            "" => "script".to_owned(),
            name => name.to_owned(),
        };
        (Self { text: Some((name.clone(), text)), ..Self::with_folder(".") }, name)
    }

    /// The text of a script.
    pub fn source(&self, name: &str) -> Result<Source, LibraryError> {
        if let Some((_, text)) = self.text.as_ref().filter(|(own, _)| own == name) {
            return Ok(Source { path: STANDARD_INPUT.to_owned(), text: text.clone() });
        }
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{name}.yaml"));
            if is_name(name) && path.is_file() {
                return read(&path).map(|text| Source { path: path.display().to_string(), text });
            }
        }
        if let Some((_, text)) = EMBEDDED.iter().find(|(known, _)| *known == name) {
            return Ok(Source { path: format!("{EMBEDDED_FOLDER}/{name}.yaml"), text: (*text).to_owned() });
        }
        let names = self.names();
        let help = did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
            "`sacpilot scripts` lists what there is; a file is named with its .yaml".to_owned()
        });
        Err(LibraryError::Unknown { name: name.to_owned(), help })
    }

    /// The bytes of a file beside a script that lies in the folder; why not, otherwise.
    pub(crate) fn beside(&self, script: &str, name: &str) -> Result<Vec<u8>, String> {
        let Some(folder) = &self.folder else { return Err("this script ships with the program".to_owned()) };
        let leaves =
            Path::new(name).components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if leaves || name.contains('\\') {
            return Err("it is not a path below the script's folder".to_owned());
        }
        let given = self.text.as_ref().filter(|_| script == STANDARD_INPUT);
        let script = given.map_or(PathBuf::from(script), |(name, _)| folder.join(name));
        if !script.starts_with(folder) {
            return Err("this script ships with the program".to_owned());
        }
        let path = script.parent().unwrap_or(folder).join(name);
        let size = fs::metadata(&path).map_err(|_| "there is no such file".to_owned())?.len();
        if size > 256 * 1024 {
            return Err(format!("it has {size} bytes"));
        }
        fs::read(&path).map_err(|error| error.to_string())
    }

    /// Names of all scripts, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
        if let Some(root) = &self.folder {
            collect(root, root, 0, &mut names);
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The name that a script gives itself; empty when it gives none.
fn claimed(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("script:")).unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default();
    line.trim().trim_matches(['\'', '"'])
}

/// A file whose name no script can have.
fn misnamed(path: &Path) -> LibraryError {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let dashed: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = dashed.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('-');
    let such = if is_name(name) { format!("{name}.yaml") } else { "time-service.yaml".to_owned() };
    let help = format!("a script's file is named by lower-case words with dashes, and ends in .yaml: {such}");
    LibraryError::Misnamed { path: path.to_owned(), help }
}

/// The files of scripts and inventories below a folder, sorted; hidden folders and links are left alone.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                todo.push(entry.path());
            } else if kind.is_file() && is_yaml(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Names of the scripts below a folder, at most four folders deep.
fn collect(root: &Path, folder: &Path, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth < 4 {
            collect(root, &path, depth + 1, names);
        } else if is_yaml(&path)
            && let Ok(below) = path.strip_prefix(root)
        {
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            let name = parts.join("/");
            let name = name.trim_end_matches(".yaml");
            if is_name(name) {
                names.push(name.to_owned());
            }
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml")
}

fn read(path: &Path) -> Result<String, LibraryError> {
    fs::read_to_string(path).map_err(|error| LibraryError::Unreadable { path: path.to_owned(), error })
}

/// `rdp/tls-protocols`: lower-case words with dashes, parted by slashes; nothing that could leave the folder.
pub(crate) fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::diagnostic::Style;
    use crate::script::loader::{LoadError, load};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(EMBEDDED_FOLDER)
    }

    #[test]
    fn every_script_of_the_folder_is_embedded() {
        let mut found = Vec::new();
        collect(&folder(), &folder(), 0, &mut found);
        found.sort();
        let embedded: Vec<_> = EMBEDDED.iter().map(|(name, _)| *name).collect();
        assert_eq!(embedded, found, "add the missing line to EMBEDDED, in order");
    }

    #[test]
    fn every_script_loads_without_a_warning() {
        for name in Library::embedded().names() {
            match load(&Library::embedded(), &name) {
                Ok(loaded) => assert_eq!(loaded.warnings.render(Style::Plain), "", "{name}"),
                Err(LoadError::Script(report)) => panic!("{name}:\n{}", report.render(Style::Plain)),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }

    #[test]
    fn a_file_finds_its_library() {
        let path = folder().join("rdp/port.yaml");
        let (library, name) = Library::open(&path.display().to_string()).unwrap();
        assert_eq!((library.folder, name), (Some(folder()), "rdp/port".to_owned()));
        let (_, name) = Library::open("rdp/port").unwrap();
        assert_eq!(name, "rdp/port");
    }

    #[test]
    fn names_what_is_close() {
        let error = Library::open("rdp/prot").unwrap_err();
        assert_eq!(
            format!("{error}; {}", error.help()),
            "there is no script `rdp/prot`; did you mean `rdp/port`?"
        );
    }
}

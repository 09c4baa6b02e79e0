//! The console programs of `System32` that the machine has, over one [`World`](crate::sim::windows::World).

use crate::encoding;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::{Conhost, Interrupted};
use crate::sim::windows::SharedWorld;
use crate::sim::windows::acl::Token;
use crate::sim::windows::files::path::Places;

pub mod arguments;
mod bcdedit;
mod cabinets;
mod cacls;
mod certificates;
mod certutil_files;
mod chcp;
mod chkdsk;
mod digest;
mod diskpart;
mod dism;
mod find;
mod findstr;
mod findstr_pattern;
mod found;
mod fsutil;
mod gpupdate;
mod icacls;
mod input;
mod ipconfig;
mod manage_bde;
mod more;
mod net;
mod netsh;
mod netsh_interface;
mod netsh_policy;
mod netstat;
mod nltest;
mod page;
mod ping;
mod process;
mod query;
mod reg;
mod sc;
mod sfc;
mod shutdown;
pub mod stream;
mod systeminfo;
mod takeown;
mod taskkill;
mod tasklist;
mod tasks;
mod timeout;
#[cfg(test)]
pub(in crate::sim) mod trial;
mod wevtutil;
mod whoami;
mod width;

pub use stream::{Sink, Stdin, Stream};

/// What a program is started with.
#[derive(Debug, Clone)]
pub struct Process {
    /// The machine.
    pub world: SharedWorld,
    /// The console it is attached to (for `CONIN$`, sleeping, Ctrl-C).
    pub console: Conhost,
    /// Whose rights it has.
    pub token: Token,
    /// The program's name, lower case, without `.exe` (`reg`).
    pub name: String,
    /// Everything after the program's name, untouched (`cmd /c` and `findstr` care).
    pub tail: String,
    /// The arguments as the C runtime splits them.
    pub args: Vec<String>,
    /// Current folders.
    pub places: Places,
    /// The environment, in the order of the names.
    pub env: Vec<(String, String)>,
    /// Standard input.
    pub stdin: Stdin,
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
}

/// A code page by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePage(pub u16);

/// The programs of this folder as they lie in System32. A line here makes the file; [`run`] makes it work.
#[rustfmt::skip]
pub const PROGRAMS: &[&str] = &[
    "bcdedit.exe",
    "cacls.exe",
    "certutil.exe",
    "chcp.com",
    "chkdsk.exe",
    "choice.exe",
    "cmd.exe",
    "diskpart.exe",
    "dism.exe",
    "expand.exe",
    "find.exe",
    "findstr.exe",
    "fsutil.exe",
    "gpupdate.exe",
    "hostname.exe",
    "icacls.exe",
    "ipconfig.exe",
    "makecab.exe",
    "manage-bde.exe",
    "net.exe",
    "netsh.exe",
    "more.com",
    "nltest.exe",
    "netstat.exe",
    "ping.exe",
    "query.exe",
    "quser.exe",
    "qwinsta.exe",
    "reg.exe",
    "sc.exe",
    "sfc.exe",
    "shutdown.exe",
    "systeminfo.exe",
    "takeown.exe",
    "taskkill.exe",
    "tasklist.exe",
    "timeout.exe",
    "wevtutil.exe",
    "whoami.exe",
];

impl CodePage {
    /// Text as bytes of this code page; what it lacks becomes `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        self.page().encode(text)
    }

    /// Bytes of this code page as text.
    pub fn decode(self, bytes: &[u8]) -> String {
        self.page().decode(bytes).text
    }

    /// Whether the machine has this code page.
    pub fn exists(self) -> bool {
        encoding::CodePage::from_number(self.0).is_some()
    }

    fn page(self) -> encoding::CodePage {
        encoding::CodePage::from_number(self.0).unwrap_or(encoding::CodePage::UTF_8)
    }
}

/// What is in the file of a program: nothing but its name behind the mark of an executable. Copied and renamed it
/// stays the program it is.
pub fn image(file: &str) -> Vec<u8> {
    let stem = file.split('.').next().unwrap_or(file).to_ascii_lowercase();
    [b"MZ\x90\0".as_slice(), stem.as_bytes()].concat()
}

/// The program behind what [`image`] made; `None` for any other file.
pub fn image_name(contents: &[u8]) -> Option<String> {
    let stem = contents.strip_prefix(b"MZ\x90\0")?;
    String::from_utf8(stem.to_vec()).ok()
}

/// Runs the program `process.name`.
///
/// `None`: there is no such program.
///
/// # Errors
/// [`Interrupted`] when Ctrl-C ended it.
pub async fn run(process: Process) -> Option<Result<ExitCode, Interrupted>> {
    Some(match process.name.as_str() {
        "bcdedit" => Ok(bcdedit::run(&process)),
        "cacls" => Ok(cacls::run(&process)),
        "icacls" => Ok(icacls::run(&process)),
        "takeown" => takeown::run(&process).await,
        "certutil" => Ok(certutil_files::run(&process).or_else(|| certificates::run(&process))?),
        "chcp" => Ok(chcp::run(&process)),
        "chkdsk" => chkdsk::run(&process).await,
        "dism" => dism::run(&process).await,
        "manage-bde" => Ok(manage_bde::run(&process)),
        "sfc" => sfc::run(&process).await,
        "choice" => timeout::choice(&process).await,
        "diskpart" => diskpart::run(&process).await,
        "expand" => Ok(cabinets::expand(&process)),
        "find" => find::run(&process).await,
        "fsutil" => Ok(fsutil::run(&process)),
        "findstr" => findstr::run(&process).await,
        "makecab" => Ok(cabinets::makecab(&process)),
        "more" => more::run(&process).await,
        "ping" => ping::run(&process).await,
        "timeout" => timeout::timeout(&process).await,
        "gpupdate" => gpupdate::run(&process).await,
        "hostname" => Ok(whoami::hostname(&process)),
        "ipconfig" => Ok(ipconfig::run(&process)),
        "query" | "quser" | "qwinsta" => Ok(query::run(&process)),
        "systeminfo" => Ok(systeminfo::run(&process)),
        "whoami" => Ok(whoami::whoami(&process)),
        "reg" => reg::run(&process).await,
        "shutdown" => Ok(shutdown::run(&process)),
        "wevtutil" => Ok(wevtutil::run(&process)),
        "net" | "net1" => net::run(&process).await,
        "nltest" => Ok(nltest::run(&process)),
        "netsh" => Ok(netsh::run(&process)),
        "netstat" => Ok(netstat::run(&process)),
        "powershell" => crate::sim::powershell::run(process).await,
        "sc" => Ok(sc::run(&process)),
        "taskkill" => Ok(taskkill::run(&process)),
        "tasklist" => Ok(tasklist::run(&process)),
        _ => return None,
    })
}

/// Whether a word is the switch `name`, with a slash or a hyphen, in any case.
fn is_switch(word: &str, name: &str) -> bool {
    word.strip_prefix(['/', '-']).is_some_and(|rest| rest.eq_ignore_ascii_case(name))
}

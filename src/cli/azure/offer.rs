//! `sacpilot sim --listen azure:ADDRESS:PORT`: a simulated Azure in front of the simulated machine.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::bridge::{Bridge, Plan, SwitchError, Switches};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::signals::Signals;
use crate::secret::Secret;
use crate::sim::scenario::{Account, Scenario};
use crate::transport::{Endpoint, open_sim};

/// The token that is accepted unless SACPILOT_AZURE_TOKEN names another.
const TOKEN: &str = "simulated.static.token";

/// The first line of the file of the CA; readers of PEM skip it.
const OURS: &str = "# throw-away CA of `sacpilot sim`\n";

/// Where to listen, and how Azure behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    address: SocketAddr,
    switches: Switches,
}

impl Place {
    /// Reads `azure:ADDRESS:PORT?switch&switch=value`; `None` for any other way in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Option<Self>, Failure> {
        let Some(rest) = text.strip_prefix("azure:") else { return Ok(None) };
        let (address, switches) = rest.split_once('?').unwrap_or((rest, ""));
        let address = address.parse().map_err(|_| {
            Failure::usage(format!("`{}` is no address and port", address.escape_debug()))
                .help("write azure:127.0.0.1:PORT; port 0 takes any that is free")
        })?;
        let switches = switches.parse().map_err(|error: SwitchError| {
            Failure::usage(error.to_string().escape_debug().to_string()).help(SwitchError::help())
        })?;
        Ok(Some(Self { address, switches }))
    }
}

/// Offers the machine of `endpoint`, which is a simulated one, until Ctrl-C.
///
/// # Errors
/// What cannot be listened at or written.
pub async fn offer(endpoint: &Endpoint, place: Place, ca: &Path, context: &Context) -> Result<Exit, Failure> {
    let Endpoint::Sim { scenario, options } = endpoint else {
        return Err(Failure::usage(format!("{endpoint} is no simulated machine")));
    };
    let line =
        open_sim(scenario, options).map_err(|error| Failure::usage(error.to_string()).help(error.help()))?;
    let given = std::env::var("SACPILOT_AZURE_TOKEN").ok().and_then(|token| Secret::new(token).ok());
    let shown = if given.is_some() { "$SACPILOT_AZURE_TOKEN" } else { TOKEN };
    let token = given.map_or_else(|| Secret::new(TOKEN), Ok);
    let token = token.map_err(|error| Failure::usage(error.to_string()))?;
    let (line, buttons) = line.with_buttons();
    let plan = Plan {
        address: place.address,
        token,
        switches: place.switches,
        console: Box::new(line),
        controls: Box::new(buttons),
    };
    let bridge = Bridge::start(plan).await.map_err(|error| cannot_listen(place.address, &error))?;
    let file = CaFile::write(ca, bridge.certificate()).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}", ca.display()))
            .help("name another file with --ca-out")
    })?;
    context.say(&format!("simulated Azure at {}, its CA in {}\n", bridge.url(), ca.display()))?;
    context.tell(&how_to_use(scenario, &bridge, shown, ca));
    Signals::new().next().await;
    drop(file);
    Ok(Exit::HOLDS)
}

/// The certificate of the CA, for clients. It is worth nothing once we are gone, and is removed.
struct CaFile(PathBuf);

impl CaFile {
    /// A file that is there is only written over when it is one of ours, left by a call that was killed.
    fn write(path: &Path, certificate: &str) -> io::Result<Self> {
        match fs::read(path) {
            Ok(present) if !present.starts_with(OURS.as_bytes()) => {
                return Err(io::Error::new(
                    ErrorKind::AlreadyExists,
                    "it is there, and was not made by `sim`",
                ));
            }
            _ => fs::write(path, format!("{OURS}{certificate}"))?,
        }
        Ok(Self(path.to_owned()))
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        // Somebody removed it already, perhaps.
        let _ = fs::remove_file(&self.0);
    }
}

fn how_to_use(scenario: &str, bridge: &Bridge, token: &str, ca: &Path) -> String {
    let url = bridge.url();
    let machine = Bridge::machine();
    let mut text = format!(
        "  export SACPILOT_AZURE_ARM={url} SACPILOT_AZURE_AUTHORITY={url} SACPILOT_AZURE_TOKEN={token} \
         SACPILOT_CA_FILE={}\n  a person:  sacpilot connect azure:{machine}\n",
        ca.display()
    );
    if let Ok(Scenario { account: Account { user, password }, .. }) = Scenario::load(scenario, &[]) {
        let _ = writeln!(
            text,
            "  a script:  SACPILOT_PASSWORD='{password}' sacpilot run rdp-internal-error -t azure:{machine} --user {user} --yes"
        );
    }
    text + "  Ctrl-C switches it off\n"
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = Failure::usage(format!("cannot listen at {address}: {error}"));
    match error.kind() {
        ErrorKind::AddrInUse => failure.help("choose another port; port 0 takes any that is free"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_elses_certificate_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "-----BEGIN CERTIFICATE-----").unwrap();
        assert!(CaFile::write(&path, "mine").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "-----BEGIN CERTIFICATE-----");
        fs::remove_file(&path).unwrap();
        // One that was killed leaves its file to the next.
        std::mem::forget(CaFile::write(&path, "old").unwrap());
        drop(CaFile::write(&path, "new").unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn places_are_read_or_refused() {
        assert_eq!(Place::parse("tcp:127.0.0.1:1"), Ok(None));
        let place = Place::parse("azure:[::1]:8443?frames=binary").unwrap().unwrap();
        assert_eq!(place.address.to_string(), "[::1]:8443");
        assert_eq!(place.switches, "frames=binary".parse().unwrap());
        for (text, said) in [
            ("azure:localhost:1", "`localhost:1` is no address and port"),
            ("azure:", "`` is no address and port"),
            (
                "azure:127.0.0.1:0?frames=x",
                "`frames=x` is no switch of the simulated Azure: it can be text, binary, mixed",
            ),
        ] {
            let failure = Place::parse(text).unwrap_err();
            assert_eq!(failure.message, said);
            assert!(failure.help.is_some());
        }
    }
}

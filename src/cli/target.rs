//! `-t TARGET`: where the console is, who logs in, how long to wait.

use std::path::Path;
use std::time::Duration;

use clap_complete::ArgValueCompleter;
use jiff::Timestamp;

use super::args::{duration, duration_or_none};
use super::azure::account::AzureArgs;
use super::context::Context;
use super::failure::Failure;
use super::inventory::{Place, complete, place};
use super::login::LoginArgs;
use crate::azure::Azure;
use crate::inventory::Target as Entry;
use crate::recording::{Import, Parts, Survey, survey};
use crate::report::visible;
use crate::secret::Secret;
use crate::shell::Credentials;
use crate::sim::scenario::{Scenario, ScenarioError};
use crate::transport::{Endpoint, EndpointError, Way, sim_options};
use crate::web::Connector;

/// What `TARGET` may be, for `--help`.
pub const TARGETS: &str = "\
Targets:
  NAME                     a machine of the inventory (sacpilot targets --help)
  sim:SCENARIO             a simulated machine, fast; sim:SCENARIO?pace=real at 115,200 baud and as
                           slow as the real thing (other options: sacpilot sim --options)
  serial:/dev/ttyUSB0      a serial port, 115200 8N1; else serial:/dev/ttyUSB0?baud=9600
  serial:COM1              the same on Windows
  pty:PATH unix:PATH       a terminal or a socket of another program
  pipe:NAME                a named pipe of Windows (Hyper-V, VMware, VirtualBox)
  tcp:HOST:PORT            a socket that carries the bytes of the console
  telnet:HOST:PORT         a terminal server or virtual machine that speaks telnet
  rfc2217:HOST:PORT        a serial port behind a terminal server (ser2net); ?baud=115200
  ws://HOST:PORT/?token=…  a websocket that carries the bytes of the console (OpenStack); wss://
  ws:command:COMMAND       the same, its address told anew each time; also ws:env:, ws:file:
  azure:SUBSCRIPTION/GROUP/VM  the serial console of a virtual machine in Azure
  replay:FILE              a recording, as the machine that was recorded
  exec:COMMAND LINE        a program on a terminal of its own: consoles that have a client";

/// How long a prompt is waited for unless told otherwise: servers take their time to start.
const PROMPT: Duration = Duration::from_mins(15);

/// How long a lost line is tried to be made anew unless told otherwise: a terminal server restarts in less.
pub(super) const RECONNECT: Duration = Duration::from_mins(2);

/// Options about the target.
#[derive(Debug, Clone, clap::Args)]
pub struct TargetArgs {
    /// Where the console is, see below
    #[arg(short, long, value_name = "TARGET", env = "SACPILOT_TARGET", add = ArgValueCompleter::new(complete))]
    pub target: String,

    /// The way there.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Options about the way to a target, however it is named.
#[derive(Debug, Clone, clap::Args)]
pub struct ReachArgs {
    /// How long to wait for the command prompt, a boot included [default: 15m]; when given, also for a console that
    /// is not there: an adapter to plug in (again), a virtual machine that is off
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub wait: Option<Duration>,

    /// How long to try to get a lost line back; 0s: not at all [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = duration_or_none)]
    pub reconnect: Option<Duration>,

    /// The account.
    #[command(flatten)]
    pub login: LoginArgs,

    /// The way to Azure.
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// A console that can be opened.
#[derive(Debug, Clone)]
pub struct Target {
    /// As the user named it, without what may hold a password.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Who logs in.
    pub credentials: Credentials,
    /// How long to wait for the prompt.
    pub wait: Duration,
    /// How long to wait for the console itself.
    pub patience: Duration,
    /// How long a lost line is tried to be made anew.
    pub reconnect: Duration,
    /// Azure, for a console there.
    pub azure: Option<Azure>,
    /// The way to a console behind a websocket.
    pub web: Option<Connector>,
    /// The name of a snapshot of the system disk that is taken first.
    pub snapshot: Option<String>,
    /// Which Windows it is said to be.
    pub profile: Option<String>,
    /// Why none is taken where one could be.
    pub snapshot_declined: Option<&'static str>,
}

impl Target {
    /// The way to its console.
    pub fn way(&self) -> Way {
        Way::new(self.endpoint.clone()).through(self.azure.clone()).over(self.web.clone())
    }
}

impl TargetArgs {
    /// The console that is meant.
    pub fn place(&self, context: &Context) -> Result<Place, Failure> {
        place(&self.target, context)
    }

    /// The target, complete; the password is asked for here when it must be.
    pub fn resolve(&self, context: &Context) -> Result<Target, Failure> {
        let Place { endpoint, entry } = self.place(context)?;
        let azure = self.reach.azure.for_endpoint(&endpoint, context)?;
        let web = self.reach.azure.web_for(&endpoint)?;
        let credentials =
            self.reach.login.or_as(entry.as_ref()).credentials(own_account(&endpoint)?, context)?;
        let wait = self.reach.wait.or(entry.as_ref().and_then(|entry| entry.wait));
        Ok(Target {
            profile: profile_of(&endpoint, entry.as_ref()),
            name: shown(&self.target, &endpoint, entry.is_some()),
            endpoint,
            credentials,
            wait: wait.unwrap_or(PROMPT),
            patience: wait.unwrap_or(Duration::ZERO),
            reconnect: self.reach.reconnect.unwrap_or(RECONNECT),
            azure,
            web,
            snapshot: None,
            snapshot_declined: None,
        })
    }
}

/// As the user named it, without what may hold a password: see [`Target::name`].
///
/// # Errors
/// It is no target.
pub fn shown_name(text: &str, context: &Context) -> Result<String, Failure> {
    let Place { endpoint, entry } = place(text, context)?;
    Ok(shown(text, &endpoint, entry.is_some()))
}

/// As the user named it, but of a program only its name, and of an address not its query: they may hold a password,
/// and journals, reports and names of files are seen by others.
fn shown(text: &str, endpoint: &Endpoint, is_entry: bool) -> String {
    match endpoint {
        Endpoint::Exec { .. } | Endpoint::Websocket(_) if !is_entry => endpoint.to_string(),
        _ => text.to_owned(),
    }
}

/// Parses a target.
pub fn endpoint(text: &str) -> Result<Endpoint, Failure> {
    text.parse()
        .map_err(|error: EndpointError| Failure::usage(visible::line(&error.to_string())).help(error.help()))
}

/// Which Windows a machine is said to be: by the inventory, or by the scenario of a simulated one.
pub fn profile_of(endpoint: &Endpoint, entry: Option<&Entry>) -> Option<String> {
    if let Some(profile) = entry.and_then(|entry| entry.profile) {
        return Some(profile.to_owned());
    }
    let Endpoint::Sim { scenario, options } = endpoint else { return None };
    let (_, changes) = sim_options(scenario, options).ok()?;
    let world = Scenario::load(scenario, &changes).ok()?.world;
    Some(world.os.year().replace(' ', ""))
}

/// The account that a simulated machine brings. A scenario that is not there is refused here.
fn own_account(endpoint: &Endpoint) -> Result<Option<Credentials>, Failure> {
    if let Endpoint::Replay { path, .. } = endpoint {
        return recorded_account(path);
    }
    let Endpoint::Sim { scenario, options } = endpoint else { return Ok(None) };
    let (_, changes) = sim_options(scenario, options).map_err(|error| {
        Failure::usage(visible::line(&format!("`{endpoint}`: {error}"))).help(error.help())
    })?;
    let refused = |error: ScenarioError| {
        Failure::usage(visible::line(&format!("`{endpoint}`: {error}"))).help(error.help())
    };
    let account = Scenario::load(scenario, &changes).map_err(refused)?.account;
    let password = Secret::new(account.password)
        .map_err(|error| Failure::usage(format!("`{endpoint}`: the password of its account: {error}")))?;
    Ok(Some(Credentials { user: account.user, domain: String::new(), password }))
}

/// The account that logged in when this was recorded. Its password is in no recording; as many keys as it had are what
/// the recording takes.
fn recorded_account(path: &Path) -> Result<Option<Credentials>, Failure> {
    let unreadable = |reason: &dyn std::fmt::Display, help: &str| {
        Failure::usage(visible::line(&format!("cannot read the recording {}: {reason}", path.display())))
            .help(help.to_owned())
    };
    let file = Parts::open(path).map_err(|error| unreadable(&error, "check that the file exists"))?;
    let survey = survey(file).map_err(|error| unreadable(&error, error.help()))?;
    Ok(credentials_of(&survey))
}

/// The account of a recording; `None` when it has none.
pub fn credentials_of(survey: &Survey) -> Option<Credentials> {
    // No two equal neighbours, and nothing that the machine might print.
    // Where nobody logged in (a session that was taken up again), none is typed.
    let keys: String = "q7Zk9Xw2Vj8Rt4Hn"
        .chars()
        .cycle()
        .take(survey.stars.iter().copied().find(|stars| *stars > 0).unwrap_or(16))
        .collect();
    let session = survey.header.sacpilot.as_ref()?.session.clone()?;
    Some(Credentials { user: session.user, domain: session.domain, password: Secret::new(keys).ok()? })
}

/// When the program began that made a recording: names of temporary files come from it.
pub fn recorded_start(endpoint: &Endpoint) -> Option<Timestamp> {
    let Endpoint::Replay { path, .. } = endpoint else { return None };
    let reader = Import::new(Parts::open(path).ok()?).ok()?;
    let session = reader.header().sacpilot.as_ref()?.session.as_ref()?;
    Timestamp::from_millisecond(session.started_ms).ok()
}

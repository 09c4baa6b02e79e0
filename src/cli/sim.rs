//! `sacpilot sim`: the simulated machine for other programs.

use std::fmt::Write as _;
use std::path::PathBuf;

use tokio::time::Instant;

use super::azure::offer::{Place, offer};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::signals::Signals;
use super::target::endpoint;
use crate::sim::scenario::{self, Account, Scenario};
use crate::transport::{self, Endpoint, Listen, ListenError, Listener, Notice, serve};

/// Arguments of `sim`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The scenario, with its options: NAME or NAME?key=value&key=value
    #[arg(value_name = "SCENARIO", default_value = "rdp-internal-error")]
    scenario: String,

    /// Where others find the machine: tcp:ADDRESS:PORT (port 0: any that is free), unix:PATH, pty:PATH, on Windows
    /// pipe:NAME, or azure:ADDRESS:PORT?SWITCH&SWITCH (a simulated Azure in front of it; docs/azure.md lists the
    /// switches)
    #[arg(long, value_name = "WHERE", required_unless_present = "list")]
    listen: Option<String>,

    /// Where the CA certificate of the simulated Azure is written, for clients to believe; removed at the end
    #[arg(long, value_name = "FILE", default_value = "sacpilot-sim-ca.pem")]
    ca_out: PathBuf,

    /// Lists the scenarios
    #[arg(long, conflicts_with = "listen")]
    list: bool,
}

const HELP: &str = "\
Examples:
  sacpilot sim rdp-internal-error --listen tcp:127.0.0.1:4555
  sacpilot sim 'rdp-internal-error?profile=2016&pace=real' --listen pty:/tmp/vm-com1
  sacpilot sim --listen 'azure:127.0.0.1:8443?frames=binary&cut=1'
  sacpilot sim --list

The machine is switched on at once and lives until Ctrl-C. One at a time can use it; it lives on between them. What it
sends while nobody is connected is lost, as on a serial cable.";

/// `sacpilot sim`.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Some(listen) = args.listen else { return list(context) };
    let machine = endpoint(&format!("sim:{}", args.scenario))?;
    if let Some(place) = Place::parse(&listen)? {
        return offer(&machine, place, &args.ca_out, context).await;
    }
    let place: Listen =
        listen.parse().map_err(|error: ListenError| Failure::usage(error.to_string()).help(error.help()))?;
    let line = transport::open(&machine)
        .await
        .map_err(|error| Failure::usage(error.to_string()).help(error.help()))?;
    let mut listener = Listener::bind(&place).await.map_err(|error| cannot_listen(&listen, &error))?;

    let address = listener.endpoint();
    context.say(&format!("{} at {address}\n", line.describe()))?;
    context.tell(&how_to_use(&machine, &address));
    let began = Instant::now();
    let mut notice = |notice: Notice| {
        let at = began.elapsed().as_secs();
        let what = match notice {
            Notice::Connected => "somebody connected".to_owned(),
            Notice::Left => "they left; the machine lives on".to_owned(),
            Notice::SentAway => "somebody else came and was sent away".to_owned(),
            Notice::NotAccepted(error) => format!("somebody could not connect: {error}"),
        };
        context.tell(&format!("{:3}:{:02}  {what}\n", at / 60, at % 60));
    };
    let mut signals = Signals::new();
    tokio::select! {
        reason = serve(line, &mut listener, &mut notice) => {
            Err(Failure::new(Exit::UNREACHABLE, format!("the machine ended: {reason}")))
        }
        // Sockets and links are removed with the listener.
        () = signals.next() => Ok(Exit::HOLDS),
    }
}

/// `--list`.
fn list(context: &Context) -> Result<Exit, Failure> {
    let mut text = String::new();
    for name in scenario::names() {
        let scenario = Scenario::load(name, &[]).map_err(|error| Failure::usage(error.to_string()))?;
        let _ = writeln!(text, "{name:36}{}", scenario.title);
    }
    context.say(&text)?;
    Ok(Exit::HOLDS)
}

fn how_to_use(machine: &Endpoint, address: &Endpoint) -> String {
    let mut text = format!("  a person:  sacpilot connect {address}\n");
    if let Endpoint::Sim { scenario, .. } = machine
        && let Ok(Scenario { account: Account { user, password }, .. }) = Scenario::load(scenario, &[])
    {
        let _ = writeln!(
            text,
            "  a script:  SACPILOT_PASSWORD='{password}' sacpilot run rdp-internal-error -t {address} --user {user} --yes"
        );
    }
    text + "  Ctrl-C switches it off\n"
}

fn cannot_listen(listen: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::usage(format!("cannot listen at {listen}: {error}"));
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            failure.help("something is there already: choose another path, or remove it")
        }
        std::io::ErrorKind::AddrInUse => failure.help("choose another port; port 0 takes any that is free"),
        _ => failure,
    }
}

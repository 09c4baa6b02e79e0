//! `sacpilot sim`: the simulated machine for other programs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::azure::offer::{Place, offer};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::signals::Signals;
use super::target::endpoint;
use crate::sim::options::{OptionInfo, Values, listing};
use crate::sim::scenario::{self, Account, Scenario};
use crate::transport::{
    self, CommandLine, Endpoint, Line, Listen, ListenError, Listener, Notice, SimWindow, serve,
};

/// How often `--audit` is written.
const AUDIT_EVERY: Duration = Duration::from_millis(100);

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
    #[arg(long, value_name = "WHERE", required_unless_present_any = ["list", "options"])]
    listen: Option<String>,

    /// Where the CA certificate of the simulated Azure is written, for clients to believe; removed at the end
    #[arg(long, value_name = "FILE", default_value = "sacpilot-sim-ca.pem")]
    ca_out: PathBuf,

    /// Runs this program in the CMD channels instead of the machine's own cmd.exe, on a terminal of 80x24 (Unix)
    #[arg(long, value_name = "COMMAND", conflicts_with = "list")]
    shell: Option<CommandLine>,

    /// Writes what the machine really executed to this file: one line of JSON for each line that SAC or a shell got
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    audit: Option<PathBuf>,

    /// Lists the scenarios
    #[arg(long, conflicts_with = "listen")]
    list: bool,

    /// Lists the options of a machine: default, values, meaning, and where that is known from
    #[arg(long, conflicts_with_all = ["listen", "list"])]
    options: bool,
}

const HELP: &str = "\
Examples:
  sacpilot sim rdp-internal-error --listen tcp:127.0.0.1:4555
  sacpilot sim 'rdp-internal-error?profile=2016&pace=real' --listen pty:/tmp/vm-com1
  sacpilot sim --listen 'azure:127.0.0.1:8443?frames=binary&cut=1'
  sacpilot sim 'healthy?noise.to_machine.loss=200' --listen pty:/tmp/vm --audit vm.jsonl
  sacpilot sim healthy --shell 'bash' --listen tcp:127.0.0.1:4555
  sacpilot sim --list
  sacpilot sim --options

The machine is switched on at once and lives until Ctrl-C. One at a time can use it; it lives on between them. What it \
sends while nobody is connected is lost, as on a serial cable.";

/// `sacpilot sim`.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Some(listen) = args.listen else {
        return if args.options { options(context) } else { list(context) };
    };
    let machine = endpoint(&format!("sim:{}", args.scenario))?;
    if let Some(place) = Place::parse(&listen)? {
        if args.shell.is_some() || args.audit.is_some() {
            return Err(Failure::usage("--shell and --audit do not go with --listen azure:")
                .help("listen at tcp:, unix: or pty:"));
        }
        return offer(&machine, place, &args.ca_out, context).await;
    }
    let place: Listen =
        listen.parse().map_err(|error: ListenError| Failure::usage(error.to_string()).help(error.help()))?;
    let Endpoint::Sim { scenario, options } = &machine else {
        return Err(Failure::usage(format!("`{}` is no scenario", args.scenario)));
    };
    let line = transport::open_sim_with_shell(scenario, options, args.shell.as_ref())
        .map_err(|error| Failure::usage(error.to_string()).help(error.help()))?;
    let mut record = args.audit.as_deref().map(|path| AuditFile::create(path, line.window())).transpose()?;
    let line: Box<dyn Line> = Box::new(line);
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
    let end = tokio::select! {
        reason = serve(line, &mut listener, &mut notice) => {
            Err(Failure::new(Exit::UNREACHABLE, format!("the machine ended: {reason}")))
        }
        // Sockets and links are removed with the listener.
        () = signals.next() => Ok(Exit::HOLDS),
        error = write_along(&mut record) => Err(error),
    };
    if let Some(record) = &mut record {
        record.write()?;
    }
    end
}

/// Writes the record while the machine lives; ends only with an error.
async fn write_along(record: &mut Option<AuditFile>) -> Failure {
    let Some(record) = record else { return std::future::pending().await };
    let mut tick = tokio::time::interval(AUDIT_EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = record.write() {
            return error;
        }
    }
}

/// `--audit`.
struct AuditFile {
    file: File,
    path: PathBuf,
    machine: SimWindow,
    written: usize,
}

impl AuditFile {
    fn create(path: &Path, machine: SimWindow) -> Result<Self, Failure> {
        let file = File::create(path)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
        Ok(Self { file, path: path.to_owned(), machine, written: 0 })
    }

    /// Appends what happened since the last call.
    fn write(&mut self) -> Result<(), Failure> {
        let audit = self.machine.audit();
        for entry in &audit.entries()[self.written..] {
            writeln!(self.file, "{}", entry.to_json()).map_err(|error| {
                Failure::new(Exit::UNREACHABLE, format!("cannot write {}: {error}", self.path.display()))
            })?;
            self.written += 1;
        }
        Ok(())
    }
}

/// `--options`.
fn options(context: &Context) -> Result<Exit, Failure> {
    context.say(&options_text())?;
    Ok(Exit::HOLDS)
}

/// All options of a machine, as `--options` prints them and `docs/simulator.md` holds them.
pub fn options_text() -> String {
    let mut text = String::new();
    for option in listing() {
        let OptionInfo { path, about, source, default, values } = option;
        let kind = match &values {
            Values::Choice(_) => "one of",
            Values::Switch { or_null: false } => "true, false",
            Values::Switch { or_null: true } => "true, false, null",
            Values::Number { or_null: false } => "a number",
            Values::Number { or_null: true } => "a number, null",
            Values::Span { or_null: false } => "a time",
            Values::Span { or_null: true } => "a time, null",
            Values::List => "a JSON list",
        };
        let _ = writeln!(text, "{path}={default}   ({kind})\n    {about}");
        if let Values::Choice(choices) = values {
            for choice in choices {
                let _ = writeln!(text, "      {:22} {}", choice.value, choice.about);
            }
        }
        let _ = writeln!(text, "    Source: {source}\n");
    }
    text
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

//! Our side of Azure against the simulated one: over real sockets and TLS, with tokio's clock paused.

mod beside;
mod calls;
mod commands;
mod console;
mod refusals;
mod rescue;
mod sdk;
mod tokens;
pub(crate) mod way;

use std::sync::{Arc, Mutex};

use sacpilot::azure::{Azure, Clock, Settings, VmId};
use sacpilot::bridge::{Bridge, Call, NoControls, Plan, Serial};
use sacpilot::secret::Secret;
use tokio::io::DuplexStream;

/// The token that the simulated Azure accepts.
const TOKEN: &str = "simulated.static.token";

/// `sacpilot sim --listen azure:…`, and how its machine is named.
pub(crate) fn offered_machine(scenario: &str) -> (commands::Offered, String) {
    (commands::Offered::new(scenario, ""), format!("azure:{}", Bridge::machine()))
}

/// A simulated Azure in front of a console that the test plays.
pub(crate) struct Site {
    bridge: Bridge,
    machine: DuplexStream,
    folder: tempfile::TempDir,
    told: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn new(switches: &str) -> Self {
        let (machine, console) = tokio::io::duplex(1 << 16);
        Self::in_front_of(Box::new(console), machine, switches).await
    }

    /// In front of any console. `machine` is the end of it that a test plays, if it does.
    pub(crate) async fn in_front_of(console: Box<dyn Serial>, machine: DuplexStream, switches: &str) -> Self {
        let plan = Plan {
            address: ([127, 0, 0, 1], 0).into(),
            token: Secret::new(TOKEN).unwrap(),
            switches: switches.parse().unwrap(),
            console,
            controls: Box::new(NoControls),
        };
        let bridge = Bridge::start(plan).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), bridge.certificate()).unwrap();
        Self { bridge, machine, folder, told: Arc::default() }
    }

    /// Azure as a user has it who set these variables.
    fn azure_with(&self, variables: &[(&str, &str)]) -> Azure {
        Azure::new(self.settings(variables)).unwrap()
    }

    fn settings(&self, variables: &[(&str, &str)]) -> Settings {
        let url = self.bridge.url();
        let variable = |name: &str| match name {
            "SACPILOT_AZURE_ARM" | "SACPILOT_AZURE_AUTHORITY" => Some(url.clone()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        let clock = Clock::showing("2026-11-22T12:00:00Z".parse().unwrap());
        let ca = self.folder.path().join("ca.pem");
        let settings = Settings::from_variables(variable, Some(ca), clock).unwrap();
        let told = Arc::clone(&self.told);
        settings.telling(Arc::new(move |text| told.lock().unwrap().push(text.to_owned())))
    }

    /// Where the token was seen that has no business there: also in a session that had it before, or as binary.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let calls = self.bridge.calls();
        let mut leaks = calls.leaks().to_vec();
        let right = |call: &&Call| matches!(call, Call::Token { text: true, accepted: true, .. });
        let sessions = calls.requests().iter().filter(|request| request.ends_with("/client")).count();
        let tokens = calls.tokens();
        if tokens.len() > sessions || !tokens.iter().all(right) {
            leaks.push(format!("{sessions} sessions were joined with {tokens:?}"));
        }
        leaks
    }

    pub(crate) fn azure(&self) -> Azure {
        self.azure_with(&[("SACPILOT_AZURE_TOKEN", TOKEN)])
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

pub(crate) fn vm() -> VmId {
    Bridge::machine().parse().unwrap()
}

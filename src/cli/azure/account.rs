//! Azure as the user has it: from the environment, and `--ca-file`.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use crate::azure::{Azure, AzureError, Clock, Settings, Source};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::log;
use crate::transport::Endpoint;
use crate::web::{Connector, Proxies};

/// Options about the way to Azure.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AzureArgs {
    /// Root certificates (PEM) to believe beside the system's, for azure: and wss: targets: a proxy that inspects
    /// TLS, a private cloud
    #[arg(long, value_name = "FILE", env = "SACPILOT_CA_FILE", help_heading = "Azure and wss")]
    pub ca_file: Option<PathBuf>,
}

impl AzureArgs {
    /// Azure, where `endpoint` leads there. Nobody is asked yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn for_endpoint(&self, endpoint: &Endpoint, context: &Context) -> Result<Option<Azure>, Failure> {
        matches!(endpoint, Endpoint::Azure(_)).then(|| self.azure(context)).transpose()
    }

    /// The way to a console behind a websocket, where `endpoint` is one: `HTTPS_PROXY` and its like, certificates.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn web_for(&self, endpoint: &Endpoint) -> Result<Option<Connector>, Failure> {
        let Endpoint::Websocket(_) = endpoint else { return Ok(None) };
        endpoint.secrets().iter().for_each(log::hide);
        let refused = |message: String, help: &str| Failure::usage(message).help(help);
        let proxies = Proxies::from_variables(|name| env::var(name).ok())
            .map_err(|error| refused(error.to_string(), "write http://[USER:PASSWORD@]HOST:PORT"))?;
        let connector = Connector::new(proxies, self.ca_file.as_deref()).map_err(|error| {
            refused(error.to_string(), "pass a file of PEM certificates with --ca-file or SSL_CERT_FILE")
        })?;
        Ok(Some(connector))
    }

    /// Azure. Nobody is asked yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn azure(&self, context: &Context) -> Result<Azure, Failure> {
        let variable = |name: &str| env::var(name).ok();
        let clock = Clock::showing(context.started);
        let settings = Settings::from_variables(variable, self.ca_file.clone(), clock)
            .map_err(|error| failure(&error.into()))?;
        if let Source::Given(token) = &settings.source {
            log::hide(token);
        }
        let settings = settings.telling(Arc::new(|text| tracing::warn!("{text}")));
        Azure::new(settings).map_err(|error| failure(&error))
    }
}

/// What went wrong with Azure: wrong usage, or a target that is out of reach.
pub fn failure(error: &AzureError) -> Failure {
    let exit = if error.is_usage() { Exit::USAGE } else { Exit::UNREACHABLE };
    Failure::new(exit, error.to_string()).help(error.help())
}

//! Services and firewall rules.

use std::time::Duration;

use super::Shell;
use super::commands::Call;
use super::failure::{ErrorRecord, Flow};
use super::members::member;
use super::operators::wildcard;
use super::value::{Thing, Value};
use crate::sim::windows::configure::Change;
use crate::sim::windows::firewall::{self, Rule};
use crate::sim::windows::resources;
use crate::sim::windows::services::{Service, StartType, State};
use crate::sim::windows::win32::Win32;

impl Shell {
    /// The object of a service; `$null` when there is none.
    pub(super) fn service(&self, name: &str) -> Value {
        let world = self.process.world();
        let Some(service) = world.services.by_name(name) else { return Value::Null };
        let status = match service.state {
            State::Stopped => "Stopped",
            State::StartPending => "StartPending",
            State::StopPending => "StopPending",
            State::Running => "Running",
        };
        let start = match service.start {
            StartType::Boot => "Boot",
            StartType::System => "System",
            StartType::Auto => "Automatic",
            StartType::Demand => "Manual",
            StartType::Disabled => "Disabled",
        };
        Thing::value(
            "System.ServiceProcess.ServiceController",
            vec![
                ("Status", status.into()),
                ("Name", service.name.as_str().into()),
                ("DisplayName", world.display_name(&service.name).into()),
                ("StartType", start.into()),
                ("ServiceName", service.name.as_str().into()),
                ("CanStop", Value::Bool(service.state == State::Running && service.accepts.stop)),
                (
                    "DependentServices",
                    Value::array(
                        world
                            .services
                            .dependents(&service.name)
                            .map(|one| one.name.as_str().into())
                            .collect(),
                    ),
                ),
                (
                    "ServicesDependedOn",
                    Value::array(service.depends.iter().map(|one| one.as_str().into()).collect()),
                ),
            ],
        )
    }

    pub(super) async fn service_cmdlet(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let names = self.service_names(call)?;
        for name in names {
            match call.name {
                "Get-Service" => {
                    out.push(self.service(&name));
                    continue;
                }
                "Start-Service" => self.start(call, &name).await?,
                "Stop-Service" => self.stop(call, &name, call.has("Force")).await?,
                "Restart-Service" => {
                    let others = self.dependents(&name);
                    if self.process.world().services.is_running(&name) {
                        self.stop(call, &name, call.has("Force")).await?;
                    }
                    self.start(call, &name).await?;
                    for other in others {
                        self.start(call, &other).await?;
                    }
                }
                _ => self.set_service(call, &name).await?,
            }
            if call.has("PassThru") {
                out.push(self.service(&name));
            }
        }
        Ok(())
    }

    /// The services that a call names; one that is not there is an error unless it is a pattern.
    fn service_names(&mut self, call: &Call) -> Result<Vec<String>, Flow> {
        let mut wanted: Vec<String> = call.texts("Name");
        let piped = call
            .items()
            .into_iter()
            .chain(call.value("InputObject").map(|value| value.items()).unwrap_or_default());
        wanted.extend(piped.map(|item| match &item {
            Value::Thing(_) => member(&item, "Name").text(),
            other => other.text(),
        }));
        let display = call.texts("DisplayName");
        let world = self.process.world();
        let all: Vec<(String, String)> = world
            .services
            .iter()
            .filter(|service| !service.is_driver())
            .map(|service| (service.name.clone(), world.display_name(&service.name)))
            .collect();
        drop(world);
        if wanted.is_empty() && display.is_empty() {
            return Ok(all.into_iter().map(|(name, _)| name).collect());
        }
        let mut found = Vec::new();
        for (pattern, by_name) in
            wanted.iter().map(|name| (name, true)).chain(display.iter().map(|name| (name, false)))
        {
            let regex = wildcard(pattern, false)?;
            let before = found.len();
            found.extend(
                all.iter()
                    .filter(|(name, shown)| regex.is_match(if by_name { name } else { shown }))
                    .map(|(name, _)| name.clone()),
            );
            if found.len() == before && !pattern.contains('*') {
                let what = if by_name { "service name" } else { "display name" };
                let message = format!("Cannot find any service with {what} '{pattern}'.");
                let id =
                    if by_name { "NoServiceFoundForGivenName" } else { "NoServiceFoundForGivenDisplayName" };
                self.report(
                    call.error(message, id, "ObjectNotFound", pattern),
                    call.text("ErrorAction").as_deref(),
                )?;
            }
        }
        Ok(found)
    }

    fn dependents(&self, name: &str) -> Vec<String> {
        let world = self.process.world();
        let active = |name: &String| world.services.by_name(name).is_some_and(Service::is_active);
        world.services.all_dependents(name).into_iter().filter(active).collect()
    }

    async fn start(&mut self, call: &Call, name: &str) -> Result<(), Flow> {
        let asked = {
            let mut world = self.process.world();
            if world.services.is_running(name) {
                return Ok(());
            }
            if world.is_guarded(name) { Err(Win32::ACCESS_DENIED) } else { world.start_service(name) }
        };
        if asked.is_ok() {
            self.pending(name).await?;
        }
        let runs = self.process.world().services.is_running(name);
        if asked.is_err() || !runs {
            return Err(self.service_failed(call, "StartServiceFailed", "start", "started", name).into());
        }
        Ok(())
    }

    async fn stop(&mut self, call: &Call, name: &str, force: bool) -> Result<(), Flow> {
        let others = self.dependents(name);
        if !others.is_empty() && !force {
            let shown = self.process.world().display_name(name);
            let message = format!(
                "Cannot stop service '{shown} ({name})' because it has dependent services. It can only be stopped if the Force flag is set."
            );
            return Err(call.error(message, "ServiceHasDependentServices", "InvalidOperation", name).into());
        }
        for one in others.iter().map(String::as_str).chain([name]) {
            let asked = {
                let mut world = self.process.world();
                let stopped =
                    world.services.by_name(one).is_some_and(|service| service.state == State::Stopped);
                if stopped {
                    continue;
                }
                if world.is_guarded(one) { Err(Win32::ACCESS_DENIED) } else { world.stop_service(one) }
            };
            if asked.is_err() {
                return Err(self.service_failed(call, "StopServiceFailed", "stop", "stopped", one).into());
            }
            self.pending(one).await?;
        }
        Ok(())
    }

    async fn pending(&self, name: &str) -> Result<(), Flow> {
        while self.process.world().services.by_name(name).is_some_and(|service| service.settles.is_some()) {
            self.process.console.sleep(Duration::from_millis(250)).await.map_err(|_| Flow::Interrupted)?;
        }
        Ok(())
    }

    fn service_failed(&self, call: &Call, id: &str, verb: &str, done: &str, name: &str) -> ErrorRecord {
        let shown = self.process.world().display_name(name);
        let message = format!(
            "Service '{shown} ({name})' cannot be {done} due to the following error: Cannot {verb} service {name} on computer '.'."
        );
        call.error(message, id, "OpenError", name)
    }

    async fn set_service(&mut self, call: &Call, name: &str) -> Result<(), Flow> {
        let start = match call.text("StartupType").map(|start| start.to_lowercase()).as_deref() {
            None => None,
            Some("automatic") => Some((StartType::Auto, false)),
            Some("manual") => Some((StartType::Demand, false)),
            Some("disabled") => Some((StartType::Disabled, false)),
            Some(other) => {
                let message = format!(
                    "Cannot bind parameter 'StartupType'. Cannot convert value \"{other}\" to type \"System.ServiceProcess.ServiceStartMode\"."
                );
                return Err(call
                    .error(message, "CannotConvertArgumentNoMessage", "InvalidArgument", other)
                    .into());
            }
        };
        let change = Change { start, display: call.text("DisplayName"), ..Change::default() };
        let asked = {
            let mut world = self.process.world();
            if world.is_guarded(name) {
                Err(Win32::ACCESS_DENIED)
            } else {
                world.configure_service(name, &change)
            }
        };
        if asked.is_err() {
            let shown = self.process.world().display_name(name);
            let message = format!(
                "Service '{shown} ({name})' cannot be configured due to the following error: Access is denied"
            );
            return Err(call.error(message, "CouldNotSetService", "PermissionDenied", name).into());
        }
        match call.text("Status").map(|status| status.to_lowercase()).as_deref() {
            Some("running") => self.start(call, name).await,
            Some("stopped") => self.stop(call, name, call.has("Force")).await,
            _ => Ok(()),
        }
    }

    pub(super) fn firewall_cmdlet(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let piped: Vec<String> = call.items().iter().map(|item| member(item, "Name").text()).collect();
        let (names, shown, groups) = (
            [call.texts("Name"), piped].concat(),
            call.texts("DisplayName"),
            [call.texts("Group"), call.texts("DisplayGroup")].concat(),
        );
        let (os, language) = {
            let world = self.process.world();
            (world.os, world.language)
        };
        let resolved = |rule: &Rule, field: &str| {
            resources::resolve(rule.field(field).unwrap_or_default(), os, language)
        };
        let fits =
            |pattern: &str, text: &str| wildcard(pattern, false).is_ok_and(|pattern| pattern.is_match(text));
        let rules: Vec<Rule> = firewall::rules(&self.process.world().registry)
            .into_iter()
            .filter(|rule| {
                let group = rule.field("EmbedCtxt").unwrap_or_default().to_owned();
                (names.is_empty() && shown.is_empty() && groups.is_empty())
                    || names.iter().any(|name| fits(name, &rule.id))
                    || shown.iter().any(|name| fits(name, &resolved(rule, "Name")))
                    || groups
                        .iter()
                        .any(|name| fits(name, &group) || fits(name, &resolved(rule, "EmbedCtxt")))
            })
            .collect();
        if rules.is_empty() {
            let wanted = [names, shown, groups].concat().join(", ");
            let message = format!(
                "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '{wanted}'.  Verify the value of the property and retry."
            );
            let record =
                call.error(message, "CmdletizationQuery_NotFound_InstanceID", "ObjectNotFound", &wanted);
            return Err(record.into());
        }
        for mut rule in rules {
            let enabled = match call.name {
                "Enable-NetFirewallRule" => Some(true),
                "Disable-NetFirewallRule" => Some(false),
                _ => call.text("Enabled").map(|enabled| enabled.eq_ignore_ascii_case("true")),
            };
            if call.name == "Get-NetFirewallRule" {
                let truth = |truth| if truth { "True" } else { "False" };
                out.push(Thing::value(
                    "Microsoft.Management.Infrastructure.CimInstance#MSFT_NetFirewallRule",
                    vec![
                        ("Name", rule.id.as_str().into()),
                        ("DisplayName", resolved(&rule, "Name").into()),
                        ("Enabled", truth(rule.is_active()).into()),
                        ("Direction", if rule.is_inbound() { "Inbound" } else { "Outbound" }.into()),
                        ("Action", if rule.allows() { "Allow" } else { "Block" }.into()),
                    ],
                ));
                continue;
            }
            if let Some(enabled) = enabled {
                rule.set("Active", &[if enabled { "TRUE" } else { "FALSE" }.to_owned()]);
            }
            if let Some(action) = call.text("Action") {
                rule.set(
                    "Action",
                    &[if action.eq_ignore_ascii_case("block") { "Block" } else { "Allow" }.to_owned()],
                );
            }
            if call.value("LocalPort").is_some() {
                rule.set("LPort", &call.texts("LocalPort"));
            }
            firewall::write(&mut self.process.world().registry, &rule);
        }
        Ok(())
    }
}

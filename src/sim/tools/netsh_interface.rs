//! `netsh interface`: `show interface`, `set interface`, `ipv4|ip show interfaces|config`, `ip set address|dns`, `ip add
//! address`.

use std::net::Ipv4Addr;

use super::Process;
use super::width::left;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::language::Text;
use crate::sim::windows::network::AddressSource;

const HEADER: Text = Text {
    en: "Admin State    State          Type             Interface Name",
    ko: "관리 상태      상태           종류             인터페이스 이름",
    ja: "管理状態       状態           種類             インターフェイス名",
    de: "Admin-Status   Status         Typ              Schnittstellenname",
};
const ENABLED: Text = Text { en: "Enabled", ko: "사용", ja: "有効", de: "Aktiviert" };
const DISABLED: Text = Text { en: "Disabled", ko: "사용 안 함", ja: "無効", de: "Deaktiviert" };
const CONNECTED: Text = Text { en: "Connected", ko: "연결됨", ja: "接続", de: "Verbunden" };
const DISCONNECTED: Text = Text { en: "Disconnected", ko: "연결 끊김", ja: "切断", de: "Getrennt" };
const DEDICATED: Text = Text { en: "Dedicated", ko: "전용", ja: "専用", de: "Dediziert" };
const NO_NAME: Text = Text {
    en: "An interface with this name is not registered with the router.",
    ko: "이 이름을 가진 인터페이스는 라우터에 등록되어 있지 않습니다.",
    ja: "この名前のインターフェイスはルーターに登録されていません。",
    de: "Eine Schnittstelle mit diesem Namen ist beim Router nicht registriert.",
};
const ALREADY: Text = Text {
    en: "DHCP is already enabled on this interface.",
    ko: "이 인터페이스에서 DHCP를 이미 사용하고 있습니다.",
    ja: "DHCP は、このインターフェイスでは既に有効です。",
    de: "DHCP ist auf dieser Schnittstelle bereits aktiviert.",
};
const SYNTAX: Text = Text {
    en: "The syntax supplied for this command is not valid. Check help for the correct syntax.",
    ko: "이 명령에 대해 제공된 구문이 올바르지 않습니다. 도움말에서 올바른 구문을 확인하십시오.",
    ja: "このコマンドに指定された構文は正しくありません。正しい構文についてヘルプを確認してください。",
    de: "Die angegebene Syntax ist für diesen Befehl ungültig. Überprüfen Sie die Hilfe auf die richtige Syntax.",
};
const ELEVATION: Text = Text {
    en: "The requested operation requires elevation (Run as administrator).",
    ko: "요청한 작업을 수행하려면 권한 상승이 필요합니다(관리자 권한으로 실행).",
    ja: "要求された操作には管理者特権が必要です (管理者として実行してください)。",
    de: "Der angeforderte Vorgang erfordert erhöhte Rechte (Als Administrator ausführen).",
};
const CONFIGURATION: Text = Text {
    en: "Configuration for interface \"{0}\"",
    ko: "인터페이스 \"{0}\"의 구성",
    ja: "インターフェイス \"{0}\" の構成",
    de: "Konfiguration der Schnittstelle \"{0}\"",
};

/// `netsh interface …`; `None` when it is none of the commands that are known here.
pub(super) fn run(process: &Process, words: &[String]) -> Option<ExitCode> {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let path: Vec<&str> = lower.iter().map(String::as_str).collect();
    Some(match path[..] {
        ["show", "interface"] => show(process),
        ["set", "interface", ..] => changing(process, &words[2..], enable),
        ["ipv4" | "ip", "show", "interface" | "interfaces"] => show_ipv4(process),
        ["ipv4" | "ip", "show", "config" | "addresses", ref rest @ ..] => {
            show_config(process, rest.first().copied())
        }
        ["ipv4" | "ip", "set", "address", ..] => changing(process, &words[3..], set_address),
        ["ipv4" | "ip", "add", "address", ..] => changing(process, &words[3..], add_gateway),
        ["ipv4" | "ip", "set", "dns" | "dnsservers", ..] => changing(process, &words[3..], set_dns),
        _ => return None,
    })
}

fn show(process: &Process) -> ExitCode {
    let world = process.world();
    let language = world.language;
    let mut lines = vec![String::new(), HEADER.in_language(language).to_owned(), "-".repeat(73)];
    for interface in &world.network.interfaces {
        let (admin, state) =
            if interface.enabled { (&ENABLED, &CONNECTED) } else { (&DISABLED, &DISCONNECTED) };
        lines.push(format!(
            "{}{}{}{}",
            left(admin.in_language(language), 15),
            left(state.in_language(language), 15),
            left(DEDICATED.in_language(language), 17),
            interface.name
        ));
    }
    lines.push(String::new());
    drop(world);
    for line in &lines {
        process.stdout.line(line);
    }
    0
}

fn show_ipv4(process: &Process) -> ExitCode {
    let world = process.world();
    process.stdout.line("");
    process.stdout.line("Idx     Met         MTU          State                Name");
    process.stdout.line("---  ----------  ----------  ------------  ---------------------------");
    process.stdout.line("  1          75  4294967295  connected     Loopback Pseudo-Interface 1");
    for interface in world.network.interfaces.iter().filter(|interface| interface.enabled) {
        let line = format!("{:3}          15        1500  connected     {}", interface.index, interface.name);
        process.stdout.line(&line);
    }
    process.stdout.line("");
    0
}

fn show_config(process: &Process, named: Option<&str>) -> ExitCode {
    let named = named.map(|word| word.strip_prefix("name=").unwrap_or(word));
    let world = process.world();
    let wanted = |name: &str| named.is_none_or(|named| named.eq_ignore_ascii_case(name));
    let enabled = world.network.interfaces.iter().filter(|interface| interface.enabled);
    for interface in enabled.filter(|interface| wanted(&interface.name)) {
        process.stdout.line("");
        process.stdout.line(&CONFIGURATION.fill(world.language, &[&interface.name]));
        let dhcp = if interface.source == AddressSource::Dhcp { "Yes" } else { "No" };
        process.stdout.line(&format!("    DHCP enabled:                         {dhcp}"));
        process.stdout.line(&format!("    IP Address:                           {}", interface.address));
        if let Some(gateway) = interface.gateway {
            process.stdout.line(&format!("    Default Gateway:                      {gateway}"));
        }
    }
    process.stdout.line("");
    0
}

type Change = fn(&Process, usize, &Values<'_>) -> Result<(), &'static Text>;

/// A command that changes one interface, named by `name=`, by its place, or by its number.
fn changing(process: &Process, words: &[String], change: Change) -> ExitCode {
    let language = process.language();
    let said = |text: &Text| {
        process.stdout.line(text.in_language(language));
        process.stdout.line("");
        1
    };
    if !process.token.is_administrator() {
        return said(&ELEVATION);
    }
    let values = Values(words);
    let Some(name) = values.named("name", 0) else { return said(&SYNTAX) };
    let at = process.world().network.interfaces.iter().position(|interface| {
        interface.name.to_lowercase() == name.to_lowercase() || interface.index.to_string() == name
    });
    let Some(at) = at else { return said(&NO_NAME) };
    match change(process, at, &values) {
        Ok(()) => {
            process.stdout.line("");
            let mut world = process.world();
            world.keep_interfaces();
            world.ask_for_leases();
            0
        }
        Err(text) => said(text),
    }
}

/// `name=value` words, and those that stand at their place without a name.
struct Values<'w>(&'w [String]);

impl Values<'_> {
    fn named(&self, name: &str, place: usize) -> Option<String> {
        let named = self.0.iter().find_map(|word| {
            let (own, value) = word.split_once('=')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
        });
        named.or_else(|| self.0.get(place).filter(|word| !word.contains('=')).cloned())
    }

    fn address(&self, names: &[&str], place: usize) -> Option<Ipv4Addr> {
        names.iter().find_map(|name| self.named(name, place)).and_then(|text| text.parse().ok())
    }
}

fn enable(process: &Process, at: usize, values: &Values<'_>) -> Result<(), &'static Text> {
    let wanted = values.named("admin", 1).map(|word| word.to_lowercase());
    let enabled = match wanted.as_deref() {
        Some("enabled" | "enable") => true,
        Some("disabled" | "disable") => false,
        _ => return Err(&SYNTAX),
    };
    let mut world = process.world();
    let interface = &mut world.network.interfaces[at];
    interface.enabled = enabled;
    if interface.source == AddressSource::Dhcp {
        interface.lose_lease();
    }
    Ok(())
}

fn set_address(process: &Process, at: usize, values: &Values<'_>) -> Result<(), &'static Text> {
    let source = values.named("source", 1).map(|word| word.to_lowercase());
    let mut world = process.world();
    let interface = &mut world.network.interfaces[at];
    match source.as_deref() {
        Some("dhcp") if interface.source == AddressSource::Dhcp => return Err(&ALREADY),
        Some("dhcp") => {
            interface.source = AddressSource::Dhcp;
            interface.lose_lease();
        }
        Some("static") => {
            interface.address = values.address(&["address", "addr"], 2).ok_or(&SYNTAX)?;
            interface.mask = values.address(&["mask"], 3).unwrap_or(Ipv4Addr::new(255, 255, 255, 0));
            interface.gateway = values.address(&["gateway"], 4);
            interface.source = AddressSource::Static;
        }
        _ => return Err(&SYNTAX),
    }
    Ok(())
}

/// `add address … gateway=`: only the gateway is known here.
fn add_gateway(process: &Process, at: usize, values: &Values<'_>) -> Result<(), &'static Text> {
    let gateway = values.address(&["gateway"], usize::MAX).ok_or(&SYNTAX)?;
    process.world().network.interfaces[at].gateway = Some(gateway);
    Ok(())
}

fn set_dns(process: &Process, at: usize, values: &Values<'_>) -> Result<(), &'static Text> {
    let source = values.named("source", 1).map(|word| word.to_lowercase());
    let servers = match source.as_deref() {
        Some("dhcp") => Vec::new(),
        Some("static") => vec![values.address(&["address", "addr"], 2).ok_or(&SYNTAX)?],
        _ => return Err(&SYNTAX),
    };
    process.world().network.interfaces[at].static_dns = servers;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;
    use crate::sim::windows::language::Language;

    #[test]
    fn an_adapter_is_disabled_and_enabled() {
        for language in Language::ALL {
            let trial = Trial::in_language(language);
            let name = trial.world.lock().network.interfaces[0].name.clone();
            trial.ok(&format!("netsh interface set interface name=\"{name}\" admin=disabled"));
            assert!(trial.world.lock().rdp_works().is_err());
            assert!(trial.ok("netsh interface show interface").contains(DISABLED.in_language(language)));
            assert!(!trial.ok("netsh interface ipv4 show interfaces").contains(&name));
            trial.restart();
            assert!(!trial.world.lock().network.interfaces[0].enabled);
            trial.ok(&format!("netsh interface set interface name=\"{name}\" admin=enabled"));
            assert_eq!(trial.world.lock().rdp_works(), Ok(()), "{language:?}");
        }
    }

    #[test]
    fn addresses_are_set_and_given() {
        let trial = Trial::healthy();
        let set = "netsh interface ip set address name=\"Ethernet\"";
        trial.ok(&format!("{set} source=static address=10.9.9.9 mask=255.255.0.0 gateway=10.9.0.1"));
        assert_eq!(trial.world.lock().network.interfaces[0].address, Ipv4Addr::new(10, 9, 9, 9));
        assert!(trial.ok("netsh interface ip show config").contains("10.9.9.9"));
        trial.ok(&format!("{set} source=dhcp"));
        assert_eq!(trial.world.lock().network.interfaces[0].address, Ipv4Addr::new(10, 0, 0, 4));
        // A second time it says so, with code 1.
        let answer = trial.run(&format!("{set} source=dhcp"));
        assert_eq!((answer.out.as_str(), answer.code), ("DHCP is already enabled on this interface.\n\n", 1));
        assert_eq!(trial.run("netsh interface set interface name=\"nobody\" admin=enabled").code, 1);
    }
}

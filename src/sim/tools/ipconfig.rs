//! ipconfig.exe: addresses, shown and renewed.

use std::net::Ipv4Addr;

use super::width::cells;
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::network::{AddressSource, Interface};

const CONFIGURATION: Text = Text {
    en: "Windows IP Configuration",
    ko: "Windows IP 구성",
    ja: "Windows IP 構成",
    de: "Windows-IP-Konfiguration",
};
const ADAPTER: Text = Text {
    en: "Ethernet adapter {0}:",
    ko: "이더넷 어댑터 {0}:",
    ja: "イーサネット アダプター {0}:",
    de: "Ethernet-Adapter {0}:",
};
const FLUSHED: Text = Text {
    en: "Successfully flushed the DNS Resolver Cache.",
    ko: "DNS 확인자 캐시를 플러시했습니다.",
    ja: "DNS リゾルバー キャッシュは正常にフラッシュされました。",
    de: "Der DNS-Auflösungscache wurde geleert.",
};
const NOT_RECOGNIZED: Text = Text {
    en: "Error: unrecognized or incomplete command line.",
    ko: "오류: 인식할 수 없거나 불완전한 명령줄입니다.",
    ja: "エラー: 認識されないコマンド ラインか不完全なコマンド ラインです。",
    de: "Fehler: Unbekannte oder unvollständige Befehlszeile.",
};
/// invented: its exact words; the DHCP client does not run.
const NO_CLIENT: Text =
    Text::same("An error occurred while renewing interface Ethernet : The RPC server is unavailable.");

const HOST: Text = Text { en: "Host Name", ko: "호스트 이름", ja: "ホスト名", de: "Hostname" };
const SUFFIX: Text = Text {
    en: "Connection-specific DNS Suffix",
    ko: "연결별 DNS 접미사",
    ja: "接続固有の DNS サフィックス",
    de: "Verbindungsspezifisches DNS-Suffix",
};
const DESCRIPTION: Text = Text { en: "Description", ko: "설명", ja: "説明", de: "Beschreibung" };
const PHYSICAL: Text =
    Text {
        en: "Physical Address", ko: "물리적 주소", ja: "物理アドレス", de: "Physische Adresse"
    };
const DHCP: Text = Text { en: "DHCP Enabled", ko: "DHCP 사용", ja: "DHCP 有効", de: "DHCP aktiviert" };
const ADDRESS: Text =
    Text { en: "IPv4 Address", ko: "IPv4 주소", ja: "IPv4 アドレス", de: "IPv4-Adresse" };
const MASK: Text =
    Text {
        en: "Subnet Mask", ko: "서브넷 마스크", ja: "サブネット マスク", de: "Subnetzmaske"
    };
const GATEWAY: Text = Text {
    en: "Default Gateway",
    ko: "기본 게이트웨이",
    ja: "デフォルト ゲートウェイ",
    de: "Standardgateway",
};
const SERVER: Text =
    Text { en: "DHCP Server", ko: "DHCP 서버", ja: "DHCP サーバー", de: "DHCP-Server" };
const DNS: Text = Text { en: "DNS Servers", ko: "DNS 서버", ja: "DNS サーバー", de: "DNS-Server" };
const YES: Text = Text { en: "Yes", ko: "예", ja: "はい", de: "Ja" };
const NO: Text = Text { en: "No", ko: "아니요", ja: "いいえ", de: "Nein" };

/// Where the colon before a value stands.
const COLON: usize = 37;

/// `ipconfig [/all | /renew [ADAPTER] | /release [ADAPTER] | /flushdns]`. An adapter that needs nothing is not harmed by a
/// renewal, so that all are renewed.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    process.stdout.line("");
    process.stdout.line(CONFIGURATION.in_language(language));
    process.stdout.line("");
    match process.args.first().map(String::as_str) {
        None => show(process, false),
        Some(word) if is_switch(word, "all") => show(process, true),
        Some(word) if is_switch(word, "renew") => {
            if !process.world().renew_addresses() {
                process.stdout.line(NO_CLIENT.in_language(language));
                return 1;
            }
            show(process, false);
        }
        Some(word) if is_switch(word, "release") => {
            let given = process.args.get(1);
            let names: Vec<String> =
                process.world().network.interfaces.iter().map(|own| own.name.clone()).collect();
            for name in names.iter().filter(|name| given.is_none_or(|given| given.eq_ignore_ascii_case(name)))
            {
                if !process.world().release_address(name) {
                    process.stdout.line(NO_CLIENT.in_language(language));
                    return 1;
                }
            }
            show(process, false);
        }
        Some(word) if is_switch(word, "flushdns") => process.stdout.line(FLUSHED.in_language(language)),
        Some(_) => {
            process.stdout.line(NOT_RECOGNIZED.in_language(language));
            return 1;
        }
    }
    0
}

fn show(process: &Process, all: bool) {
    let world = process.world();
    let language = world.language;
    let row = |label: &Text, value: &str| process.stdout.line(&row(label.in_language(language), value));
    if all {
        row(&HOST, &world.computer);
        process.stdout.line("");
    }
    for interface in world.network.interfaces.iter().filter(|interface| interface.enabled) {
        process.stdout.line(&ADAPTER.fill(language, &[&interface.name]));
        process.stdout.line("");
        row(&SUFFIX, &world.network.domain_suffix);
        if all {
            row(&DESCRIPTION, &interface.description);
            row(&PHYSICAL, &interface.mac.map(|byte| format!("{byte:02X}")).join("-"));
            row(&DHCP, yes_no(interface.source == AddressSource::Dhcp, language));
        }
        address_rows(&world, interface, all, &row);
        process.stdout.line("");
    }
}

fn address_rows(world: &World, interface: &Interface, all: bool, row: &impl Fn(&Text, &str)) {
    if !interface.address.is_unspecified() {
        let preferred = if all { "(Preferred)" } else { "" };
        row(&ADDRESS, &format!("{}{preferred}", interface.address));
        row(&MASK, &interface.mask.to_string());
    }
    row(&GATEWAY, &interface.gateway.map(|gateway| gateway.to_string()).unwrap_or_default());
    if !all {
        return;
    }
    if interface.source == AddressSource::Dhcp
        && world.services.is_running("Dhcp")
        && let Some(lease) = &interface.lease
    {
        row(&SERVER, &lease.server.to_string());
    }
    if !interface.dns.is_empty() {
        let servers: Vec<String> = interface.dns.iter().map(Ipv4Addr::to_string).collect();
        row(&DNS, &servers.join(&format!("\r\n{}", " ".repeat(COLON + 2))));
    }
}

fn yes_no(is: bool, language: Language) -> &'static str {
    if is { YES } else { NO }.in_language(language)
}

/// `   Subnet Mask . . . . . . . . . . . : 255.255.255.0`
fn row(label: &str, value: &str) -> String {
    let mut text = format!("   {label}");
    while cells(&text) < COLON - 1 {
        text.push(if cells(&text).is_multiple_of(2) { ' ' } else { '.' });
    }
    format!("{text} : {value}")
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;

    #[test]
    fn addresses_are_shown() {
        let trial = Trial::healthy();
        let address = trial.world.lock().network.interfaces[0].address.to_string();
        let short = trial.ok("ipconfig");
        assert!(short.starts_with("\nWindows IP Configuration\n\n"), "{short}");
        assert!(short.contains(&format!("   IPv4 Address. . . . . . . . . . . : {address}\n")), "{short}");
        assert!(short.contains("   Subnet Mask . . . . . . . . . . . : 255."), "{short}");
        let all = trial.ok("ipconfig /all");
        assert!(all.contains("   DHCP Enabled. . . . . . . . . . . : Yes\n"), "{all}");
        assert!(all.contains(&format!(" : {address}(Preferred)\n")), "{all}");
        assert_eq!(trial.run("ipconfig /nonsense").code, 1);
    }

    #[test]
    fn an_adapter_that_is_off_is_not_shown() {
        let trial = Trial::healthy();
        trial.world.lock().network.interfaces[0].enabled = false;
        assert_eq!(trial.ok("ipconfig"), "\nWindows IP Configuration\n\n");
    }

    #[test]
    fn without_the_client_nothing_is_renewed() {
        let trial = Trial::healthy();
        trial.ok("ipconfig /renew");
        trial.ok("net stop Dhcp /y");
        trial.wait(60);
        assert_eq!(trial.run("ipconfig /renew").code, 1);
    }
}

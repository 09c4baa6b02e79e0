//! Texts that the registry names by file and number: `@FirewallAPI.dll,-28752`.

use super::baseline;
use super::language::{Language, Text};
use super::os::Os;

/// The text behind `reference` in `language`; what is no reference, or an unknown one, stays as it is.
pub fn resolve(reference: &str, os: Os, language: Language) -> String {
    if !reference.starts_with('@') {
        return reference.to_owned();
    }
    // Names from INF files carry the text themselves.
    if let Some((_, text)) = reference.split_once(".inf,").and_then(|(_, rest)| rest.split_once(';')) {
        return text.to_owned();
    }
    firewall_text(reference)
        .map(|text| text.in_language(language).to_owned())
        .or_else(|| baseline::services::display_resource(reference, os, language))
        .unwrap_or_else(|| reference.to_owned())
}

fn firewall_text(reference: &str) -> Option<&'static Text> {
    let (file, number) = reference.trim_start_matches('@').rsplit_once(",-")?;
    if !file.rsplit('\\').next().is_some_and(|name| name.eq_ignore_ascii_case("FirewallAPI.dll")) {
        return None;
    }
    let number: u32 = number.parse().ok()?;
    FIREWALL.iter().find(|(own, _)| *own == number).map(|(_, text)| text)
}

/// Numbers and texts of FirewallAPI.dll for the rules this machine has.
const FIREWALL: [(u32, Text); 20] = [
    (
        25_000,
        Text {
            en: "Core Networking", ko: "핵심 네트워킹", ja: "コア ネットワーク", de: "Kernnetzwerk"
        },
    ),
    (
        25_301,
        Text {
            en: "Core Networking - Dynamic Host Configuration Protocol (DHCP-In)",
            ko: "핵심 네트워킹 - DHCP(Dynamic Host Configuration Protocol)(DHCP-In)",
            ja: "コア ネットワーク - 動的ホスト構成プロトコル (DHCP 受信)",
            de: "Kernnetzwerk - Dynamic Host Configuration-Protokoll (DHCP eingehend)",
        },
    ),
    (
        25_303,
        Text::same(
            "Allows DHCP (Dynamic Host Configuration Protocol) messages for stateful auto-configuration.",
        ),
    ),
    (
        28_502,
        Text {
            en: "File and Printer Sharing",
            ko: "파일 및 프린터 공유",
            ja: "ファイルとプリンターの共有",
            de: "Datei- und Druckerfreigabe",
        },
    ),
    (
        28_511,
        Text {
            en: "File and Printer Sharing (SMB-In)",
            ko: "파일 및 프린터 공유(SMB-In)",
            ja: "ファイルとプリンターの共有 (SMB 受信)",
            de: "Datei- und Druckerfreigabe (SMB eingehend)",
        },
    ),
    (
        28_514,
        Text::same(
            "Inbound rule for File and Printer Sharing to allow Server Message Block transmission and reception via Named Pipes. [TCP 445]",
        ),
    ),
    (
        28_543,
        Text {
            en: "File and Printer Sharing (Echo Request - ICMPv4-In)",
            ko: "파일 및 프린터 공유(에코 요청 - ICMPv4-In)",
            ja: "ファイルとプリンターの共有 (エコー要求 - ICMPv4 受信)",
            de: "Datei- und Druckerfreigabe (Echoanforderung - ICMPv4 eingehend)",
        },
    ),
    (28_547, Text::same("Echo Request messages are sent as ping requests to other nodes.")),
    (
        28_752,
        Text {
            en: "Remote Desktop", ko: "원격 데스크톱", ja: "リモート デスクトップ", de: "Remotedesktop"
        },
    ),
    (28_756, Text::same("Inbound rule for the Remote Desktop service to allow RDP traffic. [TCP 3389]")),
    (
        28_775,
        Text {
            en: "Remote Desktop - User Mode (TCP-In)",
            ko: "원격 데스크톱 - 사용자 모드(TCP-In)",
            ja: "リモート デスクトップ - ユーザー モード (TCP 受信)",
            de: "Remotedesktop - Benutzermodus (TCP eingehend)",
        },
    ),
    (
        28_776,
        Text {
            en: "Remote Desktop - User Mode (UDP-In)",
            ko: "원격 데스크톱 - 사용자 모드(UDP-In)",
            ja: "リモート デスクトップ - ユーザー モード (UDP 受信)",
            de: "Remotedesktop - Benutzermodus (UDP eingehend)",
        },
    ),
    (28_777, Text::same("Inbound rule for the Remote Desktop service to allow RDP traffic. [UDP 3389]")),
    (
        28_778,
        Text {
            en: "Remote Desktop - Shadow (TCP-In)",
            ko: "원격 데스크톱 - 섀도(TCP-In)",
            ja: "リモート デスクトップ - シャドウ (TCP 受信)",
            de: "Remotedesktop - Schatten (TCP eingehend)",
        },
    ),
    (
        28_779,
        Text::same(
            "Inbound rule for the Remote Desktop service to allow shadowing of an existing Remote Desktop session.",
        ),
    ),
    (
        30_253,
        Text {
            en: "Windows Remote Management (HTTP-In)",
            ko: "Windows 원격 관리(HTTP-In)",
            ja: "Windows リモート管理 (HTTP 受信)",
            de: "Windows-Remoteverwaltung (HTTP eingehend)",
        },
    ),
    (30_256, Text::same("Inbound rule for Windows Remote Management via WS-Management. [TCP 5985]")),
    (
        30_267,
        Text {
            en: "Windows Remote Management",
            ko: "Windows 원격 관리",
            ja: "Windows リモート管理",
            de: "Windows-Remoteverwaltung",
        },
    ),
    (
        34_251,
        Text {
            en: "Windows Management Instrumentation (WMI)",
            ko: "WMI(Windows Management Instrumentation)",
            ja: "Windows Management Instrumentation (WMI)",
            de: "Windows-Verwaltungsinstrumentation (WMI)",
        },
    ),
    (
        34_254,
        Text {
            en: "Windows Management Instrumentation (WMI-In)",
            ko: "WMI(Windows Management Instrumentation)(WMI-In)",
            ja: "Windows Management Instrumentation (WMI 受信)",
            de: "Windows-Verwaltungsinstrumentation (WMI eingehend)",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_texts_and_texts_stay() {
        for (reference, language, text) in [
            ("@FirewallAPI.dll,-28752", Language::KoKr, "원격 데스크톱"),
            ("@FirewallAPI.dll,-28752", Language::EnUs, "Remote Desktop"),
            (r"@%SystemRoot%\System32\termsrv.dll,-268", Language::DeDe, "Remotedesktopdienste"),
            (
                "@rdpbus.inf,%RDPBUS.SvcDesc%;Remote Desktop Device Redirector Bus Driver",
                Language::EnUs,
                "Remote Desktop Device Redirector Bus Driver",
            ),
            ("@unknown.dll,-1", Language::EnUs, "@unknown.dll,-1"),
            ("My Service", Language::EnUs, "My Service"),
        ] {
            assert_eq!(resolve(reference, Os::Server2019, language), text);
        }
        assert_eq!(
            resolve(r"@%SystemRoot%\system32\FirewallAPI.dll,-23090", Os::Server2016, Language::EnUs),
            "Windows Firewall"
        );
    }
}

//! netsh.exe: `advfirewall firewall show|add|set|delete rule`, `advfirewall show|set …profile`, `advfirewall
//! export|import`.

use super::{Process, netsh_interface, netsh_policy};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::firewall::{self, POLICY, Profile, Rule};
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::os::Os;
use crate::sim::windows::registry::Data;
use crate::sim::windows::resources;

const OK: Text = Text { en: "Ok.", ko: "확인됨", ja: "OK", de: "OK." };
const NO_MATCH: Text = Text {
    en: "No rules match the specified criteria.",
    ko: "지정된 조건과 일치하는 규칙이 없습니다.",
    ja: "指定された条件に一致する規則はありません。",
    de: "Es stimmen keine Regeln mit den angegebenen Kriterien überein.",
};
const DELETED: Text = Text {
    en: "Deleted {0} rule(s).",
    ko: "{0}개의 규칙을 삭제했습니다.",
    ja: "{0} 規則を削除しました。",
    de: "{0} Regel(n) wurden gelöscht.",
};
const UPDATED: Text = Text {
    en: "Updated {0} rule(s).",
    ko: "{0}개의 규칙을 업데이트했습니다.",
    ja: "{0} 規則を更新しました。",
    de: "{0} Regel(n) wurden aktualisiert.",
};
const ELEVATION: Text = Text {
    en: "The requested operation requires elevation (Run as administrator).",
    ko: "요청한 작업을 수행하려면 권한 상승이 필요합니다(관리자 권한으로 실행).",
    ja: "要求された操作には管理者特権が必要です (管理者として実行してください)。",
    de: "Der angeforderte Vorgang erfordert erhöhte Rechte (Als Administrator ausführen).",
};
const NOT_FOUND: Text = Text {
    en: "The following command was not found: {0}.",
    ko: "다음 명령을 찾을 수 없습니다. {0}.",
    ja: "次のコマンドは見つかりませんでした: {0}。",
    de: "Der folgende Befehl wurde nicht gefunden: {0}.",
};
const SYNTAX: Text = Text {
    en: "A specified value is not valid.",
    ko: "지정한 값이 유효하지 않습니다.",
    ja: "指定された値は有効ではありません。",
    de: "Mindestens ein angegebener Wert ist ungültig.",
};

/// Labels of `show rule`, in order of the rows.
const LABELS: [Text; 12] = [
    Text { en: "Rule Name", ko: "규칙 이름", ja: "規則名", de: "Regelname" },
    Text { en: "Enabled", ko: "사용", ja: "有効", de: "Aktiviert" },
    Text { en: "Direction", ko: "방향", ja: "方向", de: "Richtung" },
    Text { en: "Profiles", ko: "프로필", ja: "プロファイル", de: "Profile" },
    Text { en: "Grouping", ko: "그룹", ja: "グループ", de: "Gruppierung" },
    Text { en: "LocalIP", ko: "로컬 IP", ja: "ローカル IP", de: "Lokales IP" },
    Text { en: "RemoteIP", ko: "원격 IP", ja: "リモート IP", de: "Remote-IP" },
    Text { en: "Protocol", ko: "프로토콜", ja: "プロトコル", de: "Protokoll" },
    Text { en: "LocalPort", ko: "로컬 포트", ja: "ローカル ポート", de: "Lokaler Port" },
    Text { en: "RemotePort", ko: "원격 포트", ja: "リモート ポート", de: "Remoteport" },
    Text {
        en: "Edge traversal", ko: "에지 통과", ja: "エッジ トラバーサル", de: "Edgeausnahme"
    },
    Text { en: "Action", ko: "작업", ja: "操作", de: "Aktion" },
];
const YES: Text = Text { en: "Yes", ko: "예", ja: "はい", de: "Ja" };
const NO: Text = Text { en: "No", ko: "아니요", ja: "いいえ", de: "Nein" };
const ANY: Text = Text { en: "Any", ko: "모두", ja: "任意", de: "Beliebig" };
const ON: Text = Text { en: "ON", ko: "설정", ja: "オン", de: "EIN" };
const OFF: Text = Text { en: "OFF", ko: "해제", ja: "オフ", de: "AUS" };
const STATE: Text = Text { en: "State", ko: "상태", ja: "State", de: "Status" };
const PROFILE_SETTINGS: Text = Text {
    en: "{0} Profile Settings:",
    ko: "{0} 프로필 설정:",
    ja: "{0} プロファイル 設定:",
    de: "{0}-Profil-Einstellungen:",
};

/// `netsh`.
pub(super) fn run(process: &Process) -> ExitCode {
    let words: Vec<String> = process.args.iter().map(|word| word.to_lowercase()).collect();
    let path: Vec<&str> = words.iter().map(String::as_str).take(4).collect();
    match path[..] {
        ["advfirewall", "firewall", verb @ ("show" | "add" | "set" | "delete"), "rule"] => {
            rule(process, verb)
        }
        ["advfirewall", "show", profiles, ..] if selected_profiles(process, profiles).is_some() => {
            show_profiles(process, profiles)
        }
        ["advfirewall", verb @ ("export" | "import"), _] => {
            if !process.token.is_administrator() {
                process.stdout.line(ELEVATION.in_language(process.language()));
                return 1;
            }
            let file = &process.args[2];
            let done = match verb {
                "export" => netsh_policy::export(process, file),
                _ => netsh_policy::import(process, file),
            };
            netsh_policy::answer(process, done, OK)
        }
        ["advfirewall", "set", profiles, "state"] if selected_profiles(process, profiles).is_some() => {
            set_state(process, profiles)
        }
        ["advfirewall", "set", profiles, "firewallpolicy"]
            if selected_profiles(process, profiles).is_some() =>
        {
            set_policy(process, profiles)
        }
        ["interface" | "int", ..] if let Some(code) = netsh_interface::run(process, &process.args[1..]) => {
            code
        }
        _ => {
            let line = process.args.join(" ");
            process.stdout.line(&NOT_FOUND.fill(process.language(), &[&line]));
            1
        }
    }
}

fn rule(process: &Process, verb: &str) -> ExitCode {
    let language = process.language();
    let values = pairs(&process.args[4..]);
    if verb == "show" {
        return show(process, &values);
    }
    if !process.token.is_administrator() {
        process.stdout.line(ELEVATION.in_language(language));
        return 1;
    }
    let done = match verb {
        "add" => add(process, &values).map(|()| None),
        "delete" => delete(process, &values).map(|count| Some((&DELETED, count))),
        _ => set(process, &values).map(|count| Some((&UPDATED, count))),
    };
    match done {
        None => {
            process.stdout.line("");
            process.stdout.line(SYNTAX.in_language(language));
            1
        }
        Some(Some((_, 0))) => {
            process.stdout.line("");
            process.stdout.line(NO_MATCH.in_language(language));
            process.stdout.line("");
            1
        }
        Some(counted) => {
            if let Some((text, count)) = counted {
                process.stdout.line("");
                process.stdout.line(&text.fill(language, &[&count.to_string()]));
            }
            process.stdout.line(OK.in_language(language));
            process.stdout.line("");
            0
        }
    }
}

fn show(process: &Process, values: &[(String, String)]) -> ExitCode {
    let world = process.world();
    let language = world.language;
    let found: Vec<Rule> = firewall::rules(&world.registry)
        .into_iter()
        .filter(|rule| matches(rule, values, world.os, language))
        .collect();
    for rule in &found {
        process.stdout.line("");
        for (row, (label, value)) in LABELS.iter().zip(shown(rule, world.os, language)).enumerate() {
            process.stdout.line(&format!("{:<38}{value}", format!("{}:", label.in_language(language))));
            if row == 0 {
                process.stdout.line(&"-".repeat(70));
            }
        }
    }
    if found.is_empty() {
        process.stdout.line("");
        process.stdout.line(NO_MATCH.in_language(language));
        process.stdout.line("");
        return 1;
    }
    process.stdout.line(OK.in_language(language));
    process.stdout.line("");
    0
}

fn shown(rule: &Rule, os: Os, language: Language) -> [String; 12] {
    let any = ANY.in_language(language).to_owned();
    let yes_no = |is: bool| if is { YES } else { NO }.in_language(language).to_owned();
    let list = |name: &str| {
        let all: Vec<&str> = rule.all(name).collect();
        if all.is_empty() { any.clone() } else { all.join(",") }
    };
    let profiles: Vec<&str> = rule.all("Profile").collect();
    let protocol = match rule.field("Protocol") {
        Some("6") => "TCP".to_owned(),
        Some("17") => "UDP".to_owned(),
        Some("1") => "ICMPv4".to_owned(),
        Some(other) => other.to_owned(),
        None => any.clone(),
    };
    [
        resources::resolve(rule.field("Name").unwrap_or_default(), os, language),
        yes_no(rule.is_active()),
        rule.field("Dir").unwrap_or("In").to_owned(),
        if profiles.is_empty() { "Domain,Private,Public".to_owned() } else { profiles.join(",") },
        resources::resolve(rule.field("EmbedCtxt").unwrap_or_default(), os, language),
        list("LA4"),
        list("RA4"),
        protocol,
        list("LPort"),
        list("RPort"),
        yes_no(rule.field("Edge") == Some("TRUE")),
        rule.field("Action").unwrap_or("Allow").to_owned(),
    ]
}

fn add(process: &Process, values: &[(String, String)]) -> Option<()> {
    let value = |name: &str| values.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let mut world = process.world();
    let mut rule =
        Rule { id: String::new(), version: world.os.firewall_rule_version().to_owned(), fields: Vec::new() };
    let one = |text: &str| vec![text.to_owned()];
    rule.set("Action", &one(action(value("action")?)?));
    rule.set("Active", &one(if value("enable").is_none_or(is_yes) { "TRUE" } else { "FALSE" }));
    rule.set("Dir", &one(if value("dir")?.eq_ignore_ascii_case("in") { "In" } else { "Out" }));
    apply(&mut rule, values)?;
    rule.set("Name", &one(value("name")?));
    let count = firewall::rules(&world.registry).len();
    let seed =
        crate::sim::windows::certificates::thumbprint(format!("{count} {}", rule.to_text()).as_bytes());
    rule.id = format!(
        "{{{}-{}-4{}-A{}-{}}}",
        &seed[..8],
        &seed[8..12],
        &seed[12..15],
        &seed[15..18],
        &seed[18..30]
    );
    firewall::write(&mut world.registry, &rule);
    Some(())
}

fn delete(process: &Process, values: &[(String, String)]) -> Option<usize> {
    values.iter().find(|(name, _)| name == "name")?;
    let mut world = process.world();
    let (os, language) = (world.os, world.language);
    let doomed: Vec<Rule> = firewall::rules(&world.registry)
        .into_iter()
        .filter(|rule| matches(rule, values, os, language))
        .collect();
    for rule in &doomed {
        firewall::remove(&mut world.registry, &rule.id);
    }
    Some(doomed.len())
}

fn set(process: &Process, values: &[(String, String)]) -> Option<usize> {
    let at = values.iter().position(|(name, _)| name == "new")?;
    let (wanted, new) = values.split_at(at);
    if !wanted.iter().any(|(name, _)| matches!(name.as_str(), "name" | "group")) {
        return None;
    }
    let mut world = process.world();
    let (os, language) = (world.os, world.language);
    let rules: Vec<Rule> = firewall::rules(&world.registry)
        .into_iter()
        .filter(|rule| matches(rule, wanted, os, language))
        .collect();
    for mut rule in rules.iter().cloned() {
        apply(&mut rule, &new[1..])?;
        firewall::write(&mut world.registry, &rule);
    }
    Some(rules.len())
}

/// Puts the values of a command line into a rule; `None` when one of them is none that netsh takes.
fn apply(rule: &mut Rule, values: &[(String, String)]) -> Option<()> {
    for (name, value) in values {
        let list: Vec<String> = value.split(',').map(|part| part.trim().to_owned()).collect();
        let any = value.eq_ignore_ascii_case("any");
        let unless_any = if any { Vec::new() } else { list.clone() };
        match name.as_str() {
            "name" | "dir" | "group" => {}
            "action" => rule.set("Action", &[action(value)?.to_owned()]),
            "enable" => rule.set("Active", &[if is_yes(value) { "TRUE" } else { "FALSE" }.to_owned()]),
            "protocol" => rule.set("Protocol", &protocol(value)?),
            "localport" => rule.set("LPort", &ports(unless_any)?),
            "remoteport" => rule.set("RPort", &ports(unless_any)?),
            "localip" => rule.set("LA4", &unless_any),
            "remoteip" => rule.set("RA4", &unless_any),
            "program" => rule.set("App", std::slice::from_ref(value)),
            "service" => rule.set("Svc", std::slice::from_ref(value)),
            "description" => rule.set("Desc", std::slice::from_ref(value)),
            "profile" => rule.set("Profile", &profiles(&list)?),
            _ => return None,
        }
    }
    Some(())
}

/// Whether a rule is meant by `name=`, `group=`, `dir=`, `profile=`, `localport=`, `protocol=`. Names are those that are
/// shown; a reference (`@FirewallAPI.dll,-28752`) names a group in every language.
fn matches(rule: &Rule, values: &[(String, String)], os: Os, language: Language) -> bool {
    values.iter().all(|(name, value)| {
        let shown_as = |field: &str| {
            let own = rule.field(field).unwrap_or_default();
            own.eq_ignore_ascii_case(value)
                || resources::resolve(own, os, language).to_lowercase() == value.to_lowercase()
        };
        match name.as_str() {
            "name" => value.eq_ignore_ascii_case("all") || shown_as("Name"),
            "group" => shown_as("EmbedCtxt"),
            "dir" => rule.field("Dir").is_some_and(|own| own.eq_ignore_ascii_case(value)),
            "localport" => rule.all("LPort").any(|own| own == value),
            "protocol" => protocol(value).is_some_and(|wanted| rule.all("Protocol").eq(wanted.iter())),
            _ => true,
        }
    })
}

fn show_profiles(process: &Process, which: &str) -> ExitCode {
    let language = process.language();
    let world = process.world();
    for profile in selected_in(world.network_profile(), which).unwrap_or_default() {
        let name = profile.in_rules();
        let is_on = profile.setting(&world.registry, "EnableFirewall") != Some(0);
        process.stdout.line("");
        process.stdout.line(&PROFILE_SETTINGS.fill(language, &[name]));
        process.stdout.line(&"-".repeat(70));
        let state = if is_on { ON } else { OFF }.in_language(language);
        process.stdout.line(&format!("{:<38}{state}", STATE.in_language(language)));
    }
    process.stdout.line(OK.in_language(language));
    process.stdout.line("");
    0
}

fn set_state(process: &Process, which: &str) -> ExitCode {
    let language = process.language();
    let value = match process.args.get(4).map(|word| word.to_lowercase()).as_deref() {
        Some("on") => 1,
        Some("off") => 0,
        _ => {
            process.stdout.line(SYNTAX.in_language(language));
            return 1;
        }
    };
    let mut world = process.world();
    for profile in selected_in(world.network_profile(), which).unwrap_or_default() {
        world.registry.set(&format!(r"{POLICY}\{}", profile.key()), "EnableFirewall", Data::Dword(value));
    }
    process.stdout.line(OK.in_language(language));
    process.stdout.line("");
    0
}

fn set_policy(process: &Process, which: &str) -> ExitCode {
    let language = process.language();
    let wanted = process.args.get(4).map(|word| word.to_lowercase()).unwrap_or_default();
    let (inbound, outbound) = wanted.split_once(',').unwrap_or((&wanted, ""));
    let inbound = match inbound {
        "blockinbound" => Some((1, 0)),
        "blockinboundalways" => Some((1, 1)),
        "allowinbound" => Some((0, 0)),
        _ => None,
    };
    let outbound = match outbound {
        "allowoutbound" => Some(0),
        "blockoutbound" => Some(1),
        _ => None,
    };
    let (Some((action, always)), Some(out)) = (inbound, outbound) else {
        process.stdout.line(SYNTAX.in_language(language));
        return 1;
    };
    if !process.token.is_administrator() {
        process.stdout.line(ELEVATION.in_language(language));
        return 1;
    }
    let mut world = process.world();
    for profile in selected_in(world.network_profile(), which).unwrap_or_default() {
        let key = format!(r"{POLICY}\{}", profile.key());
        for (name, value) in [
            ("DefaultInboundAction", action),
            ("DefaultOutboundAction", out),
            ("DoNotAllowExceptions", always),
        ] {
            world.registry.set(&key, name, Data::Dword(value));
        }
    }
    process.stdout.line(OK.in_language(language));
    process.stdout.line("");
    0
}

fn selected_profiles(process: &Process, which: &str) -> Option<Vec<Profile>> {
    selected_in(process.world().network_profile(), which)
}

fn selected_in(current: Profile, which: &str) -> Option<Vec<Profile>> {
    Some(match which {
        "allprofiles" => Profile::ALL.to_vec(),
        "currentprofile" => vec![current],
        "domainprofile" => vec![Profile::Domain],
        "privateprofile" => vec![Profile::Private],
        "publicprofile" => vec![Profile::Public],
        _ => return None,
    })
}

fn pairs(words: &[String]) -> Vec<(String, String)> {
    words
        .iter()
        .map(|word| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            (name.to_lowercase(), value.trim_matches('"').to_owned())
        })
        .collect()
}

fn action(value: &str) -> Option<&'static str> {
    ["Allow", "Block", "Bypass"].into_iter().find(|known| known.eq_ignore_ascii_case(value))
}

fn is_yes(value: &str) -> bool {
    value.eq_ignore_ascii_case("yes")
}

fn protocol(value: &str) -> Option<Vec<String>> {
    let number = match value.to_lowercase().as_str() {
        "any" => return Some(Vec::new()),
        "tcp" => 6,
        "udp" => 17,
        "icmpv4" => 1,
        "icmpv6" => 58,
        other => other.parse::<u8>().ok()?,
    };
    Some(vec![number.to_string()])
}

fn ports(list: Vec<String>) -> Option<Vec<String>> {
    let fits = |part: &String| {
        part.chars().all(char::is_alphabetic) || part.split('-').all(|port| port.parse::<u16>().is_ok())
    };
    list.iter().all(fits).then_some(list)
}

fn profiles(list: &[String]) -> Option<Vec<String>> {
    if list.len() == 1 && list[0].eq_ignore_ascii_case("any") {
        return Some(Vec::new());
    }
    list.iter()
        .map(|name| {
            let known = Profile::ALL.into_iter().map(Profile::in_rules);
            known.into_iter().find(|known| known.eq_ignore_ascii_case(name)).map(str::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    #[test]
    fn rules_are_made_shown_changed_and_deleted() {
        let trial = Trial::healthy();
        let show = "netsh advfirewall firewall show rule name=\"my rule\"";
        assert_eq!(trial.run(show).code, 1);
        let add = "netsh advfirewall firewall add rule name=\"my rule\" dir=in action=allow protocol=TCP localport=3390 \
                   service=TermService profile=any";
        assert_eq!(trial.ok(add), "Ok.\n\n");
        let shown = trial.ok(show);
        assert!(shown.contains("Rule Name:                            my rule\n"), "{shown}");
        assert!(shown.contains("LocalPort:                            3390\n"), "{shown}");
        assert!(trial.world.lock().firewall_admits(6, 3390, "TermService"));
        trial.ok("netsh advfirewall firewall set rule name=\"my rule\" new enable=no");
        assert!(!trial.world.lock().firewall_admits(6, 3390, "TermService"));
        assert_eq!(
            trial.ok("netsh advfirewall firewall delete rule name=\"my rule\""),
            "\nDeleted 1 rule(s).\nOk.\n\n"
        );
        assert_eq!(trial.run(show).code, 1);
    }

    #[test]
    fn a_group_is_found_by_its_reference_in_every_language() {
        for language in Language::ALL {
            let trial = Trial::in_language(language);
            trial.ok("netsh advfirewall firewall set rule group=\"@FirewallAPI.dll,-28752\" new enable=no");
            assert!(!trial.world.lock().firewall_admits(6, 3389, "TermService"), "{language:?}");
        }
        // Its English name is known to the English machine only.
        let set = "netsh advfirewall firewall set rule group=\"remote desktop\" new enable=yes";
        assert_eq!(Trial::healthy().run(set).code, 0);
        assert_eq!(Trial::in_language(Language::DeDe).run(set).code, 1);
    }

    #[test]
    fn profiles_are_switched() {
        let trial = Trial::healthy();
        assert!(trial.ok("netsh advfirewall show allprofiles").contains("Public Profile Settings:"));
        trial.ok("netsh advfirewall set allprofiles state off");
        assert!(trial.ok("netsh advfirewall show publicprofile").contains("OFF"));
        assert_eq!(trial.run("netsh nonsense").code, 1);
        assert_eq!(trial.run("netsh advfirewall firewall add rule name=x dir=in action=maybe").code, 1);
    }
}

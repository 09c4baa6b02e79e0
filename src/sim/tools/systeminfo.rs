//! systeminfo.exe: what the machine is.

use super::width::{cells, left};
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::Text;

const SYNTAX: Text = Text {
    en: "ERROR: Invalid argument/option - '{0}'.\r\nType \"SYSTEMINFO /?\" for usage.",
    ko: "오류: 잘못된 인수/옵션 - '{0}'.\r\n\"SYSTEMINFO /?\"를 입력하여 사용법을 확인하십시오.",
    ja: "エラー: 無効な引数またはオプションです - '{0}'。\r\n使用法については \"SYSTEMINFO /?\" と入力してください。",
    de: "FEHLER: Ungültige(s) Argument/Option - \"{0}\".\r\nGeben Sie \"SYSTEMINFO /?\" ein, um die Syntax anzuzeigen.",
};

/// Labels in the order of the rows; less than Windows shows, and nothing else.
const LABELS: [Text; 12] = [
    Text { en: "Host Name", ko: "호스트 이름", ja: "ホスト名", de: "Hostname" },
    Text { en: "OS Name", ko: "OS 이름", ja: "OS 名", de: "Betriebssystemname" },
    Text { en: "OS Version", ko: "OS 버전", ja: "OS バージョン", de: "Betriebssystemversion" },
    Text { en: "OS Manufacturer", ko: "OS 제조업체", ja: "OS 製造元", de: "Betriebssystemhersteller" },
    Text { en: "OS Configuration", ko: "OS 구성", ja: "OS 構成", de: "Betriebssystemkonfiguration" },
    Text {
        en: "System Boot Time", ko: "시스템 부트 시간", ja: "システム起動時間", de: "Systemstartzeit"
    },
    Text {
        en: "System Manufacturer", ko: "시스템 제조업체", ja: "システム製造元", de: "Systemhersteller"
    },
    Text { en: "System Model", ko: "시스템 모델", ja: "システム モデル", de: "Systemmodell" },
    Text { en: "System Type", ko: "시스템 종류", ja: "システムの種類", de: "Systemtyp" },
    Text {
        en: "Windows Directory",
        ko: "Windows 디렉터리",
        ja: "Windows ディレクトリ",
        de: "Windows-Verzeichnis",
    },
    Text { en: "Time Zone", ko: "표준 시간대", ja: "タイム ゾーン", de: "Zeitzone" },
    Text { en: "Domain", ko: "도메인", ja: "ドメイン", de: "Domäne" },
];
const STANDALONE: Text = Text {
    en: "Standalone Server",
    ko: "독립 실행형 서버",
    ja: "スタンドアロン サーバー",
    de: "Eigenständiger Server",
};
const MEMBER: Text =
    Text {
        en: "Member Server", ko: "구성원 서버", ja: "メンバー サーバー", de: "Mitgliedsserver"
    };

/// `systeminfo [/fo list|csv] [/nh]`.
pub(super) fn run(process: &Process) -> ExitCode {
    let (mut csv, mut headings) = (false, true);
    let mut words = process.args.iter();
    while let Some(word) = words.next() {
        match word {
            word if is_switch(word, "nh") => headings = false,
            word if is_switch(word, "fo") => match words.next().map(|form| form.to_lowercase()).as_deref() {
                Some("list") => csv = false,
                Some("csv") => csv = true,
                _ => return wrong(process, word),
            },
            word => return wrong(process, word),
        }
    }
    let world = process.world();
    let labels = LABELS.map(|label| label.in_language(world.language).to_owned());
    let values = values(&world);
    if csv {
        let quoted = |row: &[String]| {
            process.stdout.line(&row.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(","));
        };
        if headings {
            quoted(&labels);
        }
        quoted(&values);
        return 0;
    }
    process.stdout.line("");
    let widest = labels.iter().map(|label| cells(label)).max().unwrap_or(0).max(25);
    for (label, value) in labels.iter().zip(&values) {
        process.stdout.line(&format!("{} {value}", left(&format!("{label}:"), widest + 1)));
    }
    0
}

fn wrong(process: &Process, word: &str) -> ExitCode {
    process.stderr.line(&SYNTAX.fill(process.language(), &[word]));
    1
}

fn values(world: &World) -> [String; 12] {
    let uptime = jiff::SignedDuration::try_from(world.uptime()).unwrap_or_default();
    let booted = world.wall_time().checked_sub(uptime).unwrap_or(world.epoch);
    let member = if world.domain.is_some() { MEMBER } else { STANDALONE };
    [
        world.computer.clone(),
        format!("Microsoft {}", world.os.product_name()),
        format!("{} N/A Build {}", world.os.version(), world.os.build()),
        "Microsoft Corporation".to_owned(),
        member.in_language(world.language).to_owned(),
        booted.strftime("%-m/%-d/%Y, %-I:%M:%S %p").to_string(),
        "Microsoft Corporation".to_owned(),
        "Virtual Machine".to_owned(),
        "x64-based PC".to_owned(),
        r"C:\Windows".to_owned(),
        "(UTC) Coordinated Universal Time".to_owned(),
        world.domain.as_ref().map_or_else(|| "WORKGROUP".to_owned(), |domain| domain.name.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;

    #[test]
    fn the_machine_is_named_with_its_version_and_boot_time() {
        let trial = Trial::healthy();
        let list = trial.ok("systeminfo");
        assert!(
            list.contains("\nOS Name:                   Microsoft Windows Server 2019 Datacenter\n"),
            "{list}"
        );
        let booted =
            |text: &str| text.lines().find(|line| line.starts_with("System Boot Time:")).map(str::to_owned);
        let before = booted(&list);
        assert!(before.is_some());
        trial.restart();
        assert_ne!(booted(&trial.ok("systeminfo")), before);
        let csv = trial.ok("systeminfo /fo csv /nh");
        assert_eq!((csv.lines().count(), csv.split("\",\"").count()), (1, 12), "{csv}");
        assert_eq!(trial.run("systeminfo /x").code, 1);
    }
}

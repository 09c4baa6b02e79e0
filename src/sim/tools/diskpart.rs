//! diskpart.exe: commands from a file (`/s`) or from standard input. `list`, `select`, `detail disk`, `online`,
//! `offline`, `attributes disk clear readonly`, `assign`, `remove`, `rescan`, `exit`.

use super::page::Page;
use super::width::{cells, left};
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::World;
use crate::sim::windows::disks::DiskError;
use crate::sim::windows::firmware::Firmware;
use crate::sim::windows::language::Text;

const COMPUTER: Text =
    Text {
        en: "On computer: {0}", ko: "컴퓨터: {0}", ja: "コンピューター: {0}", de: "Auf Computer: {0}"
    };
const DISK: Text = Text { en: "Disk", ko: "디스크", ja: "ディスク", de: "Datenträger" };
const VOLUME: Text = Text { en: "Volume", ko: "볼륨", ja: "ボリューム", de: "Volume" };
const ONLINE: Text = Text { en: "Online", ko: "온라인", ja: "オンライン", de: "Online" };
const OFFLINE: Text = Text { en: "Offline", ko: "오프라인", ja: "オフライン", de: "Offline" };
const HEALTHY: Text = Text { en: "Healthy", ko: "정상", ja: "正常", de: "Fehlerfrei" };
const PARTITION: Text =
    Text { en: "Partition", ko: "파티션", ja: "パーティション", de: "Partition" };
const SELECTED: Text = Text {
    en: "{0} {1} is now the selected item.",
    ko: "{0} {1}이(가) 선택되었습니다.",
    ja: "{0} {1} が選択されました。",
    de: "{0} {1} ist jetzt ausgewählt.",
};
const IS_ONLINE: Text = Text {
    en: "DiskPart successfully onlined the selected disk.",
    ko: "DiskPart에서 선택한 디스크를 온라인 상태로 만들었습니다.",
    ja: "選択されたディスクがオンラインになりました。",
    de: "Der ausgewählte Datenträger ist jetzt online.",
};
const IS_OFFLINE: Text = Text {
    en: "DiskPart successfully offlined the selected disk.",
    ko: "DiskPart에서 선택한 디스크를 오프라인 상태로 만들었습니다.",
    ja: "選択されたディスクがオフラインになりました。",
    de: "Der ausgewählte Datenträger ist jetzt offline.",
};
const CLEARED: Text = Text {
    en: "Disk attributes cleared successfully.",
    ko: "디스크 특성을 지웠습니다.",
    ja: "ディスク属性が正常に消去されました。",
    de: "Die Datenträgerattribute wurden erfolgreich gelöscht.",
};
const ASSIGNED: Text = Text {
    en: "DiskPart successfully assigned the drive letter or mount point.",
    ko: "DiskPart에서 드라이브 문자 또는 탑재 지점을 할당했습니다.",
    ja: "DiskPart はドライブ文字またはマウント ポイントを正常に割り当てました。",
    de: "Der Laufwerkbuchstabe oder der Bereitstellungspunkt wurde zugewiesen.",
};
const REMOVED: Text = Text {
    en: "DiskPart successfully removed the drive letter or mount point.",
    ko: "DiskPart에서 드라이브 문자 또는 탑재 지점을 제거했습니다.",
    ja: "DiskPart はドライブ文字またはマウント ポイントを正常に削除しました。",
    de: "Der Laufwerkbuchstabe oder der Bereitstellungspunkt wurde entfernt.",
};
const NOT_SELECTED: Text = Text {
    en: "There is no disk selected.",
    ko: "선택한 디스크가 없습니다.",
    ja: "ディスクが選択されていません。",
    de: "Es ist kein Datenträger ausgewählt.",
};
const NOT_VALID: Text = Text {
    en: "The disk you specified is not valid.",
    ko: "지정한 디스크가 올바르지 않습니다.",
    ja: "指定されたディスクは無効です。",
    de: "Der angegebene Datenträger ist ungültig.",
};
const FAILED: Text = Text {
    en: "Virtual Disk Service error:",
    ko: "가상 디스크 서비스 오류:",
    ja: "仮想ディスク サービス エラー:",
    de: "Fehler des Diensts für virtuelle Datenträger:",
};
const LEAVING: Text = Text {
    en: "Leaving DiskPart...",
    ko: "DiskPart에서 나가는 중...",
    ja: "DiskPart を終了しています...",
    de: "DiskPart wird beendet...",
};

/// What the commands before have selected.
#[derive(Default)]
struct Selection {
    disk: Option<usize>,
    /// Disk and place of the partition.
    volume: Option<(usize, usize)>,
}

enum Failure {
    Text(&'static Text),
    Disk(DiskError),
    Syntax,
}

/// `diskpart`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let language = process.language();
    let computer = process.world().computer.clone();
    let build = process.world().os.version();
    for line in
        ["", &format!("Microsoft DiskPart version {build}.1"), "", "Copyright (C) Microsoft Corporation."]
    {
        process.stdout.line(line);
    }
    process.stdout.line(&COMPUTER.fill(language, &[&computer]));
    if !process.token.is_administrator() {
        return Ok(1);
    }
    let mut selection = Selection::default();
    if let [switch, file] = &process.args[..] {
        if !is_switch(switch, "s") {
            return Ok(2);
        }
        let bytes = process.path(file).and_then(|path| {
            let world = process.world();
            world.files.read(&path, &process.token).ok()
        });
        let Some(bytes) = bytes else { return Ok(3) };
        for line in process.page().decode(&bytes).lines() {
            match command(process, &mut selection, line) {
                Some(0) => {}
                Some(code) => return Ok(code),
                None => break,
            }
        }
        return Ok(0);
    }
    // From standard input every command has its prompt, and an error does not end it.
    loop {
        process.stdout.line("");
        process.stdout.text("DISKPART> ");
        let Some(line) = process.stdin.line(process.page()).await? else { break };
        if command(process, &mut selection, &line).is_none() {
            break;
        }
    }
    process.stdout.line("");
    process.stdout.line(LEAVING.in_language(language));
    Ok(0)
}

/// Does one line; its exit code, or `None` at `exit`.
fn command(process: &Process, selection: &mut Selection, line: &str) -> Option<ExitCode> {
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let goes_on = words.last() == Some(&"noerr");
    if goes_on {
        words.pop();
    }
    let mut world = process.world();
    let language = world.language;
    let result = match words[..] {
        [] | ["rem", ..] => return Some(0),
        ["exit"] => return None,
        _ => execute(&mut world, selection, &words),
    };
    drop(world);
    process.stdout.line("");
    match result {
        Ok(text) => {
            process.stdout.text(&text);
            Some(0)
        }
        Err(failure) => {
            let (text, code) = match failure {
                Failure::Text(text) => (text.in_language(language).to_owned(), 1),
                Failure::Syntax => ("DISKPART> ?".to_owned(), 5),
                // invented: the sentence behind the heading.
                Failure::Disk(error) => (format!("{}\r\n{error:?}", FAILED.in_language(language)), 1),
            };
            process.stdout.line(&text);
            Some(if goes_on { 0 } else { code })
        }
    }
}

fn execute(world: &mut World, selection: &mut Selection, words: &[&str]) -> Result<String, Failure> {
    let language = world.language;
    let said = |text: &Text| Ok(format!("{}\r\n", text.in_language(language)));
    let disk = selection.disk.ok_or(Failure::Text(&NOT_SELECTED));
    match *words {
        ["list", "disk"] => Ok(list_disks(world)),
        ["list", "volume"] => Ok(list_volumes(world, None)),
        ["detail", "disk"] => Ok(list_volumes(world, Some(disk?))),
        ["rescan"] => Ok(String::new()),
        ["select", "disk", number] => {
            let number = number.parse().ok().filter(|number: &usize| *number < world.disks.len());
            let number = number.ok_or(Failure::Text(&NOT_VALID))?;
            selection.disk = Some(number);
            let text = SELECTED.fill(language, &[DISK.in_language(language), &number.to_string()]);
            Ok(format!("{text}\r\n"))
        }
        ["select", "volume", name] => {
            let at = name.parse().ok().and_then(|number: usize| volumes(world).nth(number));
            let at = at.or_else(|| {
                let mut letters = name.chars();
                letters
                    .next()
                    .filter(|_| letters.next().is_none())
                    .and_then(|letter| world.partition_of(letter))
            });
            let at = at.ok_or(Failure::Text(&NOT_VALID))?;
            selection.volume = Some(at);
            selection.disk = Some(at.0);
            let text = SELECTED.fill(language, &[VOLUME.in_language(language), name]);
            Ok(format!("{text}\r\n"))
        }
        ["online", "disk"] => {
            world.bring_online(disk?).map_err(Failure::Disk)?;
            said(&IS_ONLINE)
        }
        ["offline", "disk"] => {
            world.take_offline(disk?).map_err(Failure::Disk)?;
            said(&IS_OFFLINE)
        }
        ["attributes", "disk", "clear", "readonly"] => {
            world.disks[disk?].read_only = false;
            said(&CLEARED)
        }
        ["assign" | "remove", ref rest @ ..] => {
            let letter = rest
                .first()
                .and_then(|word| word.strip_prefix("letter="))
                .and_then(|rest| rest.chars().next().map(|letter| letter.to_ascii_uppercase()));
            let (number, at) = selection.volume.ok_or(Failure::Text(&NOT_SELECTED))?;
            if words[0] == "assign" {
                world.assign_letter(number, at, letter).map_err(Failure::Disk)?;
                return said(&ASSIGNED);
            }
            world.remove_letter(number, at).map_err(Failure::Disk)?;
            said(&REMOVED)
        }
        _ => Err(Failure::Syntax),
    }
}

/// Volumes by their numbers: those of disks that are online.
fn volumes(world: &World) -> impl Iterator<Item = (usize, usize)> {
    world
        .disks
        .iter()
        .enumerate()
        .filter(|(_, disk)| disk.online)
        .flat_map(|(number, disk)| (0..disk.partitions.len()).map(move |at| (number, at)))
}

fn list_disks(world: &World) -> String {
    let language = world.language;
    let mut page = Page::default();
    page.line(format!("  {} ###  Status         Size     Free     Dyn  Gpt", DISK.in_language(language)));
    page.line("  --------  -------------  -------  -------  ---  ---");
    for (number, disk) in world.disks.iter().enumerate() {
        let state = if disk.online { &ONLINE } else { &OFFLINE }.in_language(language);
        let gpt = if disk.firmware == Firmware::Uefi { "*" } else { " " };
        let name = padded(&format!("{} {number}", DISK.in_language(language)), 9);
        page.line(format!("  {name} {} {:4} GB      0 B        {gpt}", left(state, 13), disk.size));
    }
    page.text().to_owned()
}

fn list_volumes(world: &World, of: Option<usize>) -> String {
    let language = world.language;
    let mut page = Page::default();
    page.line(format!(
        "  {} ###  Ltr  Label        Fs     Type        Size     Status     Info",
        VOLUME.in_language(language)
    ));
    page.line("  ----------  ---  -----------  -----  ----------  -------  ---------  --------");
    for (number, (disk, at)) in volumes(world).enumerate() {
        if of.is_some_and(|wanted| wanted != disk) {
            continue;
        }
        let partition = &world.disks[disk].partitions[at];
        let size = match partition.size {
            small @ 0..10_240 => format!("{small:4} MB"),
            large => format!("{:4} GB", large / 1024),
        };
        page.line(format!(
            "  {} {:>3}   {} {} {} {size}  {}",
            padded(&format!("{} {number}", VOLUME.in_language(language)), 11),
            partition.letter.map(String::from).unwrap_or_default(),
            left(&partition.label, 12),
            left(if partition.is_locked() { "" } else { partition.file_system }, 6),
            left(PARTITION.in_language(language), 11),
            HEALTHY.in_language(language)
        ));
    }
    page.text().to_owned()
}

/// Filled with blanks, never cut.
fn padded(text: &str, width: usize) -> String {
    left(text, width.max(cells(text)))
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::super::{Stdin, Stream};
    use crate::sim::windows::World;
    use crate::sim::windows::disks::Disk;
    use crate::sim::windows::firmware::Firmware;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    fn rescuer(language: Language) -> Trial {
        let mut broken = World::installed(Os::Server2019, language);
        broken.prepare_as_donor(Firmware::Uefi);
        let mut world = World::healthy(Os::Server2022, language);
        world.disks.push(Disk::taken_from(broken));
        Trial::new(world)
    }

    fn piped(trial: &Trial, lines: &str) -> String {
        let answer = trial.run_with("diskpart", Stdin::Bytes(Stream::of(lines.as_bytes())));
        assert_eq!(answer.code, 0);
        answer.out
    }

    #[test]
    fn a_disk_is_brought_online_and_its_system_partition_gets_a_letter() {
        for language in Language::ALL {
            let trial = rescuer(language);
            piped(&trial, "select disk 1\r\nonline disk noerr\r\nattributes disk clear readonly noerr\r\n");
            assert!(trial.world.lock().files.drive('E').is_some());
            let shown = piped(&trial, "select disk 1\r\ndetail disk\r\n");
            assert!(shown.contains(" 2           "), "{shown}");
            piped(&trial, "select volume 2\r\nassign letter=S\r\n");
            assert!(trial.world.lock().files.drive('S').is_some());
            piped(&trial, "select volume 2\r\nremove letter=S\r\nselect disk 1\r\noffline disk\r\n");
            assert!(trial.world.lock().files.drive('E').is_none());
        }
    }

    #[test]
    fn a_script_ends_at_its_first_error() {
        let trial = rescuer(Language::EnUs);
        let file = r"C:\Windows\Temp\d.txt";
        let write = |text: &str| {
            let path = crate::sim::windows::files::path::WinPath::new(file);
            let mut world = trial.world.lock();
            let now = world.wall_time();
            let system = crate::sim::windows::acl::Token::system();
            world.files.write(&path, text.as_bytes().to_vec(), &system, now).unwrap();
        };
        write("select disk 7\r\nonline disk\r\n");
        assert_eq!(trial.run(&format!("diskpart /s {file}")).code, 1);
        write("select disk 1\r\nonline disk\r\nonline disk noerr\r\n");
        assert_eq!(trial.run(&format!("diskpart /s {file}")).code, 0);
        assert_eq!(trial.run(r"diskpart /s C:\nothing.txt").code, 3);
    }
}

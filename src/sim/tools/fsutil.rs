//! fsutil.exe, as far as it tells of drives.

use std::collections::BTreeSet;

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::language::Text;

const DRIVES: Text =
    Text { en: "Drives: {0}", ko: "드라이브: {0}", ja: "ドライブ: {0}", de: "Laufwerke: {0}" };

/// `fsutil fsinfo drives`
pub(super) fn run(process: &Process) -> ExitCode {
    let words: Vec<String> = process.args.iter().map(|word| word.to_lowercase()).collect();
    if words != ["fsinfo", "drives"] {
        process.stdout.line("---- Commands Supported ----");
        process.stdout.line("");
        process.stdout.line("fsinfo          File system information");
        return 1;
    }
    let letters: BTreeSet<char> = {
        let world = process.world.lock();
        let locked = world.partitions().filter_map(|partition| partition.letter);
        world.files.drives().map(|(letter, _)| letter).chain(locked).collect()
    };
    let letters: Vec<String> = letters.into_iter().map(|letter| format!("{letter}:\\ ")).collect();
    process.stdout.line("");
    process.stdout.line(&DRIVES.fill(process.language(), &[&letters.concat()]));
    0
}

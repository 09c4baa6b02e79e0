//! Recordings that are kept: one of every shipped script on each profile, and whatever else is put into
//! `tests/recordings`. Each is driven again byte for byte: in the reads that were recorded, cut, and joined.
//!
//! A script that ships is recorded without being listed: `SACPILOT_BLESS=1 cargo test --test it replay::kept` does
//! it, on the machine that the table of `library` has for it; `SACPILOT_BLESS=rdp/port,health` only those.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use sacpilot::recording::{Import, Kind, survey};
use sacpilot::script::library::Library;

use super::{record, replayed, sacpilot};
use crate::library::machine_of;
use crate::repair::SECRETS;
use crate::stored::repository;

const PROFILES: [&str; 3] = ["2016", "2019", "2022"];

/// What all recordings may take together, so that a clone stays small.
const MOST_BYTES: u64 = 2_500_000;

/// The recordings of a folder: dropping a file into it is all that makes it a test.
pub(super) fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".cast"))
        .collect();
    found.sort();
    found
}

/// In which reads a recording is driven again, chosen by its number.
fn cuttings(number: usize) -> Vec<String> {
    // Byte by byte is every cut at once; the seeds are cuts and joints of another kind, different ones for each.
    let mut cuttings = vec!["whole".to_owned(), "1".to_owned(), format!("joined:{number}")];
    // Everything at once: one profile of each script, in turn, for the time it takes. `in_many_more` has them all.
    if (number + number / PROFILES.len()).is_multiple_of(PROFILES.len()) {
        cuttings.push("all".to_owned());
    }
    cuttings
}

/// What is wrong with these recordings, in those cuttings.
pub(super) fn wrong(recordings: &[PathBuf], cuttings: impl Fn(usize) -> Vec<String> + Sync) -> Vec<String> {
    let wrong = Mutex::new(Vec::new());
    each(recordings, |number, recording| {
        for cutting in cuttings(number) {
            let (said, code) = replayed(recording, &["--pieces", &cutting]);
            if code != 0 {
                let text = format!("{} --pieces {cutting} ({code}):\n{said}", recording.display());
                wrong.lock().unwrap().push(text);
            }
        }
    });
    wrong.into_inner().unwrap()
}

/// Two faults of the driver, and the recordings that do not notice them: a byte that is sent wrong, chosen by the number,
/// and an event that is not seen.
fn unnoticed(recordings: &[PathBuf]) -> Vec<String> {
    let unnoticed = Mutex::new(Vec::new());
    each(recordings, |number, recording| {
        let wrong_byte = format!("byte:{}", a_byte_of(recording, number));
        for fault in [wrong_byte.as_str(), "miss:A new channel has been created."] {
            let (said, code) = replayed(recording, &["--mutate", fault]);
            if code != 1 {
                let text = format!("{} does not notice {fault} ({code}):\n{said}", recording.display());
                unnoticed.lock().unwrap().push(text);
            }
        }
    });
    unnoticed.into_inner().unwrap()
}

/// The number of a byte that was sent and is no part of a password: a mask takes any key.
fn a_byte_of(recording: &Path, number: usize) -> u64 {
    let events = Import::new(fs::File::open(recording).unwrap()).unwrap().map(Result::unwrap);
    let survey = survey(fs::File::open(recording).unwrap()).unwrap();
    let mut stars = survey.stars.into_iter();
    let (mut sent, mut known) = (0, Vec::new());
    for event in events {
        match event.kind {
            // Behind one whose length is not known, no byte's number is.
            Kind::Input(bytes) if bytes == b"***" => match stars.next() {
                Some(keys) if keys > 0 => sent += keys as u64,
                _ => break,
            },
            Kind::Input(bytes) => {
                known.extend(sent + 1..=sent + bytes.len() as u64);
                sent += bytes.len() as u64;
            }
            _ => {}
        }
    }
    known[number * 7919 % known.len()]
}

/// Does it for each, on as many threads as there are processors.
fn each<T: Sync>(all: &[T], work: impl Fn(usize, &T) + Sync) {
    let next = Mutex::new(all.iter().enumerate());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().unwrap().next();
                    let Some((number, item)) = taken else { return };
                    work(number, item);
                }
            });
        }
    });
}

fn file_of(script: &str, profile: &str) -> PathBuf {
    repository("tests/recordings").join(format!("{}-{profile}.cast.gz", script.replace('/', "-")))
}

#[test]
fn every_shipped_script_on_every_profile_replays_byte_for_byte_in_every_cutting() {
    let scripts = Library::embedded().names();
    if let Ok(wanted) = std::env::var("SACPILOT_BLESS") {
        let is_wanted = |script: &&String| wanted == "1" || wanted.split(',').any(|one| one == **script);
        record_anew(&scripts.iter().filter(is_wanted).collect::<Vec<_>>());
    }
    let recordings = recordings(&repository("tests/recordings"));
    let mut wrong = wrong(&recordings, cuttings);
    for script in &scripts {
        let profiles = PROFILES.iter().filter(|profile| !file_of(script, profile).exists());
        wrong.extend(profiles.map(|profile| format!("{script} was not recorded on {profile}")));
    }
    let size: u64 = recordings.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    if size > MOST_BYTES {
        wrong.push(format!("the recordings take {size} bytes"));
    }
    assert!(
        wrong.is_empty(),
        "{}\nIf the driver or a script was changed: SACPILOT_BLESS=1 cargo test --test it replay::kept",
        wrong.join("\n")
    );
}

/// The same in cuttings that `cargo test` has no time for: `cargo test --test it -- --ignored in_many_more`.
#[test]
#[ignore = "twenty minutes"]
fn every_recording_replays_in_many_more_cuttings() {
    let many = |number: usize| {
        let seeds = [number + 1000, number + 2000, number + 3000];
        let joined = seeds.map(|seed| format!("joined:{seed}"));
        let others = ["all", "2", "7", "80"].map(str::to_owned);
        [&others[..], &[format!("seed:{number}")], &joined].concat()
    };
    let wrong = wrong(&recordings(&repository("tests/recordings")), many);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever breaks the driver hears of it from each recording.
#[test]
fn a_wrong_byte_and_a_missed_event_are_noticed_by_the_recording_of_every_script() {
    // One profile of each script, in turn: the stream of 2016 and 2019 is another one than that of 2022.
    let all = Library::embedded().names();
    let files = all.iter().enumerate().map(|(number, script)| file_of(script, PROFILES[number % 3]));
    let unnoticed = unnoticed(&files.collect::<Vec<_>>());
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

/// Scripts that are handed a secret: it is in no recording, and another one is as good when it is replayed. Should the
/// machine refuse it, nothing would tell, so what the machine said is in the recording.
#[test]
fn a_secret_that_a_script_is_handed_is_in_no_recording() {
    let handed: Vec<_> =
        Library::embedded().names().into_iter().filter(|s| machine_of(s).0.contains("{{")).collect();
    assert!(handed.len() >= 2, "{handed:?}");
    for script in &handed {
        for profile in PROFILES {
            let file = file_of(script, profile);
            let mut events = Import::new(fs::File::open(&file).unwrap()).unwrap();
            let mut whole = Vec::new();
            for event in events.by_ref() {
                match event.unwrap().kind {
                    Kind::Output(bytes) | Kind::Input(bytes) => whole.extend(bytes),
                    Kind::Mark(text) | Kind::Told(text) => whole.extend(text.into_bytes()),
                    Kind::Other { .. } => {}
                }
            }
            let whole = String::from_utf8_lossy(&whole);
            assert!(whole.contains("***") && whole.contains("\u{2039}secret "), "{}", file.display());
            assert!(!SECRETS.iter().any(|(_, secret)| whole.contains(secret)), "{}", file.display());
        }
    }
    // A question that matched is a mark.
    let (screen, code) =
        replayed(&file_of("accounts/local-administrator", "2022"), &["--screen-at", "match "]);
    assert!(code == 0 && screen.trim_end().ends_with("Type a password for the user:"), "{screen}");
    // Given again, and a wrong name.
    let file = file_of("accounts/local-administrator", "2022");
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("secret");
    fs::write(&again, "An0ther-Pa55-of-some-length").unwrap();
    let given = |name: &str| replayed(&file, &["--secret", &format!("{name}=file:{}", again.display())]);
    let (said, code) = given("password");
    assert!(code == 0 && !said.contains("An0ther"), "{said}");
    let (said, code) = given("pasword");
    assert!(code == 2 && said.contains("did you mean `password`?"), "{said}");
}

/// A file that is dropped into the folder is a test: a good one passes, one that was tampered with does not.
#[test]
fn a_fixture_that_is_dropped_into_the_folder_is_a_test() {
    let (folder, cast, _lines) = super::fresh();
    let dropped = tempfile::tempdir().unwrap();
    let fixture = dropped.path().join("mine.cast");
    let arguments = ["--save-fixture", fixture.to_str().unwrap(), "--redact", "azadmin"];
    assert_eq!(replayed(&cast, &arguments).1, 0);
    assert_eq!(wrong(&recordings(dropped.path()), cuttings), Vec::<String>::new());
    let text = fs::read_to_string(&fixture).unwrap();
    assert!(!text.to_lowercase().contains("azadmin"), "the account is hidden");
    fs::write(&fixture, text.replacen("change-verified", "change-imagined", 1)).unwrap();
    assert_eq!(wrong(&recordings(dropped.path()), cuttings).len(), 4);
    drop(folder);
}

fn record_anew(scripts: &[&String]) {
    let all: Vec<(&String, &str)> =
        scripts.iter().flat_map(|script| PROFILES.map(|profile| (*script, profile))).collect();
    for old in recordings(&repository("tests/recordings")) {
        let is_kept = Library::embedded().names().iter().any(|script| {
            !scripts.contains(&script) && PROFILES.iter().any(|profile| file_of(script, profile) == old)
        });
        if !is_kept {
            fs::remove_file(old).unwrap();
        }
    }
    each(&all, |_, (script, profile)| {
        let folder = tempfile::tempdir().unwrap();
        let cast = folder.path().join("session.cast");
        let (with, scenario) = machine_of(script);
        let code = record(script, with, &format!("sim:{scenario}?profile={profile}"), &cast);
        assert!(code <= 1, "{script} {profile}: {code}");
        let mut save = sacpilot();
        save.arg("replay").arg(&cast).arg("--save-fixture").arg(file_of(script, profile));
        let saved = save.output().unwrap();
        assert!(saved.status.success(), "{saved:?}");
    });
}

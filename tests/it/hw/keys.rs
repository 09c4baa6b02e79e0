//! Every key with which a channel of SAC is left, switched to and closed, pressed by a person (`sacpilot connect`) and
//! recorded. Keys that are documented must do what is written; of others it is noted what they do.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::person::{Person, QUIET, SWITCH_SCREEN};

/// How long a machine may take to start.
const STARTING: Duration = Duration::from_mins(20);

/// What a key on the screen of a channel leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// The channel itself: its login.
    Channel,
    /// The screen before another channel, or before SAC.
    Switch,
    /// Nowhere within [`QUIET`].
    Nowhere,
}

/// The key, its name, and what it must do; `None`: nobody knows, it is noted.
const KEYS: [(&[u8], &str, Option<Leads>); 13] = [
    (b" ", "space", Some(Leads::Channel)),
    (b"\r", "Enter", Some(Leads::Channel)),
    (b"x", "a letter", Some(Leads::Channel)),
    (b"\x1b\t", "ESC TAB", Some(Leads::Switch)),
    (b"\x1b\t0", "ESC TAB 0", Some(Leads::Switch)),
    (b"\t", "TAB alone", None),
    (b"\x1b", "ESC alone", None),
    (b"0", "0 alone", None),
    (b"\x1b\t1", "ESC TAB 1", None),
    (b"\x1b[A", "arrow up", None),
    (b"\x7f", "DEL", None),
    (b"\x03", "Ctrl-C", None),
    (b"\0", "NUL", None),
];

impl Person {
    async fn leads(&mut self) -> Leads {
        loop {
            if self.shown.contains(SWITCH_SCREEN) {
                return Leads::Switch;
            }
            let screen = self.screen.text();
            if screen.contains("Username:") && !screen.contains(SWITCH_SCREEN) {
                return Leads::Channel;
            }
            if !self.looks(QUIET).await {
                return Leads::Nowhere;
            }
        }
    }
}

/// Presses them all and says what each did.
pub(super) fn tried(folder: &Path, inventory: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(all(folder, inventory))
}

async fn all(folder: &Path, inventory: &Path) -> String {
    let inventory = inventory.display().to_string();
    let mut person = Person::at(folder, &["bench", "--record", "keys.cast", "--inventory", &inventory]);
    timeout(STARTING, person.calls()).await.expect("SAC> after Enter");
    let name = person.opens_a_channel().await;
    // `1 (--) Cmd0001`: the number that -si and -ci take.
    person.presses(b"ch\r").await;
    person.at_sac().await;
    let list = person.screen.text();
    let number = list.lines().find_map(|row| {
        let number = row.trim_end().strip_suffix(name.as_str())?.split_whitespace().next()?;
        number.parse::<u8>().ok()
    });
    let number = number.expect("the list has the channel");

    let mut report = format!("the channel {name}, number {number}; each key on the screen before it:\n");
    for (keys, called, must) in KEYS {
        person.presses(format!("ch -sn {name}\r").as_bytes()).await;
        person.reads(SWITCH_SCREEN).await;
        person.presses(keys).await;
        let leads = person.leads().await;
        if let Some(must) = must {
            assert_eq!(leads, must, "{called}:\n{}", person.screen.text());
        }
        let known = if must.is_some() { "as documented" } else { "not documented" };
        writeln!(report, "  {called:<12} {leads:?} ({known})").unwrap();
        person.returns().await;
    }
    person.presses(format!("ch -si {number}\r").as_bytes()).await;
    person.reads(SWITCH_SCREEN).await;
    person.returns().await;
    // Closed, its screen is no more.
    person.presses(format!("ch -ci {number}\r").as_bytes()).await;
    // Its event may come behind the prompt.
    while person.looks(QUIET).await {}
    person.presses(b"ch\r").await;
    person.reads("Channel List").await;
    person.at_sac().await;
    assert!(!person.shown.contains(&name), "{name} is still there:\n{}", person.shown);
    report.push_str("  ch -si, ch -sn, ch -ci as documented\n");
    person.leaves().await;
    report
}

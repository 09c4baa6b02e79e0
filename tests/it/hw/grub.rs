//! GRUB on a UART of QEMU (`hw/rig qemu-grub`): a menu and a command line that are drawn with cursor moves.

use super::Rig;
use super::person::Person;

#[tokio::test]
async fn a_person_at_grub() {
    let Some(rig) = Rig::up("qemu-grub") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::at(folder.path(), &[&rig.target, "--record", "grub.cast"]);
    let has = |text: &'static str| move |person: &Person| person.screen.text().contains(text);
    person.sees("the menu", has("*one")).await;
    // Down and up again: the mark moves.
    person.presses(b"\x1b[B").await;
    person.sees("the second entry", has("*two")).await;
    person.presses(b"\x1b[A").await;
    person.sees("the first entry", has("*one")).await;
    person.presses(b"c").await;
    person.sees("the command line", |person| person.screen.before_cursor().ends_with("grub> ")).await;
    person.presses(b"echo 6 times 7\r").await;
    person
        .sees("the answer", |person| {
            person.screen.text().lines().any(|row| row.trim_end() == "6 times 7")
                && person.screen.before_cursor().ends_with("grub> ")
        })
        .await;
    person.leaves().await;
}

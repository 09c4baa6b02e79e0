//! Wine's cmd.exe behind SAC (`hw/rig wine-cmd`): a shell, and a console that draws, which nobody here wrote. A person
//! uses it; sacpilot's own commands need certutil, which Wine has only in name.

use super::person::{Person, SWITCH_SCREEN};
use super::{PASSWORD, Rig, USER};

#[tokio::test]
async fn a_person_at_the_cmd_of_wine() {
    let Some(rig) = Rig::up("wine-cmd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::at(folder.path(), &[&rig.target, "--record", "wine.cast"]);
    person.calls().await;
    let channel = person.opens_a_channel().await;
    person.presses(format!("ch -sn {channel}\r").as_bytes()).await;
    person.reads(SWITCH_SCREEN).await;
    for (keys, answer) in [(" ", "Username:"), (USER, USER), ("\r", "Domain"), ("\r", "Password:")] {
        person.presses(keys.as_bytes()).await;
        person.reads(answer).await;
    }
    person.presses(format!("{PASSWORD}\r").as_bytes()).await;
    person.reads("Microsoft Windows").await;
    person.sees("the prompt of cmd", |person| person.screen.before_cursor().ends_with('>')).await;
    person.presses(b"cmd /c exit 7\r").await;
    person.presses(b"echo code %errorlevel%\r").await;
    person
        .sees("the exit code", |person| person.screen.text().lines().any(|row| row.trim_end() == "code 7"))
        .await;
    person.returns().await;
    person.leaves().await;
    let cast = std::fs::read_to_string(folder.path().join("wine.cast")).unwrap();
    assert!(cast.contains("code 7") && !cast.contains(PASSWORD));
}

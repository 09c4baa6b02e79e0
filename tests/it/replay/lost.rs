//! Recordings of lines that were lost and made anew: refused clients, and clients that end in the middle of a run.

use crate::offered::{Offered, PASSWORD};
use crate::program::{Program, Said};
use crate::replay::{replayed, story};

/// A client for `exec:bash client`. Each start takes one line of `fates`: a text it says before it gives up, or how many bytes
/// of the console it passes on before it ends; without a line it stays.
const CLIENT: &str = r#"
fate=$(head -n 1 fates)
sed -i 1d fates
case $fate in
  *[!0-9]*) echo "$fate"; exit 1 ;;
esac
exec 3<>/dev/tcp/127.0.0.1/$(cat port) 4<&0
cat <&4 >&3 &
if [ -n "$fate" ]; then head -c "$fate" <&3; else cat <&3; fi
"#;

/// A command over such a client, recorded.
fn recorded(arguments: &str, fates: &[&str]) -> Said {
    let offered = Offered::new("rdp-denied", "tcp:127.0.0.1:0");
    let port = offered.address.rsplit(':').next().unwrap();
    let fates = fates.join("\n") + "\n";
    Program::new(arguments)
        .variable("SACPILOT_PASSWORD", PASSWORD)
        .file("targets.yaml", "targets:\n  bench: {endpoint: 'exec:bash client'}\n")
        .file("client", CLIENT)
        .file("fates", &fates)
        .file("port", port)
        .run()
}

/// What a BMC's client says while another session holds the console.
const TAKEN: &str = "Info: SOL payload already active on another session";
const RUN: &str = "run rdp/connections --yes -t bench --user azadmin --record session.cast --runs-dir runs";
const EXEC: &str = "exec -t bench --user azadmin --record session.cast -- ver";

#[test]
fn a_recording_of_a_client_that_was_refused_first_replays() {
    let said = recorded(EXEC, &[TAKEN, TAKEN]).code(0);
    let again = Program::new("exec -t replay:session.cast -- ver");
    let (folder, mut command) = again.into_parts();
    std::fs::copy(said.folder().join("session.cast"), folder.path().join("session.cast")).unwrap();
    let again = Said::of(folder, &command.output().unwrap()).code(0);
    assert_eq!(again.text(), said.text());

    let run = recorded(RUN, &[TAKEN]).code(0);
    let cast = run.folder().join("session.cast");
    let told = story(&cast);
    assert!(told.iter().any(|line| line.contains("change-verified")), "{told:#?}");
    for manner in ["tolerant", "strict"] {
        let (said, code) = replayed(&cast, &["--manner", manner]);
        assert_eq!(code, 0, "{manner}: {said}");
    }
    for pieces in ["1", "joined:3", "all"] {
        let (said, code) = replayed(&cast, &["--pieces", pieces]);
        assert_eq!(code, 0, "{pieces}: {said}");
    }
    let (explained, _) = replayed(&cast, &["--explain"]);
    assert!(explained.contains("mark: line lost: bash exited with code 1: Info: SOL payload"), "{explained}");
    assert!(explained.contains("mark: line made anew"), "{explained}");
}

#[test]
fn a_recording_of_a_line_that_was_lost_in_the_middle_replays() {
    // While it is made ready, while a command is typed, while its output comes.
    for bytes in ["4500", "6000", "8000", "10000", "15000"] {
        let run = recorded(RUN, &[bytes]).code(0);
        let cast = run.folder().join("session.cast");
        for manner in ["strict", "tolerant"] {
            let (said, code) = replayed(&cast, &["--manner", manner]);
            assert_eq!(code, 0, "{bytes} {manner}: {said}");
        }
    }
}

#[test]
fn a_client_that_never_got_in_is_told_again_with_its_reason() {
    let run = recorded(RUN, &["error: The domain is not running"]).code(3);
    let (said, _) = replayed(&run.folder().join("session.cast"), &[]);
    assert!(said.contains("bash exited with code 1: error: The domain is not running"), "{said}");
}

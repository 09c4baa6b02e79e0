//! Microsoft's own SDK (PyPI azure-mgmt-serialconsole) with the websocket library of its command line, against the
//! real program. `.ci/run` makes the environment, in `target/azure-sdk`.

use std::path::PathBuf;
use std::process::Command;

use sacpilot::bridge::SUBSCRIPTION;

use super::commands::Offered;
use crate::stored::repository;

/// The interpreter that has the SDK.
fn python() -> Option<PathBuf> {
    let python = repository("target/azure-sdk/bin/python");
    let found = Command::new(&python).args(["-c", "import azure.mgmt.serialconsole, websocket"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: Microsoft's SDK is not installed in target/azure-sdk (.ci/run does that)");
    None
}

#[test]
fn the_sdk_of_microsoft_finds_what_it_expects() {
    let Some(python) = python() else { return };
    for switches in ["", "frames=binary&cut=1", "frames=mixed&cut=1000&replay=0"] {
        let offered = Offered::new("healthy?start=running", switches);
        let output = Command::new(&python)
            .arg(repository("tests/it/azure/sdk/client.py"))
            .args([&offered.url, &offered.folder.path().join("sacpilot-sim-ca.pem").display().to_string()])
            .arg(SUBSCRIPTION)
            .output()
            .unwrap();
        let (said, failed) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(
            said,
            "the console is disabled: False\n\
             and now: True\n\
             and again: False\n\
             ports: ['0']\n\
             the gateway speaks first: 'Connecting...\\r\\n\\r\\n'\n\
             SAC helps: True\n\
             the older session is closed: 1000\n\
             a wrong token: 1011 Connection not trusted\n\
             a token that is none: 401 InvalidAuthenticationToken\n\
             a machine that is none: 404 ResourceNotFound\n",
            "{switches}: {failed}"
        );
    }
}

//! `exec:ssh …`: the way of the consoles of AWS and Google. The server runs one command whatever is asked for, as
//! theirs do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::rig::{NullModem, Peer, free_port, listening, open, present};
use super::suite::{Far, Way, all, hang_up};

fn key(path: &Path) {
    let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", path.to_str().unwrap()];
    assert!(Command::new("ssh-keygen").args(arguments).status().unwrap().success());
}

#[tokio::test]
async fn exec_of_ssh_with_a_forced_command() {
    if !present(&["socat", "ssh", "sshd", "ssh-keygen"]) {
        return;
    }
    // sshd wants the folder for its unprivileged half, which the service makes where there is one.
    if !Path::new("/run/sshd").is_dir() && fs::create_dir("/run/sshd").is_err() {
        println!("skipped: /run/sshd is missing and cannot be made");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let modem = NullModem::new(folder.path());
    let [host_key, user_key, stranger] = ["host", "user", "stranger"].map(|name| folder.path().join(name));
    for path in [&host_key, &user_key, &stranger] {
        key(path);
    }
    let (port, keys) = (free_port(), folder.path().join("authorized_keys"));
    // Two at a time on one console would share its bytes: the command lets one in and tells the other.
    let lock = folder.path().join("lock");
    let console = folder.path().join("console.sh");
    let session = folder.path().join("session");
    // One process for each direction: a single socat would block on a write and read no more.
    let script = format!(
        "#!/bin/sh\nexec 9>{0}\nflock -n 9 || {{ echo 'Only 1 session is supported: active serial console session'; \
         exit 1; }}\necho $PPID >{2}\ncat {1} & reader=$!\ncat >{1}\nkill $reader\n",
        lock.display(),
        modem.near.display(),
        session.display(),
    );
    fs::write(&console, script).unwrap();
    fs::set_permissions(&console, fs::Permissions::from_mode(0o755)).unwrap();
    let public = fs::read_to_string(user_key.with_extension("pub")).unwrap();
    fs::write(&keys, public).unwrap();
    let configuration = folder.path().join("sshd_config");
    let text = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n\
         ForceCommand {}\n",
        host_key.display(),
        keys.display(),
        console.display()
    );
    fs::write(&configuration, text).unwrap();
    let server = Peer::start("/usr/sbin/sshd", &["-D", "-e", "-f", configuration.to_str().unwrap()]);
    listening(port).await;

    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let client = |key: &Path| {
        format!(
            "exec:ssh -T -e none -p {port} -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o \
             UserKnownHostsFile=/dev/null -o LogLevel=ERROR {}@127.0.0.1",
            key.display(),
            user.trim()
        )
    };
    let way = Way::clean(client(&user_key), "active serial console session: close the other session");
    let (mut line, _far) = all(&way, Far::Line(modem.console().await)).await;
    // The server of this one session goes away.
    let process = fs::read_to_string(session).unwrap();
    assert!(Command::new("kill").arg(process.trim()).status().unwrap().success());
    let reason = hang_up(&mut line).await;
    assert_eq!(reason, "ssh exited with code 255: Connection to 127.0.0.1 closed by remote host.");

    let mut refused = open(&client(&stranger)).await;
    let reason = hang_up(&mut refused).await;
    assert!(reason.contains("Permission denied (publickey).: give ssh the right key"), "{reason}");
    drop(server);
    let mut nobody = open(&client(&user_key)).await;
    let reason = hang_up(&mut nobody).await;
    assert!(reason.contains("Connection refused: start what should listen there"), "{reason}");
}

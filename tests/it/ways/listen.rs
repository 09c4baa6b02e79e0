//! What `sacpilot sim --listen` offers, with a console of the test behind it: what a user of the simulated machine has
//! between himself and the machine.

use sacpilot::transport::{Listen, Listener, serve};

use super::azure::Machine;
use super::rig::{eventually, try_open};
use super::suite::{Far, Way, all, hang_up};

#[tokio::test]
async fn every_way_in_that_the_simulated_machine_offers() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, terminal) = (folder.path().join("vm.sock"), folder.path().join("vm"));
    let taken = "This console is in use by somebody else";
    for (listen, schemes, busy) in [
        ("tcp:127.0.0.1:0".to_owned(), &["tcp"][..], taken),
        (format!("unix:{}", socket.display()), &["unix"], taken),
        (format!("pty:{}", terminal.display()), &["pty", "serial"], "is in use by this sacpilot itself"),
    ] {
        let listen: Listen = listen.parse().unwrap();
        let mut listener = Listener::bind(&listen).await.unwrap();
        let address = listener.endpoint().to_string();
        let (_, place) = address.split_once(':').unwrap();
        let (machine, console) = tokio::io::duplex(1 << 16);
        let used = async {
            let mut far = Far::Line(Box::new(Machine(machine)));
            for scheme in schemes {
                let way = Way::clean(format!("{scheme}:{place}"), busy);
                let (line, back) = Box::pin(all(&way, far)).await;
                drop(line);
                far = back;
            }
            let endpoint = format!("{}:{place}", schemes[0]);
            let line = eventually(&endpoint, || async { try_open(&endpoint).await.ok() }).await;
            // The machine is gone, and with it the listener.
            drop(far);
            line
        };
        let mut notice = |_| {};
        let (_, mut line) = tokio::join!(serve(Box::new(Machine(console)), &mut listener, &mut notice), used);
        drop(listener);
        let reason = hang_up(&mut line).await;
        assert!(!reason.is_empty(), "{address}");
    }
}

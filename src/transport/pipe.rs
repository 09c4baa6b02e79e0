//! Named pipes of Windows: the COM ports of Hyper-V, VMware and VirtualBox machines.

use std::io;
use std::time::Duration;

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient};
use tokio::time::{Instant, sleep};

use super::{Line, OpenError, read_through, write_through};

/// Every instance of the pipe has a client (`ERROR_PIPE_BUSY`).
const PIPE_BUSY: i32 = 231;

/// How long a pipe may be busy before somebody else counts as having it: the host makes it anew when a client left.
const CHANGEOVER: Duration = Duration::from_secs(2);

/// How often it is tried meanwhile.
const AGAIN: Duration = Duration::from_millis(100);

/// An open pipe.
#[derive(Debug)]
pub(super) struct PipeLine {
    stream: NamedPipeClient,
    what: String,
}

read_through!(PipeLine, stream);
write_through!(PipeLine, stream);

/// Opens the pipe at `path`.
pub(super) async fn open(path: &str) -> Result<PipeLine, OpenError> {
    let what = format!("pipe {path}");
    let deadline = Instant::now() + CHANGEOVER;
    loop {
        match ClientOptions::new().open(path) {
            Ok(stream) => return Ok(PipeLine { stream, what }),
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => {
                if Instant::now() >= deadline {
                    return Err(OpenError::Busy { what, holder: None });
                }
                sleep(AGAIN).await;
            }
            Err(error) => return Err(OpenError::of_path(what, path.as_ref(), error)),
        }
    }
}

impl Line for PipeLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        match error.map(io::Error::kind) {
            None | Some(io::ErrorKind::BrokenPipe) => {
                "the other side closed the pipe (was the virtual machine switched off?)".to_owned()
            }
            Some(_) => error.map(ToString::to_string).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::windows::named_pipe::ServerOptions;

    use super::super::{Way, open_patiently, suite};
    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_a_second_one_waits_and_a_hang_up_is_told() {
        let path = format!(r"\\.\pipe\sacpilot-test-{}", std::process::id());
        assert_eq!(open(&path).await.unwrap_err().code(), "open-not-found");
        let mut peer = ServerOptions::new().max_instances(1).create(&path).unwrap();
        let line = open(&path).await.unwrap();
        peer.connect().await.unwrap();
        assert_eq!(open(&path).await.unwrap_err().code(), "open-busy");
        let mut line = suite::carries_every_byte(line, &mut peer).await;
        drop(peer);
        assert!(suite::hang_up(&mut line).await.starts_with("the other side closed the pipe"));
    }

    /// A machine that is switched off has no pipe; who waits is there when it is switched on.
    #[tokio::test]
    async fn a_pipe_that_is_not_there_yet_is_waited_for() {
        let path = format!(r"\\.\pipe\sacpilot-test-late-{}", std::process::id());
        let way = Way::new(format!("pipe:{path}").parse().unwrap());
        assert_eq!(open_patiently(&way, Duration::ZERO).await.err().unwrap().code(), "open-not-found");
        // The first try is over when the machine is switched on.
        let (line, peer) = tokio::join!(open_patiently(&way, Duration::from_mins(1)), async {
            let peer = ServerOptions::new().max_instances(1).create(&path).unwrap();
            peer.connect().await.unwrap();
            peer
        });
        let mut peer = peer;
        suite::carries_every_byte(line.unwrap(), &mut peer).await;
    }
}

//! A socket in the file system (QEMU's `-serial unix:`, libvirt).

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use tokio::net::UnixStream;

use super::refusal::Head;
use super::{Line, OpenError, Refused, keep_through, write_through};

/// A connected socket.
#[derive(Debug)]
pub(super) struct UnixLine {
    stream: UnixStream,
    what: String,
    head: Head,
}

keep_through!(UnixLine, stream, head);
write_through!(UnixLine, stream);

/// Connects to the socket at `path`.
pub(super) async fn open(path: &Path) -> Result<UnixLine, OpenError> {
    let what = format!("socket {}", path.display());
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(UnixLine { stream, what, head: Head::default() }),
        Err(_) if std::fs::metadata(path).is_ok_and(|found| !found.file_type().is_socket()) => {
            Err(OpenError::WrongKind { path: path.display().to_string(), wanted: "a socket" })
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Err(OpenError::Refused { what }),
        Err(error) => Err(OpenError::of_path(what, path, error)),
    }
}

impl Line for UnixLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn refused(&self) -> Option<Refused> {
        self.head.refused()
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if self.head.refusal().is_some()
            && let Some(reason) = self.head.reason()
        {
            return reason;
        }
        error.map_or_else(|| "the other side closed the connection".to_owned(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::super::suite;
    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_hang_up_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vm.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let line = open(&path).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut line = suite::carries_every_byte(line, &mut peer).await;
        drop(peer);
        assert_eq!(suite::hang_up(&mut line).await, "the other side closed the connection");
    }

    #[tokio::test]
    async fn what_cannot_be_opened_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vm.sock");
        assert_eq!(open(&path).await.unwrap_err().code(), "open-not-found");
        drop(UnixListener::bind(&path).unwrap());
        assert_eq!(open(&path).await.unwrap_err().code(), "open-refused");
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = open(&file).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{} is not a socket", file.display()));
    }
}

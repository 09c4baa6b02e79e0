//! A named pipe of Windows that others open, as the hosts of virtual machines offer theirs.

use std::io;

use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

/// A pipe with one instance more than there are clients: who comes second can be told so.
#[derive(Debug)]
pub(super) struct OfferedPipe {
    path: String,
    waiting: NamedPipeServer,
}

impl OfferedPipe {
    /// Makes the pipe; `AlreadyExists` when somebody has it.
    pub(super) fn bind(path: &str) -> io::Result<Self> {
        let first = ServerOptions::new().first_pipe_instance(true).create(path);
        let waiting = first.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => io::ErrorKind::AlreadyExists.into(),
            _ => error,
        })?;
        Ok(Self { path: path.to_owned(), waiting })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.waiting.connect().await?;
        let next = ServerOptions::new().create(&self.path)?;
        Ok(std::mem::replace(&mut self.waiting, next))
    }
}

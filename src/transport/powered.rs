//! A simulated machine whose buttons somebody else presses.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::SimLine;
use crate::bridge::Controls;
use crate::sim::machine::Button;

/// The line of a machine with buttons. They work while somebody reads it.
pub struct PoweredLine {
    line: SimLine,
    pressed: UnboundedReceiver<Button>,
}

/// The buttons of a machine.
#[derive(Debug, Clone)]
pub struct Buttons(UnboundedSender<Button>);

impl SimLine {
    /// The same with buttons.
    pub fn with_buttons(self) -> (PoweredLine, Buttons) {
        let (sender, pressed) = unbounded_channel();
        (PoweredLine { line: self, pressed }, Buttons(sender))
    }
}

impl Buttons {
    fn press(&self, button: Button) {
        // Nobody misses the button of a machine that is gone.
        let _ = self.0.send(button);
    }
}

impl Controls for Buttons {
    fn nmi(&self) {
        self.press(Button::Nmi);
    }

    fn reset(&self) {
        self.press(Button::Reset);
    }

    fn restart(&self) {
        self.press(Button::Restart);
    }

    fn start(&self) {
        self.press(Button::PowerOn);
    }

    fn stop(&self) {
        self.press(Button::PowerOff);
    }
}

impl AsyncRead for PoweredLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while let Poll::Ready(Some(button)) = self.pressed.poll_recv(context) {
            self.line.press(button);
        }
        Pin::new(&mut self.line).poll_read(context, buffer)
    }
}

super::write_through!(PoweredLine, line);

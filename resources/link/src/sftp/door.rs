//! A connection with its time limits: to log in, without a byte, and the server's own end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A stream that fails once its time is up.
pub(super) struct Door {
    stream: TcpStream,
    logged_in: Arc<AtomicBool>,
    login: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
    idle_time: Duration,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    stopped: bool,
}

impl Door {
    pub(super) fn new(
        stream: TcpStream,
        logged_in: Arc<AtomicBool>,
        login_time: Duration,
        idle_time: Duration,
        stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Self {
        let (login, idle) = (Box::pin(sleep(login_time)), Box::pin(sleep(idle_time)));
        Self { stream, logged_in, login, idle, idle_time, stop, stopped: false }
    }

    /// Fails when a limit is reached; else sees to it that the task wakes when one is.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let ended = |what: &str| Err(io::Error::new(io::ErrorKind::TimedOut, what.to_owned()));
        if self.stopped || self.stop.as_mut().poll(cx).is_ready() {
            self.stopped = true;
            return ended("the server stops");
        }
        if !self.logged_in.load(Ordering::Acquire) && self.login.as_mut().poll(cx).is_ready() {
            return ended("no login in time");
        }
        if self.idle.as_mut().poll(cx).is_ready() {
            return ended("no byte in time");
        }
        Ok(())
    }

    fn moved(&mut self) {
        let until = Instant::now() + self.idle_time;
        self.idle.as_mut().reset(until);
    }
}

impl AsyncRead for Door {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.moved();
        }
        if let Err(error) = self.check(cx) {
            return Poll::Ready(Err(error));
        }
        polled
    }
}

impl AsyncWrite for Door {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        match polled {
            Poll::Ready(_) => self.moved(),
            Poll::Pending => {
                if let Err(error) = self.check(cx) {
                    return Poll::Ready(Err(error));
                }
            }
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! The link as a stream of bytes.

use super::{CloseReason, Link, LinkError, LinkEvent, MAX_PAYLOAD};
use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A [`Link`] as a stream of bytes, both ways.
///
/// Shutting it down ends our direction: the peer reads to the end of it, and may go on writing.
/// Reading ends where the peer has shut down its own; a link that breaks before that is an error,
/// so that nothing cut short passes for complete. What was written is on its way, not yet read:
/// [`close`](Self::close) waits for that. Texts and files do not show in a stream.
pub struct LinkStream {
    link: Link,
    unread: Vec<u8>,
    read: usize,
    over: bool,
    sending: Option<Sending>,
    shut: bool,
}

type Sending = Pin<Box<dyn Future<Output = Result<(), LinkError>> + Send>>;

impl LinkStream {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            unread: Vec::new(),
            read: 0,
            over: false,
            sending: None,
            shut: false,
        }
    }

    /// Ends our direction if that was not done, waits until the peer has read everything, and says
    /// goodbye. What the peer still writes is not read any more.
    ///
    /// # Errors
    /// If the link broke before everything was read.
    pub async fn close(mut self) -> io::Result<()> {
        if let Err(error) = tokio::io::AsyncWriteExt::shutdown(&mut self).await {
            // The other side had nothing more to wait for, and left. That is well if it has read all.
            return match self.link.drained().await {
                true => Ok(()),
                false => Err(error),
            };
        }
        let sender = self.link.sender();
        let drained = sender.drained();
        tokio::pin!(drained);
        let mut reason = CloseReason::ChannelClosed;
        let all = loop {
            tokio::select! {
                all = &mut drained => break all,
                // The peer's rest must not hold up its answer.
                event = self.link.next() => if let LinkEvent::Closed { reason: why } = event {
                    reason = why;
                    break drained.await;
                },
            }
        };
        if !all {
            return Err(broken(&reason));
        }
        self.link.close().await;
        Ok(())
    }

    /// Finishes the message that is being sent.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(sending) = &mut self.sending {
            let sent = ready!(sending.as_mut().poll(cx));
            self.sending = None;
            sent.map_err(|error| io::Error::new(io::ErrorKind::BrokenPipe, error))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for LinkStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        while stream.read == stream.unread.len() && !stream.over {
            match ready!(stream.link.poll_next(cx)) {
                LinkEvent::Data(data) => (stream.unread, stream.read) = (data, 0),
                LinkEvent::End => stream.over = true,
                LinkEvent::Closed { reason } => return Poll::Ready(Err(broken(&reason))),
                LinkEvent::Text(_)
                | LinkEvent::Files(_)
                | LinkEvent::Interrupted
                | LinkEvent::Resumed { .. } => {}
            }
        }
        let rest = &stream.unread[stream.read..];
        let taken = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..taken]);
        stream.read += taken;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LinkStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        if stream.shut {
            let error = "the stream was shut down for writing";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, error)));
        }
        ready!(stream.poll_sent(cx))?;
        let taken = buf.len().min(MAX_PAYLOAD);
        if taken > 0 {
            let (sender, data) = (stream.link.sender(), buf[..taken].to_vec());
            stream.sending = Some(Box::pin(async move { sender.send_data(&data).await }));
            // It starts now; if it must wait, the next write waits for it.
            if let Poll::Ready(Err(error)) = stream.poll_sent(cx) {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_sent(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_sent(cx))?;
        if !stream.shut {
            stream.shut = true;
            let sender = stream.link.sender();
            stream.sending = Some(Box::pin(async move { sender.end().await }));
        }
        stream.poll_sent(cx)
    }
}

impl fmt::Debug for LinkStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkStream")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

fn broken(reason: &CloseReason) -> io::Error {
    let kind = match reason {
        CloseReason::PeerLeft | CloseReason::PeerGone | CloseReason::ChannelClosed => {
            io::ErrorKind::UnexpectedEof
        }
        CloseReason::PeerSilent { .. } => io::ErrorKind::TimedOut,
        CloseReason::Refused
        | CloseReason::TooEarly
        | CloseReason::TooMuch
        | CloseReason::OutOfStep => io::ErrorKind::ConnectionAborted,
    };
    io::Error::new(kind, reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Heartbeat, MemoryChannel, testing::linked_over};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn streams() -> (LinkStream, LinkStream) {
        let (a, b) = MemoryChannel::pair();
        let (left, right) = linked_over(a, b, Heartbeat::default()).await;
        (left.into_stream(), right.into_stream())
    }

    #[tokio::test]
    async fn bytes_of_any_kind_go_both_ways_and_each_way_ends_alone() {
        let (mut a, mut b) = streams().await;
        let sent: Vec<u8> = (0..200_000u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        let copy = sent.clone();
        let there = tokio::spawn(async move {
            a.write_all(&copy).await.unwrap();
            a.shutdown().await.unwrap();
            assert!(a.write_all(b"more").await.is_err());
            let mut answer = Vec::new();
            a.read_to_end(&mut answer).await.unwrap();
            (a, answer)
        });
        let mut got = Vec::new();
        b.read_to_end(&mut got).await.unwrap();
        assert!(got == sent);
        // Our direction is still open.
        b.write_all(b"all of it").await.unwrap();
        b.shutdown().await.unwrap();
        let (a, answer) = there.await.unwrap();
        assert_eq!(answer, b"all of it");
        let (a, b) = tokio::join!(a.close(), b.close());
        a.unwrap();
        b.unwrap();
    }

    #[tokio::test]
    async fn a_stream_that_is_cut_short_does_not_pass_for_complete() {
        let (mut a, mut b) = streams().await;
        a.write_all(b"half a").await.unwrap();
        a.flush().await.unwrap();
        tokio::spawn(a.link.close());
        let mut got = Vec::new();
        let error = b.read_to_end(&mut got).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(got, b"half a");
    }

    #[tokio::test]
    async fn closing_waits_until_a_slow_reader_has_read_everything() {
        let (mut a, mut b) = streams().await;
        let total = 3 << 20;
        let writer = tokio::spawn(async move {
            a.write_all(&vec![9; total]).await.unwrap();
            a.close().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut got = 0;
        let mut some = vec![0; 100_000];
        loop {
            match b.read(&mut some).await.unwrap() {
                0 => break,
                n => got += n,
            }
        }
        assert_eq!(got, total);
        // The writer may be gone before it has taken the end of our own, empty direction.
        let (_, writer) = tokio::join!(b.close(), writer);
        writer.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn two_who_close_at_the_same_moment_both_end_well() {
        let mut runs = tokio::task::JoinSet::new();
        for _ in 0..200 {
            runs.spawn(async {
                let (a, b) = streams().await;
                let ends = tokio::join!(
                    tokio::spawn(say_and_read_and_close(a)),
                    tokio::spawn(say_and_read_and_close(b))
                );
                // And two who have nothing to say.
                let (a, b) = streams().await;
                let empty = tokio::join!(tokio::spawn(a.close()), tokio::spawn(b.close()));
                [ends.0, ends.1, empty.0, empty.1]
            });
        }
        while let Some(ends) = runs.join_next().await {
            for end in ends.unwrap() {
                end.unwrap().unwrap();
            }
        }
    }

    async fn say_and_read_and_close(mut stream: LinkStream) -> io::Result<()> {
        stream.write_all(b"hello").await?;
        stream.shutdown().await?;
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await?;
        assert_eq!(got, b"hello");
        stream.close().await
    }
}

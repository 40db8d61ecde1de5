//! [`Outbox`]: what is on its way to the client.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use futures_util::sink::{Sink, SinkExt};

/// How many messages may wait, and how many bytes of them: as long as there are as many, a client is not heard, and nothing
/// more is told it.
const MOST: (usize, usize) = (64, 256 << 10);

/// Messages on their way, as many as the connection takes now.
pub(super) struct Outbox<M> {
    unsent: VecDeque<(M, usize)>,
    /// Of those that wait, in bytes.
    size: usize,
    /// What was handed over may not have gone out yet.
    is_unflushed: bool,
    /// The connection has taken no more, once, of what is on its way now.
    was_full: bool,
}

impl<M> Outbox<M> {
    pub(super) fn new() -> Self {
        Self { unsent: VecDeque::new(), size: 0, is_unflushed: false, was_full: false }
    }

    /// Sends this, of so many bytes, after what is there already.
    pub(super) fn push(&mut self, message: M, size: usize) {
        self.unsent.push_back((message, size));
        self.size += size;
    }

    pub(super) fn is_full(&self) -> bool {
        self.unsent.len() >= MOST.0 || self.size >= MOST.1
    }

    /// How many have not been handed over.
    pub(super) fn len(&self) -> usize {
        self.unsent.len()
    }

    /// Whether all has gone out.
    pub(super) fn is_done(&self) -> bool {
        self.unsent.is_empty() && !self.is_unflushed
    }

    /// Sends all of it, and tells whether that had to wait for the client to take some.
    pub(super) fn poll<S>(&mut self, sink: &mut S, cx: &mut Context<'_>) -> Poll<Result<bool, S::Error>>
    where
        S: Sink<M> + Unpin,
    {
        let sent = self.poll_send(sink, cx);
        self.was_full |= sent.is_pending();
        sent.map_ok(|()| std::mem::take(&mut self.was_full))
    }

    fn poll_send<S>(&mut self, sink: &mut S, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
    where
        S: Sink<M> + Unpin,
    {
        while !self.unsent.is_empty() {
            ready!(sink.poll_ready_unpin(cx))?;
            if let Some((message, size)) = self.unsent.pop_front() {
                self.size -= size;
                self.is_unflushed = true;
                sink.start_send_unpin(message)?;
            }
        }
        ready!(sink.poll_flush_unpin(cx))?;
        self.is_unflushed = false;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::Waker;

    use super::*;

    /// Takes so many as it has room for.
    #[derive(Default)]
    struct Narrow {
        room: usize,
        taken: Vec<usize>,
    }

    impl Sink<usize> for Narrow {
        type Error = Infallible;

        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            if self.room > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }

        fn start_send(mut self: Pin<&mut Self>, message: usize) -> Result<(), Infallible> {
            self.room -= 1;
            self.taken.push(message);
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.poll_ready(cx)
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn all_goes_out_in_order_however_little_is_taken_at_once() {
        let (mut sink, mut outbox) = (Narrow::default(), Outbox::new());
        let mut cx = Context::from_waker(Waker::noop());
        (0..5).for_each(|n| outbox.push(n, 1));
        for taken in 0..=5 {
            assert!(outbox.poll(&mut sink, &mut cx).is_pending());
            assert_eq!((sink.taken.len(), outbox.len(), outbox.is_done()), (taken, 5 - taken, false));
            sink.room += 1;
        }
        assert_eq!(outbox.poll(&mut sink, &mut cx), Poll::Ready(Ok(true)), "it had to wait");
        assert_eq!((&sink.taken[..], outbox.is_done()), (&[0, 1, 2, 3, 4][..], true));
        sink.room = 2;
        outbox.push(5, 1);
        assert_eq!(outbox.poll(&mut sink, &mut cx), Poll::Ready(Ok(false)), "and now it had not");
    }
    #[test]
    fn it_is_full_by_many_messages_or_by_long_ones() {
        let (mut sink, mut cx) =
            (Narrow { room: 1, ..Narrow::default() }, Context::from_waker(Waker::noop()));
        for size in [1, MOST.1 / 4] {
            let mut outbox = Outbox::new();
            let most = MOST.0.min(MOST.1 / size);
            (1..most).for_each(|n| outbox.push(n, size));
            assert!(!outbox.is_full());
            outbox.push(most, size);
            assert!(outbox.is_full());
            assert!(outbox.poll(&mut sink, &mut cx).is_pending());
            assert!(!outbox.is_full(), "one has gone");
            sink.room = 1;
        }
    }
}

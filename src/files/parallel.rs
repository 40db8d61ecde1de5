//! A file in several parts at once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::platform::disk::Part;
use crate::policy::ranges::{Asked, Given, Validator};
use crate::response::Response;
use crate::session::Session;

use super::loading::{Cut, Loading, Turn, ended_early, failure, understood};
use super::partial::{Partial, note};
use super::pouring::{End, Flow, Poured, pour};

/// No piece is smaller: it would not be worth its request.
const LEAST: u64 = 1024 * 1024;

/// After a sixteenth of a piece, within these bounds, it is noted that it is there: a process may be killed.
const NOTED: (u64, u64) = (256 * 1024, 8 * 1024 * 1024);

/// How much of so many bytes may come before it is noted that it is there.
pub(super) fn noted(size: u64) -> u64 {
    (size / 16).clamp(NOTED.0, NOTED.1)
}

/// From where to where.
type Piece = (u64, u64);

/// The pieces that are missing, where more than one is to come at a time.
pub(super) fn pieces(parallel: u32, partial: &Partial) -> Option<Vec<Piece>> {
    let total = partial.total.filter(|_| parallel > 1 && partial.version.is_some())?;
    let pieces = partial.done.pieces(total, parallel.into(), LEAST);
    (pieces.len() > 1).then_some(pieces)
}

/// What all pieces write to.
struct Shared {
    partial: Mutex<Partial>,
    part: Part,
    version: Validator,
    total: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Partial> {
        self.partial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is there, for a later call if this one comes to no end.
    async fn note(&self) -> Result<()> {
        let noted = self.lock().note();
        note(&self.part, noted).await
    }
}

/// How a piece has ended.
enum Outcome {
    There,
    /// The server gives no part of this version of the file, after all.
    Refused,
}

impl<S: Session + ?Sized> Loading<'_, S> {
    /// Takes all the pieces, the first one from the response that is there, and gives it up to `to`.
    pub(super) async fn take_pieces(
        &mut self,
        response: Response,
        to: Option<u64>,
        pieces: Vec<Piece>,
    ) -> Result<Turn> {
        let Some(mut partial) = self.take_partial() else { return Ok(Turn::On) };
        let (Some(total), Some(version)) = (partial.total, partial.version.clone()) else {
            return Ok(Turn::On);
        };
        self.plan.wishes.tell(partial.done.size(), Some(total));
        let part = partial.scatter(total).await?;
        let shared = Shared { partial: Mutex::new(partial), part, version, total };
        let ended = self.all(&shared, (response, to.unwrap_or(total)), pieces).await;
        self.put_partial(shared.partial.into_inner().unwrap_or_else(PoisonError::into_inner));
        match ended? {
            Outcome::There => self.finish().await,
            Outcome::Refused => {
                self.plan.parallel = 1;
                Ok(Turn::On)
            }
        }
    }

    async fn all(&self, shared: &Shared, first: (Response, u64), pieces: Vec<Piece>) -> Result<Outcome> {
        let mut waiting = VecDeque::from(pieces);
        let mut first = Some(first);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < self.plan.parallel as usize
                && let Some(piece) = waiting.pop_front()
            {
                let piece: BoxFuture<'_, _> = Box::pin(self.piece(shared, piece, first.take()));
                under_way.push(piece);
            }
            match under_way.next().await {
                None => return Ok(Outcome::There),
                Some(Ok(Outcome::There)) => {}
                Some(ended) => return ended,
            }
        }
    }

    /// Takes one piece, asking again as often as needed.
    async fn piece(
        &self,
        shared: &Shared,
        (mut from, to): Piece,
        first: Option<(Response, u64)>,
    ) -> Result<Outcome> {
        let mut there = first.map(|(response, end)| (response, end.min(to)));
        let (mut failures, mut most) = (0, from);
        while from < to {
            let cut = match there.take() {
                Some((response, end)) => self.write_piece(shared, response, (&mut from, end)).await?,
                None => {
                    let (version, total) = (shared.version.clone(), Some(shared.total));
                    let asked = Asked { from, to: Some(to), validator: version, total };
                    match self.ask(Some(&asked)).await {
                        Err(error) => Some(error.into()),
                        Ok(response) => match understood(Some(&asked), &response)? {
                            Given::Part { to, .. } => {
                                there = Some((response, to));
                                None
                            }
                            Given::Failure => Some(failure(response).await),
                            Given::Another | Given::Complete | Given::Whole => return Ok(Outcome::Refused),
                        },
                    }
                }
            };
            if from > most {
                (failures, most) = (0, from);
            }
            if let Some(cut) = cut {
                failures += 1;
                self.pause(failures, cut, true).await?;
            }
        }
        Ok(Outcome::There)
    }

    /// Writes what a response gives of a piece. What cut it off, if anything did.
    async fn write_piece(
        &self,
        shared: &Shared,
        response: Response,
        (from, to): (&mut u64, u64),
    ) -> Result<Option<Cut>> {
        let noted = noted(to - *from);
        let mut flow = Flow::new(response);
        let mut sink = shared.part.sink(*from);
        while *from < to {
            let at = *from;
            let told = |count| {
                let size = {
                    let done = &mut shared.lock().done;
                    done.add(at, at + count);
                    done.size()
                };
                self.plan.wishes.tell(size, Some(shared.total));
            };
            let Poured { sink: written, count, end } =
                pour(&mut flow, sink, noted.min(to - at), told).await?;
            sink = written;
            *from += count;
            match end {
                End::Cut(error) => return Ok(Some(flow.failed(error).into())),
                End::Whole if *from < to => return Ok(Some(flow.failed(ended_early()).into())),
                End::Enough | End::Whole => {}
            }
            if *from < to {
                shared.note().await?;
            }
        }
        Ok(None)
    }
}

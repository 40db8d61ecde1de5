//! [`Job`]: what becomes of a list over a WebSocket. Pure: who fetches asks it for URLs and tells it of rows.

use std::collections::VecDeque;

use super::message::{Pace, Progress, Reason, Refused};

/// A list of URLs that a client has begun, and may add to.
#[derive(Debug)]
pub(super) struct Job {
    waiting: VecDeque<String>,
    /// Of those that wait, in bytes.
    size: usize,
    /// How many URLs it had in all.
    given: usize,
    /// How many it may have.
    most: usize,
    taken: usize,
    rows: usize,
    failed: usize,
    /// Whether URLs may be added.
    is_open: bool,
    pace: Pace,
    /// Why no more URLs are begun.
    ending: Option<Reason>,
}

/// What there is to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Url(String),
    /// Nothing now.
    Wait,
    /// Nothing ever again.
    Over,
}

impl Job {
    /// A job of at most so many URLs.
    pub(super) fn start(urls: Vec<String>, more: bool, most: usize) -> Result<Self, Refused> {
        let mut job = Self {
            waiting: VecDeque::new(),
            size: 0,
            given: 0,
            most,
            taken: 0,
            rows: 0,
            failed: 0,
            is_open: true,
            pace: Pace::Running,
            ending: None,
        };
        job.add(urls, more)?;
        Ok(job)
    }

    /// Adds all of them, or none.
    pub(super) fn add(&mut self, urls: Vec<String>, more: bool) -> Result<(), Refused> {
        if !self.is_open {
            return Err(Refused::new("invalid_option", "the job's list is complete: it was told of no more"));
        }
        if urls.len() > self.most - self.given {
            return Err(Refused::new("too_large", format!("a job may have {} URLs", self.most)));
        }
        self.given += urls.len();
        self.size += urls.iter().map(String::len).sum::<usize>();
        self.waiting.extend(urls);
        self.is_open = more;
        Ok(())
    }

    /// Whether this changes anything.
    pub(super) fn pause(&mut self) -> bool {
        self.turn(Pace::Paused)
    }

    /// Whether this changes anything.
    pub(super) fn resume(&mut self) -> bool {
        self.turn(Pace::Running)
    }

    fn turn(&mut self, pace: Pace) -> bool {
        std::mem::replace(&mut self.pace, pace) != pace
    }

    /// Begins no more.
    pub(super) fn end(&mut self, reason: Reason) {
        self.ending.get_or_insert(reason);
        self.waiting.clear();
        self.size = 0;
        self.is_open = false;
    }

    /// The gateway begins no more. A job of which all was begun is over all the same.
    pub(super) fn drain(&mut self) {
        if self.is_open || !self.waiting.is_empty() {
            self.end(Reason::Closing);
        }
    }

    /// The next URL to begin.
    pub(super) fn next(&mut self) -> Next {
        match (self.ending, self.pace) {
            (Some(_), _) => Next::Over,
            (None, _) if self.waiting.is_empty() && !self.is_open => Next::Over,
            (None, Pace::Paused) => Next::Wait,
            (None, Pace::Running) => match self.waiting.pop_front() {
                None => Next::Wait,
                Some(url) => {
                    self.size -= url.len();
                    self.taken += 1;
                    Next::Url(url)
                }
            },
        }
    }

    /// A row was told.
    pub(super) fn row(&mut self, failed: bool) {
        self.rows += 1;
        self.failed += usize::from(failed);
    }

    /// How many bytes of URLs wait.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Why it has ended, of one whose URLs that were begun all have their rows.
    pub(super) fn reason(&self) -> Reason {
        self.ending.unwrap_or(Reason::Done)
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            rows: self.rows,
            failed: self.failed,
            taken: self.taken,
            in_flight: self.taken - self.rows,
            state: self.pace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("http://{n}/")).collect()
    }

    fn url(n: usize) -> Next {
        Next::Url(format!("http://{n}/"))
    }

    #[test]
    fn a_list_is_over_once_all_of_it_was_begun() {
        let mut job = Job::start(urls(2), false, 10).expect("few");
        assert_eq!([job.next(), job.next(), job.next()], [url(0), url(1), Next::Over]);
        job.row(false);
        job.row(true);
        let progress = Progress { rows: 2, failed: 1, taken: 2, in_flight: 0, state: Pace::Running };
        assert_eq!((job.progress(), job.reason()), (progress, Reason::Done));
        assert_eq!(Job::start(Vec::new(), false, 10).expect("none").next(), Next::Over);
    }

    #[test]
    fn one_that_was_told_of_more_waits_for_it() {
        let mut job = Job::start(Vec::new(), true, 10).expect("few");
        assert_eq!(job.next(), Next::Wait);
        job.add(urls(1), true).expect("it is open");
        assert_eq!([job.next(), job.next()], [url(0), Next::Wait]);
        job.add(Vec::new(), false).expect("it is open");
        assert_eq!(job.next(), Next::Over);
        assert_eq!(job.add(urls(1), false).expect_err("it is complete").code, "invalid_option");
    }

    #[test]
    fn a_pause_begins_nothing_and_forgets_nothing() {
        let mut job = Job::start(urls(2), false, 10).expect("few");
        assert_eq!(job.next(), url(0));
        assert!(job.pause() && !job.pause());
        assert_eq!(job.next(), Next::Wait);
        job.row(false);
        assert_eq!((job.progress().in_flight, job.progress().state), (0, Pace::Paused));
        assert!(job.resume() && !job.resume());
        assert_eq!([job.next(), job.next()], [url(1), Next::Over]);
    }

    #[test]
    fn one_that_is_paused_with_nothing_left_is_over() {
        let mut job = Job::start(urls(1), false, 10).expect("few");
        assert_eq!(job.next(), url(0));
        job.pause();
        assert_eq!(job.next(), Next::Over);
    }

    #[test]
    fn the_end_leaves_what_was_not_begun() {
        for (end, reason) in [
            (Job::drain as fn(&mut Job), Reason::Closing),
            (|job: &mut Job| job.end(Reason::Cancelled), Reason::Cancelled),
        ] {
            let mut job = Job::start(urls(3), true, 10).expect("few");
            assert_eq!(job.next(), url(0));
            job.pause();
            end(&mut job);
            job.drain();
            assert_eq!((job.next(), job.reason(), job.size()), (Next::Over, reason, 0));
            assert!(job.add(urls(1), false).is_err());
            job.row(false);
            assert_eq!((job.progress().taken, job.progress().rows), (1, 1));
        }
    }

    #[test]
    fn one_of_which_all_was_begun_is_done_though_the_gateway_ends() {
        let mut job = Job::start(urls(1), false, 10).expect("few");
        assert_eq!(job.next(), url(0));
        job.drain();
        assert_eq!((job.next(), job.reason()), (Next::Over, Reason::Done));
        let mut open = Job::start(Vec::new(), true, 10).expect("few");
        open.drain();
        assert_eq!((open.next(), open.reason()), (Next::Over, Reason::Closing));
    }

    #[test]
    fn too_many_are_refused_as_a_whole() {
        assert_eq!(Job::start(urls(4), false, 3).expect_err("too many").code, "too_large");
        let mut job = Job::start(urls(2), true, 3).expect("few");
        let size = job.size();
        assert_eq!(job.add(urls(2), false).expect_err("too many").code, "too_large");
        assert_eq!(job.size(), size);
        job.add(urls(1), false).expect("it is still open");
        assert_eq!([job.next(), job.next(), job.next(), job.next()], [url(0), url(1), url(0), Next::Over]);
        assert_eq!(job.size(), 0);
    }
}

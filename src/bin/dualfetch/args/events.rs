//! The arguments of `events`.

use clap::{Args, ValueEnum};

use super::RequestArgs;
use super::help::AFTER_EVENTS;

/// Print server-sent events as they come, and go on where the connection is lost
///
/// Each is printed when it has ended. With --data or --json the request is a POST, as APIs want it that stream their
/// answers; it is sent once, unless --reconnect says otherwise. A host without a scheme is asked over https and, where nobody takes the connection, over http.
#[derive(Args, Debug)]
#[command(
    after_long_help = AFTER_EVENTS,
    // Its letter is that of the count here.
    mut_arg("netrc", |arg| arg.short(None))
)]
pub(crate) struct EventsArgs {
    /// Such as https://example.com/events
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// How events are written
    #[arg(long, value_enum, default_value_t = EventFormat::Text, help_heading = "Output")]
    pub(crate) format: EventFormat,

    /// End after so many events
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true, help_heading = "Output")]
    pub(crate) count: Option<u64>,

    /// Say nothing on standard error of connections that are lost, and give no summary
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Ask for the events after this one, such as the last one of an earlier run
    #[arg(long, value_name = "ID", help_heading = "Stream")]
    pub(crate) last_event_id: Option<String>,

    /// End with the stream; one that is cut off, or silent for --timeout, is then a failure
    ///
    /// So it is for all methods but GET, unless --reconnect is given.
    #[arg(long, help_heading = "Stream")]
    pub(crate) no_reconnect: bool,

    /// Connect again whatever the method: a POST, too, is then sent again after each loss
    #[arg(long, conflicts_with = "no_reconnect", help_heading = "Stream")]
    pub(crate) reconnect: bool,

    /// Take the answer for a stream of events whatever its content type
    #[arg(long, help_heading = "Stream")]
    pub(crate) any_type: bool,

    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

/// How `events` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// For people: the data, behind the event's name where it has one; further lines are indented
    Text,
    /// An object a line: event, data, id
    Jsonl,
    /// The data alone, a line's end behind each event
    Data,
}

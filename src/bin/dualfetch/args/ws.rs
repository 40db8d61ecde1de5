//! The options of `ws`.

use clap::Args;

use crate::units::{self, Bound};

use super::RequestArgs;

const MESSAGES: &str = "Messages";
const WEBSOCKET: &str = "WebSocket";

/// Open a WebSocket: lines of standard input are sent, and messages that come are printed, a line each
///
/// At the end of standard input it waits for an answer to what was sent, and until no more comes, and closes: see --wait. A
/// host without a scheme is asked by wss and, where nobody takes the connection, by ws; by ws alone where it is localhost or
/// a loopback address. https and http stand for wss and ws.
#[derive(Args, Debug)]
#[command(
    after_long_help = AFTER,
    // A handshake is a GET, has no body and goes by HTTP/1.1.
    mut_arg("method", |arg| arg.hide(true)),
    mut_arg("data", |arg| arg.hide(true)),
    mut_arg("form", |arg| arg.hide(true)),
    mut_arg("json", |arg| arg.hide(true)),
    mut_arg("http2", |arg| arg.hide(true)),
    // Its letter is that of the count here.
    mut_arg("netrc", |arg| arg.short(None)),
    // Once it is open these bound nothing any more.
    mut_arg("timeout", |arg| arg.help("Longest wait for the answer to the handshake").long_help(TIMEOUT)),
    mut_arg("total_timeout", |arg| {
        arg.help("Longest time for the handshake, connecting and redirects included [default: none]").long_help(TOTAL_TIMEOUT)
    })
)]
pub(crate) struct WsArgs {
    /// Such as wss://chat.example/room
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// Send this text first; may be given several times
    #[arg(short, long, value_name = "TEXT", help_heading = MESSAGES)]
    pub(crate) message: Vec<String>,

    /// Read nothing from standard input: only listen
    #[arg(long, alias = "no-stdin", help_heading = MESSAGES)]
    pub(crate) no_input: bool,

    /// Send lines as binary messages, for servers that take no others; they need not be UTF-8
    #[arg(long, help_heading = MESSAGES)]
    pub(crate) binary: bool,

    /// Print binary messages as hexadecimal digits, a line each
    ///
    /// Without it they are written as they are, with no line end behind them; to a terminal only their length.
    #[arg(long, help_heading = MESSAGES)]
    pub(crate) hex: bool,

    /// Close after so many messages have come
    ///
    /// The end of standard input closes nothing then.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true, help_heading = MESSAGES)]
    pub(crate) count: Option<u64>,

    /// Once standard input has ended, close after nothing has come for so long [default: 1s, none with --count]
    ///
    /// By default it is 10s while nothing has come since the last line was sent, and standard error tells when nothing does.
    /// With `none` the server closes, or Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = units::bound, allow_negative_numbers = true, help_heading = MESSAGES)]
    pub(crate) wait: Option<Bound>,

    /// How large a message may be that comes, after decompression; a larger one closes the connection with 1009
    #[arg(long, alias = "max-message", value_name = "SIZE", default_value = "4MiB", value_parser = units::size, allow_negative_numbers = true, help_heading = MESSAGES)]
    pub(crate) max_message_size: u64,

    /// A subprotocol to offer, the best first; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = WEBSOCKET)]
    pub(crate) protocol: Vec<String>,

    /// The page on whose behalf it is opened, such as https://app.example: some servers look at it
    #[arg(long, value_name = "ORIGIN", help_heading = WEBSOCKET)]
    pub(crate) origin: Option<String>,

    /// Send a ping after so long a silence, and give up if nothing comes for half of it then
    ///
    /// It keeps proxies from ending a silent connection, and finds out that a peer is gone.
    #[arg(long, value_name = "TIME", value_parser = units::bound, allow_negative_numbers = true, help_heading = WEBSOCKET)]
    pub(crate) heartbeat: Option<Bound>,

    /// Fail when no message has come for so long, and nothing was sent either [default: none]
    ///
    /// It is closed in order then; the exit status is 1.
    #[arg(long, value_name = "TIME", value_parser = units::bound, allow_negative_numbers = true, help_heading = WEBSOCKET)]
    pub(crate) receive_timeout: Option<Bound>,

    /// Offer compressed messages (RFC 7692)
    #[arg(long, alias = "compress", help_heading = WEBSOCKET)]
    pub(crate) permessage_deflate: bool,

    /// No word on standard error but errors
    #[arg(short, long, help_heading = WEBSOCKET)]
    pub(crate) quiet: bool,

    /// Show the handshake on standard error; passwords and cookies are hidden
    ///
    /// Of the request what was asked for, without the fields that make it a handshake (upgrade and sec-websocket-*); of the
    /// answer all fields. Messages and pings are not shown.
    #[arg(short, long, help_heading = WEBSOCKET)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

const TIMEOUT: &str = "\
Longest wait for the answer to the handshake

Connecting is not counted. It fails with `timeout (headers)`. Once the connection is open, --receive-timeout and \
--heartbeat bound it.";

const TOTAL_TIMEOUT: &str = "\
Longest time for the handshake, connecting and redirects included [default: none]

It fails with `timeout (total)`. An open connection may last as long as it likes.";

// A terminal of 80 columns breaks no line but those of paragraphs.
const AFTER: &str = "\
Messages:
  A line is a message without its line end, an empty one an empty message. A message that comes is written with a line \
end behind it, whatever it holds; on a terminal without the control characters that a stranger may have put there, and \
behind `< ` where the lines are typed there too. Little is read ahead of what is written or sent, at most a message or \
64 KiB, and two lines of standard input or 32 KiB: whoever is slow, at either end, slows the other end down.

  It is closed with 1000: at the end of standard input, after --count messages, by Ctrl-C (a second one does not wait for \
the server's answer), and when nobody reads on (as after `| head`). Standard error tells how it was closed unless that is \
as ordered, and always where it is a terminal.

Exit status:
  0  it was closed in order, with 1000 or no code at all, or from this side
  1  it was not opened, ended without a closing handshake, was closed by the
     server with another code, or --receive-timeout has passed
  2  the command line is wrong, what is given is no ws, wss, http or https URL,
     or standard input cannot be read or is no text: what stands before that is
     sent, and its answers are waited for
  130, 143  ended by Ctrl-C or SIGTERM

Environment:
  Proxy variables (HTTP_PROXY and the like) are read with --proxy-env alone, and NETRC and ~/.netrc with --netrc alone.

Examples:
  To talk:
    dualfetch ws wss://chat.example/room
  One question and its answer:
    echo '{\"get\":\"time\"}' | dualfetch ws -n 1 wss://api.example/
  To subscribe, and read ten messages of a feed:
    dualfetch ws wss://feed.example/ -m '{\"subscribe\":\"trades\"}' --no-input \\
      -n 10 | jq .price
  A long-lived listener, as a browser's page with its cookies would be one:
    dualfetch ws wss://app.example/live --no-input --heartbeat 20s \\
      --origin https://app.example -b cookies.txt
  To see the handshake, with a subprotocol and a token:
    dualfetch ws -v wss://api.example/ --protocol graphql-transport-ws \\
      -H \"Authorization: Bearer $KEY\"
  A file to a server that takes bytes, through a proxy:
    dualfetch ws --binary --proxy http://proxy.example:3128 \\
      wss://log.example/ < events.log";

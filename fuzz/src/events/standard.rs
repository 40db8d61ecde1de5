//! What a stream of events comes to by the HTML standard's own steps.

use std::time::Duration;

use dualfetch::event_stream::MAX_ID;

/// What a stream comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Name, data, id.
    pub events: Vec<[String; 3]>,
    /// The reconnection time.
    pub retry: Option<Duration>,
    pub last_event_id: String,
    /// An id is, which ends it.
    pub is_too_long: bool,
}

/// The steps of the HTML standard, section 9.2.6, over text that is all there; but an id may be too long.
pub fn by_the_standard(stream: &[u8]) -> Read {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let mut read = Read::default();
    let (mut data, mut name, mut id) = (String::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            id.clone_into(&mut read.last_event_id);
            let (mut data, name) = (std::mem::take(&mut data), std::mem::take(&mut name));
            if data.pop().is_some() {
                let name = if name.is_empty() { "message".to_owned() } else { name };
                read.events.push([name, data, id.clone()]);
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data.extend([value, "\n"]),
            "event" => value.clone_into(&mut name),
            "id" if !value.contains('\0') => {
                if value.len() > MAX_ID {
                    read.is_too_long = true;
                    return read;
                }
                value.clone_into(&mut id);
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                read.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
    read
}

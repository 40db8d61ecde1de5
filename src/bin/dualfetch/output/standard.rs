//! Standard output, for what goes on beside it.

use std::io::{self, Write};

use crate::Stop;

/// In bytes: what is written at once of what is there already.
pub(crate) const AT_ONCE: usize = 64 * 1024;

/// Writes this and leaves it empty. It is done beside this thread: who does not read holds up neither Ctrl-C nor anything
/// else.
///
/// # Dropping
/// What is being written may still be written, or a part of it.
pub(crate) async fn put(bytes: &mut Vec<u8>) -> Result<(), Stop> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut taken = std::mem::take(bytes);
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = io::stdout().lock();
        out.write_all(&taken).and_then(|()| out.flush())?;
        taken.clear();
        Ok(taken)
    });
    match writing.await {
        Ok(Ok(empty)) => {
            *bytes = empty;
            Ok(())
        }
        Ok(Err(error)) => Err(Stop::writing(&"standard output", &error)),
        Err(error) => Err(Stop::Fault(format!("cannot write to standard output: {error}"))),
    }
}

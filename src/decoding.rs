//! Bodies to text in a build without the encodings' tables: another build of this crate, loaded when a body needs it,
//! goes on where the local decoder stops.
//!
//! A small WebAssembly build leaves the crate feature `charset` out and reads UTF-8 alone. What a body is labelled
//! with otherwise, and what is neither labelled nor UTF-8, goes to a [`Supply`] where the backend has one
//! ([`Backend::charset`](crate::platform::Backend::charset)): from its first byte on, so that the text, the encoding
//! and the rule that decided are those of a build with the feature. A body in UTF-8 never asks for it.

use std::sync::Arc;

use crate::charset::{self, Decoded, Decoder, EncodingSource, Event, Hints};
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};

/// What supplies decoders for the encodings that this build lacks.
pub trait Supply: MaybeSend + MaybeSync {
    /// A decoder for one body. Asked for with each body that needs one, so what is loaded is to be kept.
    ///
    /// # Errors
    /// Where it cannot be loaded: [`failed`] makes the error.
    fn decoder(&self, about: About) -> BoxFuture<'static, Result<Box<dyn Supplied>>>;
}

/// A [`charset::Decoder`] of a build with the feature `charset`. Its methods are that one's, and fail
/// only where the other build breaks.
pub trait Supplied: MaybeSend {
    /// As [`Decoder::push`].
    ///
    /// # Errors
    /// Where the other build breaks: [`failed`] makes the error.
    fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<Event>;

    /// As [`Decoder::finish`].
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn finish(&mut self, out: &mut String) -> Result<Event>;

    /// As [`Decoder::late_label`].
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn late_label(&mut self, label: &str, out: &mut String) -> Result<Event>;

    /// As [`Decoder::encoding`].
    fn encoding(&self) -> String;

    /// As [`Decoder::source`].
    fn source(&self) -> EncodingSource;

    /// As [`Decoder::malformed`].
    fn malformed(&self) -> bool;
}

/// What is known of a body besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The value of its `Content-Type`, for [`Hints::content_type`].
    pub content_type: Option<String>,
    /// The host it came from, for [`Hints::host`].
    pub host: String,
    /// So much ASCII has gone by that the bytes do not start with the first one: the decoder is to be made by
    /// [`Decoder::past_ascii`].
    pub past_ascii: bool,
}

impl About {
    pub(crate) fn new(content_type: Option<&str>, host: &str) -> Self {
        Self { content_type: content_type.map(str::to_owned), host: host.to_owned(), past_ascii: false }
    }

    /// What is in the encoding of this label, unless it starts with a byte order mark.
    pub(crate) fn labelled(label: &str) -> Result<Self> {
        let label = label.trim_ascii();
        let is_label = !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        match is_label {
            true => Ok(Self::new(Some(&format!("text/plain;charset={label}")), "")),
            false => Err(unknown_label(label)),
        }
    }

    fn hints(&self) -> Hints {
        let hints = Hints::new().host(&self.host);
        match &self.content_type {
            Some(content_type) => hints.content_type(content_type),
            None => hints,
        }
    }
}

/// The error of a supply that cannot decode: `charset.wasm` could not be loaded or broke, and why.
#[must_use]
pub fn failed(why: &str) -> Error {
    unsupported(format!("charset.wasm: {why}"))
}

/// The error for a label that no encoding has.
pub(crate) fn unknown_label(label: &str) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "encoding" })
        .with_message(format!("{label:?} is no label of an encoding"))
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported { feature: "charset", platform: "this build" }).with_message(message)
}

/// Decodes bytes that are all there, as [`charset::decode_with`] does.
pub(crate) async fn decode(bytes: &[u8], about: About, supply: Option<Arc<dyn Supply>>) -> Result<Decoded> {
    /// What crosses to another build is copied, so it goes in pieces.
    const PIECE: usize = 64 << 10;
    if let Some(decoded) = charset::decode_utf8(bytes, &about.hints()) {
        return Ok(decoded);
    }
    let mut text = String::new();
    let mut decoder = BodyDecoder::new(about, supply);
    // The text stands in `text` whole, so there is nothing to reset on a restart.
    for piece in bytes.chunks(PIECE) {
        let _ = decoder.push(piece, &mut text).await?;
    }
    let _ = decoder.finish(&mut text).await?;
    decoder.check()?;
    let (encoding, source, malformed) = (decoder.encoding(), decoder.source(), decoder.malformed());
    Ok(Decoded { text, encoding, source, malformed, unsupported: None })
}

/// A decoder for one body, whichever build has the tables.
pub(crate) struct BodyDecoder {
    local: Decoder,
    about: About,
    supply: Option<Arc<dyn Supply>>,
    /// In place of the local one.
    supplied: Option<Box<dyn Supplied>>,
    /// Bytes of text that the local one handed out and that stand; once the other one has taken over, those of them
    /// that it is yet to hand out again.
    handed_out: usize,
    finished: bool,
}

impl BodyDecoder {
    pub(crate) fn new(about: About, supply: Option<Arc<dyn Supply>>) -> Self {
        let local = Decoder::new(about.hints());
        let local = if supply.is_some() { local.deferring() } else { local };
        Self { local, about, supply, supplied: None, handed_out: 0, finished: false }
    }

    /// As [`Decoder::push`].
    pub(crate) async fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<Event> {
        match self.supplied {
            Some(_) => self.elsewhere(out, &mut |supplied, out| supplied.push(bytes, out)),
            None => self.here(out, |local, out| local.push(bytes, out)).await,
        }
    }

    /// As [`Decoder::finish`].
    pub(crate) async fn finish(&mut self, out: &mut String) -> Result<Event> {
        self.finished = true;
        let event = match self.supplied {
            Some(_) => Event::Text,
            None => self.here(out, Decoder::finish).await?,
        };
        Ok(event.or(self.elsewhere(out, &mut |supplied, out| supplied.finish(out))?))
    }

    /// As [`Decoder::late_label`].
    #[cfg(feature = "html")]
    pub(crate) async fn late_label(&mut self, label: &str, out: &mut String) -> Result<Event> {
        let event = match self.supplied {
            Some(_) => Event::Text,
            None => self.here(out, |local, out| local.late_label(label, out)).await?,
        };
        let event = match self.finished {
            // The other one may have taken over just now.
            true => event.or(self.elsewhere(out, &mut |supplied, out| supplied.finish(out))?),
            false => event,
        };
        Ok(event.or(self.elsewhere(out, &mut |supplied, out| supplied.late_label(label, out))?))
    }

    /// As [`Decoder::encoding`].
    pub(crate) fn encoding(&self) -> &'static str {
        match &self.supplied {
            Some(supplied) => charset::static_name(&supplied.encoding()).unwrap_or("unsupported"),
            None => self.local.encoding(),
        }
    }

    /// As [`Decoder::source`].
    pub(crate) fn source(&self) -> EncodingSource {
        match &self.supplied {
            Some(supplied) => supplied.source(),
            None => self.local.source(),
        }
    }

    /// As [`Decoder::malformed`].
    fn malformed(&self) -> bool {
        match &self.supplied {
            Some(supplied) => supplied.malformed(),
            None => self.local.malformed(),
        }
    }

    /// An error where the body needs tables and neither this build nor a supply has them.
    pub(crate) fn check(&self) -> Result<()> {
        match self.local.unsupported() {
            Some(label) => Err(unsupported(format!("{label:?}"))),
            None => Ok(()),
        }
    }

    /// A step of the local decoder. If it stops there, the other one catches up.
    async fn here(
        &mut self,
        out: &mut String,
        step: impl FnOnce(&mut Decoder, &mut String) -> Event,
    ) -> Result<Event> {
        let before = out.len();
        let event = step(&mut self.local, out);
        self.handed_out = match event {
            Event::Restart => out.len(),
            Event::Text => self.handed_out + (out.len() - before),
        };
        let (Some(supply), Some(deferred)) = (&self.supply, self.local.take_deferred()) else {
            return Ok(event);
        };
        // What was let go was ASCII: as many bytes of text.
        let let_go = usize::try_from(deferred.let_go).unwrap_or(usize::MAX);
        self.handed_out = self.handed_out.saturating_sub(let_go);
        self.about.past_ascii = let_go > 0;
        self.supplied = Some(supply.decoder(self.about.clone()).await?);
        let happened = self.elsewhere(out, &mut |supplied, out| supplied.push(&deferred.bytes, out))?;
        Ok(event.or(happened))
    }

    /// A step of the other decoder, where it has taken over.
    fn elsewhere(
        &mut self,
        out: &mut String,
        step: &mut dyn FnMut(&mut dyn Supplied, &mut String) -> Result<Event>,
    ) -> Result<Event> {
        let Some(supplied) = &mut self.supplied else { return Ok(Event::Text) };
        if self.handed_out == 0 {
            return step(supplied.as_mut(), out);
        }
        let mut text = String::new();
        let event = step(supplied.as_mut(), &mut text)?;
        match event {
            Event::Restart => {
                self.handed_out = 0;
                *out = text;
            }
            Event::Text => {
                let again = self.handed_out.min(text.len());
                self.handed_out -= again;
                out.push_str(text.get(again..).unwrap_or_default());
            }
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests;

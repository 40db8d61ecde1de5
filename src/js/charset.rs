//! `charset.wasm`: the encodings for the builds that leave them out. `supply.rs` is who calls it.

use wasm_bindgen::prelude::*;

use crate::charset::{Decoder, Event, Hints};

/// A [`Decoder`]. What a call gives is its text; whether all earlier text is void, [`restarted`](Self::restarted) tells.
#[wasm_bindgen]
pub struct CharsetDecoder {
    decoder: Decoder,
    restarted: bool,
}

/// A decoder for one body; `past_ascii` where it is to go on behind so much ASCII that nobody holds it any more.
#[wasm_bindgen(js_name = charsetDecoder)]
pub fn charset_decoder(content_type: Option<String>, host: &str, past_ascii: bool) -> CharsetDecoder {
    let mut hints = Hints::new().host(host);
    if let Some(content_type) = content_type {
        hints = hints.content_type(&content_type);
    }
    let decoder = if past_ascii { Decoder::past_ascii(hints) } else { Decoder::new(hints) };
    CharsetDecoder { decoder, restarted: false }
}

#[wasm_bindgen]
impl CharsetDecoder {
    /// [`Decoder::push`].
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.step(|decoder, out| decoder.push(bytes, out))
    }

    /// [`Decoder::finish`].
    pub fn finish(&mut self) -> String {
        self.step(Decoder::finish)
    }

    /// [`Decoder::late_label`].
    #[wasm_bindgen(js_name = lateLabel)]
    pub fn late_label(&mut self, label: &str) -> String {
        self.step(|decoder, out| decoder.late_label(label, out))
    }

    /// Whether the last call gave text that takes the place of all before.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// [`Decoder::encoding`].
    pub fn encoding(&self) -> String {
        self.decoder.encoding().to_owned()
    }

    /// [`Decoder::source`].
    pub fn source(&self) -> String {
        self.decoder.source().as_str().to_owned()
    }

    /// [`Decoder::malformed`].
    pub fn malformed(&self) -> bool {
        self.decoder.malformed()
    }

    fn step(&mut self, step: impl FnOnce(&mut Decoder, &mut String) -> Event) -> String {
        let mut text = String::new();
        self.restarted = step(&mut self.decoder, &mut text) == Event::Restart;
        text
    }
}

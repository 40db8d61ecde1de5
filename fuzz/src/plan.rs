//! What to do with an input: told by its last bytes, so that a page in a file is an input as it stands.

/// An input is never larger when it is stretched.
const MOST: usize = 16 << 10;

/// Where to cut, and which of the choices that a property has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    first: usize,
    second: usize,
    /// Of even pieces, in place of the two cuts.
    size: Option<usize>,
    choice: usize,
    pub(crate) times: usize,
}

impl Plan {
    pub(crate) fn of(data: &[u8]) -> Self {
        let mut last = [0_u8; 8];
        let told = data.len().min(last.len());
        last[..told].copy_from_slice(&data[data.len() - told..]);
        let [first, second, size, times, choice] = [
            u16::from_le_bytes([last[0], last[1]]),
            u16::from_le_bytes([last[2], last[3]]),
            u16::from(last[4]),
            u16::from(last[5]),
            u16::from_le_bytes([last[6], last[7]]),
        ];
        Self {
            first: first.into(),
            second: second.into(),
            size: (size % 2 == 1).then(|| usize::from(size / 2) + 1),
            choice: choice.into(),
            // Most inputs as they are: what takes long is seldom what is new.
            times: if times % 16 == 1 { MOST / data.len().max(1) } else { 1 },
        }
    }

    /// One of so many, and the rest of the plan's choices.
    pub(crate) fn choose<T: Copy>(&mut self, among: &[T]) -> T {
        let chosen = among[self.choice % among.len()];
        self.choice /= among.len();
        chosen
    }

    /// Where in something of this length to cut.
    pub(crate) fn cuts(&self, length: usize) -> Vec<usize> {
        match self.size {
            Some(size) => {
                // Not a million pieces of something long.
                let size = size * (1 + length / 4096);
                (size..length).step_by(size).collect()
            }
            None => {
                let mut cuts = vec![self.first % (length + 1), self.second % (length + 1)];
                cuts.sort_unstable();
                cuts
            }
        }
    }

    /// A text in pieces, some perhaps empty.
    pub(crate) fn pieces<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut from = 0;
        let mut pieces = Vec::new();
        for cut in self.cuts(text.len()).into_iter().chain([text.len()]) {
            let to = (from..=cut).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(from);
            pieces.push(&text[from..to]);
            from = to;
        }
        pieces
    }
}

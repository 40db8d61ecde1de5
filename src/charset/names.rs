//! The names of encodings.

/// All of the Encoding standard's, also where this build decodes one of them alone: another may have decoded a text.
const NAMES: [&str; 40] = [
    "Big5",
    "EUC-JP",
    "EUC-KR",
    "GBK",
    "IBM866",
    "ISO-2022-JP",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-8-I",
    "KOI8-R",
    "KOI8-U",
    "Shift_JIS",
    "UTF-16BE",
    "UTF-16LE",
    "UTF-8",
    "gb18030",
    "macintosh",
    "replacement",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "x-mac-cyrillic",
    "x-user-defined",
];

/// The same name, for as long as the program runs; `None` where the standard has none of it.
pub(crate) fn static_name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

#[cfg(all(test, feature = "charset"))]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_are_those_of_the_tables() {
        for name in NAMES {
            assert_eq!(encoding_rs::Encoding::for_label(name.as_bytes()).map(|e| e.name()), Some(name));
        }
        assert!(NAMES.is_sorted_by(|a, b| a < b));
        assert_eq!((static_name("GBK"), static_name("gbk")), (Some("GBK"), None));
    }
}

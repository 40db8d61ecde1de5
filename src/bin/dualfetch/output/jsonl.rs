//! One JSON object a line.

use dualfetch::row::write;

use super::Render;
use crate::row::Row;

pub(super) struct Jsonl {
    /// With a field for metadata.
    pub(super) metadata: bool,
}

impl Render for Jsonl {
    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        write(&row.json(self.metadata), out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use dualfetch::row::is_control;

    use super::*;
    use crate::row::RowError;

    #[test]
    fn every_field_is_there_and_no_control_character_is() {
        let title = "a\tb\u{1b}[31m\u{9b}31m\u{7f}\u{2028}\u{202e}é\"\\".to_owned();
        let row = Row { url: "http://a/".to_owned(), title: Some(title.clone()), ..Row::default() };
        let mut out = Vec::new();
        Jsonl { metadata: false }.row(&row, &mut out);
        let line = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(line.ends_with("}\n") && !line[..line.len() - 1].contains(is_control), "{line:?}");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["title"], title.as_str());
        let object = value.as_object().expect("an object");
        assert_eq!(object.len(), 11);
        assert!(object["final_url"].is_null() && object["error"].is_null());
    }

    #[test]
    fn metadata_is_a_field_where_it_is_asked_for() {
        let metadata =
            dualfetch::html::metadata("<meta property=og:title content=a><meta name=author content=b>");
        let row = |metadata| Row { metadata, ..Row::default() };
        let told = |row: Row| {
            let mut out = Vec::new();
            Jsonl { metadata: true }.row(&row, &mut out);
            serde_json::from_slice::<serde_json::Value>(&out).expect("JSON")["metadata"].take()
        };
        assert!(told(row(None)).is_null());
        let told = told(row(Some(Box::new(metadata))));
        assert_eq!(told["best_title"], serde_json::json!({"value": "a", "source": "open-graph"}));
        assert_eq!(told["authors"], serde_json::json!([{"value": "b", "source": "meta"}]));
        assert_eq!(told["open_graph"], serde_json::json!([{"name": "og:title", "content": "a"}]));
        assert!(told["canonical"].is_null());
        assert_eq!(told.as_object().expect("an object").len(), 13);
    }

    #[test]
    fn an_error_has_code_phase_and_message() {
        let error = RowError {
            code: "timeout",
            phase: Some("read"),
            message: "timed out: read".to_owned(),
            detail: String::new(),
        };
        let mut out = Vec::new();
        Jsonl { metadata: false }.row(&Row { error: Some(error), ..Row::default() }, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({"code": "timeout", "phase": "read", "message": "timed out: read"});
        assert_eq!(value["error"], expected);
    }
}

//! Forms made here, read by three parsers that nobody here wrote: werkzeug's (Python), Node's `Response.formData`, and
//! multer's (Rust).

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use dualfetch::Body;
use dualfetch::multipart::{Form, Part};
use futures_util::stream;

use super::help::run_on_two;
use super::served::installed;

const FORMS: usize = 500;

/// What a form has under one name.
#[derive(Clone, PartialEq)]
struct Field {
    name: String,
    /// Of a file alone.
    file_name: Option<String>,
    content_type: Option<String>,
    content: Vec<u8>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, file_name, content_type, content } = self;
        write!(f, "\n{name:?} {file_name:?} {content_type:?} {}", content.escape_ascii())
    }
}

struct Sent {
    fields: Vec<Field>,
    content_type: String,
    body: Vec<u8>,
}

#[test]
fn werkzeug_reads_500_forms_as_they_were_made() {
    let program = installed("DUALFETCH_HTTPBIN");
    // It takes backslashes for escapes, and of what is escaped as HTML says undoes the quotes alone.
    let read = |name: &str| {
        let written = written(name).replace("\\\\", "\\");
        written.replace("\\\"", "\"").replace("%22", "\"")
    };
    compare("werkzeug", read, |forms| by_program(&program, "read.py", forms));
}

#[test]
fn node_reads_500_forms_as_they_were_made() {
    let read = |name: &str| {
        let written = written(name).replace("%22", "\"");
        written.replace("%0D", "\r").replace("%0A", "\n")
    };
    compare("Node", read, |forms| by_program("node", "read.mjs", forms));
}

#[test]
fn multer_reads_500_forms_as_they_were_made() {
    compare("multer", written, by_multer);
}

/// A name as it stands in the body: WHATWG HTML, and other control characters and a last backslash likewise.
fn written(name: &str) -> String {
    let is_escaped = |c: char| c == '"' || (c.is_ascii_control() && c != '\t');
    let written = |c: char| if is_escaped(c) { format!("%{:02X}", c as u32) } else { c.to_string() };
    let all: String = name.chars().map(written).collect();
    all.strip_suffix('\\').map(|start| format!("{start}%5C")).unwrap_or(all)
}

fn compare(parser: &str, name: impl Fn(&str) -> String, read: impl FnOnce(&[Sent]) -> Vec<Vec<Field>>) {
    let forms: Vec<_> = (0..FORMS as u64).map(sent).collect();
    let told = read(&forms);
    assert_eq!(told.len(), FORMS, "{parser}");
    let mut fields = 0;
    for (number, (sent, told)) in forms.iter().zip(&told).enumerate() {
        let expected = sent.fields.iter().map(|field| Field {
            name: name(&field.name),
            file_name: field.file_name.as_deref().map(&name),
            ..field.clone()
        });
        // Some tell values and files apart.
        let (files, values): (Vec<_>, Vec<_>) = expected.partition(|field| field.file_name.is_some());
        let (told_files, told_values): (Vec<_>, Vec<_>) =
            told.iter().cloned().partition(|field| field.file_name.is_some());
        fields += told.len();
        // And some give those of a name together.
        let [told_values, told_files, values, files] = [told_values, told_files, values, files].map(by_name);
        let said = (told_values, told_files);
        assert!(said == (values, files), "{parser}, form {number}:\n{said:?}\n{}", sent.body.escape_ascii());
    }
    assert!(fields > 3 * FORMS, "{fields} fields in all");
}

fn by_name(mut fields: Vec<Field>) -> Vec<Field> {
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    fields
}

fn by_program(program: &str, script: &str, forms: &[Sent]) -> Vec<Vec<Field>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/multipart").join(script);
    let mut child = Command::new(program)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the parser");
    let mut input = child.stdin.take().expect("its input");
    let lines: String = forms
        .iter()
        .map(|sent| format!("{}\n", serde_json::json!([sent.content_type, BASE64.encode(&sent.body)])))
        .collect();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    writing.join().expect("it was written").expect("it was read");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let fields = |line: &str| {
        type Told = (Option<String>, Option<String>, Option<String>, String);
        let fields: Vec<Told> = serde_json::from_str(line).expect("fields");
        let field = |(name, file_name, content_type, content): Told| Field {
            // werkzeug's of a name that is empty.
            name: name.unwrap_or_default(),
            file_name,
            content_type,
            content: BASE64.decode(content).expect("base64"),
        };
        fields.into_iter().map(field).collect()
    };
    text.lines().map(fields).collect()
}

fn by_multer(forms: &[Sent]) -> Vec<Vec<Field>> {
    run_on_two(async {
        let mut all = Vec::new();
        for sent in forms {
            let boundary = multer::parse_boundary(&sent.content_type).expect("a boundary");
            let pieces: Vec<_> = sent.body.chunks(1000).map(Bytes::copy_from_slice).collect();
            let body = stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
            let mut parts = multer::Multipart::new(body, boundary);
            let mut fields = Vec::new();
            while let Some(part) = parts.next_field().await.expect("a part") {
                fields.push(Field {
                    name: part.name().unwrap_or_default().to_owned(),
                    file_name: part.file_name().map(str::to_owned),
                    content_type: part.content_type().map(ToString::to_string),
                    content: part.bytes().await.expect("its content").to_vec(),
                });
            }
            all.push(fields);
        }
        all
    })
}

/// One of the forms, the same each time.
fn sent(seed: u64) -> Sent {
    let mut chance = Chance(seed);
    let boundary = chance.boundary();
    let mut form = Form::new().boundary(&boundary);
    let mut fields = Vec::new();
    for _ in 0..1 + chance.below(8) {
        let name = chance.name();
        let is_file = chance.below(2) == 0;
        let content = if is_file { chance.bytes(&boundary) } else { chance.text(&boundary).into_bytes() };
        let mut field = Field { name, file_name: None, content_type: None, content };
        form = if is_file {
            // No name at all makes some take a file for a value.
            field.file_name = Some(format!("{}{}", chance.letter(), chance.name()));
            field.content_type = Some("application/octet-stream".to_owned());
            let file = file(&mut chance, &mut field);
            form.part(&field.name, file)
        } else {
            form.text(&field.name, String::from_utf8(field.content.clone()).expect("text"))
        };
        fields.push(field);
    }
    let (body, content_type) = form.encode().expect("sound");
    let content_type = content_type.to_str().expect("text").to_owned();
    Sent { fields, content_type, body: run_on_two(all_of(body)) }
}

/// The file as a part: of bytes or of a stream, of a type or of none that is told.
fn file(chance: &mut Chance, field: &mut Field) -> Part {
    let content = Bytes::from(field.content.clone());
    let part = match chance.below(2) {
        0 => Part::bytes(content),
        _ => Part::new(Body::stream(stream::iter([Ok::<_, std::io::Error>(content)]))),
    };
    let part = part.file_name(field.file_name.as_deref().expect("a file's"));
    match chance.below(2) {
        0 => part,
        _ => {
            field.content_type = Some("image/x-of-mine".to_owned());
            part.content_type("image/x-of-mine")
        }
    }
}

/// What a server would be sent.
async fn all_of(body: Body) -> Vec<u8> {
    use dualfetch::platform::scripted::{Reply, Scripted};
    use dualfetch::{Client, Config, Session};
    let platform = Scripted::new(1);
    platform.on("https://a.example/", Reply::ok("x"));
    let session = Client::with_backend(Config::new(), platform.clone()).expect("sound settings");
    platform.run(session.post("https://a.example/").body(body).send()).expect("an answer");
    platform.calls().pop().and_then(|call| call.body).expect("a body").to_vec()
}

/// A splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("small")
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn letter(&mut self) -> char {
        char::from(b'a' + u8::try_from(self.below(26)).expect("a letter"))
    }

    /// Of what RFC 2046 allows, 70 characters at most.
    fn boundary(&mut self) -> String {
        const ALLOWED: &[u8] = b"'()+_,-./:=?09azAZ";
        let length = 8 + self.below(63);
        (0..length).map(|_| char::from(self.of(ALLOWED))).collect()
    }

    fn name(&mut self) -> String {
        // No "name": multer takes one for the parameter's even between quotes.
        const PARTS: &[&str] = &[
            "a", "file", " ", "\"", "\\", "\r\n", "\r", "\n", "\t", ";", "=", "'", "%", "%41", "&", "/",
            "..", "ü", "€", "日本", "😀", "\0", "\x1b", "\x7f", "*", "[]", "\u{202E}", "--",
        ];
        (0..self.below(6)).map(|_| self.of(PARTS)).collect()
    }

    fn text(&mut self, boundary: &str) -> String {
        let near = near(boundary);
        let parts = ["a", "\r\n", "\n", "\r", "-", "--", "ü", "😀", "\0", "=", &near, "\r\n--", "text "];
        (0..self.below(20)).map(|_| self.of(&parts)).collect()
    }

    fn bytes(&mut self, boundary: &str) -> Vec<u8> {
        let near = near(boundary);
        let mut bytes = Vec::new();
        for _ in 0..self.below(20) {
            match self.below(6) {
                0 => bytes.extend_from_slice(format!("\r\n--{near}").as_bytes()),
                1 => bytes.extend_from_slice(b"\r\n\r\n--"),
                2 => bytes.extend((0..self.below(40_000)).map(|at| (at % 251) as u8)),
                _ => bytes.extend((0..self.below(9)).map(|_| self.next() as u8)),
            }
        }
        bytes
    }
}

/// A boundary but for its last character.
fn near(boundary: &str) -> String {
    format!("{}!", &boundary[..boundary.len() - 1])
}

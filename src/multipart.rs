//! Several parts in one body: forms with files to send (`multipart/form-data`, RFC 7578), any other `multipart/…`
//! (RFC 2046), and the reading of either.
//!
//! ```
//! # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
//! use dualfetch::multipart::{Form, Part};
//!
//! # let platform = Scripted::new(1);
//! # platform.on("https://example.com/", Reply::ok("taken"));
//! # let session = Client::with_backend(Config::new(), platform.clone())?;
//! # platform.run(async {
//! let photo = Part::bytes(b"\x89PNG...".as_slice()).file_name("cat.png").content_type("image/png");
//! let form = Form::new().text("title", "A cat").part("photo", photo);
//! let response = session.post("https://example.com/").multipart(form).await?;
//! # let _ = response;
//! # Ok::<(), dualfetch::Error>(())
//! # })?;
//! # let body = platform.calls()[0].body.clone().unwrap();
//! # assert!(String::from_utf8_lossy(&body).contains("name=\"photo\"; filename=\"cat.png\"\r\nContent-Type: image/png\r\n\r\n"));
//! # Ok::<(), dualfetch::Error>(())
//! ```

mod boundary;
mod form;
mod parser;
mod part;
mod reader;
mod received;
mod types;
mod whole;

pub use form::{Form, Quoting};
pub use part::Part;
pub use reader::Reader;
pub use received::PartReader;
pub use whole::Multipart;

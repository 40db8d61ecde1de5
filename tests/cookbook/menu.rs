// What the kitchen serves: the answers that the programs of docs/cookbook.md ask for.

#[allow(dead_code)]
mod menu {
    use super::kitchen::{Asked, Plate};

    /// The answer to a request for a URL that was asked for so many times before, by one who showed a certificate or not.
    pub fn plate(asked: &Asked, before: usize, known: bool) -> Plate {
        let (url, query) = asked.url.split_once('?').unwrap_or((&asked.url, ""));
        let (host, path) = url.split_once(".example").unwrap_or((url, "/"));
        match host {
            "api" => api(asked, path, query, before),
            "blog" => page(path),
            "files" => files(asked, path),
            "login" => login(asked),
            "news" => news(path, before),
            "shop" => shop(asked, path),
            "vault" if path.starts_with("/digest/") => match asked.header("authorization") {
                "" => {
                    let challenge = "Digest realm=\"vault\", nonce=\"7a1\", qop=\"auth\", algorithm=SHA-256";
                    Plate::text("who is there?").status(401).header("www-authenticate", challenge)
                }
                _ => Plate::text("42"),
            },
            "vault" if known => Plate::text("42"),
            _ => Plate::text("no such dish").status(404),
        }
    }

    fn api(asked: &Asked, path: &str, query: &str, before: usize) -> Plate {
        match (asked.method.as_str(), path) {
            ("POST", "/v1/pears") if asked.text().contains("\"\"") => {
                Plate::json(r#"{"error": "a pear needs a name"}"#).status(422)
            }
            ("POST", "/v1/pears") => Plate::json(r#"{"id": 7, "name": "Conference"}"#).status(201),
            (_, "/v1/pears") => match query {
                "" => Plate::json(r#"[{"name": "Anjou"}, {"name": "Bosc"}]"#)
                    .header("link", "</v1/pears?page=2>; rel=\"next\""),
                _ => Plate::json(r#"[{"name": "Comice"}]"#),
            },
            (_, "/v1/events") => match query {
                "" => Plate::json(r#"{"events": ["picked", "washed"], "cursor": "b7"}"#),
                "cursor=b7" => Plate::json(r#"{"events": ["eaten"], "cursor": null}"#),
                _ => Plate::json("{}").status(400),
            },
            (_, "/v1/me") => match asked.header("authorization") {
                "Bearer second" => Plate::json(r#"{"name": "Bartlett"}"#),
                _ => Plate::json("{}").status(401),
            },
            (_, "/v1/log") => {
                let lines = "{\"level\": \"info\"}\n{\"level\": \"error\"}\n{\"level\": \"info\"}\n";
                let mut plate = Plate::new(200, "application/x-ndjson", lines);
                plate.parts = lines.as_bytes().chunks(7).map(<[u8]>::to_vec).collect();
                plate
            }
            (_, "/v1/harvest") => match asked.header("last-event-id") {
                "" => Plate::events("retry: 10\nid: 1\ndata: Anjou\n\n"),
                "1" => Plate::events("id: 2\ndata: Bosc\n\n"),
                _ => Plate::new(204, "text/plain", ""),
            },
            ("POST", "/v1/chat/completions") => Plate::events(concat!(
                "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"Anjou,\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\" of course\"}}]}\n\ndata: [DONE]\n\n",
            )),
            (_, "/v1/slow") => Plate::json("{}").after(20_000),
            (_, "/v1/flaky") if before == 0 => Plate::text("busy").status(503).header("retry-after", "1"),
            (_, "/v1/flaky") => Plate::json(r#"{"name": "Anjou"}"#),
            (_, "/v1/signed") if asked.header("x-signature").len() == 64 => Plate::json("{}"),
            (_, "/v1/signed") => Plate::json("{}").status(403),
            (_, "/v1/orders") => {
                let problem = r#"{"type": "/problems/too-dear", "detail": "It costs 50.", "balance": 30}"#;
                Plate::new(403, "application/problem+json", problem)
            }
            (_, "/v1/import") => Plate::json(format!("{{\"bytes\": {}}}", asked.body.len())),
            _ => Plate::json("{}"),
        }
    }

    fn page(path: &str) -> Plate {
        Plate::html(format!(
            "<!doctype html><html lang=en><title>A story</title><meta name=description content='Of pears.'>\
             <meta property=og:title content='Big pears'><meta property=og:image content=/pear.png>\
             <link rel=canonical href=/story><link rel=icon href=/icon.png><p>{path}"
        ))
    }

    /// 100,000 bytes of which the first answer gives the first 40,000 and then breaks off.
    fn orchard(asked: &Asked) -> Plate {
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
        let from = asked
            .header("range")
            .trim_start_matches("bytes=")
            .trim_end_matches('-')
            .parse()
            .unwrap_or(0_usize);
        let mut plate = Plate::new(200, "application/octet-stream", &bytes[from..])
            .header("etag", "\"1\"")
            .header("accept-ranges", "bytes");
        if from == 0 {
            plate.parts[0].truncate(40_000);
            plate.cut = true;
            return plate;
        }
        plate.status(206).header("content-range", format!("bytes {from}-99999/100000"))
    }

    fn files(asked: &Asked, path: &str) -> Plate {
        match path {
            "/orchard.iso" => orchard(asked),
            "/incoming/pears.csv" => Plate::text("").status(307).header("location", "/store/pears.csv"),
            "/store/pears.csv" => Plate::text("").status(201),
            "/named" => {
                Plate::text("x").header("content-disposition", "attachment; filename=\"../../etc/passwd\"")
            }
            "/ranges" => Plate::new(
                206,
                "multipart/byteranges; boundary=b",
                "--b\r\nContent-Range: bytes 0-4/8\r\n\r\nAnjou\r\n--b\r\nContent-Range: bytes 6-6/8\r\n\r\n1\r\n--b--\r\n",
            ),
            "/near/pears.csv" => Plate::text("Anjou,1\n"),
            "/far/pears.csv" => Plate::text("Anjou,1\n").after(20_000),
            _ => Plate::text("gone").status(404),
        }
    }

    fn login(asked: &Asked) -> Plate {
        let token = if asked.text().contains("first") { "second" } else { "first" };
        Plate::json(format!("{{\"token\": \"{token}\"}}"))
    }

    fn news(path: &str, before: usize) -> Plate {
        match before {
            0 if path == "/3" => Plate::html("").status(429).header("retry-after", "1"),
            _ => Plate::html(format!("<title>News {path}</title>")),
        }
    }

    fn shop(asked: &Asked, path: &str) -> Plate {
        let known = asked.header("cookie").contains("id=7");
        match path {
            "/account" if known => Plate::html("<title>Your account</title>"),
            "/account" => Plate::html("").status(303).header("location", "/login"),
            "/login" if asked.text() == "user=me&password=secret" => {
                let id = "id=7; Path=/; Max-Age=3600; Secure; HttpOnly";
                Plate::html("").status(303).header("set-cookie", id).header("location", "/account")
            }
            "/login" => Plate::html("<title>Log in</title>"),
            "/pears" => Plate::html(
                "<title>Pears</title><ul><li class=pear><a href=/1>Anjou</a><b class=price>3 €</b></li>\
                 <li class=pear><a href=/2>Bosc</a><b class=price>4 €</b></li></ul>",
            ),
            _ => Plate::html(format!("<title>Pear {}</title>", path.trim_start_matches('/'))).after(10),
        }
    }
}

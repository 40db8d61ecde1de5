//! What stands below the options.

pub(super) const AFTER: &str = "\
Examples:
  dualfetch demo                                  see it at work; needs no network
  dualfetch titles example.com www.rust-lang.org  two titles
  dualfetch titles -i urls.txt --format csv -o titles.csv --resume titles.state
                                                  many, in a run that may be ended at any time
  dualfetch page example.com                      what a page says about itself
  dualfetch get -v example.com                    one request, and what went over the wire
  dualfetch get -C -o disk.img example.com/disk.img
                                                  a file, now or the rest of it
  dualfetch events example.com/events             server-sent events, as they come
  dualfetch ws wss://chat.example/room            lines out, messages in
  dualfetch serve                                 a gateway through which pages and others fetch

`dualfetch titles --help` explains every option, its formats and its exit status.";

pub(super) const AFTER_TITLES: &str = "\
Rows:
  jsonl, csv and tsv have the same fields:
    url              as it was given
    final_url        the one that answered, after redirects
    status           the HTTP status
    title            the page's title, white space collapsed; it may be empty
    title_source     head, body, truncated (cut at --max-bytes), missing (there is none) or
                     content-type (not HTML, so not read)
    encoding         what the page was read in, such as UTF-8 or Shift_JIS
    encoding_source  what said so: bom, content-type, meta, xml, utf-8 (nothing did, and it is
                     UTF-8) or detected
    bytes            how much of the body was read, as it came over the wire
    elapsed_ms       from taking up the URL to its row, waiting for its turn included
    attempts         how many requests the last hop took
    error            null, or its code, phase (of a timeout) and message
    metadata         only with --metadata, and null where the page was not read: see below
  jsonl writes null for what is not there; csv and tsv leave the field empty and have
  error_code, error_phase and error_message for error. A title is a stranger's text: no format
  lets its control characters through to a terminal. In tsv a tab is \\t, a line end \\n or
  \\r, a backslash \\\\, another control character \\u001b and the like; in csv these are a space or
  U+FFFD. csv does not keep a spreadsheet from taking a title for a formula.
  metadata in jsonl is an object: authors, base, best_title (Open Graph's, Twitter's or the
  page's own), canonical, description, feeds, headline (JSON-LD's), icons, image, language,
  open_graph, robots and twitter. Where several elements may say a thing, it has a value and its source. URLs are
  absolute. csv and tsv have the columns best_title, description, canonical, language, headline,
  authors, image, icon, feed and robots.
  The table is for people: it is cut to the width of the terminal (elsewhere it is not) and
  may change from version to version.

Exit status:
  0  every URL was fetched, or nobody read the rows any more (as after `| head`)
  1  some URLs failed
  2  the command line is wrong, or a file cannot be read or written
  130, 143  ended by Ctrl-C or SIGTERM before all was done: the requests under way are finished, their
     rows and the summary are written; a second Ctrl-C does not wait for that
  With --resume the rows of earlier runs count as well.

Environment:
  NO_COLOR  when it is set, the table has no colours. Progress shows only where standard error is
            a terminal.
  Proxy variables (HTTP_PROXY and the like) are read with --proxy-env alone, and NETRC and ~/.netrc
  with --netrc alone.

Examples:
  Two titles:
    dualfetch titles https://example.com/ example.org
  A long list, politely, in a run that may be ended at any time and then goes on:
    dualfetch titles -i urls.txt --limit-per-host 2 --rate 20/s --format jsonl -o titles.jsonl \\
      --resume titles.state
  Which ones failed, and why:
    jq -r 'select(.error) | [.url, .error.code, .error.message] | @tsv' titles.jsonl
  What a page links to, in the order of the page:
    dualfetch get example.com | grep -o 'https://[^\"]*' | dualfetch titles -i - --ordered
  Pages behind a login, ten seconds for each; by the cookies that a browser has exported:
    dualfetch titles -i urls.txt -u me:secret --total-timeout 10s
    dualfetch titles -i urls.txt -b cookies.txt
  URLs that strangers have named, without being led to what only this machine can reach:
    dualfetch titles -i submitted.txt --safe
  Only what answers with success, as a spreadsheet:
    dualfetch titles -i urls.txt --fail --format csv -o titles.csv";

pub(super) const AFTER_PAGE: &str = "\
Exit status:
  0  the page was printed, whatever its status; or there is no metadata, because it is not HTML
  1  there was no answer, or not all of it; with --fail also a status of 400 or more; with --select
     also when nothing was picked
  2  the command line is wrong, what is given is no http or https URL, or a file cannot be read

Environment:
  Proxy variables (HTTP_PROXY and the like) are read with --proxy-env alone, and NETRC and ~/.netrc
  with --netrc alone.

Examples:
  dualfetch page example.com
  dualfetch page example.com --format json | jq -r .metadata.description.value
  dualfetch page news.example --select 'article h2 a'
  dualfetch page shop.example --select '[itemprop=price]' --attribute content
  dualfetch page shop.example --select .price --format json | jq '.[].text'";

pub(super) const AFTER_GET: &str = "\
Exit status:
  0  the whole body was written, whatever the status, or nobody reads it any more (as after `| head`)
  1  there was no answer, or not all of it, or not of the checksum that was given; with --fail,
     --continue and --parallel also a status of 400 or more
  2  the command line is wrong, what is given is no http or https URL, or a file cannot be read
     or written
  130, 143  ended by Ctrl-C or SIGTERM while a file was being written: nothing is left of it but, with
     --continue, the part that the same command goes on with

Environment:
  Proxy variables (HTTP_PROXY and the like) are read with --proxy-env alone, and NETRC and ~/.netrc
  with --netrc alone.

Examples:
  dualfetch get https://example.com/
  dualfetch get -v --timeout 10s example.com > page.html
  dualfetch get -b cookies.txt -c cookies.txt https://example.com/account
  dualfetch get https://api.example/items --json '{\"name\": \"x\"}' -u me:secret | jq .
  dualfetch get -C -o image.iso https://example.com/image.iso
                                 and the same again, wherever it was ended
  dualfetch get -O --parallel 4 --sha256 \"$(cat image.iso.sha256)\" https://example.com/image.iso
  dualfetch get -T backup.tar https://example.com/backups/today.tar
  dualfetch get -X PUT --data @photo.jpg -H 'Content-Type: image/jpeg' https://api.example/photo
  dualfetch get -F title='A cat' -F 'photo=@cat.png;type=image/png' https://api.example/photos
  dualfetch get --resolve www.example:127.0.0.1 --cacert own-ca.pem https://www.example/
  dualfetch get --proxy-env --no-proxy .internal https://example.com/
  dualfetch get --unix-socket /run/docker.sock http://localhost/version";

// A terminal of 80 columns breaks no line but those of paragraphs.
pub(super) const AFTER_EVENTS: &str = "\
Connections:
  The first one has to succeed, but for what --retries tries again; then the stream is connected again after each loss, \
for as long as it takes: when it has ended, was cut off, or was silent for --timeout, and after the statuses 408, 425, \
429 and 5xx. It is asked for what comes after the last event (Last-Event-ID), after the pause that the server has set \
(retry), 0.5 s at least, or 3 s: twice as long after each connection that brings nothing, up to a minute. The server ends \
it by status 204. Any other status and another content type than text/event-stream are failures.

  A request that is no GET, as with --data or --json, is sent once, and its stream's end is the end, as with \
--no-reconnect. With --reconnect it is sent again after each loss.

Exit status:
  0  the server said that there are no more events, --count of them were
     printed, Ctrl-C ended it, or nobody reads on (as after `| head`); where it
     is not connected again also at the end of the stream
  1  there was no stream, or something ended it for good; --total-timeout has
     passed
  2  the command line is wrong, what is given is no http or https URL, or a
     file cannot be read
  143  ended by SIGTERM

Environment:
  Proxy variables (HTTP_PROXY and the like) are read with --proxy-env alone, and NETRC and ~/.netrc with --netrc alone.

Examples:
  dualfetch events https://stream.example/changes
  dualfetch events https://stream.example/changes -n 10 --format jsonl \\
    | jq -r .data
  dualfetch events https://stream.example/changes --last-event-id 1041 \\
    --timeout none
  A completion, token by token:
    dualfetch events https://api.example/v1/chat/completions \\
      -H \"Authorization: Bearer $KEY\" --json @question.json --format data \\
      | grep -v '^\\[DONE\\]$' \\
      | jq --unbuffered -j '.choices[0].delta.content // empty'";

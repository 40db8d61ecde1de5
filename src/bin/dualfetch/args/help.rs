//! What stands below the options.

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
  jsonl writes null for what is not there; csv and tsv leave the field empty and have
  error_code, error_phase and error_message for error. A title is a stranger's text: no format
  lets its control characters through to a terminal. In tsv a tab is \\t, a line end \\n or
  \\r, a backslash \\\\, another control character \\u001b and the like; in csv these are a space or
  U+FFFD. csv does not keep a spreadsheet from taking a title for a formula.
  The table is for people: it is cut to the width of the terminal (elsewhere it is not) and
  may change from version to version.

Exit status:
  0  every URL was fetched, or nobody read the rows any more (as after `| head`)
  1  some URLs failed
  2  the command line is wrong, or a file cannot be read or written
  130, 143  ended by Ctrl-C or SIGTERM before all was done: what was under way is finished, its
     rows and the summary are written; a second Ctrl-C does not wait for that
  With --resume the rows of earlier runs count as well.

Examples:
  dualfetch titles https://example.com/ https://example.org/
  dualfetch titles -i urls.txt --limit 200 --limit-per-host 4 --format jsonl -o titles.jsonl
  dualfetch titles -i urls.txt --format jsonl | jq -r 'select(.error) | .url'
  grep -o 'https://[^\"]*' page.html | dualfetch titles -i - --timeout 10s --ordered";

pub(super) const AFTER_GET: &str = "\
Exit status:
  0  the whole body was written, whatever the status, or nobody reads it any more (as after `| head`)
  1  there was no answer, or not all of it; with --fail also a status of 400 or more
  2  the command line is wrong, or a file cannot be read or written

Examples:
  dualfetch get https://example.com/
  dualfetch get -v --timeout 10s example.com > page.html
  dualfetch get https://api.example/items --json '{\"name\": \"x\"}' -u me:secret | jq .
  dualfetch get -X PUT --data @photo.jpg -H 'Content-Type: image/jpeg' https://api.example/photo";

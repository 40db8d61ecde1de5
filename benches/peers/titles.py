"""The Python side of `scripts/bench pages`: lxml.

    titles.py versions
    titles.py serve FOLDER      the pages are in FOLDER; as benches/titles/main.rs has it: for each line
                                `CONTENDER WORK MILLISECONDS` on standard input, one with what that took
"""

import json
import pathlib
import platform
import re
import sys
import time

import lxml.etree
import lxml.html


def title(page):
    found = lxml.html.document_fromstring(page).find(".//title")
    return None if found is None else found.text_content()


def collapsed(text):
    return text if text is None else re.sub("[\t\n\f\r ]+", " ", text).strip(" ")


def serve(folder):
    works = {}
    for work in json.loads((folder / "works.json").read_text("utf-8"))["works"]:
        works[work["name"]] = [((folder / page["file"]).read_bytes(), page["title"]) for page in work["pages"]]
    for line in sys.stdin:
        _, name, milliseconds = line.rstrip("\n").split("\t")
        pages = works[name]
        wrong = sum(collapsed(title(page)) != right for page, right in pages)
        start, cpu, passes = time.perf_counter(), time.process_time(), 0
        while passes == 0 or (time.perf_counter() - start) * 1e3 < float(milliseconds):
            for page, _ in pages:
                title(page)
            passes += 1
        print(json.dumps({"passes": passes, "cpu": time.process_time() - cpu, "wrong": wrong}), flush=True)


if sys.argv[1:] == ["versions"]:
    print(f"lxml {'.'.join(map(str, lxml.etree.LXML_VERSION[:3]))}, Python {platform.python_version()}")
else:
    serve(pathlib.Path(sys.argv[2]))
